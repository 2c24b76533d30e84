"""Threads where there is no GIL: all cores compute, and each thread takes one op after another."""

from __future__ import annotations

from ..work import Work
from . import kernel
from .cores import last_s
from .costs import Costs
from .ops import Ops


def makespan_s(work: Work, costs: Costs, cores: int) -> float:
    """From the first op to the last on so many cores."""
    threads = _Threads(work, costs)
    return last_s(cores, [(0.0, who) for who in range(len(threads.behind))], threads)


class _Threads:
    """How many waits the op of each thread has behind it, -1 before its first op."""

    def __init__(self, work: Work, costs: Costs) -> None:
        self.ops = Ops(work, work.cpu_s * costs.scale)
        self.waits = work.wait_s > 0
        self.op_s = costs.op_s
        self.away_s = kernel.slept_s(work.wait_s, costs.late_s) if self.waits else 0.0
        self.behind = [-1] * min(work.concurrency, work.ops)

    def begin(self, who: int, now_s: float) -> float | None:
        if self.behind[who] < 0 or not self.waits:
            seconds = self.ops.begin()
            if seconds is None:
                return None
            self.behind[who] = 0
            return seconds + self.op_s
        seconds, self.behind[who] = self.ops.go_on(self.behind[who])
        return seconds + (self.op_s if self.behind[who] >= 0 else 0.0)

    def ended(self, who: int, now_s: float) -> float | None:
        if self.behind[who] < 0:
            return None
        self.behind[who] += self.waits
        return now_s + self.away_s
