"""Tables as plain values: what stands in each cell, ready for HTML and Markdown alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from bench.model import Estimate
from reports import words
from reports.findings import lead
from reports.scene import (
    OVERHEAD,
    Row,
    Scene,
    comparisons,
    facet_names,
    facets,
    headline,
    ordered,
)
from reports.words import Scale, scale_for


@dataclass(frozen=True)
class Item:
    """One entry of a table cell: a point with its interval, or words; `label` names a client library."""

    text: str
    bounds: str = ""
    best: bool = False
    label: str = ""
    hole: bool = False
    title: str = ""


Entry = Sequence[Item]


@dataclass(frozen=True)
class Line:
    """A row of a table: its head, further heads in plain words, and the entries under each column."""

    head: str
    notes: Sequence[str]
    entries: Sequence[Entry]
    quiet: bool = False


@dataclass(frozen=True)
class Group:
    """Lines under one heading."""

    heading: str
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True)
class Table:
    """A table with its caption, the names of its head columns and of its entry columns."""

    caption: str
    heads: Sequence[str]
    columns: Sequence[str]
    groups: Sequence[Group]


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
    """Workloads x models: the ratio to the reference, or the overhead per op where a workload waits."""
    names = facet_names(scene.rows)
    columns = runners(scene.rows)
    groups: dict[str, Group] = {}
    for comparison in comparisons(scene.rows):
        here = scene.of(comparison=comparison)
        group = groups.setdefault(here.rows[0].workload, Group(here.rows[0].workload))
        for one in facets(here.rows):
            own = here.of_facet(one)
            metric = headline(own.rows)
            scale = scale_for([row.overhead_per_op for row in own.rows], "s") if metric is OVERHEAD else None
            found = lead(own, metric)
            best = found.top[0] if found and len(found.top) == 1 else None
            entries = [[_summary_item(row, metric is OVERHEAD, scale, row is best) for row in own.of(runner=name).rows]
                       for name in columns]  # fmt: skip
            what = f"overhead per op, {scale.label}" if scale else f"× {_reference(own)}"
            notes = [names[one].removeprefix("Python "), what] if len(names) > 1 else [what]
            group.lines.append(Line(_short(comparison, group.heading), notes, entries))
    heads = ["comparison", "Python", "shows"] if len(names) > 1 else ["comparison", "shows"]
    caption = (
        "Ratio of throughput to the reference of the same comparison (above 1 is faster); where a workload waits, the "
        "time beyond the ideal instead (less is better). 95 % intervals in grey; bold only where the best is beyond "
        "doubt."
    )
    return Table(caption, heads, columns, list(groups.values()))


def _short(comparison: str, workload: str) -> str:
    """The parameters of a comparison, where the workload's name already stands above."""
    inside = comparison.removeprefix(workload)
    return inside[1:-1].replace(",", ", ") if inside.startswith("[") and inside.endswith("]") else comparison


def _reference(scene: Scene) -> str:
    return next((row.contestant for row in scene.rows if row.reference), "reference")


def _summary_item(row: Row, waits: bool, scale: Scale | None, best: bool) -> Item:
    if row.status != "OK":
        return hole(row, row.library)
    if waits:
        return number(row.overhead_per_op, scale, best=best, label=row.library) if row.overhead_per_op else hole(row)
    if row.reference and row.throughput is not None:
        return Item("reference", label=row.library)
    if row.speedup is None:
        return hole(row, row.library)
    return number(row.speedup, best=best, label=row.library)


Getter = Callable[[Row], Estimate | None]

COMMON: tuple[tuple[str, str, Getter], ...] = (
    ("CPU per op", "s", lambda row: row.cpu_per_op),
    ("cores in use", "", lambda row: row.parallelism),
    ("longest stall", "s", lambda row: row.stall),
)
THROUGHPUT_COLUMNS: tuple[tuple[str, str, Getter], ...] = (
    ("throughput", "/s", lambda row: row.throughput),
    ("ratio", "", lambda row: row.speedup),
    *COMMON,
)
OVERHEAD_COLUMNS: tuple[tuple[str, str, Getter], ...] = (
    ("overhead per op", "s", lambda row: row.overhead_per_op),
    ("overhead, %", "%", lambda row: row.overhead),
    *COMMON,
)
PERCENT = Scale(0.01, "%")


