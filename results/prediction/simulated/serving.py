"""Ops that come by themselves, at a rate and at random: how busy a model is, and how long an op takes from its arrival.

An open loop: nobody waits for an answer before the next op comes (Poisson arrivals). Who finds all places taken waits
in line. On a loop and under the GIL one op computes at a time, in processes as many as there are cores. What a loop
that idles makes of a timer is what it makes of it in `looping`: it is woken by the next arrival or a full millisecond.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from heapq import heapify, heappop, heappush, heapreplace

from ..work import Work
from . import kernel
from .costs import Costs
from .kernel import MS

SEED = 20261201
LOOPS = ("asyncio", "uvloop", "trio")
ONE_AT_A_TIME = (*LOOPS, "threads", "sync")
WARM = 0.1
"""The first ops find nobody before them, so this share of them is left out."""
ROUNDED = {"asyncio": kernel.selector_s, "trio": kernel.epoll_s}
ARRIVES, READY, LEAVES = range(3)


@dataclass(frozen=True)
class Served:
    """`busy` is the share of the time in which what computes does so, 1 where more comes than it can bear.

    `p50_s` and `p99_s` are from the arrival of an op to its end; infinite where more comes than can be borne.
    """

    busy: float
    p50_s: float
    p99_s: float

    @property
    def borne(self) -> bool:
        return self.busy < 1


def most_per_s(family: str, work: Work, costs: Costs, cores: int, places: int) -> float:
    """The highest rate that can be borne: computing and places both set one."""
    servers = 1 if family in ONE_AT_A_TIME else min(cores, places)
    computing = servers / _computed_s(family, work, costs)
    if family in LOOPS:
        return computing
    places = 1 if family == "sync" else places
    return min(computing, places / (_computed_s(family, work, costs) + work.waits_per_op * _away_s(work, costs)))


def serve(
    family: str, work: Work, costs: Costs, cores: int, places: int, rate_per_s: float, seed: int = SEED
) -> Served:
    """What becomes of `work.ops` ops at that rate; of a loop `places` counts for nothing."""
    if rate_per_s >= most_per_s(family, work, costs, cores, places):
        return Served(1.0, float("inf"), float("inf"))
    line = _Line(family, work, costs, cores, places)
    return line.run(rate_per_s, random.Random(seed))


def _computed_s(family: str, work: Work, costs: Costs) -> float:
    chunk_s = costs.chunk_s if family == "processes" else 0.0
    return work.cpu_s * costs.scale + max(1, work.pauses) * costs.op_s + chunk_s


def _away_s(work: Work, costs: Costs) -> float:
    return kernel.slept_s(work.wait_s, costs.late_s) if work.wait_s else 0.0


class _Line:
    """Places, who waits for one, and who computes until when."""

    def __init__(self, family: str, work: Work, costs: Costs, cores: int, places: int) -> None:
        self.family, self.work, self.costs = family, work, costs
        self.waits = work.pauses
        self.piece_s = _computed_s(family, work, costs) / (self.waits + 1)
        self.handover_s = costs.handover_s if family == "threads" else 0.0
        self.free_s = [0.0] * (1 if family in ONE_AT_A_TIME else max(1, min(cores, places)))
        heapify(self.free_s)
        self.places = work.ops if family in LOOPS else 1 if family == "sync" else places
        self.lined_up: deque[int] = deque()
        self.events: list[tuple[float, int, int, int]] = []
        self.computed_s = 0.0

    def run(self, rate_per_s: float, draw: random.Random) -> Served:
        came, now_s = [], 0.0
        for op in range(self.work.ops):
            now_s += draw.expovariate(rate_per_s)
            came.append(now_s)
            self.events.append((now_s, ARRIVES, op, 0))
        took = [0.0] * self.work.ops
        while self.events:
            now_s, what, op, waited = heappop(self.events)
            if what == ARRIVES and not self.places:
                self.lined_up.append(op)
            elif what == LEAVES:
                self.places += 1
                if self.lined_up:
                    self.places -= 1
                    self._compute(now_s, self.lined_up.popleft(), 0, took, came)
            else:
                self.places -= what == ARRIVES
                self._compute(now_s, op, waited, took, came)
        kept = sorted(took[int(WARM * self.work.ops) :])
        busy = self.computed_s / (now_s * len(self.free_s))
        return Served(min(busy, 1.0), kept[len(kept) // 2], kept[int(0.99 * len(kept))])

    def _compute(self, now_s: float, op: int, waited: int, took: list[float], came: list[float]) -> None:
        """A piece of an op, as soon as somebody can compute it."""
        free_s = self.free_s[0]
        begun_s = free_s + self.handover_s if free_s > now_s else self._seen_s(now_s, waited)
        end_s = begun_s + self.piece_s
        self.computed_s += self.piece_s
        heapreplace(self.free_s, end_s)
        if waited < self.waits:
            heappush(self.events, (self._due_s(end_s), READY, op, waited + 1))
        else:
            took[op] = end_s - came[op]
            heappush(self.events, (end_s, LEAVES, op, 0))

    def _due_s(self, end_s: float) -> float:
        """When a wait is over that begins then."""
        if self.family == "uvloop":
            return end_s + round(self.work.wait_s / MS) * MS
        if self.family in LOOPS:
            return end_s + self.work.wait_s
        return end_s + _away_s(self.work, self.costs)

    def _seen_s(self, now_s: float, waited: int) -> float:
        """When an idle loop sees a timer that is due: at the next full millisecond, or when something else comes."""
        if not waited or self.family not in LOOPS:
            return now_s
        wait_s = self.work.wait_s
        # uvloop's timers are in whole milliseconds already.
        rounded_s = ROUNDED[self.family](wait_s) if self.family in ROUNDED else wait_s
        seen_s = now_s + max(0.0, rounded_s - wait_s) + self.costs.late_s
        return min(seen_s, max(now_s, self.events[0][0])) if self.events else seen_s


def workers(family: str, work: Work, costs: Costs, cores: int, rate_per_s: float, most: int) -> int:
    """The fewest places with which the 99th percentile is within a tenth of what more would give; `most` at most."""
    if family in LOOPS or family == "sync":
        return 1
    found, best_s = most, serve(family, work, costs, cores, most, rate_per_s).p99_s
    places = 1
    while places < most:
        if serve(family, work, costs, cores, places, rate_per_s).p99_s <= 1.1 * best_s:
            return places
        places = max(places + 1, int(places * 1.25))
    return found
