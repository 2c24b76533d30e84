"""The decision map: which model is best where, by share of waiting, ops in flight and size of an op."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

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

TILE, LEFT, FOOT, GAP = 0.42, 0.55, 0.3, 0.4
WIDE_TILE = 0.78
"""Inches across that a name and a margin need; where there is less, interpreters stand below each other."""
ROOMY = 13
"""Letters of the line below a name that fit into a tile at its usual size."""
SHORT = {"multiprocessing": "processes", "threading": "threads", "interpreters": "interpret.", "sync": "serial"}
"""Names that fit into a tile of a telephone."""


def draw(scene: Scene, width: float) -> Figure:
    """A column for each interpreter, as many side by side as fit, and in it a grid of tiles for each size of op."""
    known = maps(scene)
    names = facet_names([row for row in scene.rows if facet(row) in known])
    regions = [one for own in known.values() for one in own]
    sizes, levels = sorted({one.size_s for one in regions}), _levels(regions)
    across = max(1, min(len(known), int((width - LEFT + GAP) / (len(levels[0]) * WIDE_TILE + GAP))))
    inches = (width - LEFT - GAP * (across - 1)) / across
    grid = TITLE + TILE * len(levels[1]) + 0.26
    head = TITLE if len(known) > 1 else 0.0
    block = head + grid * len(sizes) + FOOT
    fig = figure(width, block * -(-len(known) // across))
    with style.house():
        for index, (place, own) in enumerate(known.items()):
            left, top = LEFT + index % across * (inches + GAP), index // across * block
            if head:
                _heading(fig, left, top, names[place])
            for line, size in enumerate(sizes):
                at = top + head + line * grid + TITLE
                axes = add_axes(fig, left, at, inches, TILE * len(levels[1]))
                _grid(axes, [one for one in own if one.size_s == size], levels, index % across == 0)
                axes.set_title(f"ops of {words.scalar(size, 's')}", loc="left", fontsize=8.5, color=style.INK, pad=4)
                if line == len(sizes) - 1:
                    axes.set_xlabel("share of an op that waits")
    return fig


def _levels(regions: Sequence[Region]) -> tuple[list[float], list[int]]:
    """Shares of waiting from left to right and ops in flight from the bottom up, the same for all grids."""
    return sorted({round(one.waiting, 6) for one in regions}), sorted({one.concurrency for one in regions})


def _heading(fig: Figure, left: float, top: float, text: str) -> None:
    width, height = map(float, fig.get_size_inches())
    fig.text(left / width, 1 - (top + 0.16) / height, text, weight="bold", color=style.INK, fontsize=9)


def _grid(axes: Axes, own: Sequence[Region], levels: tuple[list[float], list[int]], named: bool) -> None:
    """Tiles of one size; where nothing was measured there is no tile."""
    shares, flights = levels
    axes.set_xlim(0, len(shares))
    axes.set_ylim(0, len(flights))
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([at + 0.5 for at in range(len(shares))], [f"{share * 100:g} %" for share in shares])
    axes.set_yticks([at + 0.5 for at in range(len(flights))], [str(one) for one in flights])
    axes.tick_params(length=0)
    if named:
        axes.set_ylabel("ops in flight")
    for one in own:
        _tile(axes, one, shares.index(round(one.waiting, 6)), flights.index(one.concurrency))


def _tile(axes: Axes, one: Region, column: int, row: int) -> None:
    look = style.family(one.best.family)
    hatch = None if one.sure else "////"
    box = Rectangle((column + 0.03, row + 0.04), 0.94, 0.92, facecolor=look.light, alpha=0.3, linewidth=0)
    axes.add_patch(box)
    if hatch:
        axes.add_patch(Rectangle((column + 0.03, row + 0.04), 0.94, 0.92, fill=False, hatch=hatch,
                                 edgecolor=look.light, alpha=0.55, linewidth=0))  # fmt: skip
    name = _short(one.best)
    axes.text(column + 0.5, row + 0.62, name, ha="center", va="center", fontsize=7.5, color=style.INK, weight="bold")
    beside = _beside(one)
    size = 6.5 if len(beside) <= ROOMY else 5.8
    axes.text(column + 0.5, row + 0.3, beside, ha="center", va="center", fontsize=size, color=style.INK)


def _short(row: Row) -> str:
    return SHORT.get(row.contestant) or words.short_name(row.contestant, 10)


def _beside(one: Region) -> str:
    """By how much it leads, or with whom it is level."""
    if not one.sure:
        more = f" +{len(one.top) - 2}" if len(one.top) > 2 else ""
        return f"or {_short(one.top[1])}{more}"
    if one.margin is None or one.second is None:
        return "alone"
    return f"{words.digits(one.margin.point)}× {_short(one.second)}"


def title(scene: Scene) -> str:
    """Who leads in how many regions of the first map, and how many are open."""
    known = maps(scene)
    names = facet_names([row for row in scene.rows if facet(row) in known])
    place, own = next(iter(known.items()))
    clear = Counter(one.best.contestant for one in own if one.sure)
    parts = [f"{name} leads in {count}" for name, count in clear.most_common(3)]
    rest = sum(clear.values()) - sum(count for _, count in clear.most_common(3))
    parts += [f"others in {rest}"] if rest else []
    level = len(own) - sum(clear.values())
    parts += [f"no order can be told in {level}"] if level else []
    where = f" on {names[place]}" if len(known) > 1 else ""
    text = f"Of {len(own)} regions{where} {words.listing(parts)}"
    return text[:1].upper() + text[1:]


def subtitle(scene: Scene) -> str:
    return (
        "The model with the highest throughput at each point that was measured, and how many times that of the second "
        "best it reached; hatched where the intervals do not tell the best from the one named below it."
    )


DECISION_MAP = Plot(
    name="decision_map",
    fits=lambda scene: bool(maps(scene)),
    draw=draw,
    title=title,
    subtitle=subtitle,
    caption="Boundaries run somewhere between two neighbouring tiles; nothing is known of what lies between. "
    "Pure Python on this machine's cores: what leaves the interpreter or waits on connections has rows of its own.",
    order=-1,
    spans=True,
)
