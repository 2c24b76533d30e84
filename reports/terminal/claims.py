"""The verdicts on claims in a terminal: a line for each claim and interpreter, and the sentence below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from .. import words
from ..lines import columns, folded, wrapped
from ..verdicts.claim import SIGNS, Word
from ..verdicts.judging import Verdict, tally

COLOURS = {Word.HOLDS: "green", Word.REFUTED: "red", Word.DEPENDS: "yellow"}


def print_verdicts(
    verdicts: Sequence[Verdict], earlier: Mapping[tuple[str, str], Verdict], *, scopes: bool = False
) -> None:
    """Print all verdicts, grouped by claim, no line longer than 100 columns; colours on a terminal only.

    With `scopes` each claim says what its figures do and do not speak of.
    """
    for name in dict.fromkeys(one.claim.name for one in verdicts):
        own = [one for one in verdicts if one.claim.name == name]
        click.secho("\n".join(folded(f"{name}  ({own[0].claim.section})", columns(), hanging="  ")), bold=True)
        _paragraph(own[0].claim.statement, "  ")
        if scopes:
            _paragraph(words.sentence(own[0].claim.scope), "  ")
        for one in own:
            before = earlier.get((name, one.python))
            was = f"  (was {before.word})" if before else ""
            said = f"{SIGNS[one.word]} {one.word}{was}  Python {one.python}"
            click.secho("\n".join(folded(said, columns(), "  ", "    ")), fg=COLOURS.get(one.word))
            _paragraph(one.sentence, "      ")
        click.echo()
    click.echo("\n".join(wrapped(tally(verdicts), hanging="  ")))


def _paragraph(text: str, indent: str) -> None:
    click.echo("\n".join(wrapped(text, indent=indent)))
