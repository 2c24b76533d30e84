"""What the plots share: the Plot noun, panels of dots with interval bars, axes that say their unit.

Figures are laid out in inches by hand, so that the same rows always give the same picture, wide or narrow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from bench.model import Estimate
from reports import style
from reports.scene import Scene, reason, shown_name, value
from reports.words import digits, interval, one_line, short_name

WIDE = 7.5
NARROW = 3.7
ROW, DENSE, ABOVE = 0.27, 0.22, 0.36
"""Inches a row takes: usually, with many others, and with its name above it."""
MANY = 24
"""With more rows than this they stand closer together, so that a full table stays within a screen or two."""
TITLE = 0.26
GUIDE = 0.2
FOOT = 0.48
SPAN = 30
CHARACTER = 0.07
"""Inches a character of the layout font takes at most; browsers set narrower ones."""


@dataclass(frozen=True)
class Plot:
    """A chart: `draw(scene, width)` is pure, `title(scene)` states the finding, `subtitle` describes neutrally.

    `fits(scene)` says whether the scene has what the chart needs; `caption` tells what not to conclude.
    """

    name: str
    fits: Callable[[Scene], bool]
    draw: Callable[[Scene, float], Figure]
    title: Callable[[Scene], str]
    subtitle: Callable[[Scene], str]
    caption: str
    order: int = 0
    """Place among the charts of a workload."""
    spans: bool = False
    """Whether the chart wants all concurrencies of a workload and not one comparison."""


@dataclass(frozen=True)
class Dot:
    """One row of a panel: a name at the left, a point with its interval, or a reason where there is none."""

    name: str
    family: str
    marker: str = "o"
    estimate: Estimate | None = None
    raw: Sequence[float] = ()
    note: str = ""
    hollow: bool = False


@dataclass(frozen=True)
class Panel:
    """Dots on one axis; `axis` is `linear`, `log` or `ratio`, values are divided by `factor` before drawing."""

    title: str
    dots: Sequence[Dot]
    label: str
    axis: str = "linear"
    limits: tuple[float, float] = (0.0, 1.0)
    factor: float = 1.0
    guides: Sequence[tuple[float, str]] = field(default_factory=tuple)


def figure(width: float, height: float) -> Figure:
    """An empty figure of that size in inches, in the house style."""
    with style.house():
        return Figure(figsize=(width, height))


def add_axes(fig: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes placed in inches from the upper left corner, with nothing but a line at the foot."""
    total_width, total_height = fig.get_size_inches()
    box = (left / total_width, 1 - (top + height) / total_height, width / total_width, height / total_height)
    with style.house():
        axes: Axes = fig.add_axes(box)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(visible=True, axis="x", zorder=0)
    return axes


def extent(estimates: Sequence[Estimate], guides: Sequence[float] = ()) -> tuple[str, tuple[float, float]]:
    """Axis and limits for estimates: linear from zero, or logarithmic where they span a factor of SPAN."""
    lows = [e.low for e in estimates] + list(guides)
    highs = [e.high for e in estimates] + list(guides)
    if not highs:
        return "linear", (0.0, 1.0)
    low, high = min(lows), max(highs)
    if low > 0 and high / min(e.point for e in estimates) >= SPAN:
        return "log", (low / 1.5, high * 1.5)
    high = max(high, 0.0)
    low = min(low, 0.0)
    if high == low:
        return "linear", (0.0, 1.0)
    return "linear", (low * 1.06, high * 1.06)


def ratio_extent(estimates: Sequence[Estimate]) -> tuple[float, float]:
    """Limits of a ratio axis: as far below 1 as above, so that half and double are equally far away."""
    reach = max([1.15, *(e.high for e in estimates), *(1 / e.low for e in estimates if e.low > 0)]) * 1.12
    return (1 / reach, reach)


