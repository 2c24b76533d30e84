"""Ends what a killed parent leaves behind.

Started once per run as `python -m when_async.bench.processes.reaper FOLDER`. It reads `+PGID` and `-PGID` lines; when
its standard input closes, which the kernel sees to even after `kill -9` of the parent, it kills every group still
listed, and removes the folder, in which they keep their temporary files.
Pool children cannot do this for themselves: their siblings hold the other end of every pipe.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping


def main() -> int:
    groups: set[int] = set()
    for line in sys.stdin:
        sign, group = line[:1], int(line[1:])
        if sign == "+":
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        kill_group(group)
    for folder in sys.argv[1:]:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def kill_group(group: int) -> None:
    """Kill a process group that we started; one that is gone is no error."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


class Reaper:
    """The parent's handle on the reaper process; `folder` is removed in the end."""

    def __init__(self, environ: Mapping[str, str], folder: str) -> None:
        self._process = subprocess.Popen(
            # Isolated from the working folder (-P), where another package may be called bench.
            [sys.executable, "-P", "-m", "when_async.bench.processes.reaper", folder],
            stdin=subprocess.PIPE,
            # It says nothing, and whoever reads what we print must not wait for it to end.
            stdout=subprocess.DEVNULL,
            env=dict(environ),
            start_new_session=True,
            text=True,
        )

    def _tell(self, line: str) -> None:
        if self._process.stdin and self._process.poll() is None:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def watch(self, group: int) -> None:
        self._tell(f"+{group}")

    def forget(self, group: int) -> None:
        self._tell(f"-{group}")

    def close(self) -> None:
        """End the reaper, and with it whatever is still listed."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait(10)


if __name__ == "__main__":
    sys.exit(main())
