"""The headline quantity of every contestant with its interval, fastest on top, holes kept with their reasons."""

from __future__ import annotations

from dataclasses import replace

from matplotlib.figure import Figure

from ..drawing import style
from ..drawing.plotting import Panel, Plot, dot_figure, dot_for, extent
from ..scene.findings import per_facet
from ..scene.rows import CPU, OVERHEAD, THROUGHPUT, Metric, Scene, facet, facet_names, facets, headline, ordered, value
from ..words import scale_for, unit


def _ideals(scene: Scene, metric: Metric) -> list[tuple[float, str]]:
    """Where arithmetic puts the limit: no overhead, or ops over the ideal makespan."""
    if metric is OVERHEAD:
        return [(0.0, "ideal")]
    if metric is not THROUGHPUT:
        return []
    found = {row.ops / row.ideal_s for row in scene.rows if row.ops and row.ideal_s}
    if not found:
        return []
    shown = [(max(found), "ideal")]
    if len(found) == 2:
        shown.append((min(found), "ideal, one at a time"))
    return shown


def panels(scene: Scene, metric: Metric) -> list[Panel]:
    """One panel per facet for one metric; facets share limits, unit and the order of rows."""
    judged = headline(scene.rows)
    looks = style.looks((row.contestant, row.family) for row in scene.rows)
    order = list(dict.fromkeys(row.contestant for row in ordered(scene.rows, judged)))
    estimates = [e for row in scene.rows if (e := value(row, metric)) is not None]
    guides = _ideals(scene, metric)
    top = max((e.high for e in estimates), default=1.0)
    guides = [guide for guide in guides if guide[0] <= 4 * top]
    axis, limits = extent(estimates, [x for x, _ in guides if x > 0])
    scale = scale_for(estimates, metric.kind)
    names = facet_names(scene.rows)
    known = facets(scene.rows)
    label = f"{metric.words}, {unit(scale)}"
    made = []
    for one in known:
        own = {row.contestant: row for row in scene.rows if facet(row) == one}
        made.append(
            Panel(
                title=names[one] if len(known) > 1 else "",
                dots=[dot_for(scene, own[name], metric, looks) for name in order if name in own],
                label=label,
                axis=axis,
                limits=(limits[0] / scale.factor, limits[1] / scale.factor),
                factor=scale.factor,
                guides=[(x / scale.factor, text) for x, text in guides if axis == "linear" or x > 0],
            )
        )
    return made


def draw(scene: Scene, width: float) -> Figure:
    """Facets side by side; for waiting, overhead and CPU side by side and the facets below each other."""
    metric = headline(scene.rows)
    if metric is OVERHEAD:
        pairs = zip(panels(scene, OVERHEAD), panels(scene, CPU), strict=True)
        # Side by side the two share one heading; below each other every panel needs its own.
        return dot_figure(
            [(one, replace(other, title="")) if width > 5 else (one, other) for one, other in pairs], width
        )
    made = panels(scene, metric)
    return dot_figure([made[i : i + 3] for i in range(0, len(made), 3)], width)


def subtitle(scene: Scene) -> str:
    if headline(scene.rows) is OVERHEAD:
        return (
            "Time beyond the ideal per op, and CPU time per op; 95 % intervals over processes, one faint dot a process."
        )
    if headline(scene.rows) is CPU:
        return "CPU time per op; 95 % intervals over processes, one faint dot a process."
    return "Checked ops per second of makespan; 95 % intervals over processes, one faint dot a process."


INTERVAL_BARS = Plot(
    name="interval_bars",
    fits=lambda scene: bool(scene.rows),
    draw=draw,
    title=lambda scene: per_facet(scene, headline(scene.rows)),
    subtitle=subtitle,
    caption="Absolute values hold for this machine and these versions; ratios travel better, and neither is a promise.",
    order=2,
)
