"""uvloop: libuv counts in whole milliseconds, from the one that has begun when a timer is made (uv_timer_start).

So a wait of W ms ends up to one early, and one of less than half a millisecond is none: its task is ready in the next
turn (`Loop.call_later`). When a round begins between two milliseconds is chance, so it is simulated from two.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

from ..work import Work
from . import kernel, looping
from .costs import Costs
from .kernel import MS

PHASES_S = (0.25 * MS, 0.75 * MS)


@dataclass(frozen=True)
class _Timers:
    wait_ms: int
    late_s: float
    phase_s: float
    same_turn: bool = False

    def clock(self, now_s: float) -> float:
        return floor((now_s + self.phase_s) / MS + 1e-9)

    def due(self, now_s: float) -> float:
        return self.clock(now_s) + self.wait_ms

    def awake_s(self, now_s: float, due: float) -> float:
        asked_s = (due - self.clock(now_s)) * MS
        return now_s + asked_s + self.late_s + kernel.idle_s(asked_s)


def makespan_s(work: Work, costs: Costs, cores: int) -> float:
    """From the first op to the last, on one core whatever there are."""
    if not work.wait_s:
        return work.ops * work.cpu_s * costs.scale
    wait_ms = round(work.wait_s / MS)
    if not wait_ms:
        return _turning_s(work, costs)
    found = [looping.makespan_s(work, costs, _Timers(wait_ms, costs.late_s, phase_s)) for phase_s in PHASES_S]
    return sum(found) / len(found)


def _turning_s(work: Work, costs: Costs) -> float:
    """Where waits are none: what is computed, and two turns for each place to come round."""
    in_flight = min(work.concurrency, work.ops)
    each_s = work.cpu_s * costs.scale + work.waits_per_op * costs.crowded_op_s(in_flight)
    return work.ops * each_s + 2 * work.waits_per_op * ceil(work.ops / in_flight) * costs.turn_s
