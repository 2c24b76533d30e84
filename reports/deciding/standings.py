"""Which claims are settled, on which interpreter, and what the others still need."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from when_async.results.cells.rule import Series
from when_async.results.stats.moderated import Moderation, log_variance, moderation

from ..verdicts.claim import Claim, Part, Place, Reading, Side, Word, read
from ..verdicts.judging import Verdict, of_readings
from ..verdicts.lookup import Hole, Lookup
from ..verdicts.measures import BestOver, Ran
from .agenda import Open

NOT_YET = Hole("it was not measured yet", asked=False)


class Standings:
    """The parts of some claims on some interpreters, and on which side of its bound each lies.

    `gils` says by interpreter whether it has the lock.
    """

    def __init__(self, claims: Sequence[Claim], gils: Mapping[str, bool | None]) -> None:
        self._claims = claims
        self._read: dict[tuple[str, str], list[Reading]] = {
            (python, claim.name): [
                Reading(part, NOT_YET, Side.MISSING) for part in claim.parts if part.concerns(gil)
            ]
            for python, gil in gils.items()
            for claim in claims
        }  # fmt: skip
        self._settled: set[tuple[str, str]] = set()

    @property
    def asked(self) -> int:
        """How many verdicts there can be."""
        return len(self._read)

    @property
    def settled(self) -> int:
        """How many there are."""
        return len(self._settled)

    @property
    def readings(self) -> Mapping[tuple[str, str], Sequence[Reading]]:
        """By interpreter and claim where each of its parts lies."""
        return self._read

    def beside(self, places: Collection[Place]) -> frozenset[Place]:
        """These comparisons, and those that a part holds against one of them: it cannot be read without."""
        parts = [one.part for own in self._read.values() for one in own]
        met = [found for part in parts if not (found := places_of(part)).isdisjoint(places)]
        return frozenset(places).union(*met)

    def update(self, proofs: Mapping[str, Lookup], places: Collection[Place]) -> list[Verdict]:
        """Read the parts of these comparisons again; the verdicts that this settles.

        The proofs must hold those `beside` them too.
        """
        found = []
        for python, proof in proofs.items():
            for claim in self._claims:
                key = (python, claim.name)
                own = self._read[key]
                if all(places_of(one.part).isdisjoint(places) for one in own):
                    continue
                own[:] = [one if places_of(one.part).isdisjoint(places) else read(one.part, proof) for one in own]
                verdict = of_readings(claim, proof.run, python, tuple(own))
                if key not in self._settled and _is_settled(verdict):
                    self._settled.add(key)
                    found.append(verdict)
        return found

    def questions(self) -> list[Open]:
        """The claims that are not settled."""
        return [_open(key, own) for key, own in self._read.items() if key not in self._settled and _left(own)]

    def boundaries(self) -> list[Open]:
        """Of settled claims the undecided parts: the word is safe without them, where it turns may not be."""
        return [_open(key, own) for key, own in self._read.items() if key in self._settled and _left(own)]


def places_of(part: Part) -> frozenset[Place]:
    """The comparisons that a part reads: one, or two that it holds against each other."""
    return frozenset(place for place, _ in part.measure.cells)


def _is_settled(verdict: Verdict) -> bool:
    """Whether more processes can change nothing; a claim that some parts speak for and some against is settled."""
    if verdict.word is Word.NOT_MEASURED:
        return not any(one.pending for one in verdict.readings)
    return verdict.word is not Word.INCONCLUSIVE


def _left(own: Sequence[Reading]) -> list[Reading]:
    """The parts that more processes may decide."""
    return [one for one in own if one.pending or one.side is Side.ACROSS]


def _open(key: tuple[str, str], own: Sequence[Reading]) -> Open:
    return Open(" ".join(key), frozenset[Place]().union(*(places_of(one.part) for one in _left(own))))


def learned(claims: Sequence[Claim], proof: Lookup) -> Moderation | None:
    """How far the recorded spread of the parts holds in this run, from those with two processes or more."""
    known = proof.rule.recorded
    pairs = {}
    for part in (part for claim in claims for part in claim.parts if part.measure.key in known):
        found = part.measure.series(proof)
        if isinstance(found, Series) and found.logs:
            own = log_variance(np.log(found.values[:2]))
            if own is not None:
                pairs[part.measure.key] = (own, known[part.measure.key])
    return moderation(list(pairs.values()))


def only_limits(claims: Sequence[Claim]) -> set[Place]:
    """Comparisons that are read for nothing but whether a limit is met, which one process settles."""
    kinds: dict[Place, set[bool]] = {}
    for part in (part for claim in claims for part in claim.parts):
        for place in places_of(part):
            kinds.setdefault(place, set()).add(isinstance(part.measure, Ran))
    return {place for place, found in kinds.items() if found == {True}}


WIDE = 10
"""A claim that reads so many comparisons is wide: the map's. What it costs would decide ten others."""


def only_wide(claims: Sequence[Claim]) -> set[Place]:
    """Comparisons that no claim reads but wide ones."""
    places = {claim.name: {place for part in claim.parts for place in places_of(part)} for claim in claims}
    narrow = {place for own in places.values() if len(own) < WIDE for place in own}
    return {place for own in places.values() for place in own} - narrow


def races(claims: Sequence[Claim]) -> Iterator[tuple[Place, tuple[str, ...], frozenset[str]]]:
    """Groups of which only the best is asked for, with their place, and who stays as another part asks by name."""
    parts = [part for claim in claims for part in claim.parts]
    named = {cell for part in parts if not isinstance(part.measure, BestOver) for cell in part.measure.cells}
    for part in parts:
        if isinstance(part.measure, BestOver):
            for group in (part.measure.ours, part.measure.theirs):
                stay = frozenset(name for name in group if (part.measure.place, name) in named)
                yield part.measure.place, group, stay
