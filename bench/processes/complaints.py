"""What a process writes to standard error, of which only the end is kept, however much it is."""

from __future__ import annotations

import fcntl
import os
import tempfile
from weakref import WeakSet

MOST_BYTES = 8 << 20
"""With more than this on the disk all but the end is dropped."""
KEPT_BYTES = 1 << 16
LINE = 500

LIVE: WeakSet[Complaints] = WeakSet()


class Complaints:
    """A file without a name for the standard error of one process; close it in the end.

    A pipe would have to be read at all times, by a thread of ours beside what is measured, or it would stop who writes.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="when-async-")  # noqa: SIM115 - it lives as long as the process
        # The child has the same open file: after a cut it goes on at the new end, not where it was.
        fcntl.fcntl(self._file, fcntl.F_SETFL, fcntl.fcntl(self._file, fcntl.F_GETFL) | os.O_APPEND)
        self._kept = b""
        LIVE.add(self)

    def fileno(self) -> int:
        return self._file.fileno()

    def trim(self) -> None:
        """Drop all but the end where it has become too much."""
        if os.fstat(self.fileno()).st_size > MOST_BYTES:
            self._kept = self._end()
            os.ftruncate(self.fileno(), 0)

    def _end(self) -> bytes:
        size = os.fstat(self.fileno()).st_size
        return (self._kept + os.pread(self.fileno(), KEPT_BYTES, max(0, size - KEPT_BYTES)))[-KEPT_BYTES:]

    def lines(self, count: int) -> list[str]:
        """The last lines that say anything, each as long as can be read."""
        text = self._end().decode(errors="replace")
        return [line[:LINE] for line in text.splitlines() if line.strip()][-count:]

    def close(self) -> None:
        LIVE.discard(self)
        self._file.close()


def trim_all() -> None:
    """Drop what is too much of all processes, those too that nobody waits for."""
    for each in list(LIVE):
        each.trim()