def ratio_ticks(reach: float) -> list[float]:
    """Ticks that mirror each other around 1."""
    for limit, ticks in (
        (1.35, (1.1, 1.25)),
        (3.2, (1.5, 2, 3)),
        (12, (2, 4, 8)),
        (100, (2, 5, 10, 20, 50)),
        (1e4, (10, 100, 1000)),
    ):
        if reach <= limit:
            kept = [tick for tick in ticks if tick <= reach]
            return [*(1 / tick for tick in reversed(kept)), 1.0, *kept]
    return [10.0**power for power in range(-9, 10, 3) if 1 / reach <= 10.0**power <= reach]


def shape_axis(axes: Axes, axis: str, limits: tuple[float, float], inches: float, *, vertical: bool = False) -> None:
    """Set scale, limits, ticks and plain tick labels of the value axis."""
    target = axes.yaxis if vertical else axes.xaxis
    (axes.set_ylim if vertical else axes.set_xlim)(1e-9 if axis != "linear" else 0, 1)
    (axes.set_yscale if vertical else axes.set_xscale)("linear" if axis == "linear" else "log")
    (axes.set_ylim if vertical else axes.set_xlim)(*limits)
    if axis == "ratio":
        ticks = ratio_ticks(limits[1])
        while len(ticks) > max(3, inches / 0.42):
            middle = len(ticks) // 2
            kept = ticks[middle + 2 :: 2] or ticks[-1:]
            ticks = [*(1 / tick for tick in reversed(kept)), 1.0, *kept]
        target.set_major_locator(FixedLocator(ticks))
    elif axis == "log":
        decades = max(limits[1] / limits[0], 1.0)
        subs = (1.0, 2.0, 5.0) if decades < 300 and inches > 2 else (1.0, 3.0) if decades < 1000 else (1.0,)
        target.set_major_locator(LogLocator(subs=subs))
    else:
        target.set_major_locator(MaxNLocator(nbins=max(3, int(inches / 0.5)), steps=[1, 2, 5, 10]))
    target.set_minor_locator(NullLocator())
    target.set_minor_formatter(NullFormatter())
    target.set_major_formatter(FuncFormatter(lambda tick, _: plain(tick)))


def plain(tick: float) -> str:
    """A tick without superfluous zeros; ticks are round numbers, so they carry no precision to show."""
    text = digits(round(tick, 12)) if abs(tick) < 1000 else f"{round(tick):,}".replace(",", "\u202f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def name_width(names: Sequence[str], most: float) -> float:
    """Inches for names at the left, no more than `most`."""
    return min(most, max((len(name) for name in names), default=1) * CHARACTER + 0.14)


def fit(text: str, inches: float) -> str:
    """Text cut to a width in inches."""
    return one_line(text, max(8, int(inches / CHARACTER)))


def fit_name(name: str, inches: float) -> str:
    """A contestant's name cut to a width in inches."""
    return short_name(name, max(8, int(inches / CHARACTER)))


def spread(wanted: Sequence[float], low: float, high: float, step: float) -> list[float]:
    """Places `step` apart and between `low` and `high`, near `wanted`; both in falling order."""
    placed: list[float] = []
    for one in wanted:
        placed.append(min(one, placed[-1] - step if placed else high))
    floor = low
    for index in range(len(placed) - 1, -1, -1):
        placed[index] = max(placed[index], floor)
        floor = placed[index] + step
    return placed


LINE = 0.165
"""Inches a name at the end of a line takes."""


@dataclass(frozen=True)
class End:
    """The right end of a line, in data coordinates, and whose it is."""

    name: str
    family: str
    marker: str
    x: float
    y: float


def label_ends(axes: Axes, ends: Sequence[End], size: tuple[float, float], room: float) -> None:
    """A name with its marker at the right of each line; names are pushed apart where lines end close together.

    `size` is that of the axes and `room` what a name may take at their right, in inches.
    """
    inches, height = size
    to_axes = axes.transData + axes.transAxes.inverted()
    placed = sorted(((float(to_axes.transform((end.x, end.y))[1]), end) for end in ends), key=lambda one: -one[0])
    for (wanted, end), at in zip(placed, spread([up for up, _ in placed], 0.02, 0.98, LINE / height), strict=True):
        axes.plot([1.0, 1 + 0.13 / inches], [wanted, at], transform=axes.transAxes, color=style.FAINT, linewidth=0.8,
                  clip_on=False)  # fmt: skip
        colours = style.family(end.family)
        axes.plot([1 + 0.19 / inches], [at], transform=axes.transAxes, marker=end.marker, markersize=4.2,
                  color=colours.light, markeredgecolor=colours.outline or style.PAPER, markeredgewidth=0.5,
                  clip_on=False)  # fmt: skip
        axes.text(1 + 0.27 / inches, at, fit_name(end.name, room), transform=axes.transAxes, va="center", fontsize=8.5)


def write_note(axes: Axes, y: float, text: str) -> None:
    """The reason of a row without a figure, in grey, on the paper's colour so that no line crosses it."""
    box = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.2}
    axes.text(
        0.012, y, text, transform=axes.get_yaxis_transform(), va="center", fontsize=8, color=style.SOFT,
        fontstyle="italic", zorder=6, bbox=box,
    )  # fmt: skip


