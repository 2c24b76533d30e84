"""Model and client library taken apart: every model is a row, its libraries are points on that row."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from when_async.bench.model import Estimate
from when_async.results.cells.summary import Row

from ..drawing import style
from ..drawing.axes import FOOT, TITLE, add_axes, figure, fit, fit_name, name_width, shape_axis
from ..drawing.dots import Dot, draw_dot, write_note
from ..drawing.plotting import Plot
from ..scene.findings import NOTHING
from ..scene.libraries import library_sentence, pair_sentence, same_library, split_sentence
from ..scene.rows import (
    CPU,
    THROUGHPUT,
    Metric,
    Scene,
    crowded,
    facet_names,
    facets,
    headline,
    ordered,
    reason,
    uncrowded,
    value,
)
from ..words import Scale, listing, scale_for, unit

LANE = 0.62
LABELS = (-0.15, 0.15, -0.265, 0.265)
"""Where a library's name may stand, in inches from its line; the first free place is taken."""


def _fits(scene: Scene) -> bool:
    rows = [row for row in scene.rows if row.library and not row.face and value(row, THROUGHPUT) is not None]
    return (
        headline(scene.rows) is THROUGHPUT
        and len({row.library for row in rows}) > 1
        and len({r.runner for r in rows}) > 1
    )


def _lanes(scene: Scene) -> list[str]:
    """Models from the fastest down, by their best library."""
    return list(dict.fromkeys(row.runner for row in ordered(scene.rows, THROUGHPUT) if row.library and not row.face))


def _lane(
    axes: Axes,
    y: int,
    points: list[tuple[Row, Estimate]],
    factor: float,
    looks: dict[str, style.Look],
    inches: float,
) -> None:
    middles = sorted(e.point / factor for _, e in points)
    if len(middles) > 1:
        axes.plot([middles[0], middles[-1]], [y, y], color=style.FAINT, linewidth=3.5, solid_capstyle="round", zorder=1)
    taken: dict[float, float] = {}
    for row, estimate in sorted(points, key=lambda pair: pair[1].point):
        draw_dot(axes, Dot("", row.family, looks[row.contestant][0], estimate), factor, y, inches)
        middle = estimate.point / factor
        at = inches * float((axes.transScale + axes.transLimits).transform((middle, y))[0])
        half = len(row.library) * 0.036
        free = [place for place in LABELS if taken.get(place, -9.0) + 0.05 <= at - half]
        place = free[0] if free else min(LABELS, key=lambda one: taken[one])
        taken[place] = at + half
        # A name near the axis would run into the model's name at the left.
        across = max(half + 0.03, at) / inches
        axes.text(across, y + place / LANE, row.library, ha="center", va="center", fontsize=9,
                  transform=axes.get_yaxis_transform())  # fmt: skip


def _panel(axes: Axes, scene: Scene, metric: Metric, lanes: list[str], scale: Scale, inches: float) -> None:
    estimates = [e for row in scene.rows if (e := value(row, metric)) is not None]
    # Logarithmic, so that equal lengths along a line are equal ratios.
    low = min((e.low for e in estimates if e.low > 0), default=0.1) / scale.factor
    high = max((e.high for e in estimates), default=1.0) / scale.factor
    shape_axis(axes, "log", (low / 1.15, high * 1.15), inches)
    axes.set_ylim(len(lanes) - 0.45, -0.55)
    axes.set_yticks([])
    axes.set_xlabel(f"{metric.words}, {unit(scale)}")


def _why(scene: Scene, lane: str, inches: float) -> str:
    """Why a model has no point here."""
    rows = scene.of(runner=lane).rows
    return fit(reason(rows[0]) if rows else "not asked for", inches)


def draw(scene: Scene, width: float) -> Figure:
    """Throughput and CPU time per op side by side, one line of panels per interpreter."""
    rows = uncrowded([row for row in scene.rows if row.library])
    scene = scene.only(rows)
    known, names, lanes = facets(rows), facet_names(rows), _lanes(scene)
    looks = style.looks((row.contestant, row.family) for row in rows)
    wide = width > 5
    room = name_width(lanes, width * 0.3)
    inches = (width - room - 0.75) / 2 if wide else width - room - 0.3
    head = TITLE if len(known) > 1 else 0.06
    block = head + LANE * len(lanes) + FOOT
    fig = figure(width, block * len(known) * (1 if wide else 2))
    with style.house():
        for index, one in enumerate(known):
            for column, metric in enumerate((THROUGHPUT, CPU)):
                estimates = [e for row in rows if (e := value(row, metric)) is not None]
                left, line = (room + column * (inches + 0.5), index) if wide else (room, index * 2 + column)
                axes = add_axes(fig, left, line * block + head, inches, LANE * len(lanes))
                scale = scale_for(estimates, metric.kind)
                _panel(axes, scene, metric, lanes, scale, inches)
                across = axes.get_yaxis_transform()
                for y, lane in enumerate(lanes):
                    points = [
                        (row, e) for row in scene.of_facet(one).rows
                        if row.runner == lane and (e := value(row, metric)) is not None
                    ]  # fmt: skip
                    _lane(axes, y, points, scale.factor, looks, inches)
                    if not points and (column == 0 or not wide):
                        write_note(axes, y, _why(scene.of_facet(one), lane, inches))
                    if column == 0 or not wide:
                        axes.text(-0.1 / inches, y, fit_name(lane, room), transform=across, ha="right", va="center")
                if len(known) > 1 and column == 0:
                    axes.text(
                        -room / inches,
                        1 + 0.06 / (LANE * len(lanes)),
                        names[one],
                        transform=axes.transAxes,
                        weight="bold",
                    )
    return fig


def title(scene: Scene) -> str:
    """The decomposition for the first interpreter that has one, then what one library says about two models."""
    names = facet_names(scene.rows)
    known = facets(scene.rows)
    for one in known:
        own = scene.of_facet(one)
        sentence = split_sentence(own)
        where = f" ({names[one]})" if len(known) > 1 else ""
        if sentence:
            return sentence + where
        for first, second, ratio in same_library(own)[:1]:
            return f"{pair_sentence(first, second, ratio)}{where}"
        library = library_sentence(own)
        if library:
            return library + where
    libraries = list(dict.fromkeys(row.library for row in scene.rows if row.library))
    return (
        f"{listing(libraries)} side by side: no model has a figure with two, so model and library stay confounded"
        if libraries
        else NOTHING
    )


def subtitle(scene: Scene) -> str:
    told = "Each line is a model, each point on it a client library; 95 % intervals over processes."
    return f"{told} Variants of a model stand in the table." if crowded(scene.rows) else told


LIBRARY_GAP = Plot(
    name="library_gap",
    fits=_fits,
    draw=draw,
    title=title,
    subtitle=subtitle,
    caption="Distance along a line is the library; distance between lines at one library is the model. "
    "Where no library has both faces, what remains between two lines still mixes the two.",
    order=2,
)
