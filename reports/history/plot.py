"""The picture of a history: one cell over its stored runs, with breaks, steps and intervals.

Runs stand at equal distances in order of time. A line joins neighbours that may be compared and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from textwrap import wrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, NullFormatter

from when_async.results.history.cells import History, moment
from when_async.results.history.trend import breaks, steps

from .. import words
from ..drawing import style, svg
from ..drawing.axes import CHARACTER, LINE, MARGIN, WIDE, add_axes, figure, fit, shape_axis, write_lines
from .terminal import CAUTION, Steps, finding, percent, short, span

PANEL = 2.5
LEFT, EDGE = MARGIN + 0.55, MARGIN + 0.12
LABELLED = 8
"""Runs that are named below the axis at most."""
ROWS = 6
"""Lines of labels above the panel at most; a mark whose label finds no room keeps its line only."""
LOG_FROM = 4.0
SMALL, BOLD = CHARACTER * 8 / 9, CHARACTER * 1.12


@dataclass(frozen=True)
class Mark:
    """A break or a step: its place between two runs, its label, and whether it is a step."""

    x: float
    label: str
    step: bool


@dataclass(frozen=True)
class Label:
    """A label that found its place: `left` in inches from the panel's left edge, `row` from the panel upwards."""

    mark: Mark
    left: float
    row: int
    text: str


def draw(history: History, found: Steps, width: float = WIDE) -> Figure:
    """One panel with title, labels and the sentence that this is no verdict; the history holds one value or more."""
    inches, room = width - LEFT - EDGE, width - 2 * MARGIN
    marks = _marks(history, found)
    labels = _placed(marks, len(history.points), inches)
    rows = 1 + max((label.row for label in labels), default=-1)
    title = wrap(words.one_line(finding(history, found), 400), int(room / BOLD), break_on_hyphens=False)
    small = int(room / SMALL)
    scale = words.scale_for([point.value for point in history.points], history.quantity.kind)
    about = f"{history.quantity.words}, {words.unit(scale)}; higher is {history.quantity.up}; bars are 95 % intervals"
    head = [
        fit(history.cell, room),
        words.one_line(f"{about} over processes", small),
        *_remarks(history, marks, labels),
    ]
    foot = wrap(f"{CAUTION}.", small, break_on_hyphens=False)
    top = MARGIN + LINE * (len(title) + len(head) + rows) + 0.2
    fig = figure(width, top + PANEL + 0.5 + LINE * len(foot) + MARGIN)
    with style.house():
        # A file of its own is looked at on grounds of any colour, so it brings its own.
        fig.add_artist(Rectangle((0, 0), 1, 1, facecolor=style.PAPER, edgecolor="none", zorder=-1))
        write_lines(fig, MARGIN, title, weight="bold")
        write_lines(fig, MARGIN + LINE * len(title), head, color=style.SOFT, fontsize=8)
        write_lines(fig, top + PANEL + 0.5, foot, color=style.SOFT, fontsize=8)
        axes = add_axes(fig, LEFT, top, inches, PANEL)
        _shape(axes, history, scale.factor, inches)
        _draw_levels(axes, history, found, scale.factor)
        _draw_runs(axes, history, scale.factor)
        _draw_marks(axes, marks, labels, inches)
    return fig


def disturbed(history: History, index: int) -> bool:
    """Whether the machine was disturbed during that run."""
    return history.points[index].noise.startswith("disturbed")


def _remarks(history: History, marks: Sequence[Mark], labels: Sequence[Label]) -> list[str]:
    """What a reader must know of the signs of this picture, on one line; none where there is nothing to tell."""
    said = []
    if any(disturbed(history, index) for index, group in enumerate(history.groups) if group is not None):
        said.append("hollow points are disturbed runs")
    if None in history.groups:
        said.append("× is a run without a number")
    if len(labels) < len(marks):
        said.append(f"{words.count(len(marks) - len(labels), 'line')} had no room for a name")
    text = "; ".join(said)
    return [text[:1].upper() + text[1:]] if said else []


def _shape(axes: Axes, history: History, factor: float, inches: float) -> None:
    values = history.values(index for index, group in enumerate(history.groups) if group is not None)
    low, high = (one / factor for one in span(values))
    axis = "log" if high / low >= LOG_FROM else "linear"
    room = (high / low) ** 0.06 if axis == "log" else 1.0
    pad = 0.0 if axis == "log" else (high - low) * 0.06
    axes.set_xlim(-0.6, len(history.points) - 0.4)
    shape_axis(axes, axis, (low / room - pad, high * room + pad), PANEL, vertical=True)
    axes.grid(visible=True, axis="y")
    axes.grid(visible=False, axis="x")
    places = labelled(len(history.points), min(LABELLED, int(inches / 0.66)))
    axes.xaxis.set_major_locator(FixedLocator(places))
    axes.xaxis.set_major_formatter(NullFormatter())
    for place, text in zip(places, _dates(history, places), strict=True):
        axes.annotate(text, (place, 0), (0, -6), xycoords=axes.get_xaxis_transform(), textcoords="offset points",
                      ha="center", va="top", fontsize=8, color=style.SOFT, linespacing=1.25)  # fmt: skip


