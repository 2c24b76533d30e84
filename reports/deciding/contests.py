"""Which contestants of a comparison are told from its reference: what a run without claims decides."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from when_async.results.stats.standing import Outcome, judge

from ..verdicts.claim import Place
from ..verdicts.lookup import Hole, Lookup
from .agenda import Open

MARGIN = 0.03
"""A difference of up to so much does not matter, as in `compare`."""


class Contests:
    """Pairs of a contestant and the reference of its comparison, on some interpreters.

    `pairs` names them by comparison and interpreter: the reference, and who is held against it.
    """

    def __init__(self, pairs: Mapping[tuple[Place, str], tuple[str, Collection[str]]]) -> None:
        self._open = {(place, python, name) for (place, python), (_, others) in pairs.items() for name in others}
        self._reference = {key: reference for key, (reference, _) in pairs.items()}
        self.asked = len(self._open)

    @property
    def settled(self) -> int:
        """How many of them are told apart, or told to be level."""
        return self.asked - len(self._open)

    def update(self, proofs: Mapping[str, Lookup], places: Collection[Place]) -> None:
        """Look at the pairs of these comparisons again; one that has no figure and will have none is settled."""
        for place, python, name in sorted(self._open):
            if place in places and python in proofs:
                reference = (place, self._reference[place, python])
                found = proofs[python].ratios(reference, (place, name), "makespan")
                if isinstance(found, Hole):
                    decided = found.asked
                else:
                    decided = judge(np.log(found.values), MARGIN, looked=True).verdict is not Outcome.INCONCLUSIVE
                if decided:
                    self._open.discard((place, python, name))

    def questions(self) -> list[Open]:
        """The comparisons that have a pair which is not settled."""
        return [Open(place, frozenset({place})) for place in sorted({place for place, _, _ in self._open})]
