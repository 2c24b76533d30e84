"""Write docs/reference/commands.md from the help of the commands themselves: `python -m docs.commands`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from when_async.bench.cli.main import main

PAGE = Path(__file__).with_name("reference") / "commands.md"
COLUMNS = 100
HEAD = """# Commands

<!-- Written by docs/commands.py; `python -m docs.commands` writes it again. -->

What each command prints with `--help`, word for word. The words are explained in [the glossary](../glossary.md), what a
command ends with in [exit codes](exit-codes.md), and what it reads from `pyproject.toml` in [settings](settings.md).
"""


def walk(command: click.Command, context: click.Context, level: int) -> Iterator[tuple[int, click.Context]]:
    """The command and all below it, each with the depth of its heading."""
    yield level, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from walk(below, opened(below, name, context), level + 1)


def opened(command: click.Command, name: str, parent: click.Context | None = None) -> click.Context:
    """A context in which help is as wide on every terminal."""
    settings = {**command.context_settings, "terminal_width": COLUMNS, "max_content_width": COLUMNS}
    return click.Context(command, info_name=name, parent=parent, **settings)


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for level, context in walk(main, opened(main, "when-async"), 2):
        help_text = "\n".join(line.rstrip() for line in context.get_help().splitlines())
        parts.append(f"{'#' * level} {context.command_path}\n\n```output\n{help_text}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
