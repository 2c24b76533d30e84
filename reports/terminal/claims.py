"""The verdicts on claims in a terminal: a line for each interpreter and machine, and the sentence below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import click

from .. import words
from ..lines import columns, folded, wrapped
from ..recordings.agreement import counted, machines, otherwise
from ..recordings.changes import Change
from ..verdicts.claim import SIGNS, Word
from ..verdicts.judging import Verdict, tally

COLOURS = {Word.HOLDS: "green", Word.REFUTED: "red", Word.DEPENDS: "yellow"}
UNLIKE = "≠"
"""Marks a verdict that is another on another machine."""


def print_verdicts(verdicts: Sequence[Verdict], changed: Iterable[Change] = (), *, scopes: bool = False) -> None:
    """Print all verdicts, grouped by claim, no line longer than 100 columns; colours on a terminal only.

    `changed` are those that were others before. With `scopes` each claim says what its figures do and do not speak of.
    """
    changes = {id(one.now): one for one in changed}
    boxes = machines(verdicts)
    for name in dict.fromkeys(one.claim.name for one in verdicts):
        own = [one for one in verdicts if one.claim.name == name]
        click.secho("\n".join(folded(f"{name}  ({own[0].claim.section})", columns(), hanging="  ")), bold=True)
        _paragraph(own[0].claim.statement, "  ")
        if scopes:
            _paragraph(words.sentence(own[0].claim.scope), "  ")
        for one in own:
            change = changes.get(id(one))
            said = _heading(one, change, own if len(boxes) > 1 else ())
            click.secho("\n".join(folded(said, columns(), "  ", "    ")), fg=COLOURS.get(one.word))
            _paragraph(one.sentence, "      ")
            if change:
                _paragraph(change.said, "      ")
        click.echo()
    for line in _tallies(verdicts, boxes):
        click.echo("\n".join(wrapped(line, hanging="  ")))


def _heading(one: Verdict, change: Change | None, beside: Sequence[Verdict]) -> str:
    """The word, whose it is, in how many recordings, and what it was before or is on machines beside it."""
    was = f"  (was {change.before.word})" if change else ""
    box = f" on {one.record.machine}" if beside and one.record else ""
    many = f", {said}" if (said := counted(one)) else ""
    others = [f"{other.word} on {other.record.machine}" for other in otherwise(one, beside) if other.record]
    unlike = f"  {UNLIKE} {words.listing(others)}" if others else ""
    return f"{SIGNS[one.word]} {one.word}{was}  Python {one.python}{box}{many}{unlike}"


def _tallies(verdicts: Sequence[Verdict], boxes: Sequence[str]) -> Iterator[str]:
    """How many verdicts there are of each word, machine by machine."""
    if len(boxes) < 2:
        yield tally(verdicts)
        return
    for box in boxes:
        yield f"{box}, {tally([one for one in verdicts if one.record and one.record.machine == box])}"
    unlike = list(dict.fromkeys(f"{one.claim.name} ({one.python})" for one in verdicts if otherwise(one, verdicts)))
    yield f"{UNLIKE} another verdict on another machine: {words.listing(unlike) or 'none'}"


def _paragraph(text: str, indent: str) -> None:
    click.echo("\n".join(wrapped(text, indent=indent)))