def scales_of(rows: Sequence[Row], columns: Sequence[tuple[str, str, Getter]]) -> list[Scale]:
    return [PERCENT if kind == "%" else scale_for([get(row) for row in rows], kind) for _, kind, get in columns]


def headed(columns: Sequence[tuple[str, str, Getter]], scales: Sequence[Scale]) -> list[str]:
    titles = []
    for (title, kind, _), scale in zip(columns, scales, strict=True):
        unit = words.unit(scale)
        titles.append(title if kind in ("", "%") or not unit else f"{title}, {unit}")
    return titles


def marks(row: Row) -> str:
    """What must be known about a row: pinned core, reference, a server at its limit."""
    said = []
    if row.reference:
        said.append("reference")
    if row.server_bound:
        said.append("server-bound")
    return ", ".join(said)


def cores(row: Row) -> str:
    """How many cores the worker was allowed to use; which affinity a row had is part of the row (method.md, R6a)."""
    counts = sorted({len(one.split(",")) for one in str(row.affinity or "").split(" or ") if one})
    return " or ".join("one" if number == 1 else str(number) for number in counts) or words.DASH


def workload_table(scene: Scene) -> Table:
    """Every cell of one workload, grouped by comparison and interpreter, best first."""
    rows = scene.rows
    judged = headline(rows)
    names = facet_names(rows)
    measured = [row for row in rows if row.status == "OK"]
    columns = OVERHEAD_COLUMNS if judged is OVERHEAD else THROUGHPUT_COLUMNS
    columns = tuple(column for column in columns if any(column[2](row) is not None for row in measured)) or columns[:1]
    scales = scales_of(measured, columns)
    groups = []
    for comparison in comparisons(rows):
        here = scene.of(comparison=comparison)
        for one in facets(here.rows):
            own = here.of_facet(one)
            found = lead(own, judged)
            best = found.top[0] if found and len(found.top) == 1 else None
            group = Group(f"{comparison} · {names[one]}" if len(names) > 1 else comparison)
            for row in ordered(own.rows, judged):
                group.lines.append(_workload_line(row, columns, scales, row is best))
            groups.append(group)
    caption = "Every contestant, best first; 95 % intervals over processes in grey."
    titles = headed(columns, scales) + (["speed-up, arithmetic"] if judged is OVERHEAD else [])
    return Table(caption, ["contestant", "cores allowed", "remarks"], titles, groups)


def _workload_line(row: Row, columns: Sequence[tuple[str, str, Getter]], scales: Sequence[Scale], best: bool) -> Line:
    if row.status != "OK":
        said = [[Item(f"{row.status}: {words.one_line(row.reason, 120)}", hole=True)]]
        return Line(row.contestant, [cores(row), marks(row)], said, quiet=True)
    entries = []
    for index, ((_, _, get), scale) in enumerate(zip(columns, scales, strict=True)):
        entries.append([number(get(row), scale, best=best and index == 0)])
    if row.headline == "overhead":
        # Not measured but computed from the parameters, hence without an interval.
        entries.append([Item(f"{words.digits(row.arithmetic_speedup)}×" if row.arithmetic_speedup else words.DASH)])
    return Line(row.contestant, [cores(row), marks(row)], entries)


def statuses(scene: Scene) -> Table:
    """What became of every cell, in words and without a figure: all that a smoke run can say."""
    names = facet_names(scene.rows)
    groups: dict[str, Group] = {}
    for row in scene.rows:
        group = groups.setdefault(row.workload, Group(row.workload))
        notes = [row.comparison, names[(row.run, row.python)]]
        said = "ran, answer checked" if row.status == "OK" else f"{row.status}: {words.one_line(row.reason, 200)}"
        group.lines.append(
            Line(row.contestant, notes, [[Item(said, hole=row.status != "OK")]], quiet=row.status != "OK")
        )
    return Table("Every cell and what became of it.", ["contestant", "comparison", "interpreter"], ["status"],
                 list(groups.values()))  # fmt: skip
