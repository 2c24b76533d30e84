"""What one interpreter's cells of one run say, looked up the way claims ask: by place and contestant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import median

from when_async.bench.model import unit_of
from when_async.results.cells.latency import PERCENTILES
from when_async.results.cells.pairing import ratios
from when_async.results.cells.quantities import SUMMED
from when_async.results.cells.rule import ONE_LOOK, Rule, Series
from when_async.results.cells.summary import Row

from .. import words
from ..scene.rows import CPU, MAKESPAN, THROUGHPUT, Scene

PAIRED = tuple(one.name for one in (MAKESPAN, THROUGHPUT, CPU))
"""Quantities that each round has, so that ratios of them are formed inside blocks."""


@dataclass(frozen=True)
class Hole:
    """Why there is no figure: the reason, and `who` has none (`asyncio in sleep[...]`).

    `cell` is the id of the cell that the run has for it; `asked` says whether the run was to measure it and did come to
    a decision.
    """

    reason: str
    who: str = ""
    cell: str = ""
    asked: bool = True

    @property
    def told(self) -> str:
        """Both in a clause."""
        return f"{self.who}: {self.reason}" if self.who else self.reason


@dataclass(frozen=True)
class Outcome:
    """That something happened or did not, where there is nothing to average; `said` tells what was seen."""

    happened: bool
    said: str


class Lookup:
    """The rows of one run and interpreter.

    `gil` says whether that build has the lock, None where no row tells. `rule` is how the run forms its intervals.
    `twin` is what the same run says of the same build without the lock, or with it (reports/verdicts/twins.py).
    """

    twin: Lookup | Hole

    def __init__(self, scene: Scene, run: str, python: str, rule: Rule = ONE_LOOK) -> None:
        self.scene = scene.of_facet((run, python))
        self.run = run
        self.python = python
        self.rule = rule
        self.twin = Hole("nobody looked for a build with or without the lock", asked=False)
        self.gil = next((row.gil for row in self.scene.rows if row.gil is not None), None)
        self._rows: dict[tuple[str, str], Row] = {(row.comparison, row.contestant): row for row in self.scene.rows}

    def row(self, cell: tuple[str, str]) -> Row | Hole:
        """The row of a place and contestant, or why it says nothing."""
        place, contestant = cell
        # A runner without a body there has no library in its name.
        found = self._rows.get(cell) or self._rows.get((place, contestant.partition("/")[0]))
        who = f"{contestant} in {place}"
        if found is None:
            return Hole("it was not part of this run", who, asked=False)
        if found.status != "OK":
            return Hole(words.one_line(found.reason, 300), who, found.cell, asked=found.status != "INCOMPLETE")
        return found

    def series(self, cell: tuple[str, str], name: str) -> Series | Hole:
        """A quantity of one cell, one number per process: a field of its row, a percentile or one of its figures."""
        row = self.row(cell)
        if isinstance(row, Hole):
            return row
        values = tuple(row.processes.get(name, {}).values())
        if not values:
            return Hole(f"no {name}: too few processes or samples", f"{row.contestant} in {row.comparison}", row.cell)
        quantity = None if name in row.figures else SUMMED.get(name)
        if quantity is None:
            return Series(values, "s" if name in PERCENTILES else unit_of(name)[1])
        return Series(values, quantity.unit, signed=quantity.over_forks == "linear")

    def middle(self, cell: tuple[str, str], name: str) -> float | Hole:
        """The median of a quantity over the processes of a cell."""
        found = self.series(cell, name)
        return found if isinstance(found, Hole) else median(found.values)

    def ratios(self, over: tuple[str, str], under: tuple[str, str], name: str) -> Series | Hole:
        """`over` / `under` in each process in which both were measured; formed inside blocks where rounds have it.

        Two places share no blocks. There each process of one is held against that of the same number of the other.
        """
        first, second = self.row(over), self.row(under)
        if isinstance(first, Hole):
            return first
        if isinstance(second, Hole):
            return second
        there = "" if over[0] == under[0] else f" in {over[0]}"
        return self._formed(first, self, second, name, f"{over[1]}{there} over {under[1]} in {under[0]}")

    def without_over_with(self, cell: tuple[str, str], name: str) -> Series | Hole:
        """A quantity without the lock over the same with it, for one cell of this build and its twin."""
        if isinstance(self.twin, Hole):
            return self.twin
        free, locked = (self, self.twin) if self.gil is False else (self.twin, self)
        first, second = free.row(cell), locked.row(cell)
        for found, python in ((first, free.python), (second, locked.python)):
            if isinstance(found, Hole):
                return replace(found, who=f"{found.who} on {python}")
        assert not isinstance(first, Hole)
        assert not isinstance(second, Hole)
        return free._formed(first, locked, second, name, f"{cell[1]} without the lock over with it in {cell[0]}")

    def _formed(self, first: Row, others: Lookup, second: Row, name: str, who: str) -> Series | Hole:
        """One row of ours over one of another, inside the blocks in which both ran where rounds have the quantity."""
        if name in PAIRED and first.comparison == second.comparison:
            values = ratios(self.scene.of_cell(first), others.scene.of_cell(second), name)
        else:
            values = _of_processes(first.processes.get(name, {}), second.processes.get(name, {}))
        return Series(tuple(values), "x") if values else Hole(NO_RATIO, who, first.cell)


NO_RATIO = "no ratio: too few processes, or a value near zero"


def _of_processes(over: Mapping[int, float], under: Mapping[int, float]) -> list[float]:
    """One value over the other in each process that has both; empty where one of them is not above 0."""
    met = [(over[fork], under[fork]) for fork in over if fork in under]
    return [one / other for one, other in met] if all(one > 0 and other > 0 for one, other in met) else []
