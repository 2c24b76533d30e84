"""From the cells of a run to a verdict on each claim, with the estimate, the interval and one sentence made of them.

The rule, the same for all: HOLDS where every part that has a figure lies in its bound, REFUTED where every one lies
wholly outside, DEPENDS where some are in and others out, INCONCLUSIVE where an interval reaches across a bound or the
run was not asked for all parts, so that nothing of this is certain, NOT_MEASURED where no part has a figure. What was
asked for and cannot be had there is named with its reason and counts for nothing. Each run and interpreter is judged by
itself: figures of two runs are never pooled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from when_async.bench.model import Estimate
from when_async.bench.registry import collect
from when_async.results.cells.rule import ONE_LOOK, rules_of
from when_async.results.stats.estimate import share

from ..scene.evidence import scene as scene_of
from ..scene.rows import Scene, facets
from . import sentences, twins
from .behaviours import Seen, seen_in
from .claim import SECTIONS, Behaviour, Claim, Reading, Side, Statement, Word, read
from .lookup import Hole, Lookup

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Heard:
    """What one of several recordings says; `started` is a time in ISO 8601, `rule` tells when it ended."""

    started: str
    rule: str
    verdict: Verdict

    @property
    def word(self) -> Word:
        return self.verdict.word

    def flat(self) -> dict[str, Any]:
        """One flat object for machines."""
        one = self.verdict
        figure = {"unit": one.kind if one.estimate else "", **_figure(one.estimate)}
        return {"run": one.run, "started": self.started, "rule": self.rule, "verdict": str(one.word), **figure}


@dataclass(frozen=True)
class Record:
    """Whose a verdict is: the name of the machine, and what each recording of it says, the oldest first.

    `apart` says in what the interpreters of these recordings differ beside their label; empty where they do not.
    """

    machine: str
    heard: tuple[Heard, ...]
    apart: str = ""

    @property
    def spoken(self) -> list[Heard]:
        """Those that have a word on the claim."""
        return [one for one in self.heard if one.verdict.speaks]

    @property
    def agree(self) -> bool:
        """Whether all that have a word on the claim say the same."""
        return len({one.word for one in self.spoken}) < 2


@dataclass(frozen=True)
class Verdict:
    """What the figures of one run and interpreter say of a claim.

    `estimate` is that of the part that decided: of those in their bounds the one with least room where it HOLDS, the
    furthest outside where it is REFUTED. `boundary` holds the two values of the claim's axis between which it turns.
    `record` says whose it is, once recordings were put beside each other (reports.recordings.agreement).
    """

    claim: Statement
    run: str
    python: str
    word: Word
    sentence: str
    estimate: Estimate | None = None
    kind: str = ""
    readings: tuple[Reading, ...] = ()
    boundary: tuple[float, float] | None = None
    record: Record | None = None

    @property
    def disputed(self) -> bool:
        """Whether recordings of it disagree, so that the sentence says no more than that."""
        return self.record is not None and not self.record.agree

    @property
    def speaks(self) -> bool:
        """Whether it is a word on the claim: it has a figure, and not only what the run was not asked for is open."""
        if self.word is not Word.INCONCLUSIVE or not any(one.pending for one in self.readings):
            return self.word is not Word.NOT_MEASURED
        return any(one.side is Side.ACROSS for one in self.readings)

    def brief(self) -> str:
        """The deciding figure, or where some hold and some do not one of either side."""
        told = deciding(self.readings, self.word)
        if self.disputed or isinstance(self.claim, Behaviour) or told is None or isinstance(told.found, Hole):
            return self.sentence
        return sentences.brief(self.claim, self.readings, told, self.boundary)

    def flat(self) -> dict[str, Any]:
        """One flat object for machines; without a number its three fields are None."""
        return {
            "id": self.claim.name,
            "section": self.claim.section,
            "python": self.python,
            "machine": self.record.machine if self.record else None,
            "verdict": str(self.word),
            **_figure(self.estimate),
            "unit": self.kind if self.estimate else "",
            "run": self.run,
            "sentence": self.sentence,
            "recordings": [one.flat() for one in self.record.heard] if self.record else [],
        }


def _figure(known: Estimate | None) -> dict[str, float | None]:
    """The fields of an estimate; all of them are None where there is none."""
    return {name: getattr(known, name) if known else None for name in ("point", "low", "high", "n")}


def claims() -> dict[str, Statement]:
    """Every claim of the house by its name, in the order of the notes; those that programs show after the others."""
    room = "when_async.reports.claims"
    found: list[Statement] = [one.value for one in collect(room, Claim).values()]
    found += [one.value for one in collect(room, Behaviour).values()]
    return {one.name: one for one in sorted(found, key=lambda one: list(SECTIONS).index(one.section))}


def judge(
    frame: pd.DataFrame, known: Mapping[str, Statement] | None = None, scene: Scene | None = None
) -> list[Verdict]:
    """One verdict for each claim and each interpreter of each run of `frame` (results.load)."""
    chosen = claims() if known is None else known
    scene = scene if scene is not None else scene_of(needed(frame, chosen.values()))
    proofs = lookups(frame, scene)
    seen = seen_in(frame)
    return [verdict(claim, proof, seen) for claim in chosen.values() for proof in proofs]


def lookups(frame: pd.DataFrame, scene: Scene | None = None) -> list[Lookup]:
    """What can be looked up of each run and interpreter of `frame`, each with the rule of its run."""
    scene = scene if scene is not None else scene_of(needed(frame, claims().values()))
    places = list(dict.fromkeys([*facets(scene.rows), *((one.run, one.python) for one in seen_in(frame))]))
    rules = rules_of(frame.attrs)
    found = [Lookup(scene, run, python, rules.get((run, python), ONE_LOOK)) for run, python in places]
    twins.link(found, frame.attrs.get("headers", ()))
    return found


def needed(frame: pd.DataFrame, asked: Iterable[Statement]) -> pd.DataFrame:
    """The rows that these claims are read from, and of each run and interpreter one comparison, as it has a build."""
    wanted = {place for one in asked for place, _ in one.cells}
    first = frame.groupby(["run", "python"], sort=False)["comparison"].transform("first")
    return frame[frame["comparison"].isin(wanted) | (frame["comparison"] == first)]


def tally(verdicts: Sequence[Verdict]) -> str:
    """`31 HOLDS, 4 REFUTED, ...` over all claims and interpreters."""
    counts = {word: sum(one.word is word for one in verdicts) for word in Word}
    said = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"{len(verdicts)} {'verdict' if len(verdicts) == 1 else 'verdicts'}: {said}"


def verdict(claim: Statement, proof: Lookup, seen: Sequence[Seen]) -> Verdict:
    """What one run and interpreter say of one claim."""
    if isinstance(claim, Behaviour):
        own = next(
            (one for one in seen if (one.claim, one.run, one.python) == (claim.name, proof.run, proof.python)), None
        )
        return behaviour_verdict(claim, proof.run, proof.python, own)
    readings = tuple(read(part, proof) for part in claim.parts if part.concerns(proof.gil))
    return of_readings(claim, proof.run, proof.python, readings)


def of_readings(claim: Claim, run: str, python: str, readings: tuple[Reading, ...]) -> Verdict:
    """The verdict that the parts of a claim give."""
    word = settle([one.side for one in readings], any(one.pending for one in readings))
    told = deciding(readings, word)
    boundary = turning(claim, readings) if word is Word.DEPENDS else None
    estimate = told.found if told and isinstance(told.found, Estimate) else None
    sentence = sentences.sentence(claim, readings, word, told, boundary)
    kind = told.part.measure.kind if told else ""
    return Verdict(claim, run, python, word, sentence, estimate, kind, readings, boundary)


def settle(sides: Sequence[Side], incomplete: bool = False) -> Word:
    """The verdict that follows from where the parts lie; `incomplete` says that the run was not asked for all."""
    inside, outside, across = (sides.count(side) for side in (Side.INSIDE, Side.OUTSIDE, Side.ACROSS))
    if not inside + outside + across:
        return Word.NOT_MEASURED
    if inside and outside:
        return Word.DEPENDS
    if across or incomplete:
        return Word.INCONCLUSIVE
    return Word.HOLDS if inside else Word.REFUTED


def deciding(readings: Sequence[Reading], word: Word) -> Reading | None:
    """The part whose figure stands for the verdict: the one closest to turning it; for DEPENDS the first outside."""
    sides = {
        Word.HOLDS: Side.INSIDE,
        Word.REFUTED: Side.OUTSIDE,
        Word.DEPENDS: Side.OUTSIDE,
        Word.INCONCLUSIVE: Side.ACROSS,
    }
    own = [one for one in readings if one.side is sides.get(word)]
    numbered = [one for one in own if isinstance(one.found, Estimate)]
    if not own:
        return next((one for one in readings if one.side is not Side.MISSING), None)
    if not numbered:
        return own[0]
    if word is Word.REFUTED:
        # The least refuted part is the last to be given up.
        return max(numbered, key=_room)
    return min(numbered, key=_room) if word is Word.HOLDS else numbered[0]


def _room(one: Reading) -> float:
    assert isinstance(one.found, Estimate)
    return one.part.bound.room(one.found)


def turning(claim: Claim, readings: Sequence[Reading]) -> tuple[float, float] | None:
    """The neighbours on the claim's axis between which it turns, once.

    None where it has no axis, turns twice, or lies on both sides at one place of it, as something else decides then.
    """
    sides: dict[float, set[Side]] = {}
    for one in readings:
        if one.part.axis is not None and one.side in (Side.INSIDE, Side.OUTSIDE):
            sides.setdefault(one.part.axis, set()).add(one.side)
    if any(len(found) > 1 for found in sides.values()):
        return None
    turns = [(a, b) for (a, first), (b, second) in pairwise(sorted(sides.items())) if first != second]
    return turns[0] if claim.axis and len(turns) == 1 else None


def behaviour_verdict(claim: Behaviour, run: str, python: str, seen: Seen | None) -> Verdict:
    """What fresh processes of one interpreter showed."""
    if seen is None:
        reason = f"its program was not run; when-async run --claim {claim.name}"
        return Verdict(claim, run, python, Word.NOT_MEASURED, f"Not measured: {reason}.")
    if seen.absent:
        return Verdict(claim, run, python, Word.NOT_MEASURED, f"Not measured: {seen.absent}.")
    word = Word.HOLDS if seen.shown == seen.tried else Word.DEPENDS if seen.shown else Word.REFUTED
    sentence = sentences.behaviour(claim, seen, word)
    return Verdict(claim, run, python, word, sentence, share(seen.shown, seen.tried), "share")
