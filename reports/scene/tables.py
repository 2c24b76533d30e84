"""Tables as plain values: what stands in each cell, ready for HTML and Markdown alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from when_async.bench.model import Estimate
from when_async.results.cells.summary import Row

from .. import words
from ..words import Scale, scale_for
from .bars import Axis, Bar, axis_of
from .findings import lead
from .rows import (
    BOUND,
    BOUND_MEANS,
    CPU,
    LEFT,
    OVERHEAD,
    THROUGHPUT,
    Metric,
    Scene,
    comparisons,
    facet_names,
    facets,
    headline,
    left,
    ordered,
    value,
)


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
    bar: Bar | None = None


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
    axis: Axis | None = None
    """What the bars of its lines are measured on, where they have some."""


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


def workload_table(scene: Scene, *, raw: bool = True) -> Table:
    """Every cell of one workload that can be there, grouped by comparison and interpreter, best first, with a bar.

    With `raw` a bar has a mark for each process.
    """
    rows = [row for row in scene.rows if row.status != "UNSUPPORTED"]
    judged = headline(scene.rows)
    measured = [row for row in rows if row.status == "OK"]
    columns = OVERHEAD_COLUMNS if judged is OVERHEAD else CPU_COLUMNS if judged is CPU else THROUGHPUT_COLUMNS
    columns = tuple(column for column in columns if any(column[2](row) is not None for row in measured)) or columns[:1]
    scales = scales_of(measured, columns)
    known = [found for row in measured if (found := value(row, judged)) is not None]
    axis = axis_of(known, judged.kind, columns[0][0], _guides(measured, known, judged)) if known else None
    caption = "Best first; 95 % intervals over processes in brackets."
    if any(row.server_bound for row in measured):
        caption += f" {BOUND} {BOUND_MEANS}"
    titles = headed(columns, scales) + (["speed-up, arithmetic"] if judged is OVERHEAD else [])

    def line(row: Row, best: bool) -> Line:
        found = value(row, judged)
        bar = axis.bar(found, row.family, scene.raw(row, judged) if raw else ()) if axis and found else None
        return replace(_workload_line(row, columns, scales, best), bar=bar)

    return Table(caption, ["contestant", "cores allowed"], titles, grouped(scene.only(rows), line), axis=axis)


def _guides(rows: Sequence[Row], known: Sequence[Estimate], judged: Metric) -> list[tuple[float, str]]:
    """What arithmetic gives for a single comparison, unless it lies far beyond all that was measured."""
    if len(comparisons(rows)) > 1 or judged is not THROUGHPUT:
        return []
    top = 4 * max(one.high for one in known)
    found: dict[str, float] = {}
    for row in (one for one in rows if one.ops):
        least = row.bounds or ({"ideal": row.ideal_s} if row.ideal_s else {})
        found |= {name: float(row.ops or 0) / time_s for name, time_s in least.items() if time_s > 0}
    return [(rate, name) for name, rate in found.items() if rate <= top]


def _workload_line(row: Row, columns: Sequence[Column], scales: Sequence[Scale], best: bool) -> Line:
    if row.status != "OK":
        said = LEFT if left(row) else f"{row.status}: {words.one_line(row.reason, 240)}"
        told = [[Item(said, hole=True)]]
        return Line(row.contestant, [cores(row)], told, quiet=True, runner=words.one_line(row.runner))
    entries = []
    for index, ((title, _, get), scale) in enumerate(zip(columns, scales, strict=True)):
        found = get(row)
        blank = Item("reference") if row.reference and title == "ratio" else Item(words.DASH)
        entries.append([number(found, scale, best=best and index == 0) if found is not None else blank])
    if row.headline == "overhead":
        # Not measured but computed from the parameters, hence without an interval.
        entries.append([Item(f"{words.digits(row.arithmetic_speedup)}×" if row.arithmetic_speedup else words.DASH)])
    return Line(row.contestant, [cores(row)], entries, tag=tag(row), runner=words.one_line(row.runner))


def absent(rows: Iterable[Row]) -> str:
    """Who has no row and why, in one line; empty where nobody is missing."""
    who: dict[str, dict[str, None]] = {}
    for row in rows:
        if row.status == "UNSUPPORTED":
            who.setdefault(words.one_line(row.reason, 200).rstrip("."), {})[row.contestant] = None
    said = [f"{words.several(list(names))} ({reason})" for reason, names in who.items()]
    return f"Not here: {'; '.join(said)}." if said else ""


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
