"""The decision map: which model is best where, by share of waiting, ops in flight and size of an op."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from reports import style, words
from reports.decision import Region, maps
from reports.plotting import TITLE, Plot, add_axes, figure
from reports.scene import Row, Scene, facet_names

TILE, LEFT, FOOT, GAP = 0.52, 0.55, 0.5, 0.18
SHORT = {"multiprocessing": "processes", "threading": "threads", "interpreters": "interpret.", "sync": "plain loop"}
"""Names that fit into a tile of a telephone."""
NARROW = 5.0
"""Below this width in inches the sizes of ops stand below each other."""


def draw(scene: Scene, width: float) -> Figure:
    """A block for each interpreter, in it a grid of tiles for each size of op."""
    known, names = maps(scene), facet_names(scene.rows)
    sizes = sorted({one.size_s for own in known.values() for one in own})
    across = 1 if width < NARROW else len(sizes)
    inches = (width - LEFT - GAP * (across - 1)) / across
    levels = {size: _levels(known, size) for size in sizes}
    deep = [max(len(levels[size][1]) for size in row) for row in _rows(sizes, across)]
    block = sum(TITLE + 0.05 + TILE * rows + FOOT for rows in deep) + (TITLE if len(known) > 1 else 0)
    fig = figure(width, block * len(known))
    with style.house():
        for index, (place, own) in enumerate(known.items()):
            top = index * block
            if len(known) > 1:
                _heading(fig, top, names[place])
                top += TITLE
            for line, row in enumerate(_rows(sizes, across)):
                for column, size in enumerate(row):
                    height = TILE * len(levels[size][1])
                    axes = add_axes(fig, LEFT + column * (inches + GAP), top + TITLE + 0.05, inches, height)
                    _grid(axes, [one for one in own if one.size_s == size], levels[size], column == 0)
                    axes.set_title(f"ops of {words.scalar(size, 's')}", loc="left", fontsize=9, color=style.INK, pad=5)
                top += TITLE + 0.05 + TILE * deep[line] + FOOT
    return fig


def _rows(sizes: Sequence[float], across: int) -> list[Sequence[float]]:
    return [sizes[index : index + across] for index in range(0, len(sizes), across)]


def _levels(known: dict[tuple[str, str], list[Region]], size: float) -> tuple[list[float], list[int]]:
    """Shares of waiting from left to right and ops in flight from the bottom up, of one size in any interpreter."""
    own = [one for regions in known.values() for one in regions if one.size_s == size]
    return sorted({round(one.waiting, 6) for one in own}), sorted({one.concurrency for one in own})


def _heading(fig: Figure, top: float, text: str) -> None:
    height = float(fig.get_size_inches()[1])
    fig.text(0, 1 - (top + 0.16) / height, text, weight="bold", color=style.INK, fontsize=9)


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
    axes.set_xlabel("share of an op that waits")
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
                                 edgecolor=style.FAINT, linewidth=0))  # fmt: skip
    name = _short(one.best)
    axes.text(column + 0.5, row + 0.62, name, ha="center", va="center", fontsize=7.5, color=style.INK, weight="bold")
    axes.text(column + 0.5, row + 0.3, _beside(one), ha="center", va="center", fontsize=6.5, color=style.INK)


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
    known, names = maps(scene), facet_names(scene.rows)
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
