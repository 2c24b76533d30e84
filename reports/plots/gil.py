"""The same runners with and without the GIL, as ratios to one named reference: do threads use the cores?"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from when_async.results.cells.summary import Row

from ..drawing import style
from ..drawing.axes import FOOT, GUIDE, TITLE, add_axes, figure, fit_name, name_width, ratio_extent, shape_axis
from ..drawing.dots import Dot, Panel, draw_dot
from ..drawing.plotting import Plot
from ..scene.gil import GilRatio, chief, cpu_bound, pools_sentence, standings, tax_sentence, threads_sentence
from ..scene.rows import Scene
from ..words import interval

ROW, GAP = 0.22, 0.55
"""Inches a row takes, and the rows' share of them that is left free between two contestants."""
VALUES = 1.55
NOTHING = "No contestant has a figure both with the GIL and without it"
Place = tuple[float, float, float, tuple[float, float]]
"""Inches for the names of builds, inches from the top, inches of the axis, and its limits."""


def _runs(scene: Scene) -> list[str]:
    """The runs that were measured on builds with and without the GIL and have a reference."""
    return [run for run in dict.fromkeys(row.run for row in scene.rows) if standings(scene, run)]


def _fits(scene: Scene) -> bool:
    return cpu_bound(scene.rows) and bool(_runs(scene))


def build_name(row: Row) -> str:
    """An interpreter with the word that the fill of a marker stands for."""
    return f"{row.python} no GIL" if row.gil is False else f"{row.python} GIL"


def places(groups: Sequence[Sequence[GilRatio]], heads: bool) -> tuple[list[list[float]], float]:
    """Where the standings of each contestant lie, in rows from the top, and how many rows there are in all.

    With `heads` a row is left free above each contestant, for its name.
    """
    found, at = [], 0.0
    for group in groups:
        at += 1.0 if heads else 0.0
        found.append([at + index for index in range(len(group))])
        at += len(group) + GAP
    return found, at - GAP


def links(group: Sequence[GilRatio]) -> list[tuple[int, int]]:
    """Places of (a build with the GIL, one without it below it): what a thin line joins."""
    found, partner = [], None
    for index, standing in enumerate(group):
        if standing.row.gil is not False:
            partner = index
        elif partner is not None:
            found.append((partner, index))
    return found


def _draw_group(axes: Axes, group: Sequence[GilRatio], ys: Sequence[float], panel: Panel, inches: float) -> None:
    """One contestant: a row per build, and a thin line from each build without the GIL to its partner.

    All markers are round here: their fill is what tells the builds apart, and every row has its name.
    """
    row = group[0].row
    for standing, y in zip(group, ys, strict=True):
        hollow = standing.row.gil is False
        dot = Dot(row.contestant, row.family, "o", standing.ratio, standing.raw, standing.note, hollow)
        axes.axhline(y, color=style.FAINT, linewidth=0.5, linestyle=(0, (1, 2)), zorder=1)
        draw_dot(axes, dot, panel, y, inches)
    for partner, own in links(group):
        first, second = group[partner].ratio, group[own].ratio
        if first and second:
            axes.plot([first.point, second.point], [ys[partner], ys[own]], color=style.family(row.family).light,
                      linewidth=0.9, alpha=0.6, zorder=2)  # fmt: skip


def _write_group(
    axes: Axes, group: Sequence[GilRatio], ys: Sequence[float], inches: float, room: float, wide: bool
) -> None:
    """The name of a contestant, beside its builds or above them, and the name of each build."""
    hole = all(standing.ratio is None for standing in group)
    alone = hole and len(group) == 1
    row, across = group[0].row, axes.get_yaxis_transform()
    x, y, side = (-room - 0.1, ys[0], "right") if wide else (-room, ys[0] - 1, "left")
    colour = style.SOFT if hole else style.INK
    axes.text(x / inches, y, row.contestant, transform=across, va="center", ha=side, color=colour)
    for standing, y in zip(group, ys, strict=True):
        name = "" if alone else fit_name(build_name(standing.row), room)
        axes.text(-0.1 / inches, y, name, transform=across, ha="right", va="center", fontsize=8, color=style.SOFT)


