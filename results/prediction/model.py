"""A runner as it can be predicted: what it costs, how far predictions were off, and the bound below which none lies.

The bound is that of Denning and Buzen ("The operational analysis of queueing network models", ACM Computing Surveys
10, 1978): with W of waiting and C of computing in an op, k in flight and P cores, no schedule ends before n * C / P,
nor before ceil(n / k) * (W + C).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import ceil, exp

from .simulated.costs import Costs
from .simulated.predict import FREE, makespan_s
from .work import Work

SERIAL = "sync"
"""The family that has one op in flight whatever is asked for."""
THREADS = "threads"
"""The family that uses all cores where there is no GIL."""
POOLS = ("processes", "interpreters", "distributed")
"""The families that use all cores always."""
WHOLE_MS, MS = "uvloop", 1e-3
"""The family whose waits begin with the millisecond that runs, and so end up to one early."""
EDGE = 0.03
"""By so much the computing of an op may be another than was said."""
TELLING = 1.10
"""Where that changes a prediction by more than this factor, the work lies on an edge."""


@dataclass(frozen=True)
class Model:
    """A runner on one interpreter of one machine.

    `byte_s` is CPU for each byte that a result carries from one process to another. `start_s` is to import the library
    and to open and close pool or loop, `start_place_s` more for each place of a pool. `error_low` and `error_high` are
    the logarithm of measured / predicted in cells that it was not fitted to: where 95 % of them lay.
    """

    runner: str
    family: str
    gil: bool = True
    costs: Costs = field(default_factory=Costs)
    byte_s: float = 0.0
    error_low: float = 0.0
    error_high: float = 0.0
    start_s: float = 0.0
    start_place_s: float = 0.0
    call_s: float = 0.0
    """CPU that a client library adds to each op, where ops are calls over HTTP."""

    @property
    def parallel(self) -> bool:
        """Whether its computing uses all cores."""
        return self.family in POOLS or (self.family == THREADS and not self.gil)

    def bound_s(self, work: Work, cores: int) -> float:
        """The time below which the work itself lets no schedule of this model come, whatever it adds."""
        work = self.called(work)
        in_flight = 1 if self.family == SERIAL else min(work.concurrency, work.ops)
        early_s = MS if self.family == WHOLE_MS else 0.0
        one_s = max(0.0, work.wait_s - early_s) * work.waits_per_op + work.cpu_s
        used = min(cores, in_flight) if self.parallel or self.family == THREADS else 1
        held_s = work.cpu_s * (1 - work.gil_free) if self.family == THREADS and self.gil else 0.0
        return max(work.ops * max(work.cpu_s / used, held_s), ceil(work.ops / in_flight) * one_s)

    def called(self, work: Work) -> Work:
        """The same work, in which each op computes what its client does too."""
        return replace(work, cpu_s=work.cpu_s + self.call_s) if self.call_s else work

    def makespan_s(self, work: Work, cores: int) -> float:
        """The predicted time of all ops, never below the bound."""
        bound_s, work = self.bound_s(work, cores), self.called(work)
        family = FREE if self.family == THREADS and not self.gil else self.family
        if self.family in POOLS:
            carried_s = work.payload_bytes * self.byte_s + work.carry_s
            work, family = replace(work, cpu_s=work.cpu_s + carried_s, payload_bytes=0, carry_s=0.0), POOLS[0]
        return max(makespan_s(family, work, self.costs, cores), bound_s)

    def edge_s(self, work: Work, cores: int) -> tuple[float, float] | None:
        """Between which times a little more or less of computing decides; None where it hardly matters."""
        found = [
            self.makespan_s(replace(work, cpu_s=work.cpu_s * by), cores)
            for by in (1 - EDGE, 1 - EDGE / 2, 1, 1 + EDGE / 2, 1 + EDGE)
        ]
        low_s, high_s = min(found), max(found)
        return (low_s, high_s) if high_s > TELLING * low_s else None

    def range_s(self, seconds: float, work: Work, cores: int) -> tuple[float, float]:
        """Where 95 % of the cells that it was not fitted to would put the measured time, and not below the bound."""
        least_s = min(seconds, self.bound_s(work, cores))
        return max(least_s, seconds * exp(self.error_low)), seconds * exp(self.error_high)
