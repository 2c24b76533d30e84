"""Programs that are ranked as they are printed: a model with as many in flight as it is given, start-up counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from .fitted import Fitted
from .judged import LEVEL, recommended
from .model import POOLS, SERIAL, THREADS, Model
from .work import Work

Limits = Mapping[str, tuple[int, str]]
"""By runner the most that it can have in flight, and the reason in words."""

EACH = 8
"""So many sizes of a pool are tried one by one, larger ones in steps of a fifth."""
LEVER = 1.2
"""What makes work less than so many times as fast is no lever."""


@dataclass(frozen=True)
class Program:
    """One model with its number in flight, and how long it is predicted to take.

    `makespan_s` is from the first op to the last, `start_s` what comes before and after. `most` and `because` tell of
    the limit that keeps it below what was asked for; `because` is empty where there is none.
    """

    one: Model
    work: Work
    cores: int
    makespan_s: float
    start_s: float
    because: str = ""

    @property
    def runner(self) -> str:
        return self.one.runner

    @property
    def in_flight(self) -> int:
        return self.work.concurrency

    @property
    def seconds(self) -> float:
        return self.makespan_s + self.start_s

    def edge_s(self) -> tuple[float, float] | None:
        """Between which times a little more or less of computing decides; None where it hardly matters."""
        found = self.one.edge_s(self.work, self.cores)
        return found and (found[0] + self.start_s, found[1] + self.start_s)

    def range_s(self) -> tuple[float, float]:
        """Where 95 % of measured times would lie; the start-up is taken as it is."""
        low_s, high_s = self.one.range_s(self.makespan_s, self.work, self.cores)
        return low_s + self.start_s, high_s + self.start_s


def program(one: Model, work: Work, cores: int, in_flight: int, because: str = "") -> Program:
    """This model with so many in flight."""
    own = replace(work, concurrency=in_flight)
    start_s = one.start_s + in_flight * one.start_place_s
    return Program(one, own, cores, one.makespan_s(own, cores), start_s, because)


def best_of(one: Model, work: Work, cores: int, limits: Limits) -> Program:
    """The program that is printed for a model: as many in flight as were asked for, of a pool no more than help.

    A process costs its start, so of processes it is the number that is predicted to be done first. Threads cost
    little, so they are as many as were asked for, unless fewer are plainly faster or nothing waits.
    """
    if one.family == SERIAL:
        return program(one, work, cores, 1)
    asked = min(work.concurrency, work.ops)
    most, why = limits.get(one.runner, (asked, ""))
    top, because = min(asked, most), why if most < asked else ""
    if one.family not in (*POOLS, THREADS):
        return program(one, work, cores, top, because)
    if not work.waits:
        top, because = min(top, cores), because if most < cores else ""
    found = [program(one, work, cores, count, because) for count in sizes(top)]
    quickest = min(found, key=lambda each: each.seconds)
    if one.family == THREADS and found[-1].seconds <= LEVEL * quickest.seconds:
        return found[-1]
    return quickest if quickest.in_flight == top else replace(quickest, because="")


def sizes(top: int) -> list[int]:
    """Sizes of a pool to try, the largest last; a pool of one is none, unless that is all there can be."""
    found = list(range(min(2, top), min(top, EACH) + 1))
    while found[-1] < top:
        found.append(min(top, ceil(found[-1] * 1.2)))
    return found


def ranking(known: Fitted, work: Work, cores: int, limits: Limits) -> list[Program]:
    """The program of every model, the quickest first."""
    return sorted((best_of(one, work, cores, limits) for one in known.models), key=lambda each: each.seconds)


def taken(ranked: Sequence[Program]) -> Program:
    """The one to take: of those that are level with the best the plainest."""
    name = recommended({each.runner: each.seconds for each in ranked}, max(each.in_flight for each in ranked))
    return next(each for each in ranked if each.runner == name)


@dataclass(frozen=True)
class Lever:
    """A change that makes more of a difference than the model: so many in flight, or an interpreter."""

    before: Program
    after: Program
    python: str = ""


def lever(known: Fitted, others: Sequence[Fitted], work: Work, cores: int, limits: Limits) -> Lever | None:
    """The change that is predicted to help most; None where none makes the work `LEVER` times as fast."""
    before = taken(ranking(known, work, cores, limits))
    found = [Lever(before, taken(ranking(other, work, cores, limits)), other.python) for other in others]
    if work.waits and work.concurrency < work.ops:
        more = _more(known, work, cores, limits)
        found += [Lever(before, more)] if more.in_flight > before.in_flight else []
    best = min(found, key=lambda each: each.after.seconds, default=None)
    return best if best is not None and before.seconds >= LEVER * best.after.seconds else None


def _more(known: Fitted, work: Work, cores: int, limits: Limits) -> Program:
    """With more in flight: the fewest that are level with the best of any number."""
    counts = [min(work.ops, work.concurrency * 2**power) for power in range(1, 30)]
    found = [taken(ranking(known, replace(work, concurrency=one), cores, limits)) for one in dict.fromkeys(counts)]
    best_s = min(each.seconds for each in found)
    return next(each for each in found if each.seconds <= LEVEL * best_s)
