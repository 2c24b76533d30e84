"""The picture of one round: a lane for each thread, task or process, waits light and work solid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from textwrap import wrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from when_async.bench.model import Span, Timeline

from .. import words
from . import style, svg
from .axes import CHARACTER, LINE, MARGIN, ROW, WIDE, add_axes, figure, fit_name, name_width, shape_axis, write_lines

MOST = 40
"""Lanes that are drawn at most; a picture of a thousand is a wall."""
PIXELS = 96.0
"""An inch in a browser; what is closer than half a pixel is drawn as one."""
BUSY = 0.5
"""An op that was on a CPU for this part of the time in which it was not seen to wait has worked there."""
BRIEF_S = 0.0003
"""What is shorter counts as work: it is hardly seen, and a moment without a CPU says nothing."""
FOOT = 0.5
SMALL = CHARACTER * 0.75
LIGHT, MIDDLE = 0.25, 0.5
"""How opaque waits are, and time of which nothing is known."""

Pieces = list[tuple[float, float]]
"""Begin and end of stretches of time, in seconds since the round began, in order."""


def peak(spans: Iterable[Span]) -> int:
    """The most of them that were open at one moment; one that ends where another begins is not beside it."""
    steps = sorted(step for span in spans for step in ((span.start_s, 1), (span.end_s, -1)))
    most = here = 0
    for _, step in steps:
        here += step
        most = max(most, here)
    return most


def title(timeline: Timeline) -> str:
    """The finding: how much of the waiting, or else of the work, lay side by side."""
    waits, ops = timeline.of("wait"), timeline.of("op")
    # Who runs a program waits for those who do its work, and is none of them.
    within = {op.lane for op in ops} if timeline.program else set()
    waits = [wait for wait in waits if wait.lane not in within]
    if timeline.program and not waits:
        return "The program was seen from outside only: no wait in it goes through the kit"
    if waits:
        most, all_ = peak(waits), len({span.lane for span in waits})
        if most > 1:
            return f"{most} of {words.count(all_, timeline.noun)} waited at once"
        if len(waits) == 1:
            return "There was one wait in the whole round"
        return f"One wait at a time: none of the {len(waits)} lay beside another"
    most = peak(ops)
    if most > 1:
        return f"{most} of {words.count(len(ops), 'op')} were open at once{_cores(timeline, ops)}"
    return "There was one op" if len(ops) == 1 else f"One op at a time: none of the {len(ops)} lay beside another"


def _cores(timeline: Timeline, ops: Sequence[Span]) -> str:
    """Whether ops that compute really did so at once; empty where their threads mostly did something else."""
    cores = sum(span.cpu_s for span in ops) / timeline.makespan_s
    if cores < 0.7:
        return ""
    return ", and took turns on one core" if cores < 1.3 else f", and computed on {round(cores)} cores"


def subtitle(timeline: Timeline) -> str:
    """What is seen, neutrally."""
    all_ = len(timeline.lanes)
    some = f", of which the first {MOST} are drawn" if all_ > MOST else ""
    return f"{timeline.cell}: one round of {words.count(all_, timeline.noun)}{some}"


CAPTION = (
    "Writing things down takes time, so this shows the order of events and no speed. Waits are those that go through "
    "the kit or for which a task leaves its loop to others, and they last until it goes on. What else an op waits for "
    "is not seen, only that it was not on a CPU."
)


def draw(timeline: Timeline, width: float = WIDE, *, heading: bool = False) -> Figure:
    """The lanes in the order in which they began; with `heading` the picture carries its own words."""
    lanes = list(timeline.lanes)[:MOST]
    names = name_width([lane.name for lane in lanes], width * 0.3)
    inches = width - names - 2 * MARGIN
    room = width - 2 * MARGIN
    head = wrap(words.one_line(title(timeline), 300), int(room / CHARACTER / 1.12)) if heading else []
    more = wrap(words.one_line(subtitle(timeline), 300), int(room / SMALL / 1.18)) if heading else []
    foot = wrap(CAPTION, int(room / SMALL / 1.18)) if heading else []
    top = MARGIN * bool(heading) + LINE * (len(head) + len(more) + 1) + 0.1
    fig = figure(width, top + ROW * len(lanes) + FOOT + LINE * len(foot) + MARGIN * bool(heading))
    with style.house():
        if heading:
            fig.add_artist(Rectangle((0, 0), 1, 1, facecolor=style.PAPER, edgecolor="none", zorder=-1))
        write_lines(fig, MARGIN, head, weight="bold")
        write_lines(fig, MARGIN + LINE * len(head), more, color=style.SOFT, fontsize=8)
        write_lines(fig, top + ROW * len(lanes) + FOOT, foot, color=style.SOFT, fontsize=8)
        axes = add_axes(fig, MARGIN + names, top, inches, ROW * len(lanes))
        factor, unit = _unit(timeline.makespan_s)
        end = max([timeline.makespan_s, *(span.end_s for span in timeline.spans)]) / factor
        shape_axis(axes, "linear", (0.0, end * 1.01), inches)
        axes.set_xlabel(f"time since the round began, {unit}", labelpad=4)
        axes.set_ylim(len(lanes) - 0.5, -0.5)
        axes.set_yticks([])
        kinds = {
            kind
            for number, lane in enumerate(lanes)
            for kind in _draw_lane(axes, timeline, number, lane.name, factor, inches, names, end * 1.01)
        }
        _legend(fig, timeline, kinds, MARGIN + names, top - LINE - 0.04)
    return fig


def _unit(seconds: float) -> tuple[float, str]:
    return next(((factor, unit) for factor, unit in ((1.0, "s"), (1e-3, "ms")) if seconds >= factor), (1e-6, "µs"))


def _draw_lane(
    axes: Axes, timeline: Timeline, number: int, name: str, factor: float, inches: float, names: float, end: float
) -> Iterator[str]:
    """One lane; gives the kinds of stretches that it has."""
    across, look = axes.get_yaxis_transform(), style.family(timeline.family)
    axes.axhline(number, color=style.FAINT, linewidth=0.5, linestyle=(0, (1, 2)), zorder=1)
    axes.text(-0.1 / inches, number, fit_name(name, names), transform=across, ha="right", va="center", fontsize=8)
    least = end * factor / inches / PIXELS / 2
    for kind, pieces in stretches([span for span in timeline.spans if span.lane == number]).items():
        if not pieces:
            continue
        yield kind
        bars = [(begin / factor, (until - begin) / factor) for begin, until in joined(pieces, least)]
        alpha = {"wait": LIGHT, "unknown": MIDDLE}.get(kind, 1.0)
        # An edge keeps what is narrower than a pixel visible; work between two waits often is.
        axes.broken_barh(bars, (number - 0.31, 0.62), facecolors=look.light, alpha=alpha, zorder=2 + (kind == "work"),
                         edgecolors=look.outline or look.light, linewidth=0.0 if kind == "wait" else 0.5)  # fmt: skip
        if kind == "unknown":
            # One after another they would look like one; a line says where each begins.
            begins = [begin / factor for begin, _ in joined([(begin, begin) for begin, _ in pieces], least)]
            axes.vlines(begins, number - 0.31, number + 0.31, color=look.outline or look.light, linewidth=0.8, zorder=3)
    if not timeline.program:
        _label_ops(axes, [span for span in timeline.spans if span.lane == number and span.kind == "op"], number, factor,
                   inches / end)  # fmt: skip


def _label_ops(axes: Axes, ops: Sequence[Span], number: int, factor: float, scale: float) -> None:
    """The items of ops whose bar has room for them; `scale` is inches a unit of the axis."""
    box = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.6, "alpha": 0.75}
    for op in ops:
        text = words.one_line(op.label, 24)
        if text and (op.end_s - op.start_s) / factor * scale > len(text) * SMALL + 0.12:
            axes.text((op.start_s + op.end_s) / 2 / factor, number, text, ha="center", va="center", fontsize=6.5,
                      color=style.INK, bbox=box, zorder=5)  # fmt: skip


def stretches(spans: Sequence[Span]) -> dict[str, Pieces]:
    """The time of one lane as `wait`, `work` and `unknown`.

    What is left of an op beside its waits is work if it was on a CPU for most of it. Otherwise nobody knows: it may
    have waited for something that is not seen, such as a socket in a thread, for the GIL or for a core.
    """
    waits = joined(sorted((span.start_s, span.end_s) for span in spans if span.kind == "wait"), 0.0)
    found: dict[str, Pieces] = {"wait": waits, "work": [], "unknown": []}
    for op in (span for span in spans if span.kind == "op"):
        rest = without((op.start_s, op.end_s), waits)
        length = sum(until - begin for begin, until in rest)
        busy = op.cpu_s >= BUSY * length or length < BRIEF_S
        found["work" if busy else "unknown"] += rest
    return {kind: sorted(pieces) for kind, pieces in found.items()}


def joined(pieces: Sequence[tuple[float, float]], gap: float) -> Pieces:
    """The same pieces with those made one that overlap, or lie no further apart than `gap`."""
    found: Pieces = []
    for begin, until in pieces:
        if found and begin - found[-1][1] <= gap:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        else:
            found.append((begin, until))
    return found


def without(whole: tuple[float, float], holes: Sequence[tuple[float, float]]) -> Pieces:
    """What is left of a stretch when holes, in order and apart, are taken out."""
    edges = [(whole[0], whole[0]), *((a, b) for a, b in holes if b > whole[0] and a < whole[1]), (whole[1], whole[1])]
    return [(end, begin) for (_, end), (begin, _) in pairwise(edges) if begin > end]


def meaning(kind: str, noun: str) -> str:
    """What a stretch of that kind is, where lanes are threads or tasks."""
    if kind == "unknown":
        shared = noun in ("task", "greenlet")
        return "holds its thread, but no CPU" if shared else "in an op, but not on a CPU"
    return {"wait": "waits", "work": "works"}[kind]


def _legend(fig: Figure, timeline: Timeline, kinds: Iterable[str], left: float, top: float) -> None:
    """A swatch with a word for each kind that is there, in one line above the lanes."""
    width, height = map(float, fig.get_size_inches())
    look, there = style.family(timeline.family), set(kinds)
    for kind in (each for each in ("wait", "work", "unknown") if each in there):
        said = meaning(kind, timeline.noun)
        alpha = {"wait": LIGHT, "unknown": MIDDLE}.get(kind, 1.0)
        corner = (left / width, 1 - (top + 0.15) / height)
        fig.add_artist(Rectangle(corner, 0.22 / width, 0.11 / height, facecolor=look.light, alpha=alpha,
                                 edgecolor=look.outline or "none", linewidth=0.5))  # fmt: skip
        fig.text((left + 0.28) / width, 1 - (top + 0.1) / height, said, va="center", fontsize=8, color=style.SOFT)
        left += 0.28 + len(said) * CHARACTER * 8 / 9 + 0.2


def write(timeline: Timeline, path: Path) -> None:
    """The picture with its words as a file; raises ReportError."""
    svg.save(draw(timeline, heading=True), "timeline", f"{timeline.cell}: {title(timeline)}", path)
