"""How throughput or overhead per op changes with the number of ops in flight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from when_async.bench.model import Estimate
from when_async.results.cells.summary import Row

from ..drawing import style
from ..drawing.axes import FOOT, TITLE, figure, log_limits, name_width, plain
from ..drawing.plotting import CURVES, LEFT, End, Plot, curve_axes, draw_curve, label_ends, mark_ticks
from ..scene.findings import did, lead
from ..scene.rows import OVERHEAD, Metric, Scene, facet, facet_names, facets, headline, ladder, models, serial, value
from ..words import listing, scale_for, unit

APART = 0.28
"""Inches a panel gets for each line, so that its lines can be told apart."""
FULL = 12
"""With more lines than this one of each model is drawn in full, and the others thin and without a name."""

Lines = dict[str, list[tuple[Row, Estimate]]]
Looks = dict[str, style.Look]


def lines(scene: Scene, metric: Metric) -> Lines:
    """Contestant -> its points in order of concurrency, for contestants with two or more of them."""
    found: Lines = {}
    for row in sorted(scene.rows, key=lambda row: row.concurrency):
        estimate = value(row, metric)
        if estimate is not None and estimate.low > 0:
            found.setdefault(row.contestant, []).append((row, estimate))
    return {name: points for name, points in found.items() if len({r.concurrency for r, _ in points}) >= 2}


def named(found: Lines, metric: Metric) -> set[str]:
    """The lines that are drawn in full: all of them, or of many that of each model with its best client library."""
    if len(found) <= FULL:
        return set(found)
    ends = {name: points[-1] for name, points in found.items()}
    order = sorted(ends, key=lambda name: ends[name][1].point, reverse=metric.higher_is_better)
    best: dict[str, str] = {}
    for name in sorted(order, key=lambda name: -ends[name][0].concurrency):
        best.setdefault(ends[name][0].runner, name)
    return {best[runner] for runner in models(row for row, _ in ends.values())}


def main_ladder(scene: Scene) -> Scene:
    """The rows of the ladder with the most concurrencies; others have charts of their own."""
    groups: dict[object, list[Row]] = {}
    for row in scene.rows:
        groups.setdefault(ladder(row), []).append(row)
    best = max(groups.values(), key=lambda rows: len({row.concurrency for row in rows}), default=[])
    return scene.only(best)


def _fits(scene: Scene) -> bool:
    """A single line has nobody to be compared with."""
    return len(lines(main_ladder(scene), headline(scene.rows))) > 1


def knee(points: Sequence[tuple[Row, Estimate]]) -> Row | None:
    """The first point that no later one exceeds beyond doubt, unless that is the last one."""
    for index, (row, estimate) in enumerate(points[:-1]):
        if all(later.low <= estimate.high for _, later in points[index + 1 :]):
            return row
    return None


def _draw_line(
    axes: Axes, points: Sequence[tuple[Row, Estimate]], factor: float, look: style.Look, knees: bool
) -> None:
    row = points[0][0]
    bars = [(r.concurrency, e) for r, e in points]
    draw_curve(axes, [(x, e.point / factor) for x, e in bars], bars, factor, (style.family(row.family), look))
    bend = knee(points) if knees and not serial(row) else None
    if bend is not None:
        at = next(e.point / factor for r, e in points if r is bend)
        axes.plot([bend.concurrency], [at], marker="o", markersize=8.5, fillstyle="none", color=style.SOFT,
                  markeredgewidth=0.9, zorder=5)  # fmt: skip


def _draw_thin(axes: Axes, points: Sequence[tuple[Row, Estimate]], factor: float) -> None:
    """A line of the crowd: it shows how far variants and libraries spread, the tables say which is which."""
    axes.plot([r.concurrency for r, _ in points], [e.point / factor for _, e in points], linewidth=0.7, alpha=0.45,
              color=style.family(points[0][0].family).light, zorder=2)  # fmt: skip


def _draw_labels(axes: Axes, found: Lines, looks: Looks, factor: float, size: tuple[float, float], room: float) -> None:
    """A name at the right end of each line; one that ends early is named where it ends."""
    most = max(points[-1][0].concurrency for points in found.values())
    to_axes = axes.transData + axes.transAxes.inverted()
    ends = []
    for name, points in found.items():
        row, estimate = points[-1]
        at = (row.concurrency, estimate.point / factor)
        if row.concurrency == most:
            ends.append(End(name, row.family, looks[name][0], *at))
        else:
            # A line that ends early is named where it ends: at the edge the name would claim a value there.
            across, up = map(float, to_axes.transform(at))
            ground: dict[str, Any] = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.6}
            axes.text(across + 0.1 / size[0], up, name, transform=axes.transAxes, va="center", fontsize=9, zorder=6,
                      bbox=ground)  # fmt: skip
    label_ends(axes, ends, size, room)


def draw(scene: Scene, width: float) -> Figure:
    """One panel per interpreter with shared axes; lines are named at their right ends."""
    scene = main_ladder(scene)
    metric = headline(scene.rows)
    known = [one for one in facets(scene.rows) if lines(scene.of_facet(one), metric)]
    looks = style.looks((row.contestant, row.family) for row in scene.rows)
    every = {one: lines(scene.of_facet(one), metric) for one in known}
    estimates = [e for found in every.values() for points in found.values() for _, e in points]
    scale = scale_for(estimates, metric.kind)
    limits = log_limits((), estimates, scale.factor)
    full = {one: named(found, metric) for one, found in every.items()}
    room = name_width([name for names in full.values() for name in names], width * (0.3 if width > 5 else 0.42))
    names = facet_names(scene.rows)
    columns = 2 if len(known) > 1 and width / 2 - LEFT - room - 0.2 >= 1.6 else 1
    inches = (width - columns * (LEFT + room + 0.2)) / columns
    head = TITLE * (2 if len(known) > 1 else 1) + 0.06
    height = CURVES if len(known) == 1 or columns == 2 else CURVES * 0.85
    height = max(height, APART * max(len(names) for names in full.values()))
    block = head + height + FOOT
    fig = figure(width, block * -(-len(known) // columns))
    label = f"{'overhead per op' if metric is OVERHEAD else metric.words}, {unit(scale)}"
    with style.house():
        for index, one in enumerate(known):
            left, top = (index % columns) * (width / columns) + LEFT, (index // columns) * block + head
            heading = names[one] if len(known) > 1 else ""
            axes = curve_axes(fig, (left, top, inches, height), limits, label, heading)
            _shape(axes, [row.concurrency for row in scene.rows], inches)
            shown = {name: points for name, points in every[one].items() if name in full[one]}
            for name, points in every[one].items():
                if name in shown:
                    _draw_line(axes, points, scale.factor, looks[name], metric is not OVERHEAD)
                else:
                    _draw_thin(axes, points, scale.factor)
            _draw_labels(axes, shown, looks, scale.factor, (inches, height), room)
    return fig


def _shape(axes: Axes, concurrencies: Sequence[int], inches: float) -> None:
    ticks = sorted(set(concurrencies))
    axes.set_xlim(ticks[0] / 1.15, ticks[-1] * 1.15)
    while len(ticks) > max(2, int(inches / 0.45)):
        ticks = ticks[:-1:2] + ticks[-1:]
    mark_ticks(axes, {tick: plain(tick) for tick in ticks}, "ops in flight")
    axes.grid(visible=False, axis="x")


def title(scene: Scene) -> str:
    """Who leads at which concurrency, for the first interpreter; a tie is said to be one."""
    scene = main_ladder(scene)
    metric = headline(scene.rows)
    known = facets(scene.rows)
    own = next((here for one in known if lines(here := scene.of_facet(one), metric)), scene.of_facet(known[0]))
    leaders: dict[str, list[str]] = {}
    undecided: list[str] = []
    for concurrency in sorted({row.concurrency for row in own.rows}):
        found = lead(own.of(concurrency=concurrency), metric)
        if found is not None:
            told = found.behind is not None or len(found.top) == 1
            (leaders.setdefault(found.names, []) if told else undecided).append(str(concurrency))
    where = f" on {facet_names(scene.rows)[facet(own.rows[0])]}" if len(known) > 1 else ""
    if len(leaders) == 1 and not undecided:
        ((names, at),) = leaders.items()
        many = "both" if len(at) == 2 else f"all {len(at)}"
        return f"{names} {did(metric)} at {many} concurrencies measured{where}"
    said = [
        f"{names}{'' if index else f' {did(metric)}'} at {listing(at)}"
        for index, (names, at) in enumerate(leaders.items())
    ]
    if undecided:
        said.append(f"no order can be told at {listing(undecided)}")
    text = f"{'; '.join(said) or 'no contestant has a figure'} in flight{where}"
    return text if leaders else text[:1].upper() + text[1:]


def subtitle(scene: Scene) -> str:
    metric = headline(scene.rows)
    words = "Overhead over the ideal per op" if metric is OVERHEAD else f"{metric.words[:1].upper()}{metric.words[1:]}"
    said = f"{words} against ops in flight, both axes logarithmic; thin bars are 95 % intervals over processes."
    scene = main_ladder(scene)
    every = [lines(scene.of_facet(one), metric) for one in facets(scene.rows)]
    if any(len(named(found, metric)) < len(found) for found in every):
        libraries = any(row.library for row in scene.rows)
        which = "with its best client library; other libraries and variants" if libraries else "alone; variants"
        said += f" Each model is named {which} are the thin lines."
    return said


SCALING = Plot(
    name="scaling",
    fits=_fits,
    draw=draw,
    title=title,
    subtitle=subtitle,
    caption="A ring marks the knee: beyond it no step had a gain that the intervals support. "
    "Between the measured steps nothing is known.",
    order=3,
    spans=True,
)
