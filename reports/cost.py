"""The resource card: what one more thing in flight costs in memory, CPU and start-up."""

from __future__ import annotations

from collections.abc import Sequence

from bench.model import Estimate
from reports.scene import Row, Scene, difference, facet, facet_names, headline, ladder, ordered
from reports.tables import Entry, Getter, Group, Line, Table, headed, number, scales_of
from reports.words import scale_for

CARD_COLUMNS: tuple[tuple[str, str, Getter], ...] = (
    ("memory (PSS)", "bytes", lambda row: row.pss),
    ("peak RSS", "bytes", lambda row: row.peak_rss),
    ("CPU per op", "s", lambda row: row.cpu_per_op),
    ("switches per op", "", lambda row: row.switches_per_op),
    ("launch", "s", lambda row: row.launch),
    ("start-up", "s", lambda row: row.startup),
    ("tear-down", "s", lambda row: row.teardown),
)


def marginal_memory(fewer: Row, more: Row) -> Estimate | None:
    """Bytes that one more op in flight costs: the slope of PSS between two concurrencies, widest interval."""
    steps = more.concurrency - fewer.concurrency
    if fewer.pss is None or more.pss is None or steps <= 0:
        return None
    whole = difference(more.pss, fewer.pss)
    return Estimate(whole.point / steps, whole.low / steps, whole.high / steps, "bytes", whole.n, whole.confidence)


def card(scene: Scene) -> Table | None:
    """What one more thing in flight costs: memory, CPU, start-up; each model at the most and fewest in flight."""
    chosen = [row for row in scene.rows if row.status == "OK" and (row.pss is not None or row.startup is not None)]
    if not chosen:
        return None
    names = facet_names(scene.rows)
    slopes: dict[int, Estimate | None] = {}
    groups: dict[str, list[tuple[Row, Estimate | None]]] = {}
    for workload in dict.fromkeys(row.workload for row in chosen):
        own = [row for row in chosen if row.workload == workload]
        for row in ordered(_most_in_flight(own), headline(own)):
            fewest = min((r for r in own if _twin(r, row)), key=lambda r: r.concurrency)
            slopes[id(row)] = marginal_memory(fewest, row)
            groups.setdefault(f"{row.comparison}", []).append((row, slopes[id(row)]))
    shown = [row for pairs in groups.values() for row, _ in pairs]
    columns = tuple(column for column in CARD_COLUMNS if any(column[2](row) is not None for row in shown))
    scales = scales_of(shown, columns)
    steepness = scale_for([slope for slope in slopes.values() if slope is not None], "bytes")
    with_slope = any(slope is not None for slope in slopes.values())
    made = []
    for heading, pairs in groups.items():
        group = Group(heading)
        for row, slope in pairs:
            entries: list[Entry] = [[number(slope, steepness)]] if with_slope else []
            entries += [[number(get(row), scale)] for (_, _, get), scale in zip(columns, scales, strict=True)]
            notes = [names[(row.run, row.python)].removeprefix("Python ")] if len(names) > 1 else []
            group.lines.append(Line(row.contestant, notes, entries))
        made.append(group)
    first = [f"one more in flight, {steepness.label}"] if with_slope else []
    heads = ["contestant", "Python"] if len(names) > 1 else ["contestant"]
    caption = (
        "Each contestant at the most ops in flight that was measured. Memory is that of the whole worker with its "
        "children; launch is process start and imports, start-up the pool or loop with priming. None of the times is "
        "part of any makespan."
    )
    return Table(caption, heads, first + headed(columns, scales), made)


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