def draw_dot(axes: Axes, dot: Dot, panel: Panel, y: float, inches: float) -> None:
    """One row of a panel at a height: faint raw points, interval and marker, or the reason why there is none."""
    look = style.family(dot.family)
    if dot.estimate is None:
        room = fit(dot.note or "no figure", inches)
        write_note(axes, y, room)
        return
    axes.scatter([raw / panel.factor for raw in dot.raw], [y + 0.3] * len(dot.raw), s=9, color=look.light, alpha=0.45,
                 linewidths=0, zorder=2)  # fmt: skip
    low, high = dot.estimate.low / panel.factor, dot.estimate.high / panel.factor
    line = look.outline or look.light
    face, edge = (style.PAPER, line) if dot.hollow else (look.light, look.outline or style.PAPER)
    axes.plot([low, high], [y, y], color=line, linewidth=1.5, solid_capstyle="butt", zorder=3)
    axes.plot([dot.estimate.point / panel.factor], [y], marker=dot.marker, markersize=6.2, color=line, zorder=4,
              markerfacecolor=face, markeredgecolor=edge, markeredgewidth=1.4 if dot.hollow else 0.8)  # fmt: skip


def _write_name(axes: Axes, dot: Dot, y: float, names: float, inches: float) -> None:
    """The name of a row at its left, or above it where `names` leaves no room for one."""
    across, colour = axes.get_yaxis_transform(), style.SOFT if dot.estimate is None else style.INK
    if names:
        text = fit_name(dot.name, names)
        axes.text(-0.1 / inches, y, text, transform=across, ha="right", va="center", color=colour)
    else:
        box = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.8}
        axes.text(0, y - 0.44, fit_name(dot.name, inches), transform=across, va="center", fontsize=8.5, color=colour,
                  bbox=box, zorder=5)  # fmt: skip


def _draw_panel(
    fig: Figure, panel: Panel, box: tuple[float, float, float], names: float | None, values: float, row: float
) -> None:
    """One panel; `names` is the room at the left, 0 where names stand above their rows, None where there are none."""
    left, top, width = box
    inches = width - (names or 0.0) - values
    axes = add_axes(fig, left + (names or 0.0), top, inches, row * len(panel.dots))
    shape_axis(axes, panel.axis, panel.limits, inches)
    upper = -0.8 if names == 0 else -0.6
    axes.set_ylim(len(panel.dots) - 1 - upper if names != 0 else len(panel.dots) - 0.6, upper)
    axes.set_yticks([])
    across = axes.get_yaxis_transform()
    for y, dot in enumerate(panel.dots):
        axes.axhline(y, color=style.FAINT, linewidth=0.5, linestyle=(0, (1, 2)), zorder=1)
        draw_dot(axes, dot, panel, y, inches)
        if names is not None:
            _write_name(axes, dot, y, names, inches)
        if values and dot.estimate is not None:
            shown = Estimate(
                dot.estimate.point / panel.factor, dot.estimate.low / panel.factor, dot.estimate.high / panel.factor,
                dot.estimate.unit, dot.estimate.n,
            )  # fmt: skip
            axes.text(1 + 0.1 / inches, y, interval(shown), transform=across, va="center", color=style.SOFT, fontsize=8)
    levels = guide_levels(panel, inches)
    for (x, text), level in zip(panel.guides, levels, strict=True):
        axes.axvline(x, color=style.SOFT, linewidth=1.0, linestyle=(0, (4, 3)), zorder=2)
        up = upper - 0.12 - level * GUIDE / row
        axes.text(x, up, text, ha=_side(x, panel), va="bottom", fontsize=8, color=style.SOFT)
    axes.set_xlabel(panel.label, labelpad=4)
    lift = (TITLE + GUIDE * max(levels) if levels else 0.09) / (row * len(panel.dots))
    if panel.title:
        corner = (-(names or 0.0) / inches, 1 + lift)
        axes.text(*corner, fit(panel.title, width), transform=axes.transAxes, va="bottom", weight="bold")


