"""What an answer is, where it comes from, and where a ratio stands against "no difference"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from when_async.bench.model import Estimate

from ..verdicts.lookup import Hole, Outcome
from .said import Said

if TYPE_CHECKING:
    from ..verdicts.claim import Reading
    from ..verdicts.judging import Verdict

WIN = 1.1
"""A ratio wins where its whole interval is at least so much."""
LEVEL = 1.15
"""Two are level where the whole interval of their ratio lies within this factor of 1."""


class Standing(StrEnum):
    """Where the interval of a ratio lies: ahead or behind beyond doubt, level, undecided, or nowhere."""

    AHEAD = "ahead"
    BEHIND = "behind"
    LEVEL = "level"
    OPEN = "open"
    MISSING = "missing"


def standing(ratio: Estimate | None) -> Standing:
    """Ahead and behind take a tenth, beyond doubt; level is within 15 %, beyond doubt."""
    if ratio is None:
        return Standing.MISSING
    if ratio.low >= WIN:
        return Standing.AHEAD
    if ratio.high <= 1 / WIN:
        return Standing.BEHIND
    return Standing.LEVEL if ratio.low >= 1 / LEVEL and ratio.high <= LEVEL else Standing.OPEN


def level(ratio: Estimate) -> str:
    """`level`, or `nearly level` where the interval excludes 1 and still no more than 15 % lie between the two."""
    return "level" if ratio.low <= 1 <= ratio.high else "nearly level"


def decided(ratio: Estimate | None) -> bool:
    """Whether a ratio is there and beyond doubt."""
    return standing(ratio) not in (Standing.OPEN, Standing.MISSING)


@dataclass(frozen=True)
class Source:
    """Where figures come from: `machine` and `date` as readers see them, `python` a label such as `3.13t`.

    `reference` says that it is the recorded reference, hence another machine.
    """

    run: str
    machine: str
    python: str
    version: str
    date: str
    gil: bool = True
    reference: bool = False

    @property
    def interpreter(self) -> str:
        """`CPython 3.13.5 without the GIL`."""
        return f"CPython {self.version or self.python}{'' if self.gil else ' without the GIL'}"

    @property
    def said(self) -> str:
        """`the recorded reference, another machine: AMD EPYC, 2 cores; CPython 3.11.7; 26 November 2026`."""
        whose = "the recorded reference, another machine" if self.reference else f"your run {self.run}"
        return f"{whose}: {self.machine}; {self.interpreter}; {self.date}"


@dataclass(frozen=True, kw_only=True)
class Answer(Said):
    """One question, what a rule makes of the figures, and whose figures they are."""

    topic: str
    question: str
    source: Source
    kind: str = "x"
    decided: bool = True

    def flat(self) -> dict[str, Any]:
        """One flat object for machines; without a number its fields are None."""
        known = self.figure
        return {
            "topic": self.topic,
            "question": self.question,
            "answer": self.answer,
            "decided": self.decided,
            "sentence": self.sentence,
            "compares": self.compares,
            "point": known.point if known else None,
            "low": known.low if known else None,
            "high": known.high if known else None,
            "unit": self.kind if known else "",
            "decides": self.decides,
            "model": self.model,
            "advice": self.advice,
            "limits": self.limits,
            "claims": list(self.claims),
            "reference": self.source.reference,
            "run": self.source.run,
            "machine": self.source.machine,
            "python": self.source.version or self.source.python,
            "date": self.source.date,
        }


@dataclass(frozen=True)
class Evidence:
    """The verdicts of one run and interpreter, by the id of the claim.

    `peers` are those of other recordings of the same interpreter on the same machine, which have to agree.
    """

    source: Source
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    peers: tuple[Evidence, ...] = ()

    def reading(self, claim: str, where: str) -> Reading | None:
        """What was found for a part of a claim; None where the run has none of it."""
        one = self.verdicts.get(claim)
        return next((each for each in one.readings if each.part.where == where), None) if one else None

    def estimate(self, claim: str, where: str) -> Estimate | None:
        """The figure of a part; None where it has none, or other programs had the cores that it is about."""
        found = self.reading(claim, where)
        if found is None or found.others is not None:
            return None
        return found.found if isinstance(found.found, Estimate) else None

    def outcome(self, claim: str, where: str) -> Outcome | None:
        """Whether something happened; None where nobody looked."""
        found = self.reading(claim, where)
        return found.found if found and isinstance(found.found, Outcome) else None

    def reason(self, claim: str, where: str) -> str:
        """Why a part has no figure; empty where it has one, or was not asked for."""
        found = self.reading(claim, where)
        if found is not None and found.others is not None:
            return f"other programs kept {found.others:.2g} cores busy while it was measured"
        return found.found.reason if found and isinstance(found.found, Hole) and found.found.asked else ""

    def first_decided(self, *parts: tuple[str, str]) -> Estimate | None:
        """The first of some figures that is beyond doubt."""
        found = (self.estimate(*part) for part in parts)
        return next((one for one in found if decided(one)), None)


def gathered(
    verdicts: Iterable[Verdict], headers: Sequence[Mapping[str, Any]], *, reference: bool = False
) -> list[Evidence]:
    """Verdicts by run and interpreter, the newest run first, each with where it comes from.

    `headers` are those of the runs (`frame.attrs["headers"]`).
    """
    found: dict[tuple[str, str], dict[str, Verdict]] = {}
    for one in verdicts:
        found.setdefault((one.run, one.python), {})[one.claim.name] = one
    places = sorted(found, key=lambda place: place[0], reverse=True)
    sources = {place: source_of(*place, headers, reference=reference) for place in places}
    return [Evidence(sources[place], found[place], _peers(sources[place], found[place])) for place in places]


def _peers(source: Source, own: Mapping[str, Verdict]) -> tuple[Evidence, ...]:
    """What other recordings of an interpreter say of the same claims, the oldest first."""
    from ..recordings.agreement import day

    found: dict[tuple[str, str], dict[str, Verdict]] = {}
    for name, one in own.items():
        for heard in one.record.heard if one.record else ():
            if heard.verdict.run != source.run:
                found.setdefault((heard.started, heard.verdict.run), {})[name] = heard.verdict
    return tuple(
        Evidence(replace(source, run=run, date=day(started)), verdicts)
        for (started, run), verdicts in sorted(found.items())
    )


def source_of(run: str, python: str, headers: Sequence[Mapping[str, Any]], *, reference: bool) -> Source:
    """Whose the figures of a run on an interpreter are, from the headers of runs."""
    from ..scene import conditions

    head: Mapping[str, Any] = next((one for one in headers if one.get("run") == run), {})
    own: Mapping[str, Any] = next((one for one in head.get("environments") or () if one.get("label") == python), {})
    return Source(
        run=run,
        machine=conditions.machine(head),
        python=python,
        version=str(own.get("version", "")),
        date=conditions.date(head),
        gil=bool(own.get("gil", not python.endswith("t"))),
        reference=reference,
    )
