"""What a deciding run leaves on the terminal: the claims in four groups, by name."""

from __future__ import annotations

from collections.abc import Sequence

import click

from .. import words
from ..lines import wrapped
from ..verdicts.claim import SIGNS, Word
from ..verdicts.judging import Verdict

GROUPS = (
    ("true here", (Word.HOLDS,)),
    ("true only in part", (Word.DEPENDS,)),
    ("not true here", (Word.REFUTED,)),
    ("not decided", (Word.INCONCLUSIVE, Word.NOT_MEASURED)),
)
"""In words that need no explanation, with the verdicts they stand for."""


def print_groups(verdicts: Sequence[Verdict]) -> None:
    """One paragraph a group; what is not decided stands last, with the command that goes on with it."""
    for title, kinds in GROUPS:
        own = [one for one in verdicts if one.word in kinds]
        if own:
            several = len({one.python for one in verdicts}) > 1
            names = [f"{one.claim.name} ({one.python})" if several else one.claim.name for one in own]
            click.secho(f"\n{SIGNS[kinds[0]]} {title}: {len(own)} of {len(verdicts)}", bold=True)
            click.echo("\n".join(wrapped(words.listing(names), indent="  ")))
