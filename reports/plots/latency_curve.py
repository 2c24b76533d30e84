"""The whole distribution of latencies: how long the slowest tenth, hundredth and thousandth waited."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from when_async.results.cells.latency import PERCENTILES, Latency
from when_async.results.cells.summary import Row

from ..drawing import style
from ..drawing.axes import FOOT, TITLE, figure, log_limits, name_width
from ..drawing.plotting import CURVES, LEFT, End, Plot, curve_axes, draw_curve, label_ends, mark_ticks
from ..page.own_figures import of
from ..scene.rows import Scene, facet, facet_names, facets, uncrowded
from ..words import Scale, scale_for, unit, with_unit

TICKS = {1.0: "0", 2.0: "p50", 10.0: "p90", 100.0: "p99", 1000.0: "p99.9", 10_000.0: "p99.99"}
TOLD = tuple(PERCENTILES)[::-1]
"""The percentile by which rows are put in order: the furthest one that all of them support."""


Waited = tuple[Row, Latency]
"""A row with the latencies that it has."""


def waited(rows: Iterable[Row]) -> list[Waited]:
    """The rows that have a curve to draw."""
    known = [(row, row.latency) for row in rows if row.status == "OK"]
    return [(row, latency) for row, latency in known if latency is not None and len(latency.curve) > 1]


def judged(found: Sequence[Waited]) -> str | None:
    """The furthest percentile that every row has an estimate of."""
    return next((name for name in TOLD if all(name in latency.percentiles for _, latency in found)), None)


def draw(scene: Scene, width: float) -> Figure:
    """One panel per interpreter with shared axes; lines are named at their right ends."""
    rows = uncrowded([row for row, _ in waited(scene.rows)])
    found, known = waited(rows), facets(rows)
    looks = style.looks((row.contestant, row.family) for row in scene.rows)
    scale = scale_for([e for _, latency in found for e in latency.percentiles.values()], "s")
    # The very quickest may be a nanosecond, and six decades below all others: they get no room.
    values = [seconds for _, latency in found for share, seconds in latency.curve if share > 0]
    limits = log_limits(values, [e for _, latency in found for e in latency.percentiles.values()], scale.factor)
    reach = max(1 / (1 - share) for _, latency in found for share, _ in latency.curve)
    room = name_width([row.contestant for row in rows], width * (0.3 if width > 5 else 0.42))
    head = TITLE * (2 if len(known) > 1 else 1) + 0.06
    inches = width - LEFT - room - 0.2
    height = max(CURVES, 0.2 * max(sum(facet(row) == one for row in rows) for one in known))
    fig = figure(width, (head + height + FOOT) * len(known))
    names = facet_names(scene.rows)
    with style.house():
        for index, one in enumerate(known):
            box = (LEFT, index * (head + height + FOOT) + head, inches, height)
            axes = curve_axes(fig, box, limits, f"latency, {unit(scale)}", names[one] if len(known) > 1 else "")
            axes.set_xlim(1.0, reach * 1.1)
            ticks = {tick: name for tick, name in TICKS.items() if tick <= reach * 1.05}
            mark_ticks(axes, ticks, "share of all that waited no longer")
            own = [(row, latency) for row, latency in found if facet(row) == one]
            ends = [_draw_line(axes, row, latency, scale, looks[row.contestant]) for row, latency in own]
            label_ends(axes, ends, (inches, height), room)
    return fig


def _draw_line(axes: Axes, row: Row, latency: Latency, scale: Scale, look: style.Look) -> End:
    points = [(1 / (1 - share), seconds / scale.factor) for share, seconds in latency.curve if seconds > 0]
    bars = [(1 / (1 - PERCENTILES[name]), found) for name, found in latency.percentiles.items()]
    draw_curve(axes, points, bars, scale.factor, (style.family(row.family), look))
    return End(row.contestant, row.family, look[0], *points[-1])


def title(scene: Scene) -> str:
    """Who had the shortest tail and who the longest, for the first interpreter, if their intervals tell them apart."""
    one = next(iter(facets(scene.rows)), None)
    found = waited(row for row in scene.rows if facet(row) == one)
    name = judged(found) if found else None
    if name is None:
        return "Too few samples for a percentile"
    order = sorted(((row, latency.percentiles[name]) for row, latency in found), key=lambda pair: pair[1].point)
    (best, first), (worst, last) = order[0], order[-1]
    if len(order) == 1:
        return f"{best.contestant} had a {name} of {with_unit(first, 's')}"
    if first.high >= last.low:
        return f"No order can be told at {name}: between {with_unit(first, 's')} and {with_unit(last, 's')}"
    return (
        f"{best.contestant} had the shortest {name}, {with_unit(first, 's')}, "
        f"and {worst.contestant} the longest, {with_unit(last, 's')}"
    )


LATENCY_CURVE = Plot(
    name="latency_curve",
    fits=lambda scene: bool(found := waited(scene.rows)) and judged(found) is not None,
    draw=draw,
    title=title,
    subtitle=lambda scene: (
        f"From {of(scene)}: all processes pooled; bars are 95 % intervals over processes. Both axes are logarithmic."
    ),
    caption="Look at the right end: what one in a hundred has to wait for is what users notice. A line ends where "
    "there are fewer than ten samples beyond it. The quickest may lie below the axis.",
    order=4,
)
