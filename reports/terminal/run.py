"""The summary in a terminal: one sorted table per comparison, with intervals and bars of block characters.

No line is longer than 100 columns. Where the output is no terminal, plain lines without a bar are printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console

from when_async.bench.model import Estimate
from when_async.results.cells.pairing import CellRounds, Key
from when_async.results.cells.summary import Row

from .. import words
from ..lines import WIDTH, Parts, line, paragraph, width_of
from ..scene.findings import lead_sentence
from ..scene.rows import (
    CPU,
    OVERHEAD,
    Metric,
    Scene,
    comparisons,
    facet_names,
    facets,
    headline,
    ordered,
    shown_name,
    value,
)
from ..words import Scale, scale_for

Evidence = Mapping[Key, CellRounds]
BAR = 20
EIGHTHS = " ▏▎▍▌▋▊▉"
FIGURE, RATIO = 24, 22
NAMES = (20, 40)
"""Columns that names get at least and at most; figures go before names where a terminal is narrow."""


def bar(share: float, cells: int = BAR) -> str:
    """A bar of block characters, in steps of an eighth of a cell; `share` is cut to 0..1."""
    eighths = round(min(max(share, 0.0), 1.0) * cells * 8)
    return ("█" * (eighths // 8) + EIGHTHS[eighths % 8]).rstrip()


def summary(rows: Sequence[Row], console: Console, rounds: Evidence | None = None) -> None:
    """Print every comparison, best contestant first, with holes and their reasons at its end.

    With `rounds` (reports/scene/evidence.py) the finding of each comparison is said too, with the same intervals as
    on the page; from rows alone its ratio could not be formed inside blocks.
    """
    scene = Scene(tuple(rows), rounds or {})
    width = width_of(console)
    names = facet_names(rows)
    for comparison in comparisons(rows):
        here = scene.of(comparison=comparison)
        for one in facets(here.rows):
            own = here.of_facet(one)
            heading = f"{comparison}, {names[one]}" if len(names) > 1 else comparison
            line(console, words.one_line(heading), "bold")
            for parts in _table(own, width if console.is_terminal else 0):
                line(console, parts)
            if rounds and own.measured and not own.rows[0].calibration:
                paragraph(console, f"{lead_sentence(own, headline(own.rows))}.", "  ")
            console.print()


def _table(own: Scene, width: int) -> Iterable[Parts]:
    """The lines of one comparison as (text, style) parts; bars fill up to `width`, which is 0 where none are wanted."""
    metric = headline(own.rows)
    estimates = [value(row, metric) for row in own.rows]
    scale = scale_for(estimates, metric.kind)
    most = max((one.point for one in estimates if one is not None), default=0.0)
    names = _name_columns(own.rows, width or WIDTH)
    if any(one is not None for one in estimates):
        title = {OVERHEAD: "overhead per op", CPU: "CPU per op"}.get(metric, "throughput")
        other = {OVERHEAD: f"CPU per op, {_other_scale(own.rows, metric).label}", CPU: "throughput, ops/s"}
        second = other.get(metric, "ratio")
        head = f"  {'':<{names}} {f'{title}, {words.unit(scale)}':>{FIGURE}} {second:>{RATIO}}"
        yield [(head, "dim")]
    for row in ordered(own.rows, metric):
        yield _row(row, metric, scale, most, width, _other_scale(own.rows, metric), names)


def _name_columns(rows: Iterable[Row], width: int) -> int:
    """Columns for names: as many as the longest needs, if both figures still fit beside it."""
    longest = max((len(words.one_line(shown_name(row))) for row in rows), default=0)
    room = width - FIGURE - RATIO - 5
    return max(NAMES[0], min(longest, room, NAMES[1]))


def _other_scale(rows: Iterable[Row], metric: Metric) -> Scale:
    """The unit of the second column: of CPU time beside an overhead; a rate or a ratio stays as it is."""
    return scale_for([row.cpu_per_op for row in rows], "s") if metric is OVERHEAD else Scale(1.0, "")


def _row(row: Row, metric: Metric, scale: Scale, most: float, width: int, other: Scale, names: int) -> Parts:
    found = value(row, metric)
    name = words.short_name(shown_name(row), names)
    if found is None:
        said = "ran, answer checked; no figure" if row.status == "OK" else f"{row.status}: {row.reason}"
        return [(f"  {name:<{names}} ", "dim"), (words.one_line(said, WIDTH - names - 4), "dim italic")]
    parts = [(f"  {name:<{names}} ", "")]
    parts += _numbers(found, scale, FIGURE)
    second = {OVERHEAD: row.cpu_per_op, CPU: row.throughput}.get(metric, row.speedup)
    if second is not None:
        parts += _numbers(second, other, RATIO)
    else:
        parts.append((f"{'reference' if row.reference else words.DASH:>{RATIO}} ", "dim"))
    room = min(BAR, width - sum(len(text) for text, _ in parts) - 1)
    if room >= 4:
        parts.append((bar(found.point / most if most > 0 else 0.0, room), "cyan"))
    return parts


def _numbers(found: Estimate, scale: Scale, width: int) -> Parts:
    """A point and its interval, right-aligned together, the interval dimmed."""
    point, bounds = words.point(found, scale), words.bounds(found, scale)
    return [(" " * max(0, width - len(point) - len(bounds) - 1) + point, "bold"), (f" {bounds} ", "dim")]
