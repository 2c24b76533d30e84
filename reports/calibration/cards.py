"""Shows what `when-async calibrate` found: in the terminal, as flat objects, and as a part of every report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from when_async.results.calibration import ESTIMATORS, FREE, MODELS, PAIRS, PINNED, Calibration, Figure

from .. import words
from ..lines import line, paragraph, width_of
from ..scene import conditions
from ..scene.tables import Group, Item, Line, Table
from .findings import Finding, findings

LATE, STEP = "1 ms", "smallest step"
GATE = next(iter(ESTIMATORS))

HEADLINES: tuple[tuple[str, str, str, str], ...] = (
    ("clocks", "time.perf_counter_ns", STEP, "smallest step of the clock that times rounds"),
    ("clocks", "resource.getrusage", STEP, "smallest step of the CPU time of a process"),
    ("waits", "time.sleep", LATE, "time.sleep(1 ms) ends late by"),
    ("waits", "asyncio.sleep", LATE, "asyncio.sleep(1 ms) ends late by"),
    (PAIRS, GATE, PINNED, "noise floor: spread of the ratio of two equal processes on one core"),
    (PAIRS, GATE, FREE, "the same, free to move between cores"),
)
"""(group, row, column, words) of the figures that a report shows without being asked."""

TITLES = {
    "clocks": "Clocks",
    "waits": "Waits: how much later than asked they end",
    "cores": "Speed of the cores",
    PAIRS: "Noise floor: spread of a pair's ratio by estimator (two equal processes)",
    MODELS: "What the models cost: when-async advise predicts with these",
}
"""Groups in the order in which they are shown."""
NOTES = {
    "clocks": "A step that is no smaller than a call costs is the call and not the clock.",
    PAIRS: "Robust standard deviation of one pair's log-ratio, whose true value is 0. So few pairs do not rank "
    "estimators whose intervals overlap.",
    MODELS: "CPU an op or a chunk, delay for a hand-over or a wait. One that is 0 or below is lost in the noise.",
}
COSTS = {
    "late": "a wait ends late by", "computing": "a nominal millisecond of computing", "op": "an op with a wait",
    "turn": "a turn of the loop", "wave": "eight ops and the turns of their loop",
    "handover": "the GIL, from one thread to the next", "scale": "computing of two threads at once, against one",
    "chunk": "a chunk, there and back", "cold": "a process, once a round",
    "spin": "the pool's own threads, once a round",
    "start": "to open and close a pool", "start of a place": "the same, for each process",
}  # fmt: skip
"""Figures of a model in words."""
ROUNDS_UP = (
    "epoll, which asyncio waits with, counts whole milliseconds and rounds up, so a wait of 50 µs takes a whole one."
)


@dataclass(frozen=True)
class Card:
    """One machine as a report shows it: its figures, what to do about it, and all the rest for who asks."""

    heading: str
    intro: str
    table: Table
    warnings: Sequence[Finding]
    more: Sequence[Table]
    facts: Sequence[Finding]


def cards(
    headers: Iterable[Mapping[str, Any]], calibrations: Mapping[str, Calibration]
) -> tuple[list[Card], list[str]]:
    """A card for each machine of these runs that was calibrated, and a sentence on each that was not."""
    boxes: dict[str, Mapping[str, Any]] = {}
    for header in headers:
        box = header.get("machine") or {}
        boxes.setdefault(str(box.get("node_id", "")), header)
    known = {node: header for node, header in boxes.items() if node in calibrations}
    found = [card(calibrations[node], header, several=len(boxes) > 1) for node, header in known.items()]
    missing = [conditions.machine(header) for node, header in boxes.items() if node not in known]
    several = len(boxes) > 1
    return found, [f"{name} was not calibrated." if several else "This machine was not calibrated." for name in missing]


def card(calibration: Calibration, header: Mapping[str, Any], *, several: bool = False) -> Card:
    """The card of one machine; `header` is of a run on it, which tells whether the machine has changed since."""
    said = findings(calibration)
    return Card(
        heading=f"This machine: {conditions.machine(header)}" if several else "This machine",
        intro=" ".join([intro(calibration), *changes(calibration, header)]),
        table=headline_table(calibration),
        warnings=[one for one in said if one.todo],
        more=[table(calibration, group) for group in (MODELS, PAIRS, "waits", "clocks") if calibration.of(group)],
        facts=[one for one in said if not one.todo],
    )


def intro(calibration: Calibration) -> str:
    """When, with what and from how much the figures came."""
    day = conditions.date({"started": calibration.date.isoformat()})
    return words.one_line(
        f"Calibrated on {day} with {calibration.interpreter}: {calibration.processes} fresh processes a figure, "
        f"each reduced to a median, in {words.digits(calibration.seconds)} s; 95 % intervals in brackets.", 400
    )  # fmt: skip


def changes(calibration: Calibration, header: Mapping[str, Any]) -> list[str]:
    """A sentence on each thing by which the machine of the run differs from what was calibrated."""
    box = header.get("machine") or {}
    return [
        words.one_line(f"It had another {what} then ({calibration.machine.get(name)}); calibrate again.", 200)
        for name, what in (("cpu", "processor"), ("cores", "number of usable cores"), ("system", "kernel"))
        if box.get(name) is not None and calibration.machine.get(name) != box.get(name)
    ]


def headline_table(calibration: Calibration) -> Table:
    """The figures that matter most, one a line, each with a unit of its own."""
    group = Group("")
    for place in HEADLINES:
        figure = calibration.figure(*place[:3])
        if figure is not None:
            group.lines.append(Line(place[3], [], _entries(figure), quiet=figure.estimate is None))
    for one in calibration.of("cores"):
        group.lines.append(Line(words.one_line(one.row), [], _entries(one), quiet=one.estimate is None))
    return Table(
        "A spread is the robust standard deviation of one pair's ratio. Nothing else runs beside a wait.",
        ["what"], ["figure", "from"], [group],
    )  # fmt: skip


def _entries(figure: Figure) -> list[list[Item]]:
    if figure.estimate is None:
        return [[Item(words.one_line(figure.reason, 200), hole=True)]]
    noun = "pair" if figure.group == PAIRS else "process"
    return [[item(figure)], [Item(words.count(figure.estimate.n, noun))]]


def table(calibration: Calibration, group: str) -> Table:
    """All figures of one group."""
    return listed(calibration) if group == MODELS else matrix(calibration, group)


def listed(calibration: Calibration) -> Table:
    """What each model costs, a figure a line: no two of them are asked for the same."""
    lines = [
        Line(words.one_line(f"{one.row}: {COSTS.get(one.column, one.column)}"), [], [[item(one)]])
        for one in calibration.of(MODELS)
    ]
    return Table(NOTES[MODELS], [TITLES[MODELS]], ["figure"], [Group("", lines=lines)])


def matrix(calibration: Calibration, group: str) -> Table:
    """All figures of one group: a line for each row, a column for each column."""
    figures = calibration.of(group)
    columns = list(dict.fromkeys(words.one_line(one.column) for one in figures))
    lines = []
    for row in dict.fromkeys(one.row for one in figures):
        here = {words.one_line(one.column): one for one in figures if one.row == row}
        lines.append(Line(words.one_line(row), [], [[item(here.get(column))] for column in columns]))
    short = calibration.figure("waits", "select.epoll", "50 µs") if group == "waits" else None
    whole_ms = short is not None and short.estimate is not None and short.estimate.low > 0.5e-3
    note = ROUNDS_UP if whole_ms else NOTES.get(group, "")
    return Table(note, [words.one_line(TITLES.get(group, group))], columns, [Group("", lines=lines)])


def item(figure: Figure | None) -> Item:
    """A figure with its own unit and interval, or a dash with the reason behind it."""
    if figure is None or figure.estimate is None:
        return Item(words.DASH, hole=True, title=words.one_line(figure.reason, 200) if figure else "")
    return Item(*words.figure(figure.estimate, {"fraction": "%"}.get(figure.estimate.unit, figure.estimate.unit)))


def flat(calibration: Calibration) -> list[dict[str, Any]]:
    """Flat objects for machines to read: figures, then findings."""
    rows: list[dict[str, Any]] = []
    for one in calibration.figures:
        found = one.estimate
        numbers = {name: getattr(found, name, None) for name in ("point", "low", "high", "unit", "n", "confidence")}
        place = {"kind": "figure", "group": one.group, "what": one.row, "column": one.column}
        rows.append({**place, **numbers, "reason": one.reason})
    rows += [
        {"kind": "finding", "subject": one.subject, "ok": not one.todo, "said": one.said, "todo": one.todo}
        for one in findings(calibration)
    ]
    return rows


def show(calibration: Calibration, console: Console) -> None:
    """Print everything, at most 100 columns wide; names from the file are never read as markup."""
    line(console, conditions.machine({"machine": calibration.machine}), "bold")
    paragraph(console, intro(calibration))
    for group in dict.fromkeys((*TITLES, *(one.group for one in calibration.figures))):
        if calibration.of(group):
            _show_group(table(calibration, group), console)
    console.print()
    line(console, "What the machine says of itself", "bold")
    for one in findings(calibration):
        paragraph(console, f"{one.sign} {one.text}", hanging="    ", look="yellow" if one.todo else "")


def _show_group(table: Table, console: Console) -> None:
    room = max(len(row.head) for row in table.groups[0].lines) + 2
    each = max(12, min(30, (width_of(console) - room) // max(1, len(table.columns))))
    console.print()
    line(console, table.heads[0], "bold")
    if len(table.columns) > 1:
        line(console, " " * room + "".join(f"{name:>{each}}" for name in table.columns), "dim")
    for row in table.groups[0].lines:
        items = [one for (one,) in row.entries]
        said = [one.title or one.text if one.text == words.DASH else f"{one.text} {one.bounds}" for one in items]
        line(console, f"  {row.head:<{room - 2}}" + "".join(one.rjust(each) for one in said))
    if table.caption:
        paragraph(console, table.caption, "  ", look="dim")
