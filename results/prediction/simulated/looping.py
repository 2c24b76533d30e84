"""The turn of an event loop: look at the timers, idle if nothing is ready, run what is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..work import Work
from . import kernel
from .costs import Costs
from .ops import Ops


class Timers(Protocol):
    """How a loop counts time: in which unit, and what it asks of the kernel when it idles."""

    @property
    def same_turn(self) -> bool:
        """Whether whom a timer wakes runs in the same turn; else the timer makes it ready, and it runs in the next."""

    def clock(self, now_s: float) -> float:
        """The time as the loop reads it, in its own unit."""

    def due(self, now_s: float) -> float:
        """When a wait ends that begins now, in the loop's unit."""

    def awake_s(self, now_s: float, due: float) -> float:
        """When the kernel gives the loop back that idles until then."""


@dataclass(frozen=True)
class Exact:
    """Timers that end at their own time, of a loop that asks epoll for milliseconds which are `rounded` upward."""

    wait_s: float
    late_s: float
    rounded: Callable[[float], float]
    same_turn: bool = False

    def clock(self, now_s: float) -> float:
        return now_s

    def due(self, now_s: float) -> float:
        return now_s + self.wait_s

    def awake_s(self, now_s: float, due: float) -> float:
        asked_s = due - now_s
        return now_s + self.rounded(asked_s) + self.late_s + kernel.idle_s(asked_s)


def makespan_s(work: Work, costs: Costs, timers: Timers) -> float:
    """From the first op to the last on one loop; all waits are alike, so timers end in the order of their making."""
    in_flight = min(work.concurrency, work.ops)
    ops, op_s = Ops(work, work.cpu_s * costs.scale), costs.crowded_op_s(in_flight)
    now_s, waiting, woken, fresh = 0.0, deque[tuple[float, int]](), list[int](), in_flight
    while fresh or ops.going:
        now_s += costs.turn_s
        if not fresh and not woken and waiting[0][0] > timers.clock(now_s):
            now_s = timers.awake_s(now_s, waiting[0][0])
        clock, ready = timers.clock(now_s), []
        while waiting and waiting[0][0] <= clock:
            ready.append(waiting.popleft()[1] + 1)
        if timers.same_turn:
            woken, ready = ready, []
        for _ in range(fresh):
            now_s += (ops.begin() or 0.0) + op_s
            waiting.append((timers.due(now_s), 0))
        fresh = 0
        for waited in woken:
            computing_s, waited = ops.go_on(waited)
            now_s += computing_s
            if waited >= 0:
                now_s += op_s
                waiting.append((timers.due(now_s), waited))
        woken = ready
    return now_s
