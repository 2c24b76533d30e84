"""asyncio: a timer ends at its own time, epoll is asked in milliseconds that are rounded up twice.

A timer that is due runs in its turn and makes its task ready, which runs in the next (`BaseEventLoop._run_once`).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..work import Work
from . import kernel, looping
from .costs import Costs


@dataclass(frozen=True)
class _Timers:
    wait_s: float
    late_s: float
    same_turn: bool = False

    def clock(self, now_s: float) -> float:
        return now_s

    def due(self, now_s: float) -> float:
        return now_s + self.wait_s

    def awake_s(self, now_s: float, due: float) -> float:
        asked_s = due - now_s
        return now_s + kernel.selector_s(asked_s) + self.late_s + kernel.idle_s(asked_s)


def makespan_s(work: Work, costs: Costs, cores: int) -> float:
    """From the first op to the last, on one core whatever there are."""
    if not work.wait_s:
        return work.ops * work.cpu_s * costs.scale
    return looping.makespan_s(work, costs, _Timers(work.wait_s, costs.late_s))
