"""Looks at the memory of a worker and all below it while it works, and ends it where it takes more than it may."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Thread
from typing import Self

from ..machine.host import proportional_bytes
from ..processes.reaper import kill_group

PAUSE_S = 0.03
SHARE = 3
"""A look at gigabytes takes a while; the pause after it is so many times as long."""


@dataclass(frozen=True)
class Look:
    """One reading of the memory, and between which two moments of the monotonic clock it was taken."""

    began_ns: int
    ended_ns: int
    size_bytes: int


class Watcher:
    """Looks from a thread of ours for as long as it is entered; `exceeded_bytes` is set where it had to kill."""

    def __init__(
        self,
        pid: int,
        most_bytes: int | None = None,
        look: Callable[[int], int | None] = proportional_bytes,
        kill: Callable[[int], None] = kill_group,
    ) -> None:
        self.looks: list[Look] = []
        self.exceeded_bytes: int | None = None
        self._pid = pid
        self._most_bytes = most_bytes
        self._look = look
        self._kill = kill
        self._end = Event()
        self._thread = Thread(target=self._live, name="memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    @property
    def peak_bytes(self) -> int | None:
        """The most that was seen; None where the system does not tell."""
        return max((one.size_bytes for one in self.looks), default=None)

    def within(self, start_ns: int, end_ns: int) -> int | None:
        """The most that was seen by looks that lie wholly between two moments; None where there was none."""
        inside = (one.size_bytes for one in self.looks if one.began_ns >= start_ns and one.ended_ns <= end_ns)
        return max(inside, default=None)

    def _live(self) -> None:
        while not self._end.is_set():
            self.look()
            last = self.looks[-1] if self.looks else None
            taken_s = (last.ended_ns - last.began_ns) / 1e9 if last else 0.0
            self._end.wait(max(PAUSE_S, SHARE * taken_s))

    def look(self) -> None:
        """Take one reading and judge it."""
        # Both sides of the pipe stamp with the same clock of the system.
        began_ns = time.perf_counter_ns()
        size = self._look(self._pid)
        if size is None:
            return
        self.looks.append(Look(began_ns, time.perf_counter_ns(), size))
        if self._most_bytes is not None and size > self._most_bytes and self.exceeded_bytes is None:
            self.exceeded_bytes = size
            self._kill(self._pid)