def _side(x: float, panel: Panel) -> str:
    """How the label of a guide stands to its line, so that it stays within the panel."""
    share = _share(x, panel)
    return "left" if share < 0.12 else "right" if share > 0.88 else "center"


def guide_levels(panel: Panel, inches: float) -> list[int]:
    """How many lines above the lowest each guide's label stands, so that none covers another."""
    taken: list[list[tuple[float, float]]] = []
    levels = []
    for x, text in panel.guides:
        wide, at = len(text) * CHARACTER * 0.85 + 0.1, _share(x, panel) * inches
        left = at - wide * {"left": 0.0, "center": 0.5, "right": 1.0}[_side(x, panel)]
        free = (
            level
            for level, spans in enumerate(taken)
            if all(left >= end or left + wide <= begin for begin, end in spans)
        )
        level = next(free, len(taken))
        if level == len(taken):
            taken.append([])
        taken[level].append((left, left + wide))
        levels.append(level)
    return levels


def _share(x: float, panel: Panel) -> float:
    """How far along its axis a value lies, from 0 to 1."""
    low, high = panel.limits
    if panel.axis == "linear":
        return (x - low) / (high - low)
    return math.log(x / low) / math.log(high / low)


def dot_figure(grid: Sequence[Sequence[Panel]], width: float) -> Figure:
    """Rows of panels side by side; panels of one row share their names, which stand at the left of the first.

    In a narrow figure all panels stand below each other.
    """
    lines: list[Sequence[Panel]] = list(grid) if width > 5 else [[panel] for line in grid for panel in line]
    every = [panel for line in lines for panel in line]
    longest = [dot.name for panel in every for dot in panel.dots]
    names = name_width(longest, width * (0.38 if width > 5 else 0.54))
    if width <= 5 and names < name_width(longest, width):
        names = 0.0
    values = 1.62 if width > 5 and all(len(line) == 1 for line in lines) else 0.0
    gap, edge = 0.24, 0.16
    cells = [(width - names - values - edge - gap * (len(line) - 1)) / len(line) for line in lines]
    heads = [
        (TITLE if any(p.title for p in line) else 0.06)
        + GUIDE * max((1 + level for p in line for level in guide_levels(p, cell)), default=0)
        for line, cell in zip(lines, cells, strict=True)
    ]
    row = ABOVE if not names else DENSE if max(len(panel.dots) for panel in every) > MANY else ROW
    heights = [head + row * max(len(p.dots) for p in line) + FOOT for head, line in zip(heads, lines, strict=True)]
    fig = figure(width, sum(heights))
    top = 0.0
    with style.house():
        for line, head, height, cell in zip(lines, heads, heights, cells, strict=True):
            left = 0.0 if names else 0.06
            for index, panel in enumerate(line):
                own = names if index == 0 else None
                room = (own or 0.0) + cell
                _draw_panel(fig, panel, (left, top + head, room + values), own, values, row)
                left += room + gap
            top += height
    return fig


def dot_for(scene: Scene, row: Any, metric: Any, looks: dict[str, tuple[str, Any]]) -> Dot:
    """The dot of a row for one metric, with its reason where it has no figure."""
    return Dot(
        shown_name(row), row.family, looks[row.contestant][0], value(row, metric), scene.raw(row, metric), reason(row)
    )  # fmt: skip
