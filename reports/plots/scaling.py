"""How throughput or overhead per op changes with the number of ops in flight."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bench.model import Estimate
from reports import style
from reports.findings import lead
from reports.plotting import FOOT, TITLE, Plot, add_axes, figure, fit, name_width, plain, shape_axis
from reports.scene import OVERHEAD, Metric, Row, Scene, facet_names, facets, headline, ladder, value
from reports.words import count, listing, scale_for, unit

HEIGHT = 2.75
LINE = 0.165


def lines(scene: Scene, metric: Metric) -> dict[str, list[tuple[Row, Estimate]]]:
    """Contestant -> its points in order of concurrency, for contestants with two or more of them."""
    found: dict[str, list[tuple[Row, Estimate]]] = {}
    for row in sorted(scene.rows, key=lambda row: row.concurrency):
        estimate = value(row, metric)
        if estimate is not None and estimate.low > 0:
            found.setdefault(row.contestant, []).append((row, estimate))
    return {name: points for name, points in found.items() if len({r.concurrency for r, _ in points}) >= 2}


def main_ladder(scene: Scene) -> Scene:
    """The rows of the ladder with the most concurrencies; others have charts of their own."""
    groups: dict[object, list[Row]] = {}
    for row in scene.rows:
        groups.setdefault(ladder(row), []).append(row)
    best = max(groups.values(), key=lambda rows: len({row.concurrency for row in rows}), default=[])
    return scene.only(best)


def _fits(scene: Scene) -> bool:
    return bool(lines(main_ladder(scene), headline(scene.rows)))


def knee(points: Sequence[tuple[Row, Estimate]]) -> Row | None:
    """The first point that no later one exceeds beyond doubt, unless that is the last one."""
    for index, (row, estimate) in enumerate(points[:-1]):
        if all(later.low <= estimate.high for _, later in points[index + 1 :]):
            return row
    return None


def _labels(ends: Sequence[tuple[float, str]], low: float, high: float, step: float) -> list[tuple[float, float, str]]:
    """Move labels apart so that each keeps `step`; gives (wanted, placed, text) from the top down."""
    placed: list[tuple[float, float, str]] = []
    for wanted, text in sorted(ends, reverse=True):
        at = min(wanted, placed[-1][1] - step) if placed else min(wanted, high)
        placed.append((wanted, at, text))
    short = max(0.0, low - placed[-1][1]) if placed else 0.0
    if short:
        placed = [(wanted, at + short, text) for wanted, at, text in placed]
        for index in range(len(placed) - 2, -1, -1):
            below = placed[index + 1][1]
            wanted, at, text = placed[index]
            placed[index] = (
                wanted,
                max(min(at, at - short) if at - short >= below + step else below + step, at - short),
                text,
            )
    return placed


def _draw_line(
    axes: Axes, points: Sequence[tuple[Row, Estimate]], factor: float, look: tuple[str, object], knees: bool
) -> None:
    row = points[0][0]
    colours = style.family(row.family)
    xs = [r.concurrency for r, _ in points]
    ys = [e.point / factor for _, e in points]
    axes.plot(xs, ys, color=colours.light, linestyle=look[1], linewidth=1.6, zorder=3)  # type: ignore[arg-type]
    for r, e in points:
        axes.plot([r.concurrency] * 2, [e.low / factor, e.high / factor], color=colours.light, linewidth=1.3, zorder=3)
    axes.plot(xs, ys, linestyle="none", marker=look[0], markersize=5.2, color=colours.light,
              markeredgecolor=colours.outline or style.PAPER, markeredgewidth=0.7, zorder=4)  # fmt: skip
    bend = knee(points) if knees else None
    if bend is not None:
        at = next(e.point / factor for r, e in points if r is bend)
        axes.plot([bend.concurrency], [at], marker="o", markersize=10, fillstyle="none", color=style.SOFT,
                  markeredgewidth=0.9, zorder=5)  # fmt: skip


def _draw_labels(
    axes: Axes, found: dict[str, list[tuple[Row, Estimate]]], factor: float, inches: float, room: float
) -> None:
    to_axes = axes.transData + axes.transAxes.inverted()
    ends = []
    for name, points in found.items():
        row, estimate = points[-1]
        ends.append((float(to_axes.transform((row.concurrency, estimate.point / factor))[1]), name))
    for wanted, at, name in _labels(ends, 0.02, 0.98, LINE / HEIGHT):
        axes.plot([1.0, 1 + 0.13 / inches], [wanted, at], transform=axes.transAxes, color=style.FAINT, linewidth=0.8,
                  clip_on=False)  # fmt: skip
        axes.text(1 + 0.17 / inches, at, fit(name, room), transform=axes.transAxes, va="center", fontsize=8.5)


def draw(scene: Scene, width: float) -> Figure:
    """One panel per interpreter with shared axes; lines are named at their right ends."""
    scene = main_ladder(scene)
    metric = headline(scene.rows)
    known = [one for one in facets(scene.rows) if lines(scene.of_facet(one), metric)]
    looks = style.looks((row.contestant, row.family) for row in scene.rows)
    every = {one: lines(scene.of_facet(one), metric) for one in known}
    estimates = [e for found in every.values() for points in found.values() for _, e in points]
    scale = scale_for(estimates, metric.kind)
    low, high = min(e.low for e in estimates) / scale.factor, max(e.high for e in estimates) / scale.factor
    columns = 1 if width < 5 or len(known) == 1 else 2
    room = name_width([name for found in every.values() for name in found], width * 0.34)
    left, names = 0.62, facet_names(scene.rows)
    inches = (width - columns * (left + room + 0.2)) / columns
    block = TITLE + 0.1 + HEIGHT + FOOT
    fig = figure(width, block * -(-len(known) // columns))
    with matplotlib.rc_context(style.RC):
        for index, one in enumerate(known):
            at = (index % columns) * (width / columns) + left
            axes = add_axes(fig, at, (index // columns) * block + TITLE + 0.1, inches, HEIGHT)
            _shape(axes, [row.concurrency for row in scene.rows], (low / 1.25, high * 1.25), inches)
            for name, points in every[one].items():
                _draw_line(axes, points, scale.factor, looks[name], metric is not OVERHEAD)
            _draw_labels(axes, every[one], scale.factor, inches, room)
            text = f"{'overhead per op' if metric is OVERHEAD else 'throughput'}, {unit(scale)}"
            axes.text(-left / inches, 1.03, text, transform=axes.transAxes, color=style.SOFT, fontsize=8.5)
            axes.set_xlabel("ops in flight")
            if len(known) > 1:
                axes.text(1, 1.03, names[one], transform=axes.transAxes, ha="right", weight="bold")
    return fig


def _shape(axes: Axes, concurrencies: Sequence[int], limits: tuple[float, float], inches: float) -> None:
    ticks = sorted(set(concurrencies))
    axes.set_xscale("log", base=2)
    axes.set_xlim(ticks[0] / 1.15, ticks[-1] * 1.15)
    shape_axis(axes, "log", limits, HEIGHT, vertical=True)
    while len(ticks) > max(2, int(inches / 0.45)):
        ticks = ticks[:-1:2] + ticks[-1:]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: plain(tick)))
    axes.grid(visible=True, axis="y")
    axes.grid(visible=False, axis="x")


def title(scene: Scene) -> str:
    """Who leads at which concurrency, for the first interpreter; a tie is said to be one."""
    scene = main_ladder(scene)
    metric = headline(scene.rows)
    known = facets(scene.rows)
    own = scene.of_facet(known[0])
    leaders: dict[str, list[int]] = {}
    for concurrency in sorted({row.concurrency for row in own.rows}):
        found = lead(own.of(concurrency=concurrency), metric)
        if found is not None:
            leaders.setdefault(found.names, []).append(concurrency)
    if not leaders:
        return "No contestant has a figure here"
    where = f" on {facet_names(scene.rows)[known[0]]}" if len(known) > 1 else ""
    did = "added least to the wait" if metric is OVERHEAD else "led"
    if len(leaders) == 1:
        ((names, at),) = leaders.items()
        return f"{names} {did} at every concurrency measured ({count(len(at), 'step')}){where}"
    said = [f"{names} {did} at {listing([str(c) for c in at])} in flight" for names, at in leaders.items()]
    return "; ".join(said) + where


def subtitle(scene: Scene) -> str:
    metric = headline(scene.rows)
    words = "Overhead over the ideal per op" if metric is OVERHEAD else "Throughput"
    return f"{words} against ops in flight, both axes logarithmic; thin bars are 95 % intervals over processes."


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
