"""What the scheduler and the allocator did to a worker: time in the queue for a CPU, pages that it had to fault in.

Read from outside, before and after a round, of all threads of a worker and of the processes below it. The machine's own
counters see neither: on a machine with a core to spare they call a run quiet whose rounds waited for their core.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..trying.usage import queued_s
from ..worker.probes import below

FAULTS_FIELD = 7
"""Place of the minor faults in /proc/PID/stat behind the name in brackets (proc_pid_stat(5), field 10)."""


@dataclass(frozen=True)
class Delay:
    """Of one worker since its start: seconds in the queue, minor page faults; None where the system does not tell."""

    queued_s: float | None
    minor_faults: int | None

    def since(self, before: Delay) -> dict[str, float]:
        """What was added, by name, of what is known; a thread that ended took its time in the queue along."""
        found: dict[str, float] = {}
        if self.queued_s is not None and before.queued_s is not None:
            found["queued_s"] = max(0.0, self.queued_s - before.queued_s)
        if self.minor_faults is not None and before.minor_faults is not None:
            found["minor_faults"] = max(0, self.minor_faults - before.minor_faults)
        return found


def delay(pid: int) -> Delay:
    """The worker and all below it, as they are now."""
    pids = [pid, *below(pid)]
    queued, faults = [queued_s(each) for each in pids], [_faults(each) for each in pids]
    return Delay(
        None if queued[0] is None else sum(each or 0.0 for each in queued),
        None if faults[0] is None else sum(each or 0 for each in faults),
    )


def _faults(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as text:
            return int(text.read().rpartition(b")")[2].split()[FAULTS_FIELD])
    except (OSError, IndexError, ValueError):
        return None
