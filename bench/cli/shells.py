"""What click's completion lacks for our ids, which hold `:`, `=` and commas."""

from __future__ import annotations

import os

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

PROGRAM = "when-async"
VARIABLE = "_WHEN_ASYNC_COMPLETE"
"""Has the program answer a shell; click derives this name from that of the program."""


ALIKE = {"-w": "workloads", "-m": "workloads", "--workload": "workloads", "-r": "runners", "--runner": "runners"}
"""Options that take the same in every command, by what `completing` calls that."""


class Alike(ShellComplete):
    """Answers such an option at once: to import its command would take longer than all else."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        name = ALIKE.get(args[-1]) if args and not incomplete.startswith("-") else None
        if name is None:
            return super().get_completions(args, incomplete)
        from . import completing

        found: list[CompletionItem[str]] = getattr(completing, name)(
            click.Context(self.cli), click.Argument(["name"]), incomplete
        )
        return found


class Zsh(Alike, ZshComplete):
    """click's own, which answers those at once."""


class Bash(Alike, BashComplete):
    """Bash takes `:` and `=` for ends of words: so the line is taken apart here, and only its last piece answered."""

    source_template = BashComplete.source_template.replace(
        'COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD', 'COMP_LINE="$COMP_LINE" COMP_POINT="$COMP_POINT"'
    )
    _answered = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ["COMP_LINE"][: int(os.environ["COMP_POINT"])]
        words = split_arg_string(line)[1:]
        incomplete = words.pop() if words and not line[-1:].isspace() else ""
        # click asks the option for what stands behind the sign.
        value = incomplete.partition("=")[2] if incomplete.startswith("--") else incomplete
        self._answered = value[: max(value.rfind(":"), value.rfind("=")) + 1]
        return words, incomplete

    def format_completion(self, item: CompletionItem[str]) -> str:
        return f"{item.type},{item.value.removeprefix(self._answered)}"


class Fish(Alike, FishComplete):
    """click's script cuts an answer at its first comma."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split -m 1 ","')


def register() -> None:
    """Have click answer these shells with ours."""
    add_completion_class(Bash)
    add_completion_class(Zsh)
    add_completion_class(Fish)
