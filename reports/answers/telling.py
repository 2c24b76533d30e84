"""Answers in a terminal: one sentence first, then the figure, what to do, where it does not hold, and whose it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .. import words
from ..lines import wrapped
from .answer import Answer

HEAD = 9
"""Columns that a line's first word takes."""


def told(one: Answer) -> Iterator[str]:
    """The lines of one answer, none longer than 100 columns."""
    yield from wrapped(one.sentence)
    yield ""
    figure = f"{words.with_unit(one.figure, one.kind)} ({one.compares})" if one.figure else ""
    lines = (
        ("figure", figure),
        ("decides", one.decides),
        ("do", one.advice),
        ("but", one.limits),
        ("from", one.source.said),
        ("claims", f"{', '.join(one.claims)} (when-async claims --claim {one.claims[0]})"),
    )
    for name, text in lines:
        if text:
            yield from wrapped(text, indent=f"  {name:<{HEAD}}", hanging=" " * (HEAD + 2))


def listed(answers: Sequence[Answer]) -> Iterator[str]:
    """A line for each topic: what to ask for, the short answer and its figure; whose figures they are last."""
    names, phrases = (max(map(len, column)) for column in zip(*((a.topic, a.answer) for a in answers), strict=True))
    for one in answers:
        figure = words.with_unit(one.figure, one.kind) if one.figure else ""
        yield f"{one.topic:<{names}}  {one.answer:<{phrases}}  {figure}".rstrip()
    yield ""
    for source in dict.fromkeys(one.source for one in answers):
        yield from wrapped(f"From {source.said}.", hanging="  ")
    yield "when-async ask TOPIC says what to do and where it does not hold."
