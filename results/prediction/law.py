"""How long n ops take under a model: the operational bound plus what a machine was seen to add to it.

The bound is that of Denning and Buzen ("The operational analysis of queueing network models", ACM Computing Surveys
10, 1978): with W of waiting and C of computing in an op, k in flight and P cores, no schedule ends before n * C / P,
nor before ceil(n / k) * (W + C). To the first belongs one wait at the end, to the second that k ops cannot begin at
once.
What is added has six figures for each runner, fitted to cells of a run by the least sum of absolute log-errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, log
from typing import TYPE_CHECKING, Any

from ..late import late

if TYPE_CHECKING:
    from scipy import optimize
else:
    optimize = late("scipy.optimize")

CROWDED = 30
"""From so many in flight on, a loop that counts in ticks is late by a whole tick for the last of them."""
RAMP = 4
"""A loop that idles for a quarter of its time and more feels every tick; one that never idles feels none."""
SERIAL = "sync"
"""The family that has one op in flight whatever is asked for."""
WHOLE_MS = "uvloop"
"""The family whose timers know nothing shorter than a millisecond."""
STARTS = ((3e-6, 3e-5, 1e-5, 1e-4), (3e-5, 3e-4, 3e-3, 7e-4), (3e-6, 3e-4, 3e-3, 1e-4))
"""Where the search begins: seconds an op, a wait, a round, a tick."""
SLIVER, SLIVER_S = 0.05, 1e-3
"""A wait that is less than this share of an op, and shorter than so many seconds, is none."""
LEAST = 8
"""With fewer cells than this six figures are not fitted."""


@dataclass(frozen=True)
class Work:
    """What is to be done: `ops` ops, each waits `wait_s` and computes `cpu_s`, with so many in flight."""

    wait_s: float
    cpu_s: float
    ops: int
    concurrency: int
    payload_bytes: int = 0
    gil_free: float = 0.0
    """Which share of the computing lets the GIL go, from 0 to 1: threads do that share side by side."""
    carry_s: float = 0.0
    """CPU to pickle and unpickle a result: a list of numbers costs far more a byte than the bytes of the reference."""

    @property
    def waits(self) -> bool:
        """Whether an op waits: a sliver of it, of less than a millisecond, is what a clock makes of computing."""
        return self.wait_s >= SLIVER_S or self.wait_s >= SLIVER * (self.wait_s + self.cpu_s) > 0


@dataclass(frozen=True)
class Overheads:
    """What a runner adds on a machine: `scale` stretches computing and is 1 at least, the others are seconds.

    `op_s` of CPU for each op, `late_s` for each wait, `round_s` once, `tick_s` for waits of a loop that idles,
    `place_s` for each that can be in flight. `parallel` says whether it uses all cores.
    """

    runner: str
    family: str
    parallel: bool
    scale: float
    op_s: float
    late_s: float
    round_s: float
    tick_s: float
    place_s: float
    byte_s: float = 0.0
    """For each byte that a result carries from one process to another."""
    error_low: float = 0.0
    error_high: float = 0.0
    """Logarithm of measured / predicted in cells that it was not fitted to: where 95 % of them lay."""
    start_s: float = 0.0
    start_place_s: float = 0.0
    """To import the library, and to open and close pool or loop; and more for each place of a pool."""

    def bound_s(self, work: Work, cores: int) -> float:
        """The time below which the work itself lets no schedule of this model come, whatever it adds."""
        in_flight = self._in_flight(work)
        one_s = self._asked_s(work) + work.cpu_s
        busy_s = self._busy_s(work, work.cpu_s, work.cpu_s, in_flight, cores)
        return max(work.ops * busy_s, ceil(work.ops / in_flight) * one_s)

    def range_s(self, seconds: float, work: Work, cores: int) -> tuple[float, float]:
        """Where 95 % of the cells that it was not fitted to would put the measured time, and not below the bound."""
        least_s = min(seconds, self.bound_s(work, cores))
        return max(least_s, seconds * exp(self.error_low)), seconds * exp(self.error_high)

    def _in_flight(self, work: Work) -> int:
        return 1 if self.family == SERIAL else min(work.concurrency, work.ops)

    def _used(self, in_flight: int, cores: int) -> int:
        return min(cores, in_flight) if self.parallel else 1

    def _busy_s(self, work: Work, compute_s: float, own_s: float, in_flight: int, cores: int) -> float:
        """How long an op that computes `compute_s` keeps the dearest thing busy: all cores together, or the GIL.

        `own_s` is the op's own part of that, of which a share may let the GIL go.
        """
        if self.family not in FREE:
            return compute_s / self._used(in_flight, cores)
        held_s = 0.0 if self.parallel else compute_s - own_s * work.gil_free
        return max(compute_s / min(cores, in_flight), held_s)

    def _asked_s(self, work: Work) -> float:
        """libuv counts in whole milliseconds, and a wait of less than half of one is none (docs/method.md, R17)."""
        return round(work.wait_s, 3) if self.family == WHOLE_MS else work.wait_s

    def makespan_s(self, work: Work, cores: int) -> float:
        """The predicted time of all ops."""
        in_flight = self._in_flight(work)
        compute_s = work.cpu_s * self.scale + self.op_s + work.payload_bytes * self.byte_s
        if self.family in PARALLEL:
            compute_s += work.carry_s
        share_s = self._busy_s(work, compute_s, work.cpu_s * self.scale, in_flight, cores)
        asked_s = self._asked_s(work)
        wait_s = asked_s + self.late_s if asked_s else 0.0
        if wait_s:
            idle = 1 - in_flight * share_s / (wait_s + compute_s)
            wait_s += self.tick_s * min(1.0, (in_flight - 1) / CROWDED) * min(1.0, max(0.0, RAMP * idle))
        busy_s = work.ops * share_s + (wait_s if in_flight > 1 else 0.0)
        turns_s = ceil(work.ops / in_flight) * (wait_s + compute_s) + (in_flight - 1) * share_s
        return max(busy_s, turns_s) + self.round_s + in_flight * self.place_s


@dataclass(frozen=True)
class SeenCell:
    """A cell that was measured, as the prediction sees it."""

    runner: str
    family: str
    place: str
    work: Work
    makespan_s: float


PARALLEL = ("processes", "interpreters", "distributed")
FREE = ("threads",)
"""Families that use all cores always, and those that do where there is no GIL."""


def parallel(family: str, gil: bool) -> bool:
    """Whether a family of runners uses all cores on such a build."""
    return family in PARALLEL or (family in FREE and not gil)


def fit(cells: Sequence[SeenCell], cores: int, gil: bool = True) -> Overheads:
    """The figures of one runner from its cells; raises ValueError for fewer than `LEAST`."""
    if len(cells) < LEAST:
        raise ValueError(f"{len(cells)} cells are too few to tell what a runner adds; measure mixed and sleep")
    first = cells[0]

    def made(point: Sequence[float]) -> Overheads:
        scale, *logs = point
        op_s, late_s, round_s, tick_s, place_s = (exp(min(float(one), 2.0)) for one in logs)
        if first.family not in PARALLEL:
            # What a place costs in one process is its share of the ops; two figures for one cost would fit noise.
            place_s = 0.0
        if first.family == SERIAL:
            tick_s = 0.0
        # Below 1 a model would compute faster than its work takes, and a prediction could lie below the bound.
        return Overheads(
            first.runner, first.family, parallel(first.family, gil), max(float(scale), 1.0), op_s, late_s, round_s,
            tick_s, place_s,
        )  # fmt: skip

    def loss(point: Sequence[float]) -> float:
        overheads = made(point)
        return sum(abs(log(overheads.makespan_s(one.work, cores) / one.makespan_s)) for one in cells)

    found = [_search(loss, start) for start in STARTS]
    return made(min(found, key=loss))


def _search(loss: Any, start: Sequence[float]) -> Sequence[float]:
    began = [1.0, *(log(one) for one in start), log(1e-6)]
    best = optimize.minimize(loss, began, method="Nelder-Mead", options={"maxiter": 3000, "xatol": 1e-4, "fatol": 1e-5})
    return [float(one) for one in best.x]
