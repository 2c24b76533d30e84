"""One verdict as the page shows it: its word, a line, the recordings behind it, its parts with cells and raw values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from when_async.bench.model import Estimate
from when_async.results.cells.summary import Row

from .. import words
from ..recordings.agreement import counted, day, machines, otherwise
from ..scene.rows import MAKESPAN, Scene
from ..verdicts.claim import SIGNS, Behaviour, Cell, Reading, Word
from ..verdicts.judging import Heard, Record, Verdict
from ..verdicts.lookup import Hole, Outcome
from .brief import said

LOOKS: Mapping[Word, str] = {Word.HOLDS: "good", Word.REFUTED: "bad", Word.DEPENDS: "mixed"}
"""How a verdict's word is coloured; the others are in soft ink."""
PLAIN: Mapping[Word, str] = {
    Word.HOLDS: "true", Word.REFUTED: "not true", Word.DEPENDS: "true in places", Word.INCONCLUSIVE: "open",
    Word.NOT_MEASURED: "not measured",
}  # fmt: skip
"""What a verdict means in plain words."""
Key = tuple[str, str, str, str]
"""Of a row: run, interpreter, place and contestant."""


@dataclass(frozen=True)
class CellLine:
    """A cell behind a figure: its id, how many processes and rounds, and the median makespan of each process."""

    name: str
    counted: str
    values: str


@dataclass(frozen=True)
class PartLine:
    """One part of a claim on one interpreter."""

    where: str
    said: str
    claimed: str
    side: str
    n: str
    cells: Sequence[CellLine]


@dataclass(frozen=True)
class VerdictLine:
    """One verdict: the interpreter, its word with sign and look, a line, the whole sentence and what it rests on.

    `machine` names whose it is where several machines are shown, `unlike` says what others of them found instead.
    `counted` says in how many recordings it agreed, `heard` has what each of several said.
    """

    python: str
    sign: str
    word: str
    plain: str
    look: str
    brief: str
    sentence: str
    parts: Sequence[PartLine] = ()
    machine: str = ""
    unlike: str = ""
    counted: str = ""
    heard: Sequence[str] = ()
    disputed: bool = False


def first(lines: Sequence[VerdictLine]) -> VerdictLine:
    """The first that is decided, else the first with a figure."""
    order = {PLAIN[Word.NOT_MEASURED]: 2, PLAIN[Word.INCONCLUSIVE]: 1}
    return min(lines, key=lambda line: order.get(line.plain, 0))


def place(line: VerdictLine) -> str:
    return f"{line.python} on {line.machine}" if line.machine else line.python


def plain_line(one: Verdict) -> VerdictLine:
    return VerdictLine(
        python=words.one_line(one.python),
        sign=SIGNS[one.word],
        word=str(one.word),
        plain=PLAIN[one.word],
        look=LOOKS.get(one.word, "soft"),
        brief=words.one_line(said(one), 400),
        sentence=words.one_line(one.sentence, 2000),
    )


def line(one: Verdict, scene: Scene, rows: Mapping[Key, Row], own: Sequence[Verdict]) -> VerdictLine:
    """A verdict with its parts, and where it stands among `own`, those on the same claim."""
    parts = [] if isinstance(one.claim, Behaviour) else [_part(part, one, scene, rows) for part in one.readings]
    known = any(part.n != words.DASH or part.cells for part in parts)
    others = [f"{PLAIN[each.word]} on {each.record.machine}" for each in otherwise(one, own) if each.record]
    return replace(
        plain_line(one),
        parts=parts if known else (),
        machine=words.one_line(one.record.machine) if one.record and len(machines(own)) > 1 else "",
        unlike=words.one_line(words.listing(others)),
        counted=words.one_line(counted(one), 300),
        heard=_heard(one.record) if one.record and len(one.record.heard) > 1 else (),
        disputed=one.disputed,
    )


def _heard(record: Record) -> list[str]:
    """What each of several said: `1 December 2026, 15:10, 6 processes throughout: HOLDS, 1.12× [1.1, 1.2]`."""
    return [words.one_line(f"{day(one.started)}, {one.rule}: {one.word}{_figure(one)}", 300) for one in record.heard]


def _figure(one: Heard) -> str:
    found, kind = one.verdict.estimate, one.verdict.kind
    return f", {words.with_unit(found, kind)}" if found and kind != "share" else ""


def _part(reading: Reading, one: Verdict, scene: Scene, rows: Mapping[Key, Row]) -> PartLine:
    found = reading.found
    kind = reading.part.measure.kind
    if isinstance(found, Estimate):
        figure, n = " ".join(words.figure(found, kind)), str(found.n)
    else:
        figure = words.one_line(found.told if isinstance(found, Hole) else found.said, 300)
        n = words.DASH
    happened = "happens" if reading.part.bound.low == 1 else "does not happen"
    told = happened if isinstance(found, Outcome) else reading.part.bound.told(kind)
    cells = [line for cell in reading.part.measure.cells if (line := _cell(cell, one, scene, rows))]
    return PartLine(reading.part.where, figure, told, str(reading.side), n, cells)


def _cell(cell: Cell, one: Verdict, scene: Scene, rows: Mapping[Key, Row]) -> CellLine | None:
    row = rows.get((one.run, one.python, *cell))
    if row is None:
        return None
    if row.status != "OK":
        return CellLine(words.one_line(row.cell, 300), row.status, words.one_line(row.reason, 300))
    counted = f"{words.count(row.forks, 'process')}, {words.count(row.rounds, 'round')}"
    raw = scene.raw(row, MAKESPAN)
    return CellLine(words.one_line(row.cell, 300), counted, ", ".join(words.scalar(each, "s") for each in raw))
