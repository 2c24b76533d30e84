"""Tables as plain values: what stands in each cell, ready for HTML and Markdown alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from when_async.bench.model import Estimate
from when_async.results.cells.summary import Row

from .. import words
from ..words import Scale, scale_for
from .findings import lead
from .rows import (
    BOUND,
    BOUND_MEANS,
    CPU,
    OVERHEAD,
    THROUGHPUT,
    Scene,
    busiest,
    comparisons,
    facet_names,
    facets,
    headline,
    ordered,
    uncrowded,
    value,
)

LONG = 40
"""More rows than this are no summary."""


@dataclass(frozen=True)
class Item:
    """One entry of a table cell: a point with its interval, or words; `label` names a client library."""

    text: str
    bounds: str = ""
    best: bool = False
    label: str = ""
    hole: bool = False
    title: str = ""
    mark: str = ""


Entry = Sequence[Item]


@dataclass(frozen=True)
class Line:
    """A row of a table: its head, further heads in plain words, and the entries under each column."""

    head: str
    notes: Sequence[str]
    entries: Sequence[Entry]
    quiet: bool = False
    tag: str = ""
    runner: str = ""
    """Whose row it is, for a reader who wants to see only some."""


@dataclass(frozen=True)
class Group:
    """Lines under one heading."""

    heading: str
    detail: str = ""
    lines: list[Line] = field(default_factory=list)
    python: str = ""
    """On which interpreter all of its rows are, where they are on one."""


@dataclass(frozen=True)
class Table:
    """A table with its caption, the names of its head columns and of its entry columns."""

    caption: str
    heads: Sequence[str]
    columns: Sequence[str]
    groups: Sequence[Group]
    worded: bool = False
    """Whether the entries are words and so stand at the left."""

    @property
    def size(self) -> int:
        """How many rows it has."""
        return sum(len(group.lines) for group in self.groups)

    @property
    def long(self) -> bool:
        """Whether it is one to open at will."""
        return self.size > LONG


def number(value: Estimate | None, scale: Scale | None = None, *, best: bool = False, label: str = "") -> Item:
    """An Item for an Estimate, or a dash where there is none."""
    if value is None:
        return Item(words.DASH, label=label)
    return Item(words.point(value, scale), words.bounds(value, scale), best, label)


def hole(row: Row, label: str = "") -> Item:
    """An Item for a cell without a figure: its status, with the reason behind it."""
    if row.status == "OK":
        return Item("no figure", label=label, hole=True, title="too few processes for an interval")
    return Item(str(row.status), label=label, hole=True, title=words.one_line(row.reason, 300))


def runners(rows: Iterable[Row]) -> list[str]:
    """Models in one stable order: as they first appear, references first."""
    return list(dict.fromkeys(row.runner for row in sorted(rows, key=lambda row: not row.reference)))


def summary_table(scene: Scene) -> Table:
    """Workloads x models: the ratio to the reference, or the overhead per op where a workload waits.

    Where that would be long, of each series of points only the one with most in flight.
    """
    names = facet_names(scene.rows)
    crowded = len(comparisons(scene.rows)) * len(names) > LONG
    columns = runners(uncrowded(scene.rows))
    groups = []
    for workload in dict.fromkeys(row.workload for row in scene.rows):
        here = scene.of(workload=workload)
        judged = headline(here.rows)
        scale = None if judged is THROUGHPUT else scale_for([value(row, judged) for row in here.rows], "s")
        common, rests = _common(busiest(here.rows) if crowded else comparisons(here.rows), workload)
        what = "overhead" if judged is OVERHEAD else "CPU"
        shows = f"{what} per op, {scale.label}" if scale else f"ratio of throughput to {_reference(here)}"
        group = Group(workload, f"{', '.join(common)}{' · ' if common else ''}{shows}")
        for comparison, rest in rests.items():
            for one in facets(here.of(comparison=comparison).rows):
                own = here.of(comparison=comparison).of_facet(one)
                notes = [names[one].removeprefix("Python ")] if len(names) > 1 else []
                group.lines.append(Line(rest, notes, _summary_entries(own, columns, scale)))
        groups.append(group)
    heads = ["comparison", "Python"] if len(names) > 1 else ["comparison"]
    caption = (
        "c is the number of ops in flight. A ratio above 1 is faster than the reference; where a workload waits, the "
        "time beyond the ideal stands instead, and where a schedule sets the pace the CPU time; less is better then. "
        "95 % intervals in brackets; bold only where the best is beyond doubt."
    )
    if crowded:
        caption += " Points with fewer in flight stand in the tables of the workloads."
    left_out = len(runners(scene.rows)) - len(columns)
    if left_out:
        caption += f" {words.count(left_out, 'variant')} of these models stand in the tables of the workloads."
    if any(row.server_bound and row.status == "OK" for row in scene.rows):
        caption += f" {BOUND} {BOUND_MEANS}"
    return Table(caption, heads, columns, groups)


def _summary_entries(own: Scene, columns: Sequence[str], scale: Scale | None) -> list[Entry]:
    """The entries of one comparison and facet, one per model; its libraries stand below each other."""
    best = leader(own)
    absent = [Item(words.DASH, title="not asked for in this run")]
    return [[_summary_item(row, scale, row is best) for row in own.of(runner=name).rows] or absent for name in columns]


def _common(ids: Sequence[str], workload: str) -> tuple[list[str], dict[str, str]]:
    """Parameters that all comparisons of a workload share, and for each comparison those that it has for itself."""
    inside = {one: re.fullmatch(r"\[(.*)\]", one.removeprefix(workload)) for one in ids}
    parts = {one: found[1].split(",") if found else [one] for one, found in inside.items()}
    shared = [part for part in next(iter(parts.values()), []) if all(part in own for own in parts.values())]
    shared = [part for part in shared if not part.startswith("c=")] if len(next(iter(parts.values()), [])) > 1 else []
    return shared, {one: ", ".join(part for part in own if part not in shared) for one, own in parts.items()}


def _reference(scene: Scene) -> str:
    names = {row.contestant for row in scene.rows if row.reference}
    return names.pop() if len(names) == 1 else "the reference"


def _summary_item(row: Row, scale: Scale | None, best: bool) -> Item:
    """One contestant in the summary; `scale` is given where no ratio is shown, but overhead or CPU time."""
    shown = value(row, headline([row])) if scale else row.speedup
    if row.status == "OK" and scale is None and row.reference and row.throughput is not None:
        return Item("reference", label=row.library)
    if shown is None:
        return hole(row, row.library)
    return replace(number(shown, scale, best=best, label=row.library), mark=BOUND if row.server_bound else "")


Getter = Callable[[Row], Estimate | None]
Column = tuple[str, str, Getter]
"""Words of the header, kind of unit, and how the figure of a row is found."""


def grouped(scene: Scene, line: Callable[[Row, bool], Line], among: Iterable[Row] = ()) -> list[Group]:
    """A group for each comparison and interpreter, best first.

    `line` is told of a row whether it leads beyond doubt; interpreters are named as they are `among` more rows.
    """
    names, groups = facet_names([*scene.rows, *among]), []
    for comparison in comparisons(scene.rows):
        here = scene.of(comparison=comparison)
        for one in facets(here.rows):
            own = here.of_facet(one)
            best = leader(own)
            lines = [line(row, row is best) for row in ordered(own.rows, headline(own.rows))]
            detail = names[one] if len(names) > 1 else ""
            groups.append(Group(comparison, detail, lines, words.one_line(one[1])))
    return groups


def leader(own: Scene) -> Row | None:
    """Who of one comparison and facet is best beyond doubt."""
    found = lead(own, headline(own.rows))
    return found.top[0] if found and len(found.top) == 1 else None


RATE: Column = ("throughput", "/s", lambda row: row.throughput)
COMMON: tuple[Column, ...] = (
    ("CPU per op", "s", lambda row: row.cpu_per_op),
    ("cores in use", "", lambda row: row.parallelism),
    ("longest stall", "s", lambda row: row.stall),
)
THROUGHPUT_COLUMNS: tuple[Column, ...] = (RATE, ("ratio", "", lambda row: row.speedup), *COMMON)
CPU_COLUMNS: tuple[Column, ...] = (COMMON[0], RATE, *COMMON[1:])
OVERHEAD_COLUMNS: tuple[Column, ...] = (
    ("overhead per op", "s", lambda row: row.overhead_per_op),
    ("overhead, %", "%", lambda row: row.overhead),
    *COMMON,
)
PERCENT = Scale(0.01, "%")


def scales_of(rows: Sequence[Row], columns: Sequence[Column]) -> list[Scale]:
    return [PERCENT if kind == "%" else scale_for([get(row) for row in rows], kind) for _, kind, get in columns]


def headed(columns: Sequence[Column], scales: Sequence[Scale]) -> list[str]:
    titles = []
    for (title, kind, _), scale in zip(columns, scales, strict=True):
        unit = words.unit(scale)
        titles.append(title if kind in ("", "%") or not unit else f"{title}, {unit}")
    return titles


def tag(row: Row) -> str:
    """What must be known about a row before its numbers are read."""
    known = (("reference", row.reference), (BOUND, row.server_bound))
    return ", ".join(text for text, applies in known if applies)


def cores(row: Row) -> str:
    """How many cores the worker was allowed to use; which affinity a row had is part of the row (method.md, R6a)."""
    counts = sorted({len(one.split(",")) for one in str(row.affinity or "").split(" or ") if one})
    return " or ".join("one" if number == 1 else str(number) for number in counts) or words.DASH


def workload_table(scene: Scene) -> Table:
    """Every cell of one workload, grouped by comparison and interpreter, best first."""
    rows = scene.rows
    judged = headline(rows)
    measured = [row for row in rows if row.status == "OK"]
    columns = OVERHEAD_COLUMNS if judged is OVERHEAD else CPU_COLUMNS if judged is CPU else THROUGHPUT_COLUMNS
    columns = tuple(column for column in columns if any(column[2](row) is not None for row in measured)) or columns[:1]
    scales = scales_of(measured, columns)
    caption = "Every contestant, best first; 95 % intervals over processes in brackets."
    if any(row.server_bound for row in measured):
        caption += f" {BOUND} {BOUND_MEANS}"
    titles = headed(columns, scales) + (["speed-up, arithmetic"] if judged is OVERHEAD else [])
    groups = grouped(scene, lambda row, best: _workload_line(row, columns, scales, best))
    return Table(caption, ["contestant", "cores allowed"], titles, groups)


def _workload_line(row: Row, columns: Sequence[Column], scales: Sequence[Scale], best: bool) -> Line:
    if row.status != "OK":
        said = [[Item(f"{row.status}: {words.one_line(row.reason, 240)}", hole=True)]]
        return Line(row.contestant, [cores(row)], said, quiet=True, runner=words.one_line(row.runner))
    entries = []
    for index, ((title, _, get), scale) in enumerate(zip(columns, scales, strict=True)):
        found = get(row)
        blank = Item("reference") if row.reference and title == "ratio" else Item(words.DASH)
        entries.append([number(found, scale, best=best and index == 0) if found is not None else blank])
    if row.headline == "overhead":
        # Not measured but computed from the parameters, hence without an interval.
        entries.append([Item(f"{words.digits(row.arithmetic_speedup)}×" if row.arithmetic_speedup else words.DASH)])
    return Line(row.contestant, [cores(row)], entries, tag=tag(row), runner=words.one_line(row.runner))


def statuses(scene: Scene) -> Table:
    """What became of every cell, in words and without a figure: all that a smoke run can say."""
    names = facet_names(scene.rows)
    groups: dict[str, Group] = {}
    for row in scene.rows:
        group = groups.setdefault(row.workload, Group(row.workload))
        notes = [row.comparison, names[(row.run, row.python)]]
        ran = row.status == "OK"
        said = "ran, answer checked" if ran else f"{row.status}: {words.one_line(row.reason, 200)}"
        group.lines.append(Line(row.contestant, notes, [[Item(said, hole=not ran)]], quiet=not ran))
    heads = ["contestant", "comparison", "interpreter"]
    return Table("Every cell and what became of it.", heads, ["status"], list(groups.values()), worded=True)
