"""The headline quantity of every contestant with its interval, fastest on top, holes kept with their reasons."""

from __future__ import annotations

from dataclasses import replace

from matplotlib.figure import Figure

from ..drawing.dots import Panel, dot_figure, panels, side_by_side
from ..drawing.plotting import Plot
from ..scene.findings import per_facet
from ..scene.rows import CPU, OVERHEAD, THROUGHPUT, Metric, Scene, headline, value


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


def _panels(scene: Scene, metric: Metric) -> list[Panel]:
    """The panels of one metric, without a limit that lies far beyond all that was measured."""
    top = max((found.high for row in scene.rows if (found := value(row, metric)) is not None), default=1.0)
    guides = [guide for guide in _ideals(scene, metric) if guide[0] <= 4 * top]
    return panels(scene, metric, headline(scene.rows), guides)


def draw(scene: Scene, width: float) -> Figure:
    """Facets side by side; for waiting, overhead and CPU side by side and the facets below each other."""
    metric = headline(scene.rows)
    if metric is OVERHEAD:
        pairs = zip(_panels(scene, OVERHEAD), _panels(scene, CPU), strict=True)
        # Side by side the two share one heading; below each other every panel needs its own.
        return dot_figure(
            [(one, replace(other, title="")) if width > 5 else (one, other) for one, other in pairs], width
        )
    return side_by_side(_panels(scene, metric), width)


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
