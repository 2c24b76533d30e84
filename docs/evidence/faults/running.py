"""Runs one input in a folder of its own and judges what came of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from docs.evidence.faults import Input

PATIENCE_S = 300.0
SHOWN = 160
"""Characters of a line that the page shows."""
IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "t"), ("EMAIL", "t@example.invalid"))
}


@dataclass(frozen=True)
class Outcome:
    """What an input came to: its exit status, the line that `says` was found in, and what is wrong (empty if right)."""

    code: int
    line: str
    wrong: str
    printed: str


def run(case: Input) -> Outcome:
    """Make the files, run the command line, and hold what it printed against what is right."""
    if case.needs and find_spec(case.needs) is None:
        return Outcome(0, "", f"not tried: pip install {case.needs}", "")
    with tempfile.TemporaryDirectory(prefix="when-async-fault-") as made:
        folder = Path(made) / "project"
        lay(folder, case)
        try:
            done = subprocess.run(
                ["bash", "-c", case.command],
                cwd=folder,
                env=environ(Path(made), case),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired as expired:
            return Outcome(-1, "", f"did not end within {PATIENCE_S:g} s", _text(expired.stdout))
        return judge(case, done.returncode, done.stdout.replace(str(folder.resolve()), "."))


def judge(case: Input, code: int, printed: str) -> Outcome:
    """Hold an exit status and what was printed against what is right; words may be broken over lines."""
    flat = re.sub(r"\s+", " ", printed)
    found = re.search(case.says, flat)
    wrong = []
    if code not in case.codes:
        wrong.append(f"exit {code}, not {' or '.join(map(str, case.codes))}")
    if not found:
        wrong.append(f"nothing like {case.says!r}")
    if "Traceback (most recent call last)" in printed:
        wrong.append("a traceback")
    if case.never and (there := re.search(case.never, flat)):
        wrong.append(f"{there[0]!r} is said")
    return Outcome(code, _line(case.says, printed) or (found[0] if found else ""), "; ".join(wrong), printed)


def _line(says: str, printed: str) -> str:
    """The printed line in which `says` is found, cut to what a table holds; empty where it goes over several."""
    lines = (line.strip() for line in printed.splitlines() if re.search(says, line))
    return next(lines, "")[:SHOWN]


def lay(folder: Path, case: Input) -> None:
    """Write the files of an input, and its base as the commit of a repository."""
    folder.mkdir(parents=True)
    if case.base is not None:
        _git(folder, "init", "-q", "-b", "main")
        _write(folder, {**case.files, **case.base})
        _git(folder, "add", "-A")
        _git(folder, "commit", "-qm", "base")
    _write(folder, case.files)


def _write(folder: Path, files: Mapping[str, str | None]) -> None:
    for name, text in files.items():
        if text is None:
            continue
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, env={**os.environ, **IDENTITY}, check=True, capture_output=True)


def environ(made: Path, case: Input) -> dict[str, str]:
    """The variables of an input: nothing of pytest's and Python's, and a cache and a lock of its own."""
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON", "COV_"))}
    mine = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "WHEN_ASYNC_CACHE": str(made / "cache"),
        "WHEN_ASYNC_LOCK": str(made / "lock"),
        "COLUMNS": "400",
        # Of its own, so that it can be seen what is left in it.
        "TMPDIR": str(made),
    }
    return {**outer, **IDENTITY, **mine, **case.environ}


def _text(printed: bytes | str | None) -> str:
    return printed.decode(errors="replace") if isinstance(printed, bytes) else printed or ""
