"""Lines for a terminal or a log: 100 columns at most, cut or wrapped, and never read as markup."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from . import words

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 100
GLUE = "\u00a0"
"""A gap at which no line is broken, until it is shown."""
_UNITS = re.compile(r"(?<=[\d×]) (?=%|\[|\d{3}\b|min\b|s\b|x\b)|(?<=\d,) (?=[\d−.]+\])")
"""Gaps before a unit, before an interval and inside one."""

DEEPEST = 4
"""Columns by which the first of several lines is indented at most."""

Parts = Sequence[tuple[str, str]]
"""The pieces of one line, each with its style."""


def width_of(console: Console) -> int:
    """How wide lines may be: a log has no width of its own."""
    return min(WIDTH, console.width) if console.is_terminal else WIDTH


def columns() -> int:
    """How wide lines may be that are printed without a console."""
    return min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)


def line(console: Console, text: str | Parts, look: str = "") -> None:
    """Print one line, cut at 100 columns; on a narrower terminal it goes on below, for there figures would be cut."""
    from rich.text import Text

    parts = ((text, look),) if isinstance(text, str) else text
    width = width_of(console)
    for own in [parts] if width == WIDTH else flowed(parts, width):
        shown = Text.assemble(*own)
        shown.truncate(width, overflow="ellipsis")
        shown.rstrip()
        console.print(shown, soft_wrap=True, highlight=False)


def flowed(parts: Parts, width: int) -> list[Parts]:
    """The pieces of a line on as many lines as they need; a figure keeps its interval, and what goes on is indented."""
    whole = "".join(text for text, _ in parts)
    if max(map(len, whole.rstrip().split("\n"))) <= width:
        return [parts]
    units: list[list[tuple[str, str]]] = []
    for text, look in parts:
        if units and text.lstrip().startswith("["):
            units[-1].append((text, look))
        else:
            units.append([(text, look)])
    deeper = " " * (min(len(whole) - len(whole.lstrip()), DEEPEST) + 2)
    lines: list[list[tuple[str, str]]] = []
    room = 0
    for unit in units:
        (first, look), *more = unit
        if lines and len("".join(text for text, _ in unit).rstrip()) <= room:
            lines[-1] += unit
        elif len(unit) == 1:
            indent = deeper if lines else deeper[:-2]
            lines += [[(each, look)] for each in wrapped(first, width, indent, deeper)]
            # The padding of a name is kept where there is room, so that what follows stands below each other.
            lines[-1][-1] = ((lines[-1][-1][0] + first[len(first.rstrip()) :])[:width], look)
        else:
            lines.append([(deeper + first.lstrip(), look), *more])
        room = width - sum(len(text) for text, _ in lines[-1]) if lines else width
    return list(lines)


def wrapped(text: object, width: int | None = None, indent: str = "", hanging: str | None = None) -> list[str]:
    """A paragraph; long words are broken rather than cut, because they are there to be copied."""
    return folded(_UNITS.sub(GLUE, words.one_line(text, 2000)), width or columns(), indent, hanging)


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
