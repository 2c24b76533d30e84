"""Puts a slow-down of known size into head, by extra turns of an empty loop in each op.

A gate that never alarms may be right or blind; only a slow-down that was put in on purpose tells which
(method.md, gate recipe 8). Wall time and CPU time both move.
"""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import median

from ..model import Pair, Status
from ..plan import Contestant
from .pairs import PairedCell, PairFailed, Pairs

GUESS = 0.20
"""The slow-down that loops are calibrated at: large beside the noise, small enough to stay in proportion."""
LOOP_S = 10e-9
"""About what one turn of an empty loop takes; only the first guess rests on it."""
TRIES = 6
SERIES = "calibration"


def against_itself(contestant: Contestant, comparison: PairedCell) -> PairedCell:
    """Base against base: two contestants that differ in nothing but their label."""
    return replace(comparison, base=labelled(contestant, "base"), head=labelled(contestant, "head"))


def labelled(contestant: Contestant, label: str) -> Contestant:
    """The same contestant under the label of a side, so that the two can be told apart."""
    return replace(
        contestant,
        cell=replace(contestant.cell, python=label, reference=False),
        environment=replace(contestant.environment, label=label),
    )


def slowed(paired: PairedCell, loops: int) -> PairedCell:
    """The same cell with extra work in head; base is wrapped as well, around no loop."""
    return replace(paired, base=replace(paired.base, extra_loops=0), head=replace(paired.head, extra_loops=loops))


def doubling_loops(pairs: Pairs, paired: PairedCell, forks: int = 4) -> float:
    """How many turns of the loop in each op double the round; take a part of it for a part of a slow-down.

    Measured at a slow-down near `GUESS` in `forks` pairs, so it is right to a few percent. Raises PairFailed where
    more and more turns do not slow the round, as where waiting hides them.
    """
    seen = pairs.take(slowed(paired, 0), SERIES, 0)
    loops = max(1, round(GUESS * median(seen.rounds["wall"][0]) / seen.ops / LOOP_S))
    for _ in range(TRIES):
        slowdown = _slowdown([pairs.take(slowed(paired, loops), SERIES, index) for index in range(forks)])
        if GUESS / 2 <= slowdown <= GUESS * 2:
            return loops / slowdown
        loops = max(1, round(loops * min(8.0, GUESS / max(slowdown, GUESS / 8))))
    what = f"{loops} extra turns of a loop in each op slow the round by {slowdown:.1%}, so the size cannot be set"
    raise PairFailed("head", Status.FAILED, what)


def _slowdown(taken: list[Pair]) -> float:
    """The median slow-down over pairs, each by the median of its neighbouring rounds; 0.2 is 20 %."""
    return math.expm1(
        median(median(math.log(h / b) for b, h in zip(*pair.rounds["wall"], strict=True)) for pair in taken)
    )
