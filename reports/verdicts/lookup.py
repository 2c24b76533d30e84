"""What one interpreter's cells of one run say, looked up the way claims ask: by place and contestant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from when_async.bench.model import Estimate
from when_async.results.cells.summary import Row
from when_async.results.stats.estimate import quotient

from .. import words
from ..scene.rows import CPU, MAKESPAN, THROUGHPUT, Metric, Scene

PAIRED: Mapping[str, Metric] = {one.name: one for one in (MAKESPAN, THROUGHPUT, CPU)}
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

    `gil` says whether that build has the lock, None where no row tells.
    """

    def __init__(self, scene: Scene, run: str, python: str) -> None:
        self.scene = scene.of_facet((run, python))
        self.run = run
        self.python = python
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

    def value(self, cell: tuple[str, str], name: str) -> Estimate | Hole:
        """A quantity of one cell: a field of its row, one of its workload's figures, or a percentile of its latency."""
        row = self.row(cell)
        if isinstance(row, Hole):
            return row
        if name in row.figures:
            return _known(row.figures[name], row, name)
        if row.latency is not None and name in row.latency.percentiles:
            return _known(row.latency.percentiles[name], row, name)
        return _known(row.estimate(name), row, name)

    def ratio(self, over: tuple[str, str], under: tuple[str, str], name: str) -> Estimate | Hole:
        """`over` / `under`, formed inside blocks where both met in them, else with the widest interval."""
        first, second = self.row(over), self.row(under)
        if isinstance(first, Hole):
            return first
        if isinstance(second, Hole):
            return second
        if name in PAIRED:
            found = self.scene.ratio(first, second, PAIRED[name])
        else:
            one, other = self.value(over, name), self.value(under, name)
            if isinstance(one, Hole):
                return one
            if isinstance(other, Hole):
                return other
            found = quotient(one, other)
        who = f"{over[1]} over {under[1]} in {under[0]}"
        return found or Hole("no ratio: too few processes, or a value near zero", who, first.cell)


def _known(found: object, row: Row, name: str) -> Estimate | Hole:
    if isinstance(found, Estimate):
        return found
    return Hole(f"no {name}: too few processes or samples", f"{row.contestant} in {row.comparison}", row.cell)
