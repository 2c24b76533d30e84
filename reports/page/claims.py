"""Claims as the page shows them: the table, and a section for each with its figures, their cells and raw values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from when_async.bench.model import Estimate
from when_async.results.cells.summary import Row

from .. import words
from ..scene.rows import MAKESPAN, Scene, facet
from ..verdicts.claim import SIGNS, Behaviour, Cell, Reading, Word
from ..verdicts.judging import Verdict
from ..verdicts.lookup import Hole, Outcome
from ..words import slug

LOOKS: Mapping[Word, str] = {Word.HOLDS: "good", Word.REFUTED: "bad", Word.DEPENDS: "mixed"}
"""How a verdict's word is coloured; the others are in soft ink."""
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
    """One verdict: the interpreter, the word with its sign and look, the sentence and what it rests on."""

    python: str
    sign: str
    word: str
    look: str
    sentence: str
    figure: str
    bounds: str
    parts: Sequence[PartLine]


@dataclass(frozen=True)
class ClaimSection:
    """A claim with its verdict on each interpreter."""

    name: str
    anchor: str
    section: str
    link: str
    statement: str
    scope: str
    lines: Sequence[VerdictLine]
    command: str

    @property
    def by_word(self) -> list[list[VerdictLine]]:
        """The lines, those of one word together."""
        found: dict[str, list[VerdictLine]] = {}
        for line in self.lines:
            found.setdefault(line.word, []).append(line)
        return list(found.values())

    @property
    def tally(self) -> list[tuple[VerdictLine, str]]:
        """The first line of each word that occurs, with the interpreters on which it does, where they differ."""
        groups = self.by_word
        where = [", ".join(line.python for line in lines) if len(groups) > 1 else "" for lines in groups]
        return [(lines[0], said) for lines, said in zip(groups, where, strict=True)]

    @property
    def told(self) -> bool:
        """Whether any interpreter has a figure for it."""
        return any(line.word != Word.NOT_MEASURED for line in self.lines)


def sections(verdicts: Sequence[Verdict], scene: Scene) -> list[ClaimSection]:
    """A section for each claim that has anything to say; none where no claim has a figure."""
    if all(one.word is Word.NOT_MEASURED for one in verdicts):
        return []
    names = list(dict.fromkeys(one.claim.name for one in verdicts))
    rows = {(row.run, row.python, row.comparison, row.contestant): row for row in scene.rows}
    return [_section([one for one in verdicts if one.claim.name == name], scene, rows) for name in names]


def _section(own: Sequence[Verdict], scene: Scene, rows: Mapping[Key, Row]) -> ClaimSection:
    claim = own[0].claim
    return ClaimSection(
        name=claim.name,
        anchor=f"claim-{slug(claim.name)}",
        section=claim.section,
        link=claim.link,
        statement=words.sentence(claim.statement),
        scope=words.sentence(claim.scope),
        lines=[_line(one, scene, rows) for one in own],
        command=f"when-async run --claim {claim.name}",
    )


def _line(one: Verdict, scene: Scene, rows: Mapping[Key, Row]) -> VerdictLine:
    shown, bounds = words.figure(one.estimate, one.kind) if one.estimate else ("", "")
    return VerdictLine(
        python=words.one_line(one.python),
        sign=SIGNS[one.word],
        word=str(one.word),
        look=LOOKS.get(one.word, "soft"),
        sentence=words.one_line(one.sentence, 2000),
        figure=shown,
        bounds=bounds,
        parts=[] if isinstance(one.claim, Behaviour) else [_part(part, one, scene, rows) for part in one.readings],
    )


def _part(reading: Reading, one: Verdict, scene: Scene, rows: Mapping[Key, Row]) -> PartLine:
    found = reading.found
    kind = reading.part.measure.kind
    if isinstance(found, Estimate):
        said, n = " ".join(words.figure(found, kind)), str(found.n)
    else:
        said = words.one_line(found.told if isinstance(found, Hole) else found.said, 300)
        n = words.DASH
    happened = "happens" if reading.part.bound.low == 1 else "does not happen"
    told = happened if isinstance(found, Outcome) else reading.part.bound.told(kind)
    cells = [line for cell in reading.part.measure.cells if (line := _cell(cell, one, scene, rows))]
    return PartLine(reading.part.where, said, told, str(reading.side), n, cells)


def _cell(cell: Cell, one: Verdict, scene: Scene, rows: Mapping[Key, Row]) -> CellLine | None:
    row = rows.get((one.run, one.python, *cell))
    if row is None:
        return None
    if row.status != "OK":
        return CellLine(words.one_line(row.cell, 300), row.status, words.one_line(row.reason, 300))
    counted = f"{words.count(row.forks, 'process')}, {words.count(row.rounds, 'round')}"
    raw = scene.of_facet(facet(row)).raw(row, MAKESPAN)
    return CellLine(words.one_line(row.cell, 300), counted, ", ".join(words.scalar(each, "s") for each in raw))
