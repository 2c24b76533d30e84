"""The table of each runner with and without the GIL side by side."""

from __future__ import annotations

from when_async.bench.model import Estimate
from when_async.results.cells.summary import Row

from ..scene.gil import both, builds, cpu_bound, reference
from ..scene.rows import THROUGHPUT, Scene, comparisons
from ..scene.tables import Group, Item, Line, Table, number


def table(scene: Scene) -> Table | None:
    """Each runner with and without the GIL side by side; None where no comparison was measured on both."""
    groups = []
    for comparison in comparisons(scene.rows):
        here = scene.of(comparison=comparison)
        for pair in builds(here) if cpu_bound(here.rows) else ():
            base = reference(here, pair)
            lines = [_line(here, row, other, ratio, base) for row, other, ratio in both(here, pair)]
            if lines and base is not None:
                shows = f"ratio of throughput to {base.contestant} with the GIL"
                also = "" if pair.close else "; they are of different versions, too"
                groups.append(Group(comparison, f"{pair.gil} with the GIL, {pair.free} without{also}; {shows}", lines))
    if not groups:
        return None
    caption = (
        "Ratios are formed inside blocks in which both builds took their turns; above 1 is faster. The last ratio sets "
        "each runner without the GIL against itself with it. 95 % intervals over processes in brackets."
    )
    return Table(caption, ["contestant"], ["with the GIL", "without it", "without it / with it"], groups)


def _line(scene: Scene, row: Row, other: Row, ratio: Estimate, base: Row | None) -> Line:
    entries = [
        [Item("reference") if one is base else number(scene.ratio(one, base, THROUGHPUT) if base else None)]
        for one in (other, row)
    ]
    return Line(row.contestant, [], [*entries, [number(ratio)]])
