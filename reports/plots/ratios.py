"""Throughput of every contestant as a ratio to the reference, on a symmetric logarithmic axis."""

from __future__ import annotations

from matplotlib.figure import Figure

from ..drawing.dots import panels, side_by_side
from ..drawing.plotting import Plot
from ..scene.findings import against_reference
from ..scene.rows import SPEEDUP, THROUGHPUT, Scene, facet_names, facets, headline, value
from ..words import listing


def _fits(scene: Scene) -> bool:
    return headline(scene.rows) is THROUGHPUT and any(value(row, SPEEDUP) is not None for row in scene.rows)


def _reference(scene: Scene) -> str:
    return next((row.contestant for row in scene.rows if row.reference), "the reference")


def draw(scene: Scene, width: float) -> Figure:
    """One panel per interpreter with shared axis and row order; the reference is the line at 1."""
    return side_by_side(panels(scene, SPEEDUP, SPEEDUP, [(1.0, _reference(scene))]), width)


def title(scene: Scene) -> str:
    """Who beat the reference, in counts and by the largest ratio, per interpreter."""
    names = facet_names(scene.rows)
    known = facets(scene.rows)
    if len(known) == 1:
        return against_reference(scene.rows)
    said: dict[str, list[str]] = {}
    for one in known:
        known_ratios = [(row, row.speedup) for row in scene.of_facet(one).rows if not row.reference]
        rows = [(row, ratio) for row, ratio in known_ratios if ratio is not None]
        clear = [row.contestant for row, ratio in rows if ratio.low > 1]
        who = f"only {clear[0]}" if len(clear) == 1 else f"{len(clear)} of {len(rows)}" if clear else "none"
        text = f"{who} beat {_reference(scene)}" if rows else "there is no ratio"
        said.setdefault(text, []).append(names[one].removeprefix("Python "))
    whole = "; ".join(f"{text} on {listing(where)}" for text, where in said.items())
    return whole[:1].upper() + whole[1:]


RATIOS = Plot(
    name="ratios",
    fits=_fits,
    draw=draw,
    title=title,
    subtitle=lambda scene: f"Throughput relative to {_reference(scene)}, 95 % intervals over processes, log axis.",
    caption="Look at whether a bar crosses the dashed line: then no order is claimed. "
    "Two bars that overlap may still differ, as ratios are formed inside blocks.",
    order=1,
)
