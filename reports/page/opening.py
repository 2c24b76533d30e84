"""The first screen: a row for each question that people ask, with its answer, a bar and what decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .. import words
from ..answers.answer import Answer, Evidence
from ..answers.topics import TOPICS, answers
from ..scene.bars import Axis, Bar, ratio_axis
from ..verdicts.judging import Verdict
from ..words import slug
from .claims import undecided, whose

Reference = Callable[[Sequence[str]], Sequence[Evidence]]
"""The reference's verdicts on claims that a run left open, by interpreter."""


@dataclass(frozen=True)
class AnswerRow:
    """One question; `whose` names the machine where it is not the one of this run."""

    question: str
    answer: str
    bar: Bar | None
    figure: str
    bounds: str
    compares: str
    decides: str
    advice: str
    limits: str
    anchor: str
    whose: str


@dataclass(frozen=True)
class Opening:
    """All answers on one axis; `own` says how many of them this run decided."""

    rows: Sequence[AnswerRow]
    axis: Axis
    own: int


def opening(own: Sequence[Evidence], reference: Sequence[Evidence]) -> Opening | None:
    """The first screen; None where nobody has any evidence."""
    found = [one for one in answers(own, reference) if one.decided or own]
    if not any(one.decided for one in found):
        return None
    axis = ratio_axis([one.figure for one in found if one.figure is not None and one.kind == "x"])
    decided = sum(one.decided and not one.source.reference for one in found)
    return Opening([_row(one, axis) for one in found], axis, decided)


def open_claims(verdicts: Sequence[Verdict], own: Sequence[Evidence]) -> list[str]:
    """The claims that the reference is asked for: those left open, and all behind a question that is."""
    names = dict.fromkeys(undecided(verdicts))
    topics = {one.name: one.claims for one in TOPICS}
    for one in answers(own):
        if not one.decided:
            names |= dict.fromkeys(topics[one.topic])
    return list(names) if own else [name for one in TOPICS for name in one.claims]


def _row(one: Answer, axis: Axis) -> AnswerRow:
    known = one.figure
    figure, bounds = words.figure(known, one.kind) if known is not None else ("", "")
    return AnswerRow(
        question=one.question,
        answer=one.answer[:1].upper() + one.answer[1:],
        bar=axis.bar(known, "asyncio") if known is not None and one.kind == "x" else None,
        figure=figure,
        bounds=bounds,
        compares=words.one_line(one.compares),
        decides=words.one_line(one.decides, 200),
        advice=words.one_line(one.advice, 400),
        limits=words.one_line(one.limits, 600),
        anchor=f"claim-{slug(one.claims[0])}" if one.claims else "",
        whose=whose(one.source) if one.source.reference else "",
    )
