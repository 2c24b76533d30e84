"""The makespan of every contestant beside those that arithmetic gives, such as taking turns or one after another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure

from when_async.bench.model import Estimate
from when_async.results.cells.summary import Row
from when_async.results.stats.estimate import scaled

from ..drawing.dots import panels, side_by_side
from ..drawing.plotting import Plot
from ..scene.rows import MAKESPAN, Scene, facet, facet_names, facets, ordered, value
from ..words import scalar, times


def bounds(scene: Scene) -> Mapping[str, float]:
    """The bounds of one comparison by what they stand for, in seconds."""
    return next((row.bounds for row in scene.rows if row.bounds), {})


@dataclass(frozen=True)
class Near:
    """The bound that a row lies closest to, and its makespan as a multiple of it."""

    name: str
    ratio: Estimate


def nearest(row: Row) -> Near | None:
    """Which of its bounds a row is closest to on a logarithmic scale; None without a figure or a bound."""
    found = value(row, MAKESPAN)
    above = {name: one for name, one in row.bounds.items() if one > 0}
    if found is None or not above:
        return None
    name = min(above, key=lambda name: max(found.point / above[name], above[name] / found.point))
    return Near(name, scaled(found, lambda value: value / above[name], "x"))


def draw(scene: Scene, width: float) -> Figure:
    """Facets below each other, three to a row where there is room."""
    guides = [(least, name) for name, least in bounds(scene).items() if least > 0]
    return side_by_side(panels(scene, MAKESPAN, MAKESPAN, guides), width)


def title(scene: Scene) -> str:
    """Which bound the fastest contestant lies by, for the first interpreter."""
    own = scene.of_facet(facets(scene.rows)[0])
    first = next((row for row in ordered(own.rows, MAKESPAN) if value(row, MAKESPAN) is not None), None)
    near = nearest(first) if first is not None else None
    if first is None or near is None:
        return "No contestant has a figure here"
    where = f" on {facet_names(scene.rows)[facet(first)]}" if len(facets(scene.rows)) > 1 else ""
    return f"{first.contestant} was the shortest{where}, at {times(near.ratio)} the time of “{near.name}”"


def subtitle(scene: Scene) -> str:
    said = ", ".join(f"{name} {scalar(least, 's')}" for name, least in bounds(scene).items())
    return f"Makespan, and what arithmetic gives ({said}); 95 % intervals over processes, one faint dot a process."


BOUNDS = Plot(
    name="bounds",
    fits=lambda scene: bool(bounds(scene)) and any(value(row, MAKESPAN) is not None for row in scene.rows),
    draw=draw,
    title=title,
    subtitle=subtitle,
    caption="Dashed lines are computed from the parameters and the same on every machine; only what lies between a row "
    "and its line is a property of the model.",
    order=1,
)
