"""What a chart or a table is made from: rows of the summary, grouped and ordered the way readers look at them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from when_async.bench.model import Estimate, Status
from when_async.results.cells import pairing
from when_async.results.cells.pairing import CellRounds, Key, nothing
from when_async.results.cells.rule import ONE_LOOK, Rule, of_pair
from when_async.results.cells.summary import Row
from when_async.results.stats.estimate import difference, quotient

from ..words import one_line


@dataclass(frozen=True)
class Metric:
    """One measured quantity: the field of a row, its kind of unit, words for an axis, and which end is good."""

    name: str
    kind: str
    words: str
    higher_is_better: bool = False


THROUGHPUT = Metric("throughput", "/s", "throughput", higher_is_better=True)
MAKESPAN = Metric("makespan", "s", "makespan")
OVERHEAD = Metric("overhead_per_op", "s", "overhead over the ideal, per op")
CPU = Metric("cpu_per_op", "s", "CPU time per op")
SPEEDUP = Metric("speedup", "", "ratio to the reference", higher_is_better=True)


BOUND = "†"
BOUND_MEANS = "The server may have been the limit: the figure is a lower bound, and gaps to it are compressed."


def shown_name(row: Row) -> str:
    """The contestant, with a dagger where its server may have been the limit."""
    bound = row.status == "OK" and row.server_bound
    return f"{row.contestant} {BOUND}" if bound else str(row.contestant)


LEFT = "left: could not be the best"
"""What is said of a contestant that a run gave up early, as it could not win; it is no hole and no failure."""


def left(row: Row) -> bool:
    """Whether a run gave up this contestant because it could not win."""
    return row.status == Status.LEFT


def reason(row: Row) -> str:
    """Why a row has no figure, in a few words."""
    if left(row):
        return LEFT
    return "no figure" if row.status == "OK" else one_line(f"{row.status}: {row.reason}")


def key(row: Row) -> tuple[str, str]:
    """Names a row among rows of several runs."""
    return (row.run, row.cell)


def value(row: Row, metric: Metric) -> Estimate | None:
    """The estimate of a row, or None where the cell is not OK or has too few processes."""
    return row.estimate(metric.name) if row.status == "OK" else None


def headline(rows: Sequence[Row]) -> Metric:
    """The quantity by which a workload is judged.

    Waiting is judged by what it costs beyond the wait, and what is done on a schedule by the CPU it takes.
    """
    judged = {row.headline for row in rows}
    return OVERHEAD if "overhead" in judged else CPU if "cpu" in judged else THROUGHPUT


def ordered(rows: Iterable[Row], metric: Metric) -> list[Row]:
    """Best first; then those without a figure, by name."""

    def place(row: Row) -> tuple[int, float, str]:
        found = value(row, metric)
        if found is None:
            return (1, 0.0, row.contestant)
        return (0, -found.point if metric.higher_is_better else found.point, row.contestant)

    return sorted(rows, key=place)


def figures(scene: Scene, metric: Metric) -> list[Row]:
    """The rows that have a figure, best first."""
    return [row for row in ordered(scene.rows, metric) if value(row, metric) is not None]


def facet(row: Row) -> tuple[str, str]:
    """Rows of different runs or interpreters are never averaged: they stand in facets of their own."""
    return (row.run, row.python)


def facets(rows: Iterable[Row]) -> list[tuple[str, str]]:
    """The facets in order of appearance."""
    return list(dict.fromkeys(facet(row) for row in rows))


def facet_names(rows: Iterable[Row]) -> dict[tuple[str, str], str]:
    """A label per facet: the interpreter, and the run too where another facet would be named alike."""
    names = {facet(row): f"Python {row.python}" + (" (no GIL)" if row.gil is False else "") for row in rows}
    times = Counter(names.values())
    return {place: name if times[name] == 1 else f"{name}, run {place[0]}" for place, name in names.items()}


def serial(row: Row) -> bool:
    """Whether a model has one op in flight whatever is asked for; older run files call its family `blocking`."""
    return row.family in ("sync", "blocking")


def is_variant(runner: str) -> bool:
    """Whether a runner is a variant, `base+variant`, of a model that has the bare name."""
    return "+" in runner


def models(rows: Iterable[Row]) -> list[str]:
    """The runners that stand for their family: its bare ones, or the first of its variants where there is no other."""
    families: dict[str, dict[str, None]] = {}
    for row in rows:
        families.setdefault(row.family, {})[row.runner] = None
    found: list[str] = []
    for own in families.values():
        found += [name for name in own if not is_variant(name)] or list(own)[:1]
    return found


CROWD = 10
"""With more runners than this, what gives each of them a column or a line of its own is left to the models."""


def crowded(rows: Iterable[Row]) -> bool:
    """Whether there are too many runners to show all of them side by side."""
    return len({row.runner for row in rows}) > CROWD


def uncrowded(rows: Sequence[Row]) -> list[Row]:
    """All rows, or those of the models where there are too many runners; tables of a workload hold the variants."""
    kept = models(rows)
    return [row for row in rows if row.runner in kept] if crowded(rows) else list(rows)


def comparisons(rows: Iterable[Row]) -> list[str]:
    """The comparisons of these rows, in order of appearance."""
    return list(dict.fromkeys(row.comparison for row in rows))


def ladder(row: Row) -> tuple[tuple[str, str], ...]:
    """What must agree for two points to lie on one scaling line: the parameters except the number of ops."""
    return tuple(sorted((name, str(setting)) for name, setting in row.params.items() if name != "n"))


def busiest(rows: Sequence[Row]) -> list[str]:
    """Of each ladder the comparison with the most ops in flight: the one that a summary shows first."""
    best: dict[Any, Row] = {}
    for row in rows:
        known = best.get(ladder(row))
        if known is None or row.concurrency > known.concurrency:
            best[ladder(row)] = row
    return comparisons(best.values())


@dataclass(frozen=True)
class Scene:
    """Rows with the rounds behind them, by the key of a row."""

    rows: tuple[Row, ...]
    rounds: Mapping[Key, CellRounds] = field(default_factory=dict)
    rules: Mapping[tuple[str, str], Rule] = field(default_factory=dict)
    """By run and interpreter how intervals are formed, where it is not one look at all processes."""

    def of(self, **wanted: Any) -> Scene:
        """The rows whose fields have these values: `scene.of(workload="sleep", comparison=...)`."""
        return self.only(r for r in self.rows if all(getattr(r, name) == setting for name, setting in wanted.items()))

    def only(self, rows: Iterable[Row]) -> Scene:
        """The same evidence with these rows."""
        return replace(self, rows=tuple(rows))

    def of_facet(self, wanted: tuple[str, str]) -> Scene:
        """The rows of one run and interpreter."""
        return self.only(self._by_facet.get(wanted, ()))

    @cached_property
    def _by_facet(self) -> Mapping[tuple[str, str], Sequence[Row]]:
        """The rows by facet: tables ask for each of them again and again."""
        found: dict[tuple[str, str], list[Row]] = {}
        for row in self.rows:
            found.setdefault(facet(row), []).append(row)
        return found

    def of_cell(self, row: Row) -> CellRounds:
        """The rounds of a row; nothing where none is known."""
        return self.rounds.get(key(row), nothing())

    def raw(self, row: Row, metric: Metric) -> list[float]:
        """The median of each process, for the faint points; empty where no round is known."""
        return self.of_cell(row).medians(metric.name)

    def ratio(self, over: Row, under: Row, metric: Metric) -> Estimate | None:
        """`over` / `under`, formed inside blocks and reduced to one number per process.

        Where they never met in a block it is the quotient of the two estimates, with the widest interval; None where
        a value is not above 0.
        """
        told = over.comparison == under.comparison and facet(over) == facet(under) and under.reference
        if told and metric is THROUGHPUT and over.speedup is not None:
            return over.speedup
        logs = pairing.log_ratios(self.of_cell(over), self.of_cell(under), metric.name)
        pair = of_pair(metric.name, (over.contestant, under.contestant), over.comparison)
        paired = self.rules.get(facet(over), ONE_LOOK).ratio(logs, pair)
        if paired is not None:
            return paired
        first, second = value(over, metric), value(under, metric)
        return quotient(first, second) if first is not None and second is not None else None

    def ratios(self, over: Row, under: Row, metric: Metric) -> list[float]:
        """`over` / `under` in each process in which the two met, for the faint points."""
        return pairing.ratios(self.of_cell(over), self.of_cell(under), metric.name)

    def difference(self, first: Row, second: Row, metric: Metric) -> Estimate | None:
        """`first` - `second`, formed inside blocks like a ratio."""
        paired = pairing.difference(self.of_cell(first), self.of_cell(second), metric.name, metric.kind)
        if paired is not None:
            return paired
        one, other = value(first, metric), value(second, metric)
        return difference(one, other) if one is not None and other is not None else None

    @property
    def measured(self) -> bool:
        """Whether any row has a figure that may be published."""
        return any(value(row, headline(self.rows)) is not None for row in self.rows)
