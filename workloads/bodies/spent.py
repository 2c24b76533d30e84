"""What a server has used up to a moment: CPU and page faults, of its process or of its pool."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import NamedTuple

from .heap import page_faults


class Spent(NamedTuple):
    """CPU seconds and minor faults; the difference of two is what was used between them."""

    cpu_s: float
    faults: int

    def __sub__(self, before: Spent) -> Spent:
        return Spent(self.cpu_s - before.cpu_s, self.faults - before.faults)


def own() -> Spent:
    """Of this process."""
    return Spent(time.process_time(), page_faults())


def with_children(pids: Iterable[int]) -> Spent | None:
    """Of this process and these; None where the system does not tell that of another process."""
    found = own()
    try:
        for pid in pids:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as text:
                faults = int(text.read().rpartition(")")[2].split()[7])
            # Linux composes a process's CPU clock from its id like this: clock_getcpuclockid(3).
            found = Spent(found.cpu_s + time.clock_gettime((~pid << 3) | 2), found.faults + faults)
    except (OSError, AttributeError):
        return None
    return found
