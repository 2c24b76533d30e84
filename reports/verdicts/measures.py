"""What parts of claims read off: a value, a value over what arithmetic gives, a ratio of two cells, whether it ran.

Each gives one number per process; how an interval is formed of them is the run's rule (results/cells/rule.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from when_async.bench.model import unit_of
from when_async.results.cells.latency import PERCENTILES
from when_async.results.cells.quantities import SUMMED
from when_async.results.cells.rule import Series, of_cell, of_pair

from .. import words
from .claim import Cell, Place
from .lookup import Hole, Lookup, Outcome


def kind_of(name: str) -> str:
    """The kind of unit of a field, figure or percentile."""
    if name in SUMMED:
        unit = SUMMED[name].unit.removeprefix("op")
        return unit if unit in words.KINDS else ""
    return "s" if name in PERCENTILES else unit_of(name)[1]


@dataclass(frozen=True)
class _OfOne:
    """What is read off a single cell."""

    cell: Cell

    @property
    def cells(self) -> tuple[Cell, ...]:
        return (self.cell,)


@dataclass(frozen=True)
class Value(_OfOne):
    """A quantity of one cell, such as `parallelism` or a figure of its workload."""

    name: str

    @property
    def kind(self) -> str:
        return kind_of(self.name)

    @property
    def key(self) -> str:
        return of_cell(self.name, self.cell[1], self.cell[0])

    def series(self, proof: Lookup) -> Series | Hole:
        return proof.series(self.cell, self.name)


@dataclass(frozen=True)
class Over(_OfOne):
    """A quantity of one cell as a multiple of a constant in its unit: what arithmetic gives, or a given length."""

    name: str
    constant: float

    kind = "x"

    @property
    def key(self) -> str:
        # A constant factor is none of the spread.
        return of_cell(self.name, self.cell[1], self.cell[0])

    def series(self, proof: Lookup) -> Series | Hole:
        found = proof.series(self.cell, self.name)
        return found if isinstance(found, Hole) else found.scaled(self.constant, "x")


@dataclass(frozen=True)
class OverBound(_OfOne):
    """A makespan as a multiple of one that arithmetic gives for the same place; `bound` is its name in the workload."""

    bound: str

    kind = "x"

    @property
    def key(self) -> str:
        return of_cell("makespan", self.cell[1], self.cell[0])

    def series(self, proof: Lookup) -> Series | Hole:
        row = proof.row(self.cell)
        if isinstance(row, Hole):
            return row
        if not row.bounds.get(self.bound):
            return Hole(f"{row.workload} names no bound {self.bound!r} here", cell=row.cell)
        return Over(self.cell, "makespan", row.bounds[self.bound]).series(proof)


@dataclass(frozen=True)
class Ratio:
    """A quantity of one cell over that of another: paired where both met in blocks of one comparison.

    Of cells in two places it is a ratio of processes by their number, which ran minutes apart: what the machine did
    meanwhile is in its spread.
    """

    over: Cell
    under: Cell
    name: str = "makespan"

    kind = "x"

    @property
    def cells(self) -> tuple[Cell, ...]:
        return (self.over, self.under)

    @property
    def key(self) -> str:
        if self.over[0] != self.under[0]:
            return f"{of_cell(self.name, self.over[1], self.over[0])} over {self.under[1]} in {self.under[0]}"
        return of_pair(self.name, (self.over[1], self.under[1]), self.under[0])

    def series(self, proof: Lookup) -> Series | Hole:
        return proof.ratios(self.over, self.under, self.name)


@dataclass(frozen=True)
class WithoutLock(_OfOne):
    """A quantity without the global lock over the same with it, between twins of one run; told of both of them."""

    name: str = "makespan"

    kind = "x"

    @property
    def key(self) -> str:
        return f"{self.name} of {self.cell[1]} without the lock over with it in {self.cell[0]}"

    def series(self, proof: Lookup) -> Series | Hole:
        return proof.without_over_with(self.cell, self.name)


def speedup(place: Place, of: str, against: str) -> Ratio:
    """How many times as fast `of` is as `against` at one place."""
    return Ratio((place, against), (place, of), "makespan")


@dataclass(frozen=True)
class BestOver:
    """The best of some contestants over the best of others, by throughput at one place.

    The best is chosen by its median over processes, which favours the larger group a little; who it was is in the
    readings' cells.
    """

    place: Place
    ours: tuple[str, ...]
    theirs: tuple[str, ...]

    kind = "x"

    @property
    def cells(self) -> tuple[Cell, ...]:
        return tuple((self.place, name) for name in (*self.ours, *self.theirs))

    @property
    def key(self) -> str:
        return f"best of {', '.join(self.ours)} over {', '.join(self.theirs)} in {self.place}"

    def series(self, proof: Lookup) -> Series | Hole:
        best = [_best(proof, self.place, names) for names in (self.ours, self.theirs)]
        for found in best:
            if isinstance(found, Hole):
                return found
        first, second = best
        return proof.ratios((self.place, str(first)), (self.place, str(second)), "throughput")


def _best(proof: Lookup, place: Place, names: Sequence[str]) -> str | Hole:
    """The name with the highest throughput; the first hole where none has any."""
    seen = [(name, proof.middle((place, name), "throughput")) for name in names]
    known = [(name, found) for name, found in seen if not isinstance(found, Hole)]
    if known:
        return max(known, key=lambda pair: pair[1])[0]
    return next(found for _, found in seen if isinstance(found, Hole))


@dataclass(frozen=True)
class Ran(_OfOne):
    """Whether a cell came to a checked result (1) or stopped at a limit of the machine that its reason names (0).

    A limit is met each time or never, so one process settles it, and there is no number that could have an interval.
    What failed in another way is a hole; `limit` is a word of the reasons that count as the limit.
    """

    limit: str

    kind = ""

    @property
    def key(self) -> str:
        return of_cell("limit", self.cell[1], self.cell[0])

    def series(self, proof: Lookup) -> Outcome | Hole:
        found = proof.row(self.cell)
        if not isinstance(found, Hole):
            return Outcome(True, f"ran in all {found.forks} processes" if found.forks > 1 else "ran")
        if found.cell and self.limit in found.reason:
            return Outcome(False, found.reason)
        return found
