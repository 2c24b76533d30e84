"""Standard streams that are closed or full: they end with a code of their own, and never a measurement."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.commands import Shell

FULL = Path("/dev/full")
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


def through_shell(shell: Shell, line: str) -> tuple[int, str]:
    """Exit code of `when-async` with the redirections of a shell line, and what came on the streams that are left."""

    front = f"{sys.executable} -P -m when_async.bench.cli.main"
    done = subprocess.run(
        ["sh", "-c", line.replace("when-async", front)],
        cwd=shell.folder, env=shell.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("when-async list > /dev/full", 74, "when-async: the output ends early: no space left on device\n"),
        ("when-async --help > /dev/full", 74, "when-async: the output ends early: no space left on device\n"),
        ("when-async nosuch 2> /dev/full", 2, ""),
        ("when-async nosuch 2>&-", 2, ""),
        ("when-async list >&- 2>&- <&-", 0, ""),
    ],
)
def test_streams_that_cannot_be_written_end_with_their_own_code_or_none(
    shell: Shell, line: str, code: int, said: str
) -> None:
    assert through_shell(shell, line) == (code, said)


def test_a_run_whose_remarks_cannot_be_written_goes_on_to_its_end(shell: Shell) -> None:
    run = "when-async run --profile smoke -w empty -r sync"
    code, _ = through_shell(shell, f"{run} -o full.jsonl 2> /dev/full && {run} -o closed.jsonl <&- >&- 2>&-")
    files = [shell.folder / name for name in ("full.jsonl", "closed.jsonl")]
    assert code == 0
    # The journal may not take the number of a stream that is closed: what is said would be written into it.
    assert len({file.read_text().count("\n") for file in files}) == 1
    assert not any(b"fork 1/1" in file.read_bytes() for file in files)
