"""Panels of dots with interval bars: a row for each contestant, its name, its figure or why there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from when_async.bench.model import Estimate

from ..words import Scale, interval
from . import style
from .axes import (
    ABOVE,
    CHARACTER,
    DENSE,
    FOOT,
    GUIDE,
    MANY,
    ROW,
    TITLE,
    add_axes,
    figure,
    fit,
    fit_name,
    name_width,
    shape_axis,
)

RATIO = "slower  ←  ratio  →  faster"
"""What stands below an axis of ratios."""


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


def write_note(axes: Axes, y: float, text: str) -> None:
    """The reason of a row without a figure, in grey, on the paper's colour so that no line crosses it."""
    box = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.2}
    axes.text(
        0.012, y, text, transform=axes.get_yaxis_transform(), va="center", fontsize=9, color=style.SOFT,
        fontstyle="italic", zorder=6, bbox=box,
    )  # fmt: skip


def draw_dot(axes: Axes, dot: Dot, factor: float, y: float, inches: float) -> None:
    """One row of a panel at a height: faint raw points, interval and marker, or the reason why there is none."""
    look = style.family(dot.family)
    if dot.estimate is None:
        room = fit(dot.note or "no figure", inches)
        write_note(axes, y, room)
        return
    axes.scatter([raw / factor for raw in dot.raw], [y + 0.3] * len(dot.raw), s=9, color=look.light, alpha=0.45,
                 linewidths=0, zorder=2)  # fmt: skip
    low, high = dot.estimate.low / factor, dot.estimate.high / factor
    line = look.outline or look.light
    face, edge = (style.PAPER, line) if dot.hollow else (look.light, look.outline or style.PAPER)
    axes.plot([low, high], [y, y], color=line, linewidth=1.5, solid_capstyle="butt", zorder=3)
    axes.plot([dot.estimate.point / factor], [y], marker=dot.marker, markersize=6.2, color=line, zorder=4,
              markerfacecolor=face, markeredgecolor=edge, markeredgewidth=1.4 if dot.hollow else 0.8)  # fmt: skip


def _write_name(axes: Axes, dot: Dot, y: float, names: float, inches: float) -> None:
    """The name of a row at its left, or above it where `names` leaves no room for one."""
    across, colour = axes.get_yaxis_transform(), style.SOFT if dot.estimate is None else style.INK
    if names:
        text = fit_name(dot.name, names)
        axes.text(-0.1 / inches, y, text, transform=across, ha="right", va="center", color=colour)
    else:
        box = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.8}
        axes.text(0, y - 0.44, fit_name(dot.name, inches), transform=across, va="center", fontsize=9, color=colour,
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
        draw_dot(axes, dot, panel.factor, y, inches)
        if names is not None:
            _write_name(axes, dot, y, names, inches)
        if values and dot.estimate is not None:
            shown = interval(dot.estimate, Scale(panel.factor, ""))
            axes.text(1 + 0.1 / inches, y, shown, transform=across, va="center", color=style.SOFT, fontsize=9)
    levels = guide_levels(panel, inches)
    for (x, text), level in zip(panel.guides, levels, strict=True):
        axes.axvline(x, color=style.SOFT, linewidth=1.0, linestyle=(0, (4, 3)), zorder=2)
        up = upper - 0.12 - level * GUIDE / row
        axes.text(x, up, text, ha=_side(x, panel), va="bottom", fontsize=9, color=style.SOFT)
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
