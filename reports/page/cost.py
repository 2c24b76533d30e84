"""The resource card: what one more thing in flight costs in memory, CPU and start-up."""

from __future__ import annotations

from collections.abc import Sequence

from when_async.bench.model import Estimate
from when_async.results.cells.summary import Row
from when_async.results.stats.estimate import difference, scaled

from .. import words
from ..scene.rows import Scene, facet, ladder, serial
from ..scene.tables import Column, Entry, Item, Line, Table, grouped, headed, number, scales_of
from ..words import Scale, scale_for

CARD_COLUMNS: tuple[Column, ...] = (
    ("memory (PSS)", "bytes", lambda row: row.pss),
    ("peak RSS", "bytes", lambda row: row.peak_rss),
    ("CPU per op", "s", lambda row: row.cpu_per_op),
    ("switches per op", "", lambda row: row.switches_per_op),
    ("page faults per op", "", lambda row: row.faults_per_op),
    ("launch", "s", lambda row: row.launch),
    ("start-up", "s", lambda row: row.startup),
    ("tear-down", "s", lambda row: row.teardown),
)


PLAIN = ("ladder", "sleep")
"""Where these were measured they say it all: other workloads add what their libraries hold."""


def marginal_memory(fewer: Row, more: Row) -> Estimate | None:
    """Bytes that one more op in flight costs: the slope of PSS between two concurrencies, widest interval."""
    steps = more.concurrency - fewer.concurrency
    if fewer.pss is None or more.pss is None or steps <= 0:
        return None
    whole = difference(more.pss, fewer.pss)
    return scaled(whole, lambda value: value / steps, "bytes")


def card(scene: Scene) -> Table | None:
    """Each contestant at the most ops in flight that was measured; None where nothing is on record."""
    known = [row for row in scene.rows if row.status == "OK" and (row.pss is not None or row.startup is not None)]
    chosen = [row for row in known if row.workload in PLAIN] or known
    shown = [row for workload in dict.fromkeys(row.workload for row in chosen)
             for row in _most_in_flight([row for row in chosen if row.workload == workload])]  # fmt: skip
    if not shown:
        return None
    slopes = {id(row): _slope(row, chosen) for row in shown}
    columns = tuple(column for column in CARD_COLUMNS if any(column[2](row) is not None for row in shown))
    if all(row.pss is not None for row in shown):
        columns = tuple(column for column in columns if column[0] != "peak RSS")
    scales = scales_of(shown, columns)
    steepness = scale_for([slope for slope in slopes.values() if slope is not None], "bytes")
    with_slope = any(slope is not None for slope in slopes.values())

    def line(row: Row, _: bool) -> Line:
        entries: list[Entry] = [[_slope_item(slopes[id(row)], steepness)]] if with_slope else []
        entries += [[number(get(row), scale)] for (_, _, get), scale in zip(columns, scales, strict=True)]
        return Line(row.contestant, [], entries)

    first = [f"one more in flight, {steepness.label}"] if with_slope else []
    caption = (
        "Each contestant at the most ops in flight that was measured. Memory is that of the whole worker with its "
        "children; launch is process start and imports, start-up the pool or loop with priming. None of the times is "
        "part of any makespan."
    )
    if with_slope:
        caption += " One more in flight: the slope of memory from the fewest to the most in flight."
    return Table(caption, ["contestant"], first + headed(columns, scales), grouped(scene.only(shown), line, scene.rows))


def _slope(row: Row, rows: Sequence[Row]) -> Estimate | None:
    """What one more in flight costs a contestant in memory; None for a model that serves one at a time."""
    if serial(row):
        return None
    return marginal_memory(min((one for one in rows if _twin(one, row)), key=lambda one: one.concurrency), row)


def _slope_item(slope: Estimate | None, scale: Scale) -> Item:
    if slope is not None and slope.low <= 0 <= slope.high:
        return Item("none seen", words.bounds(slope, scale))
    return number(slope, scale)


def _twin(row: Row, other: Row) -> bool:
    """Whether two rows differ in concurrency only."""
    return row.contestant == other.contestant and facet(row) == facet(other) and ladder(row) == ladder(other)


def _most_in_flight(rows: Sequence[Row]) -> list[Row]:
    best: dict[tuple[object, ...], Row] = {}
    for row in rows:
        name = (row.contestant, facet(row), ladder(row))
        if name not in best or row.concurrency > best[name].concurrency:
            best[name] = row
    return list(best.values())
