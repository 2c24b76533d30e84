"""Pictures of what one more thing in flight costs: memory with how far each runner got, and the times."""

from __future__ import annotations

from dataclasses import replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from when_async.bench.model import Estimate
from when_async.results.calibration.runner_costs import RunnerCost, RunnerCosts

from ..drawing import style
from ..drawing.plotting import (
    DENSE,
    FOOT,
    ROW,
    TITLE,
    Dot,
    Panel,
    add_axes,
    dot_figure,
    draw_dot,
    figure,
    fit,
    fit_name,
    name_width,
    shape_axis,
)
from ..drawing.plotting import MANY as CROWD
from ..words import one_line, scale_for
from .costs import MANY, Of, count, estimates, in_order, stopped

SUBTITLE = "Memory of one more op that is open and waits, log axis; right: the most that were open at once."
CAPTION = (
    "Look at the distances in powers of ten. Grey words tell where there is no figure. The memory is that of a bare "
    "wait: a connection, a buffer or a deep stack comes on top, and is the same for all who need it."
)
TIME_TITLE = "What an empty op and a start-up take"
TIME_SUBTITLE = "Time per op that does nothing, and time until a pool or loop is ready, at so many in flight; log axes."
TIME_CAPTION = (
    "An op that does nothing shows what is paid for handing it out; it says nothing about how a model shares a CPU or "
    "waits. Where fewer than 1 000 could be had, the table says how many."
)
EDGE = 0.16
WIDE_TEXT, NARROW_TEXT = 2.3, 0.72
WIDE_FROM = 5.0
SMALL_PT = 8
LARGER = style.FONT_PT / SMALL_PT
"""So many times as many letters of the small type fit into a width."""


def draw_memory(costs: RunnerCosts, width: float) -> Figure:
    """A row for each runner: its name, the memory of one more in flight, and the most it held at once."""
    rows = in_order(costs)
    wide = width > WIDE_FROM
    names = name_width([one_line(one.name) for one in rows], width * (0.3 if wide else 0.42))
    aside = WIDE_TEXT if wide else NARROW_TEXT
    inches = width - names - aside - EDGE
    found = estimates(costs, lambda one: one.memory)
    scale = scale_for(found, "bytes")
    low, high = span(found)
    limits = (low / scale.factor, high / scale.factor)
    panel = Panel("", (), f"one more in flight, {scale.label}", "log", limits, scale.factor)
    row = DENSE if len(rows) > CROWD else ROW
    fig = figure(width, TITLE + row * len(rows) + FOOT)
    with style.house():
        axes = add_axes(fig, names, TITLE, inches, row * max(1, len(rows)))
        shape_axis(axes, panel.axis, panel.limits, inches)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_yticks([])
        axes.set_xlabel(panel.label, labelpad=4)
        head = "most in flight" if wide else "most"
        axes.text(1 + 0.1 / inches, -0.72, head, transform=axes.get_yaxis_transform(), va="bottom",
                  fontsize=SMALL_PT, color=style.SOFT)  # fmt: skip
        looks = style.looks((one.name, one.family) for one in rows)
        for y, one in enumerate(rows):
            _draw_row(axes, one, y, looks[one.name][0], panel, (inches, names, aside))
    return fig


def span(found: list[Estimate]) -> tuple[float, float]:
    """Limits of an axis that is always logarithmic, from tasks to processes and from nanoseconds to seconds."""
    positive = [one for one in found if one.point > 0]
    if not positive:
        return 1.0, 1024.0
    least = min(one.low if one.low > 0 else one.point / 2 for one in positive)
    most = max(one.high for one in positive)
    return least / 1.6, max(most, least * 10) * 1.6


def _draw_row(axes: Axes, one: RunnerCost, y: int, marker: str, panel: Panel, room: tuple[float, float, float]) -> None:
    (inches, names, aside), low = room, panel.limits[0]
    across = axes.get_yaxis_transform()
    axes.axhline(y, color=style.FAINT, linewidth=0.5, linestyle=(0, (1, 2)), zorder=1)
    found = one.memory.estimate
    shown = found is not None and found.point > 0
    name = fit_name(one_line(one.name), names)
    axes.text(-0.1 / inches, y, name, transform=across, ha="right", va="center",
              color=style.INK if shown else style.SOFT)  # fmt: skip
    # Nothing stands at the right of a row that was never begun, so its reason may go on there.
    reach = inches + (aside if not one.reached else 0.0)
    note = one.memory.reason if found is None else "none seen"
    if found is not None and found.low <= 0:
        # On a logarithmic axis an interval that holds 0 goes on to the left edge.
        found = replace(found, low=min(low * panel.factor, found.point))
    raw = [value for value in one.memory.values if value > 0]
    draw_dot(axes, Dot(one.name, one.family, marker, found if shown else None, raw, note), panel, y, reach)
    if one.reached:
        wide = aside > NARROW_TEXT
        why = f", {why_short(one)}" if wide else ""
        axes.text(1 + 0.1 / inches, y, fit(f"{count(one.reached)}{why}", aside * LARGER), transform=across,
                  va="center", color=style.SOFT, fontsize=SMALL_PT)  # fmt: skip


SHORT = {
    "top": "no more tried",
    "serial": "one at a time",
    "budget": "time was up",
    "memory": "half of the memory",
    "interrupted": "interrupted",
    "error": "then it failed",
}


def why_short(one: RunnerCost) -> str:
    """What stopped a runner, in so few words that they stand beside its row; the table says it in full."""
    limit, is_, _ = stopped(one).partition(" is ")
    return SHORT.get(one.cause) or (limit if is_ else "a limit of the machine")


TIME_PANELS: tuple[tuple[str, Of], ...] = (
    ("empty op at 1", lambda one: one.op_one),
    (f"empty op at {count(MANY)}", lambda one: one.op_many),
    (f"start-up at {count(MANY)}", lambda one: one.startup_many),
)


def draw_times(costs: RunnerCosts, width: float) -> Figure:
    """Three panels that share their rows: an empty op at 1 and at many in flight, and start-up at many.

    At least one runner has to have been measured.
    """
    rows = [one for one in in_order(costs) if one.measured]
    looks = style.looks((one.name, one.family) for one in rows)
    panels = []
    for title, of in TIME_PANELS:
        found = estimates(costs, of)
        scale = scale_for(found, "s")
        low, high = span(found)
        dots = [
            Dot(one_line(one.name), one.family, looks[one.name][0], of(one).estimate, of(one).values, of(one).reason)
            for one in rows
        ]
        limits = (low / scale.factor, high / scale.factor)
        panels.append(Panel(title, dots, scale.label, "log", limits, scale.factor))
    return dot_figure([panels], width)
