"""What click's completion lacks for our ids, which hold `:`, `=` and commas."""

from __future__ import annotations

import os

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    add_completion_class,
    split_arg_string,
)

PROGRAM = "when-async"
VARIABLE = "_WHEN_ASYNC_COMPLETE"
"""Has the program answer a shell; click derives this name from that of the program."""


class Bash(BashComplete):
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


class Fish(FishComplete):
    """click's script cuts an answer at its first comma."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split -m 1 ","')


def register() -> None:
    """Have click answer these shells with ours."""
    add_completion_class(Bash)
    add_completion_class(Fish)