def labelled(runs: int, most: int) -> list[int]:
    """Places of the runs that are named: `most` of them or fewer, at equal steps, the latest among them."""
    step = max(1, -(-(runs - 1) // max(1, most - 1)))
    return sorted(range(runs - 1, -1, -step))


def _dates(history: History, places: Sequence[int]) -> list[str]:
    """Two lines for each: the day, and the commit, else the time of day; the year where there are several."""
    moments = [moment(history.points[place].started) for place in places]
    years = len({when.year for when in moments if when}) > 1

    def said(place: int, when: datetime | None) -> str:
        day = words.DASH if when is None else f"{when.day} {when:%b}{f' {when:%y}' if years else ''}"
        return f"{day}\n{short(history.points[place]) if history.points[place].commit else _time(when)}"

    return [said(place, when) for place, when in zip(places, moments, strict=True)]


def _time(when: datetime | None) -> str:
    return f"{when:%H:%M}" if when else ""


def _draw_runs(axes: Axes, history: History, factor: float) -> None:
    look = style.family(history.family)
    many = len(history.points) > 60
    valued = [(index, point.value) for index, point in enumerate(history.points) if point.value is not None]
    for (before, one), (after, other) in pairwise(valued):
        if after == before + 1 and history.groups[before] == history.groups[after]:
            axes.plot([before, after], [one.point / factor, other.point / factor], color=look.light, linewidth=1.2,
                      zorder=3)  # fmt: skip
    for index, value in valued:
        axes.plot([index] * 2, [value.low / factor, value.high / factor], color=look.outline or look.light,
                  linewidth=0.8 if many else 1.3, alpha=0.75, zorder=3)  # fmt: skip
    for ground in (look.light, style.PAPER):
        own = [(index, value) for index, value in valued if disturbed(history, index) == (ground == style.PAPER)]
        axes.plot([index for index, _ in own], [value.point / factor for _, value in own], linestyle="none",
                  marker="o", markersize=3.2 if many else 5.2, color=ground, zorder=4,
                  markeredgecolor=look.outline or (look.light if ground == style.PAPER else style.PAPER),
                  markeredgewidth=1.2 if ground == style.PAPER else 0.7)  # fmt: skip
    holes = [index for index, group in enumerate(history.groups) if group is None]
    axes.plot(holes, [0.03] * len(holes), linestyle="none", marker="x", markersize=4.5, color=style.SOFT, zorder=4,
              transform=axes.get_xaxis_transform())  # fmt: skip


def _draw_levels(axes: Axes, history: History, found: Steps, factor: float) -> None:
    """The level on each side of every step, as far as it was estimated from."""
    for group in {group for group in history.groups if group is not None}:
        places = history.of_group(group)
        edges = [0, *(number for number, place in enumerate(places) if place in found), len(places)]
        for left, right in pairwise(edges):
            own = places[left:right]
            after = found.get(places[right]) if right < len(places) else None
            level = found[own[0]].after if own[0] in found else after.before if after else None
            if level is None:
                continue
            for first, last in _stretches(own):
                axes.plot([first - 0.4, last + 0.4], [level.point / factor] * 2, color=style.SOFT, linewidth=1.0,
                          linestyle=(0, (1, 1.5)), zorder=2)  # fmt: skip


def _stretches(places: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of every row of neighbours."""
    cuts = [index for index, (one, other) in enumerate(pairwise(places), start=1) if other != one + 1]
    return [(places[left], places[right - 1]) for left, right in pairwise([0, *cuts, len(places)])]


def _marks(history: History, found: Steps) -> list[Mark]:
    marks = [Mark(one.index - 0.5, words.one_line(one.label, 60), False) for one in breaks(history)]
    marks += [Mark(index - 0.5, percent(step.ratio), True) for index, step in found.items()]
    return sorted(marks, key=lambda mark: mark.x)


def _placed(marks: Sequence[Mark], runs: int, inches: float) -> list[Label]:
    """Each label at the right of its line, in the lowest row where no later label is in its way; the latest first.

    So lines rise like stairs and cross no label, except below one that had to be pushed to the left at the right edge.
    """
    placed: list[Label] = []
    for mark in reversed(marks):
        x = (mark.x + 0.6) / runs * inches
        text = fit(mark.label, inches)
        width = len(text) * SMALL + 0.12
        left = max(0.0, min(x, inches - width))
        below = [one.row for one in placed if one.left < left + width]
        row = 1 + max(below, default=-1)
        if row < ROWS:
            placed.append(Label(mark, left, row, text))
    return placed


def _draw_marks(axes: Axes, marks: Sequence[Mark], labels: Sequence[Label], inches: float) -> None:
    shown = {label.mark: label for label in labels}
    box = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.8}
    for mark in marks:
        label = shown.get(mark)
        top = 1 + (LINE * (label.row + 0.5) + 0.04) / PANEL if label else 1.0
        axes.plot([mark.x] * 2, [0, top], transform=axes.get_xaxis_transform(), clip_on=False, zorder=2,
                  color=style.TOKENS["accent"][0] if mark.step else style.SOFT, linewidth=0.9,
                  linestyle="-" if mark.step else (0, (4, 3)))  # fmt: skip
        if label:
            axes.text((label.left + 0.05) / inches, top, label.text, transform=axes.transAxes, va="center",
                      fontsize=8, color=style.TOKENS["accent"][0] if mark.step else style.SOFT,
                      weight="bold" if mark.step else "normal", bbox=box, zorder=6)  # fmt: skip


def write(history: History, path: Path) -> bool:
    """Write the picture as an SVG file with its own light and dark; False where there is no value to draw.

    Raises ReportError where the file cannot be written.
    """
    if not history.comparable:
        return False
    found = steps(history)
    svg.save(draw(history, found), "history", f"{history.cell}: {finding(history, found)}", path)
    return True
