"""Claims as the page shows them: four groups, a row for each, its figures, their cells and raw values folded below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from when_async.results.cells.summary import Row

from .. import words
from ..answers.answer import Evidence, Source
from ..recordings.agreement import machines
from ..scene.rows import Scene
from ..verdicts.claim import Word
from ..verdicts.judging import Verdict
from ..words import slug
from .brief import UNDECIDED
from .verdict_lines import PLAIN, Key, VerdictLine, first, line, place, plain_line

GROUPS = ("True", "True only here", "Not true, or not any more", "Not decided here")
def shared_by(places: Sequence[tuple[str, str]]) -> list[str]:
    """The interpreters that all of several machines have, of pairs of a machine and an interpreter."""
    by_machine: dict[str, dict[str, None]] = {}
    for machine, python in places:
        by_machine.setdefault(machine, {})[python] = None
    first, *rest = by_machine.values()
    return [python for python in first if all(python in other for other in rest)]


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
    machines: Sequence[str] = ()

    @property
    def told(self) -> VerdictLine:
        """The verdict that stands in its row: the first that is decided, else the first with a figure."""
        return first(self.lines)

    @property
    def beside(self) -> Sequence[tuple[str, VerdictLine | None]]:
        """Where there are several machines what each says, in a column of its own; None where it says nothing.

        What one says of an interpreter that another has not is no match for what that says of its own.
        """
        shared = shared_by([(line.machine, line.python) for line in self.lines])
        lines = [line for line in self.lines if not shared or line.python in shared]
        own = {name: [line for line in lines if line.machine == name] for name in self.machines}
        return [(name, first(lines) if lines else None) for name, lines in own.items()]

    @property
    def pythons(self) -> Sequence[str]:
        """The interpreters of all machines, in order."""
        return list(dict.fromkeys(line.python for line in self.lines))

    def at(self, python: str, machine: str) -> VerdictLine | None:
        """The verdict on an interpreter of one of several machines."""
        return next((one for one in self.lines if (one.python, one.machine) == (python, machine)), None)

    @property
    def elsewhere(self) -> str:
        """Where interpreters differ, or recordings of one: `3.13t: not true`; empty where all that decided agree."""
        open_words = {PLAIN[word] for word in UNDECIDED}
        told = self.told
        rest = [line for line in self.lines if line.plain not in open_words and line.plain != told.plain]
        said = [f"{place(line)}: {line.plain}" for line in rest]
        said += [f"{place(line)}: recordings disagree" for line in self.lines if line.disputed and line is not told]
        return "; ".join(said)


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
    boxes = machines(own)
    settled = any(one.word not in UNDECIDED for one in own)
    found = None if settled else _recorded(claim.name, [one.python for one in own], reference)
    return ClaimRow(
        name=claim.name,
        anchor=f"claim-{slug(claim.name)}",
        section=claim.section,
        link=claim.link,
        statement=words.sentence(claim.statement),
        scope=words.sentence(claim.scope),
        lines=[line(one, scene, rows, own) for one in own],
        command=f"when-async run --claim {claim.name}",
        other=plain_line(found[0]) if found else None,
        whose=whose(found[1]) if found else "",
        machines=boxes if len(boxes) > 1 else (),
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
