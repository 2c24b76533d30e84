"""Where a gate report goes: files in a folder, the terminal or the log, and what GitHub Actions shows of it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from when_async.bench.model import WhenAsyncError
from when_async.results.files import os_words, write_whole
from when_async.results.gate.report import GateReport

from ..lines import WIDTH
from . import github, junit, machine, markdown, terminal

SUMMARY_BYTES = 1024 * 1024
"""GitHub refuses a step summary that is larger, all of it."""


class NotWritten(WhenAsyncError):
    """A report cannot be written; the message is one line that also says what to do next."""


def write(report: GateReport, folder: Path) -> list[Path]:
    """Write gate.json, gate.md, gate.xml and gate.txt into `folder`, all of them or none; raises NotWritten."""
    texts = {
        "gate.json": machine.dumps(report),
        "gate.md": markdown.render(report),
        "gate.xml": junit.render(report),
        "gate.txt": terminal.render(report, verbose=True),
    }
    try:
        write_whole({folder / name: text for name, text in texts.items()})
    except OSError as error:
        what = f"cannot write into {folder}: {os_words(error)}; name a writable folder with room"
        raise NotWritten(what) from None
    return [folder / name for name in texts]


def step_summary(report: GateReport, environ: Mapping[str, str]) -> Path | None:
    """Append the Markdown to the job summary where GitHub Actions asks for one; raises NotWritten."""
    name = environ.get("GITHUB_STEP_SUMMARY")
    if not name:
        return None
    path, text = Path(name), markdown.render(report)
    try:
        size = path.stat().st_size if path.exists() else 0
        if size + len(text.encode()) + 1 > SUMMARY_BYTES:
            raise NotWritten("the job summary is full; the report is in gate.md")
        with path.open("a", encoding="utf-8") as file:
            file.write(f"\n{text}" if size else text)
    except OSError as error:
        raise NotWritten(f"cannot write the job summary: {os_words(error)}; the report is in gate.md") from None
    return path


def publish(
    report: GateReport,
    folder: Path | None,
    environ: Mapping[str, str],
    out: TextIO,
    *,
    verbose: bool = False,
    named: bool = False,
) -> list[Path]:
    """Write the files, tell GitHub Actions where it listens, and print the report; return the files that were written.

    The report is printed whatever else fails, its last lines being the verdict and what to do next; only then
    NotWritten is raised for a folder that cannot be written into. Nothing is kept where `folder` is None;
    `named` says that somebody chose it, so that `gate accept` does not find it by itself.
    """
    written: list[Path] = []
    trouble: NotWritten | None = None
    try:
        written = write(report, folder) if folder is not None else []
    except NotWritten as error:
        trouble = error
    if environ.get("GITHUB_ACTIONS") == "true":
        for line in github.render(report):
            print(line, file=out)
    try:
        step_summary(report, environ)
    except NotWritten as error:
        print(f"note: {error}", file=out)
    colour, width = _look(environ, out)
    kept = folder if written else None
    out.write(terminal.render(report, width=width, colour=colour, verbose=verbose, kept=kept, named=named))
    out.flush()
    if trouble is not None:
        raise trouble
    return written


def _look(environ: Mapping[str, str], out: TextIO) -> tuple[bool, int]:
    """Whether to colour and how wide: a pipe or a log gets plain lines of the full width (no-color.org)."""
    if not out.isatty():
        return False, WIDTH
    colour = not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    return colour, shutil.get_terminal_size((WIDTH, 24)).columns
