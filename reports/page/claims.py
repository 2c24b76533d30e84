"""Claims as the page shows them: four groups, a row for each, its figures, their cells and raw values folded below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from when_async.bench.model import Estimate
from when_async.results.cells.summary import Row

from .. import words
from ..answers.answer import Evidence, Source
from ..scene.rows import MAKESPAN, Scene
from ..verdicts.claim import SIGNS, Behaviour, Cell, Reading, Word
from ..verdicts.judging import Verdict
from ..verdicts.lookup import Hole, Outcome
from ..words import slug
from .brief import UNDECIDED, said

LOOKS: Mapping[Word, str] = {Word.HOLDS: "good", Word.REFUTED: "bad", Word.DEPENDS: "mixed"}
"""How a verdict's word is coloured; the others are in soft ink."""
PLAIN: Mapping[Word, str] = {
    Word.HOLDS: "true", Word.REFUTED: "not true", Word.DEPENDS: "true in places", Word.INCONCLUSIVE: "open",
    Word.NOT_MEASURED: "not measured",
}  # fmt: skip
"""What a verdict means in plain words."""
GROUPS = ("True", "True only here", "Not true, or not any more", "Not decided here")
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
    """One verdict: the interpreter, its word with sign and look, a line, the whole sentence and what it rests on."""

    python: str
    sign: str
    word: str
    plain: str
    look: str
    brief: str
    sentence: str
    parts: Sequence[PartLine] = ()


@dataclass(frozen=True)
class ClaimRow:
    """A claim with its verdict on each interpreter; `other` is the reference's, `whose` names that machine."""

    name: str
    anchor: str
    section: str
    link: str
    statement: str
    scope: str
    lines: Sequence[VerdictLine]
    command: str
    other: VerdictLine | None = None
    whose: str = ""

    @property
    def told(self) -> VerdictLine:
        """The verdict that stands in its row: the first that is decided, else the first with a figure."""
        order = {PLAIN[Word.NOT_MEASURED]: 2, PLAIN[Word.INCONCLUSIVE]: 1}
        return min(self.lines, key=lambda line: order.get(line.plain, 0))

    @property
    def elsewhere(self) -> str:
        """Where interpreters differ: `3.13t: not true`; empty where all that decided agree."""
        open_words = {PLAIN[word] for word in UNDECIDED}
        rest = [line for line in self.lines if line.plain not in open_words and line.plain != self.told.plain]
        return "; ".join(f"{line.python}: {line.plain}" for line in rest)


@dataclass(frozen=True)
class ClaimGroup:
    """Claims of one kind."""

    heading: str
    rows: Sequence[ClaimRow]


def undecided(verdicts: Sequence[Verdict]) -> list[str]:
    """The claims that no interpreter of these decided."""
    known = {one.claim.name for one in verdicts if one.word not in UNDECIDED}
    return [name for name in dict.fromkeys(one.claim.name for one in verdicts) if name not in known]


def groups(verdicts: Sequence[Verdict], scene: Scene, reference: Sequence[Evidence] = ()) -> list[ClaimGroup]:
    """Every claim in its group; none where no claim has a figure and the reference knows none either."""
    if not reference and all(one.word is Word.NOT_MEASURED for one in verdicts):
        return []
    rows = {(row.run, row.python, row.comparison, row.contestant): row for row in scene.rows}
    found: dict[str, list[ClaimRow]] = {heading: [] for heading in GROUPS}
    for name in dict.fromkeys(one.claim.name for one in verdicts):
        own = [one for one in verdicts if one.claim.name == name]
        found[_heading([one.word for one in own])].append(_row(own, scene, rows, reference))
    return [ClaimGroup(heading, own) for heading, own in found.items() if own]


def _heading(verdicts: Sequence[Word]) -> str:
    """Where interpreters disagree it is true only in places."""
    seen = {word for word in verdicts if word not in UNDECIDED}
    if not seen:
        return GROUPS[3]
    if len(seen) > 1 or Word.DEPENDS in seen:
        return GROUPS[1]
    return GROUPS[0] if Word.HOLDS in seen else GROUPS[2]


def _row(own: Sequence[Verdict], scene: Scene, rows: Mapping[Key, Row], reference: Sequence[Evidence]) -> ClaimRow:
    claim = own[0].claim
    settled = any(one.word not in UNDECIDED for one in own)
    found = None if settled else _recorded(claim.name, [one.python for one in own], reference)
    return ClaimRow(
        name=claim.name,
        anchor=f"claim-{slug(claim.name)}",
        section=claim.section,
        link=claim.link,
        statement=words.sentence(claim.statement),
        scope=words.sentence(claim.scope),
        lines=[_line(one, scene, rows) for one in own],
        command=f"when-async run --claim {claim.name}",
        other=_plain_line(found[0]) if found else None,
        whose=whose(found[1]) if found else "",
    )


def _recorded(name: str, pythons: Sequence[str], reference: Sequence[Evidence]) -> tuple[Verdict, Source] | None:
    """The reference's verdict on the same interpreter if it has one, and whose it is."""
    known = [
        (one.verdicts[name], one.source)
        for one in sorted(reference, key=lambda one: one.source.python not in pythons)
        if name in one.verdicts and one.verdicts[name].word is not Word.NOT_MEASURED
    ]
    return known[0] if known else None


def whose(source: Source) -> str:
    """The machine and interpreter of the reference: `another machine: AMD EPYC, CPython 3.11`."""
    machine = source.machine.partition(", ")[0]
    return words.one_line(f"another machine: {machine}, CPython {source.python}")


def _plain_line(one: Verdict) -> VerdictLine:
    return VerdictLine(
        python=words.one_line(one.python),
        sign=SIGNS[one.word],
        word=str(one.word),
        plain=PLAIN[one.word],
        look=LOOKS.get(one.word, "soft"),
        brief=words.one_line(said(one), 400),
        sentence=words.one_line(one.sentence, 2000),
    )


def _line(one: Verdict, scene: Scene, rows: Mapping[Key, Row]) -> VerdictLine:
    parts = [] if isinstance(one.claim, Behaviour) else [_part(part, one, scene, rows) for part in one.readings]
    known = any(part.n != words.DASH or part.cells for part in parts)
    return VerdictLine(**{**vars(_plain_line(one)), "parts": parts if known else ()})


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
