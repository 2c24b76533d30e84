"""How `--help` is laid out: like click's own, and readable on a terminal of 40 columns too."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterable

import click

NARROW = 60
"""Below so many columns an explanation stands under what it explains, and not beside it."""
LEAST = 20
TERMS = 12
"""Terms that are no longer than this have their explanation beside them on a narrow terminal too."""
COMMAND = "when-async "
AS_WRITTEN = "\b\n"
"""Begins a paragraph whose lines are kept, by click's custom."""


class Formatter(click.HelpFormatter):
    """Wraps examples as commands that can be pasted, where click lets them run over the edge."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        if width is None:
            width = max(min(shutil.get_terminal_size().columns, max_width or 80) - 2, LEAST)
        super().__init__(indent_increment, width, max_width)

    def write_text(self, text: str) -> None:
        """Paragraphs with an empty line between them; those of examples line by line."""
        for number, paragraph in enumerate(re.split(r"\n\s*\n", text)):
            if number:
                self.write("\n")
            if paragraph.startswith(AS_WRITTEN):
                self._write_examples(paragraph.removeprefix(AS_WRITTEN).splitlines())
            else:
                super().write_text(paragraph)

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Terms with their explanations, beside or below them as there is room."""
        rows = list(rows)
        if self.width >= NARROW or max((len(term) for term, _ in rows), default=0) <= TERMS:
            super().write_dl(rows, col_max, col_spacing)
            return
        for term, explanation in rows:
            self._write_below(term, explanation)

    def _write_examples(self, lines: list[str]) -> None:
        if all(len(line) + self.current_indent <= self.width for line in lines):
            self.write("".join(f"{'':{self.current_indent}}{line}".rstrip() + "\n" for line in lines))
            return
        for line in lines:
            term, _, explanation = (part.strip() for part in re.split(r"(\s{2,}|$)", line.strip(), maxsplit=1))
            self._write_below(term, f"# {explanation}" if explanation and term.startswith(COMMAND) else explanation)

    def _write_below(self, term: str, explanation: str) -> None:
        indent, deeper = " " * self.current_indent, " " * (self.current_indent + 4)
        self.write(_broken(term, self.width, indent, deeper) + "\n")
        if explanation:
            self.write(textwrap.fill(explanation, self.width, initial_indent=deeper, subsequent_indent=deeper) + "\n")


def _broken(term: str, width: int, indent: str, deeper: str) -> str:
    """A term in lines; a command goes on behind a backslash, an option and its value stay together."""
    if len(term) + len(indent) > width and not term.startswith(COMMAND):
        term = term.replace("|", " | ")
    words = re.findall(r"(?:-\S+ (?!-))?(?:'[^']*'|\S)+", term)
    on = " \\" if term.startswith(COMMAND) else ""
    lines = [indent + words[0]] if words else [indent]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) + len(on) <= width:
            lines[-1] += f" {word}"
        else:
            lines[-1] += on
            lines.append(deeper + word)
    return "\n".join(lines)


class HelpContext(click.Context):
    """A context whose help is laid out by us."""

    formatter_class = Formatter


def laid_out(command: click.Command) -> click.Command:
    """The command, and those below it, with our layout."""
    command.context_class = HelpContext
    if isinstance(command, click.Group):
        for below in command.commands.values():
            laid_out(below)
    return command
