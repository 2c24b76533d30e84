"""Sizes, limits, ticks and labels that charts share, laid out in inches so that equal rows give equal pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from when_async.bench.model import Estimate

from ..words import digits, one_line, short_name
from . import style

WIDE = 7.5
NARROW = 3.7
ROW, DENSE, ABOVE = 0.27, 0.22, 0.36
"""Inches a row takes: usually, with many others, and with its name above it."""
MANY = 24
"""With more rows than this they stand closer together, so that a full table stays within a screen or two."""
TITLE = 0.26
GUIDE = 0.2
FOOT = 0.48
MARGIN, LINE = 0.16, 0.19
"""Inches around a picture that carries its own words, and of a line of them."""
CHARACTER = 0.07
"""Inches a character of the layout font takes at most; browsers set narrower ones."""


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


def write_lines(fig: Figure, top: float, lines: Sequence[str], **look: Any) -> None:
    """Lines of text from the left margin, `top` inches below the upper edge."""
    width, height = map(float, fig.get_size_inches())
    for number, line in enumerate(lines):
        fig.text(MARGIN / width, 1 - (top + LINE * (number + 0.5)) / height, line, va="center", **look)


def ratio_extent(estimates: Sequence[Estimate]) -> tuple[float, float]:
    """Limits of a ratio axis: as far below 1 as above, so that half and double are equally far away."""
    reach = max([1.15, *(e.high for e in estimates), *(1 / e.low for e in estimates if e.low > 0)]) * 1.12
    return (1 / reach, reach)


def log_limits(points: Iterable[float], intervals: Iterable[Estimate], factor: float) -> tuple[float, float]:
    """Limits of a logarithmic axis in units of `factor`: what lines and intervals need, and not a decade more.

    An interval that reaches down to almost nothing runs out of the axis: a decade below the lowest point there is
    nothing else to see.
    """
    known = list(intervals)
    drawn = [one for one in (*points, *(each.point for each in known)) if one > 0]
    low = max(min([*drawn, *(one.low for one in known)]), min(drawn) / 10)
    high = min(max([*drawn, *(one.high for one in known)]), max(drawn) * 10)
    return low / factor / 1.25, high / factor * 1.25


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
