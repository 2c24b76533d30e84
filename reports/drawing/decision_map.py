"""The decision map: which model is best where, by share of waiting, ops in flight and size of an op."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from when_async.results.cells.summary import Row

from .. import words
from ..scene.decision import Region, maps
from ..scene.rows import Scene, facet, facet_names
from . import style
from .axes import TITLE, add_axes, figure
from .plotting import Plot

TILE, LEFT, FOOT, GAP = 0.36, 0.5, 0.42, 0.22
WIDE_TILE = 0.5
"""Inches across that a name needs at least; where there is less, panels stand below each other."""
Levels = tuple[list[float], list[int]]
"""Shares of waiting, and ops in flight."""
SHORT = {"multiprocessing": "processes", "threading": "threads", "interpreters": "interpret.", "sync": "serial"}
"""Names that fit into a tile of a telephone."""
PER_LETTER, PER_BOLD = 0.0083, 0.0088
"""Inches a letter takes for each point of its size, in plain and in bold type."""


def of_both_builds(scene: Scene) -> Scene:
    """The rows of the last interpreter with the GIL that has a map, and of the last without it."""
    known = maps(scene)
    builds = {own[0].best.gil is False: place for place, own in known.items()}
    kept = [row for row in scene.rows if facet(row) in builds.values()]
    return scene.only(sorted(kept, key=lambda row: row.gil is False)) if builds else scene


def draw(scene: Scene, width: float) -> Figure:
    """A grid of tiles for each size of op and interpreter: interpreters side by side, of one alone the sizes."""
    known = maps(scene)
    names = facet_names([row for row in scene.rows if facet(row) in known])
    regions = [one for own in known.values() for one in own]
    sizes, levels = sorted({one.size_s for one in regions}), _levels(regions)
    alone = len(known) == 1
    panels = [(place, size) for size in sizes for place in known]
    across = len(sizes) if alone else len(known)
    if (width - LEFT - GAP * (across - 1)) / across < len(levels[0]) * WIDE_TILE:
        across = 1
    inches = (width - LEFT - GAP * (across - 1)) / across
    height = TILE * len(levels[1])
    block = TITLE + height + 0.24
    rows = -(-len(panels) // across)
    fig = figure(width, block * rows + FOOT - 0.24)
    with style.house():
        for index, (place, size) in enumerate(panels):
            column, row = index % across, index // across
            axes = add_axes(fig, LEFT + column * (inches + GAP), row * block + TITLE, inches, height)
            own = [one for one in known[place] if one.size_s == size]
            _grid(axes, levels, column == 0)
            for one in own:
                _tile(axes, one, levels, inches / len(levels[0]), 9.0 if width < 5 else 7.0)
            said = f"ops of {words.scalar(size, 's')}" + ("" if alone else f", {names[place]}")
            axes.set_title(said, loc="left", fontsize=9, color=style.INK, pad=4)
            if row == rows - 1:
                axes.set_xlabel("share of an op that waits", fontsize=9)
    return fig


def _levels(regions: Sequence[Region]) -> Levels:
    """Shares of waiting from left to right and ops in flight from the bottom up, the same for all grids."""
    return sorted({round(one.waiting, 6) for one in regions}), sorted({one.concurrency for one in regions})


def _grid(axes: Axes, levels: Levels, named: bool) -> None:
    """The axes of one size; where nothing was measured there is no tile."""
    shares, flights = levels
    axes.set_xlim(0, len(shares))
    axes.set_ylim(0, len(flights))
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([at + 0.5 for at in range(len(shares))], [f"{share * 100:g} %" for share in shares])
    axes.set_yticks([at + 0.5 for at in range(len(flights))], [str(one) if named else "" for one in flights])
    axes.tick_params(length=0)
    if named:
        axes.set_ylabel("ops in flight", fontsize=9)


def _tile(axes: Axes, one: Region, levels: Levels, inches: float, size: float) -> None:
    """The best and its margin in a tile so wide, hatched where no order can be told."""
    column, row = levels[0].index(round(one.waiting, 6)), levels[1].index(one.concurrency)
    look = style.family(one.best.family)
    place: Any = {"xy": (column + 0.02, row + 0.04), "width": 0.96, "height": 0.92, "linewidth": 0}
    axes.add_patch(Rectangle(**place, facecolor=look.light, alpha=0.3))
    if not one.sure:
        axes.add_patch(Rectangle(**place, fill=False, hatch="////", edgecolor=look.light, alpha=0.55))
    texts = [text for text in _beside(one) if len(text) * size * PER_LETTER <= inches - 0.12] or _beside(one)[-1:]
    axes.text(column + 0.5, row + 0.66, _short(one.best), ha="center", va="center", color=style.INK, weight="bold",
              fontsize=min(size, (0.96 * inches - 0.03) / PER_BOLD / len(_short(one.best))))  # fmt: skip
    axes.text(column + 0.5, row + 0.28, texts[0], ha="center", va="center", fontsize=size, color=style.INK)


def _short(row: Row) -> str:
    return SHORT.get(row.contestant) or words.short_name(row.contestant, 10)


def _beside(one: Region) -> tuple[str, ...]:
    """By how much it leads, or with whom it is level: the long form, then shorter ones."""
    if not one.sure:
        rest = len(one.top) - 2
        long = f"or {_short(one.top[1])}{f' +{rest}' if rest else ''}"
        return (long, f"+{rest + 1} more")
    if one.margin is None or one.second is None:
        return ("alone",)
    return (f"{words.digits(one.margin.point)}× {_short(one.second)}", f"{words.digits(one.margin.point)}×")


def title(scene: Scene) -> str:
    """Who wins in how many tiles of the first map, and how many are open."""
    known = maps(scene)
    names = facet_names([row for row in scene.rows if facet(row) in known])
    place, own = next(iter(known.items()))
    clear = Counter(one.best.contestant for one in own if one.sure)
    if not clear:
        return f"In none of {len(own)} mixes of waiting and computing does the run tell who is best"
    parts = [f"{name} wins {count}" for name, count in clear.most_common(3)]
    rest = sum(clear.values()) - sum(count for _, count in clear.most_common(3))
    parts += [f"others {rest}"] if rest else []
    level = len(own) - sum(clear.values())
    parts += [f"{level} {'is' if level == 1 else 'are'} open"] if level else []
    where = f" on {names[place]}" if len(known) > 1 else ""
    return f"Of {len(own)} mixes of waiting and computing{where}, {words.listing(parts)}"


def subtitle(scene: Scene) -> str:
    return (
        "An op is one unit of work, such as a call. Each tile names who gets most of them done, and how many times as "
        "many as the second best. Hatched: no order can be told. Empty: not measured."
    )


DECISION_MAP = Plot(
    name="decision_map",
    fits=lambda scene: bool(maps(scene)),
    draw=draw,
    title=title,
    subtitle=subtitle,
    caption="Pure Python on this machine's cores. Between two neighbouring tiles the boundary may lie anywhere.",
    order=-1,
    spans=True,
)