def _write_figures(axes: Axes, group: Sequence[GilRatio], ys: Sequence[float], inches: float) -> None:
    """The ratios at the right."""
    for standing, y in zip(group, ys, strict=True):
        text = "reference" if standing.base else interval(standing.ratio) if standing.ratio else ""
        axes.text(1 + 0.1 / inches, y, text, transform=axes.get_yaxis_transform(), va="center", fontsize=8,
                  color=style.SOFT)  # fmt: skip


def _draw_run(fig: Figure, groups: Sequence[Sequence[GilRatio]], place: Place, names: float) -> None:
    """All contestants of one run on axes of their own."""
    left, top, inches, limits = place
    wide = names > 0
    ys, rows = places(groups, not wide)
    axes = add_axes(fig, names + left, top, inches, rows * ROW)
    panel = Panel("", (), "slower  ←  ratio  →  faster", "ratio", limits)
    shape_axis(axes, "ratio", limits, inches)
    axes.set_ylim(rows - 0.4, -0.6)
    axes.set_yticks([])
    axes.set_xlabel(panel.label, labelpad=4)
    for group, at in zip(groups, ys, strict=True):
        _draw_group(axes, group, at, panel, inches)
        _write_group(axes, group, at, inches, left, wide)
        if wide:
            _write_figures(axes, group, at, inches)
    axes.axvline(1.0, color=style.SOFT, linewidth=1.0, linestyle=(0, (4, 3)), zorder=2)
    base = next(standing.row for group in groups for standing in group if standing.base)
    guide = f"{base.contestant}, {build_name(base)}"
    axes.text(1.0, -0.8, guide, ha="center", va="bottom", fontsize=8, color=style.SOFT)


def draw(scene: Scene, width: float) -> Figure:
    """A row per contestant and build, those of a contestant together; one panel per run."""
    every = {run: standings(scene, run) for run in _runs(scene)}
    flat = [standing for groups in every.values() for group in groups for standing in group]
    limits = ratio_extent([standing.ratio for standing in flat if standing.ratio])
    wide = width > 5
    room = name_width([build_name(standing.row) for standing in flat], width * 0.35)
    names = name_width([standing.row.contestant for standing in flat], width * 0.36) if wide else 0.0
    inches = width - names - room - (VALUES if wide else 0.16)
    head = GUIDE + 0.06 + (TITLE if len(every) > 1 else 0.0)
    heights = [head + places(groups, not wide)[1] * ROW + FOOT for groups in every.values()]
    fig = figure(width, sum(heights))
    top = 0.0
    with style.house():
        for (run, groups), height in zip(every.items(), heights, strict=True):
            _draw_run(fig, groups, (room, top + head, inches, limits), names)
            if len(every) > 1:
                fig.text(0, 1 - top / sum(heights), f"run {run}", va="top", weight="bold")
            top += height
    return fig


def title(scene: Scene) -> str:
    """What threads gain without the GIL, and how processes stand to them, for the newest build without it."""
    found = chief(scene)
    if found is None:
        return NOTHING
    pair = found[0]
    said = [threads_sentence(scene, pair), pools_sentence(scene, pair, ("processes",))]
    text = "; ".join(filter(None, said)) or tax_sentence(scene, pair) or NOTHING
    return text if pair.close or text is NOTHING else f"{text}; the versions differ, too"


def subtitle(scene: Scene) -> str:
    found = chief(scene)
    who = f"{found[1].contestant} on {found[1].python}, which has the GIL" if found else "the reference"
    return (
        f"Throughput relative to {who}; filled: with the GIL, hollow: without it. 95 % intervals over processes, one "
        "faint dot a process, log axis."
    )


GIL = Plot(
    name="gil",
    fits=_fits,
    draw=draw,
    title=title,
    subtitle=subtitle,
    caption="Look at the length of the thin lines: that is what the build changes for one runner. Models that keep to "
    "one thread are left out but for the serial one; the table has them. Work that shares data between threads may "
    "gain less.",
    order=0,
)
