"""The same runners with and without the GIL, as ratios to one named reference: do threads use the cores?"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from when_async.results.cells.summary import Row

from ..drawing.axes import ratio_extent
from ..drawing.dots import RATIO, Dot, Panel, dot_figure
from ..drawing.plotting import Plot
from ..scene.gil import GilRatio, chief, cpu_bound, pools_sentence, standings, tax_sentence, threads_sentence
from ..scene.rows import Scene

NOTHING = "No contestant has a figure both with the GIL and without it"


def _runs(scene: Scene) -> list[str]:
    """The runs that were measured on builds with and without the GIL and have a reference."""
    return [run for run in dict.fromkeys(row.run for row in scene.rows) if standings(scene, run)]


def _fits(scene: Scene) -> bool:
    return cpu_bound(scene.rows) and bool(_runs(scene))


def build_name(row: Row) -> str:
    """An interpreter with the word that the fill of a marker stands for."""
    return f"{row.python} no GIL" if row.gil is False else f"{row.python} GIL"


def _panel(groups: Sequence[Sequence[GilRatio]], limits: tuple[float, float], title: str) -> Panel:
    """All contestants of one run, a row for each build.

    All markers are round here: their fill is what tells the builds apart, and every row has its name.
    """
    dots, guide = [], ""
    for one in (one for group in groups for one in group):
        name = f"{one.row.contestant}, {build_name(one.row)}"
        if one.base:
            # At 1 by definition: a dot there would look measured.
            guide = name
            dots.append(Dot(name, one.row.family, note="the reference"))
        else:
            dots.append(Dot(name, one.row.family, "o", one.ratio, one.raw, one.note, one.row.gil is False))
    return Panel(title, dots, RATIO, "ratio", limits, guides=((1.0, guide),))


def draw(scene: Scene, width: float) -> Figure:
    """A row per contestant and build, those of a contestant together; one panel per run."""
    every = {run: standings(scene, run) for run in _runs(scene)}
    ratios = [one.ratio for groups in every.values() for group in groups for one in group]
    limits = ratio_extent([ratio for ratio in ratios if ratio])
    return dot_figure(
        [[_panel(groups, limits, f"run {run}" if len(every) > 1 else "")] for run, groups in every.items()], width
    )


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
    caption="Look at how far the hollow dot of a runner lies from its filled one: that is what the build changes. "
    "Models that keep to one thread are left out but for the serial one; the table has them. Work that shares data "
    "between threads may gain less.",
    order=0,
)
