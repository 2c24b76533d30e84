"""Lines for a terminal or a log: 100 columns at most, cut or wrapped, and never read as markup."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from . import words

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 100
GLUE = "\u00a0"
"""A gap at which no line is broken, until it is shown."""
_UNITS = re.compile(r"(?<=\d) (?=%|\[|\d{3}\b|min\b|s\b|x\b)|(?<=\d,) (?=[\d−.]+\])")
"""Gaps before a unit, before an interval and inside one."""

Parts = Sequence[tuple[str, str]]
"""The pieces of one line, each with its style."""


def width_of(console: Console) -> int:
    """How wide lines may be: a log has no width of its own."""
    return min(WIDTH, console.width) if console.is_terminal else WIDTH


def line(console: Console, text: str | Parts, look: str = "") -> None:
    """Print one line, cut to the width."""
    from rich.text import Text

    shown = Text.assemble(*(((text, look),) if isinstance(text, str) else text))
    shown.truncate(width_of(console), overflow="ellipsis")
    shown.rstrip()
    console.print(shown, soft_wrap=True, highlight=False)


def wrapped(text: object, width: int = WIDTH, indent: str = "", hanging: str | None = None) -> list[str]:
    """A paragraph; long words are broken rather than cut, because they are there to be copied."""
    return folded(_UNITS.sub(GLUE, words.one_line(text, 2000)), width, indent, hanging)


def folded(
    glued: str, width: int, indent: str = "", hanging: str | None = None, *, break_words: bool = True
) -> list[str]:
    """Text in lines; it is not broken at GLUE, nor in a long word where `break_words` is off."""
    lines = textwrap.wrap(
        glued, width, initial_indent=indent, subsequent_indent=indent if hanging is None else hanging,
        break_on_hyphens=False, break_long_words=break_words,
    )  # fmt: skip
    return [each.replace(GLUE, " ") for each in lines]


def paragraph(console: Console, text: object, indent: str = "", hanging: str | None = None, look: str = "") -> None:
    """Print a paragraph."""
    for each in wrapped(text, width_of(console), indent, hanging):
        line(console, each, look)
