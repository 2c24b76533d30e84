"""The history of cells in a terminal: an overview that is sorted by what moved, and one cell with all its runs.

No line is longer than 100 columns. What is said of a history, here and over its picture, is worded here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rich.console import Console

from when_async.bench.model import Estimate
from when_async.results.history.cells import History, Point, moment
from when_async.results.history.trend import breaks, change, steps
from when_async.results.stats.changepoints import ENOUGH, LEAST, ChangePoint

from .. import words
from ..lines import WIDTH, Parts, line, paragraph, width_of
from ..scene.conditions import date

CAUTION = (
    "A stored history is a trend and not a verdict: absolute numbers of other hours and machines never fail a build; "
    "to judge a change, use: when-async gate"
)
SPARK = 16
BLOCKS = "▁▂▃▄▅▆▇█"
LEAST_SPAN = 1.1
"""A picture spans a factor of at least 1.1, so that what hardly moved looks so."""
Steps = Mapping[int, ChangePoint]


def percent(ratio: Estimate) -> str:
    """A ratio as a change with its interval: `+4.1 % [1.2, 7.1]`; from double or half on as a factor."""
    if not 0.5 < ratio.point < 2:
        return words.times(ratio)
    point, low, high = (words.tenths(one - 1) for one in (ratio.point, ratio.low, ratio.high))
    sign = "+" if ratio.point >= 1 and point != "0.0" else ""
    return f"{sign}{point} % [{low}, {high}]"


def finding(history: History, found: Steps) -> str:
    """What the runs that may be compared with the latest one show, in one sentence without its full stop."""
    places = history.comparable
    if len(places) < 2:
        alone = "The latest run can be compared with no other" if places else "No run has a number"
        return f"{alone}, and a trend needs 2 comparable runs"
    subject = history.quantity.words
    inside = [index for index in places if index in found]
    outside = len(found) - len(inside)
    earlier = f"; {words.count(outside, 'step')} before, in other environments" if outside else ""
    if inside:
        last = inside[-1]
        step, point = found[last], history.points[last]
        at = f"the run of {date({'started': point.started})}{f' ({short(point)})' if point.commit else ''}"
        more = f", the last of {len(inside)} steps" if len(inside) > 1 else ""
        return f"The {subject} stepped by {percent(step.ratio)} with {at}, p = {step.p:.3f}{more}{earlier}"
    ratio = change(history)
    tail = f"; the latest stands at {percent(ratio)} against the median before it" if ratio else ""
    if len(places) < 2 * LEAST:
        return f"{len(places)} comparable runs are too few to look for a step of the {subject}{tail}{earlier}"
    few = f", and fewer than {ENOUGH} can hardly show one" if len(places) < ENOUGH else ""
    return f"No step of the {subject} was found in {len(places)} comparable runs{few}{tail}{earlier}"


def short(point: Point) -> str:
    """The commit of a run in 8 characters, a dash where it is not on record."""
    return words.one_line(point.commit, 8) if point.commit else words.DASH


def stamp(started: str) -> str:
    """`2026-11-22 15:01`, or the raw text where it is no date."""
    when = moment(started)
    return f"{when:%Y-%m-%d %H:%M}" if when else words.one_line(started or "no date", 16)


def span(values: Sequence[Estimate], *, whole: bool = True) -> tuple[float, float]:
    """Lowest and highest value, with their intervals if `whole`, widened around their middle to LEAST_SPAN at least."""
    low = min(value.low if whole else value.point for value in values)
    high = max(value.high if whole else value.point for value in values)
    if high / low >= LEAST_SPAN:
        return low, high
    middle = math.sqrt(low * high)
    return middle / math.sqrt(LEAST_SPAN), middle * math.sqrt(LEAST_SPAN)


def sparkline(history: History, width: int = SPARK) -> str:
    """The latest runs as blocks: `|` where what follows may not be compared, `·` for a run without a value.

    Each environment has its own height, because heights across a break would compare what may not be compared.
    """
    limits = {
        group: span(history.values(history.of_group(group)), whole=False)
        for group in set(history.groups)
        if group is not None
    }
    torn = {one.index for one in breaks(history)}
    marks: list[str] = []
    for index, (point, group) in enumerate(zip(history.points, history.groups, strict=True)):
        if index in torn:
            marks.append("|")
        if point.value is None or group is None:
            marks.append("·")
            continue
        low, high = limits[group]
        share = math.log(point.value.point / low) / math.log(high / low)
        marks.append(BLOCKS[min(int(share * len(BLOCKS)), len(BLOCKS) - 1)])
    return "".join(marks[-width:])


def overview(histories: Sequence[History], console: Console) -> None:
    """Two lines for each cell: its id, then runs, latest value, change and sparkline; in the order given."""
    quantity = histories[0].quantity
    line(console, f"Latest {quantity.words} against the median of the comparable runs before it", "bold")
    line(console, f"A change above 0 % is {quantity.up}; the cells that moved most stand first.", "dim")
    line(console, f"\n  {'comparable':>12}  {'latest':<28}  {'change':<24}  trend", "dim")
    for history in histories:
        line(console, words.one_line(history.cell, WIDTH))
        latest = history.values(history.comparable[-1:])
        ratio = change(history)
        runs = f"{len(history.comparable)} of {len(history.points)}"
        value = words.with_unit(latest[0], quantity.kind) if latest else "no number"
        moved = percent(ratio) if ratio else words.DASH
        sure = "bold" if ratio and words.differs(ratio) else ""
        first, last = f"  {runs:>12}  {value:<28}  ", f"  {sparkline(history)}"
        line(console, [(first, ""), (f"{moved:<24}", sure), (last, "cyan")])
    if all(len(history.comparable) < 2 for history in histories):
        _paragraphs(console, "No cell has 2 comparable runs yet, so there is no trend; measure again: when-async run")
    _paragraphs(console, f"{CAUTION}.")


def detail(history: History, console: Console) -> None:
    """One cell: what was found, every run with its value, breaks and steps between them, its trend in a terminal."""
    found, torn = steps(history), {one.index: one.label for one in breaks(history)}
    scale = words.scale_for([point.value for point in history.points], history.quantity.kind)
    line(console, words.one_line(history.cell, WIDTH), "bold")
    _paragraphs(console, f"{finding(history, found)}.")
    if len(history.comparable) < 2:
        line(console, f"Measure again: {words.one_line(history.again, WIDTH - 15)}")
    label = f"{history.quantity.words}, {words.unit(scale)}"
    console.print()
    line(console, f"  {'started':<16}  {'commit':<8}  {label:<26}  {'interpreter':<14}  noise", "dim")
    for index, point in enumerate(history.points):
        if index in torn:
            line(console, f"  -- {words.one_line(torn[index], 58)}: not comparable with the value above", "yellow")
        if index in found:
            step = found[index]
            line(console, f"  -- step of {percent(step.ratio)}, p = {step.p:.3f}", "cyan")
        line(console, _run(point, scale))
    if any(point.server_bound for point in history.points):
        line(console, "  † the server may have been the limit", "dim")
    if console.is_terminal and history.comparable:
        line(console, f"\n  {sparkline(history, width_of(console) - 2)}", "cyan")
    _paragraphs(console, f"{CAUTION}.")


def _run(point: Point, scale: words.Scale) -> Parts:
    """One line of the list."""
    first = f"  {stamp(point.started):<16}  {short(point):<8}  "
    if point.value is None:
        return [(first, ""), (words.one_line(point.reason, WIDTH - 30), "dim italic")]
    value = words.interval(point.value, scale) + (" †" if point.server_bound else "")
    interpreter = words.one_line(point.python.removeprefix("CPython ").replace("without", "no"), 14)
    return [(f"{first}{value:<26}  {interpreter:<14}  {words.one_line(point.noise, 26)}", "")]


def _paragraphs(console: Console, sentence: str) -> None:
    """A sentence on lines of its own, with an empty line before it."""
    console.print()
    paragraph(console, sentence)
