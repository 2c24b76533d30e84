"""Write into the documents what the commands that they show print: `python -m docs.shown`.

A block stands between `<!-- output of: when-async ... -->` and `<!-- end of output -->`. Only commands belong there
that answer from the committed reference run, so that everybody gets the same answer; they run in an empty folder.
"""

from __future__ import annotations

import re
import shlex
import tempfile
from contextlib import chdir
from pathlib import Path

from click.testing import CliRunner

from when_async.bench.cli.main import COMMANDS, main

from .commands import COLUMNS
from .navigation import ROOT, pages

BLOCK = re.compile(r"(?<=<!-- output of: )(when-async [^\n]+?)( -->\n\n)(.*?\n\n)??(<!-- end of output -->)", re.DOTALL)
PENDING = "*What this command prints is not here yet: `python -m docs.shown` writes it.*"


def printed(line: str) -> str:
    """A command and what it prints, as a fenced block; raises SystemExit where the command fails."""
    _, *arguments = shlex.split(line)
    if arguments[0] not in COMMANDS:
        return PENDING
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        done = CliRunner(env={"COLUMNS": str(COLUMNS)}).invoke(main, arguments)
    if done.exit_code:
        raise SystemExit(f"{line}: {done.output}")
    text = "\n".join(each.rstrip() for each in done.stdout.strip().splitlines())
    return f"```console\n$ {line}\n{text}\n```"


def filled(text: str) -> str:
    """A document with each of its blocks written again."""
    return BLOCK.sub(lambda found: f"{found[1]}{found[2]}{printed(found[1])}\n\n{found[4]}", text)


def shown() -> list[Path]:
    """The documents that have such a block."""
    return [path for path in map(ROOT.joinpath, pages()) if BLOCK.search(path.read_text(encoding="utf-8"))]


if __name__ == "__main__":
    for page in shown():
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
