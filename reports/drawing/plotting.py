"""What the plots share: the Plot noun, and the names at the ends of lines.

Figures are laid out in inches by hand, so that the same rows always give the same picture, wide or narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from when_async.bench.model import Estimate

from ..scene.rows import Scene
from . import style
from .axes import TITLE, add_axes, fit_name, shape_axis, spread


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


LINE = 0.165
"""Inches a name at the end of a line takes."""
LEFT, CURVES = 0.62, 2.75
"""Inches at the left of lines, for the labels of their values, and the height of their axes."""


@dataclass(frozen=True)
class End:
    """The right end of a line, in data coordinates, and whose it is."""

    name: str
    family: str
    marker: str
    x: float
    y: float


def curve_axes(
    fig: Figure, box: tuple[float, float, float, float], limits: tuple[float, float], label: str, heading: str = ""
) -> Axes:
    """Axes for lines, both logarithmic: `box` is left, top, width and height in inches, `limits` are of the values.

    The label of the values stands above the axes, and above it the heading.
    """
    _, _, inches, height = box
    axes = add_axes(fig, *box)
    axes.set_xscale("log")
    shape_axis(axes, "log", limits, CURVES, vertical=True)
    axes.grid(visible=True, axis="y")
    corner: dict[str, Any] = {"transform": axes.transAxes, "va": "bottom"}
    axes.text(-LEFT / inches, 1 + 0.07 / height, label, color=style.SOFT, fontsize=9, **corner)
    axes.text(-LEFT / inches, 1 + (0.07 + TITLE) / height, heading, weight="bold", **corner)
    return axes


def mark_ticks(axes: Axes, ticks: Mapping[float, str], label: str) -> None:
    """These ticks and no other along the foot."""
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.set_xticks([], minor=True)
    axes.set_xlabel(label)


def draw_curve(
    axes: Axes,
    points: Sequence[tuple[float, float]],
    bars: Sequence[tuple[float, Estimate]],
    factor: float,
    look: tuple[style.Family, style.Look],
) -> None:
    """A line through points that are divided already, and at some places a marker with its interval."""
    colours, (marker, line) = look
    axes.plot(*zip(*points, strict=True), color=colours.light, linestyle=line, linewidth=1.6, zorder=3)
    for x, one in bars:
        axes.plot([x] * 2, [one.low / factor, one.high / factor], color=colours.light, linewidth=1.3, zorder=3)
        axes.plot([x], [one.point / factor], marker=marker, markersize=5.1, color=colours.light, markeredgewidth=0.7,
                  markeredgecolor=colours.outline or style.PAPER, zorder=4)  # fmt: skip


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
        axes.text(1 + 0.27 / inches, at, fit_name(end.name, room), transform=axes.transAxes, va="center", fontsize=9)
