"""What a verdict says in a line: one figure where it is true or not, one of either side where both occur."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import sqrt

from .. import words
from ..verdicts import sentences
from ..verdicts.claim import Behaviour, Reading, Side, Word
from ..verdicts.judging import Verdict, deciding
from ..verdicts.lookup import Hole, Outcome

UNDECIDED = (Word.INCONCLUSIVE, Word.NOT_MEASURED)


def said(one: Verdict) -> str:
    """The line under a claim, in one sentence or two."""
    if one.disputed:
        return words.one_line(one.sentence, 300)
    if one.word is Word.NOT_MEASURED:
        return _why_not(one)
    if isinstance(one.claim, Behaviour):
        return _shown(one)
    if one.word is Word.DEPENDS:
        return _depends(one)
    told = deciding(one.readings, one.word)
    if told is None:
        return words.one_line(one.sentence, 300)
    said = sentences.clause(told)
    if one.word is Word.HOLDS:
        return f"{words.capital(said)}."
    bound = _claimed(told)
    if one.word is Word.REFUTED:
        return f"{words.capital(said)}{f'; {bound} was claimed' if bound else ''}."
    if told.side is Side.ACROSS:
        return f"Still open: {said}{f'; {bound} was claimed' if bound else ''}."
    return f"So far {said}; the rest was not measured."


def _shown(one: Verdict) -> str:
    """What fresh processes of one interpreter did."""
    found = one.estimate
    if found is None:
        return words.one_line(one.sentence, 300)
    where = words.count(found.n, "fresh process")
    what = "The old way worked" if isinstance(one.claim, Behaviour) and one.claim.aged else "A program shows it"
    return f"{what} in {round(found.point * found.n)} of {where}."


def _depends(one: Verdict) -> str:
    """The boundary where there is one, else a place where it is true and one where it is not."""
    assert not isinstance(one.claim, Behaviour)
    if one.boundary and one.claim.axis:
        low, high = one.boundary
        below = any(each.part.axis == low and each.side is Side.INSIDE for each in one.readings)
        kind = one.claim.axis.kind
        middle = sqrt(low * high) if low > 0 else (low + high) / 2
        ends = [words.scalar(end, kind) if kind else f"{end:g}" for end in (low, high)]
        near = words.scalar(middle, kind) if kind else f"{round(middle):g}"
        return (
            f"True {'up to' if below else 'from'} about {near} {'' if kind else one.claim.axis.name}; "
            f"the turn lies between {ends[0]} and {ends[1]}."
        ).replace(" ;", ";")
    places = [_places([each for each in one.readings if each.side is side]) for side in (Side.INSIDE, Side.OUTSIDE)]
    return f"True: {places[0]}. Not: {places[1]}."


def _places(readings: Sequence[Reading]) -> str:
    """The first of some parts in a clause, and how many others there are."""
    more = f", and {words.count(len(readings) - 1, 'more place')}" if len(readings) > 1 else ""
    first = readings[0]
    return f"{first.part.where if isinstance(first.found, Outcome) else sentences.clause(first)}{more}"


def _claimed(one: Reading) -> str:
    """`at most 1.25×`, `2× to 4×`: the bound of a part; empty where there is no number to name."""
    if isinstance(one.found, Outcome | Hole):
        return ""
    told = one.part.bound.told(one.part.measure.kind).removeprefix("between ").replace(" and ", " to ")
    return re.sub(r"(\.\d*?)0+(?=\D|$)", lambda zeros: zeros[1].rstrip("."), told)


def _why_not(one: Verdict) -> str:
    """Why there is no figure at all."""
    asked = [each.found for each in one.readings if isinstance(each.found, Hole) and each.found.asked]
    if asked:
        return words.one_line(f"Not measured: {asked[0].reason.rstrip('.')}.", 240)
    return "Not measured in this run."
