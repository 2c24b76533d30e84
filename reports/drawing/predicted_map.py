"""The predicted map: which model is fastest in every place, by cores; a dot marks a place that was measured too."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from when_async.results.prediction.mapped import FLIGHTS, SHARES, Kept, Place, Tile

from .. import words
from . import style
from .axes import TITLE, add_axes, figure
from .charts import Chart, drawn
from .decision_map import SHORT

TILE, LEFT, FOOT, GAP = 0.36, 0.55, 0.42, 0.22
SHOWN = (2, 8, 64)
"""Numbers of cores that are drawn."""


def chart(one: Kept, stem: str, *, both: bool = True) -> Chart:
    """The map of an interpreter as a finished chart."""
    grids = {_heading(cores, one.own_cores): one.of(cores) for cores in SHOWN}
    dots = {_heading(one.own_cores, one.own_cores): set(one.measured)}
    said = (
        f"Which model is predicted to be fastest on Python {one.python}",
        "Each tile names the best and how many times as fast it is as the second. Hatched: several are level. A dot: "
        "measured as well.",
        f"Predicted from what each model costs on {one.machine}. Pools are open already.",
    )
    return drawn(lambda width: draw(grids, one.families, dots, width), stem.replace("_", ""), stem, said, both=both)


def _heading(cores: int, own_cores: int) -> str:
    return f"{cores} cores{'' if cores == own_cores else ', predicted'}"


def draw(
    maps: Mapping[str, Sequence[Tile]], families: Mapping[str, str], measured: Mapping[str, Collection[Place]],
    width: float,
) -> Figure:  # fmt: skip
    """A row of grids for each size of an op, a column for each of `maps`, by its heading; `families` by runner.

    `measured` has for some headings the places that were measured as well.
    """
    sizes = sorted({one.size_s for own in maps.values() for one in own})
    inches = (width - LEFT - GAP * (len(maps) - 1)) / len(maps)
    block = TITLE + TILE * len(FLIGHTS) + 0.24
    fig = figure(width, block * len(sizes) + FOOT - 0.24)
    with style.house():
        for row, size in enumerate(sizes):
            for column, (heading, own) in enumerate(maps.items()):
                left = LEFT + column * (inches + GAP)
                axes = add_axes(fig, left, row * block + TITLE, inches, TILE * len(FLIGHTS))
                _grid(axes, named=column == 0)
                for one in (each for each in own if each.size_s == size):
                    place = (one.size_s, one.waiting, one.concurrency)
                    _tile(axes, one, families, dotted=place in measured.get(heading, ()))
                said = f"ops of {words.scalar(size, 's')}, {heading}"
                axes.set_title(said, loc="left", fontsize=8, color=style.INK, pad=4)
                if row == len(sizes) - 1:
                    axes.set_xlabel("share of an op that waits", fontsize=8)
    return fig


def _grid(axes: Axes, *, named: bool) -> None:
    axes.set_xlim(0, len(SHARES))
    axes.set_ylim(0, len(FLIGHTS))
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([at + 0.5 for at in range(len(SHARES))], [f"{share * 100:g} %" for share in SHARES])
    axes.set_yticks([at + 0.5 for at in range(len(FLIGHTS))], [str(one) if named else "" for one in FLIGHTS])
    axes.tick_params(length=0, labelsize=8)
    if named:
        axes.set_ylabel("ops in flight", fontsize=8)


def _tile(axes: Axes, one: Tile, families: Mapping[str, str], *, dotted: bool) -> None:
    """The best and its margin, hatched where several are level."""
    column, row = SHARES.index(one.waiting), FLIGHTS.index(one.concurrency)
    best = one.level[0]
    look = style.family(families[best])
    place: Any = {"xy": (column + 0.02, row + 0.04), "width": 0.96, "height": 0.92, "linewidth": 0}
    axes.add_patch(Rectangle(**place, facecolor=look.light, alpha=0.3))
    if len(one.level) > 1:
        axes.add_patch(Rectangle(**place, fill=False, hatch="////", edgecolor=look.light, alpha=0.55))
    beside = f"or {len(one.level) - 1} more" if len(one.level) > 1 else f"{words.digits(one.margin)}×"
    axes.text(column + 0.5, row + 0.66, SHORT.get(best, best), ha="center", va="center", color=style.INK,
              weight="bold", fontsize=6)  # fmt: skip
    axes.text(column + 0.5, row + 0.28, beside, ha="center", va="center", fontsize=6.5, color=style.INK)
    if dotted:
        axes.plot([column + 0.9], [row + 0.84], marker="o", markersize=2.4, color=style.INK)
