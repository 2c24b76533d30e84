"""The front door, `when-async`: finds the command, which parses, calls a room, prints and chooses the exit code.

A command's module is imported when it is asked for. What the list of commands says of each stands here, so that
`--help` answers at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

import click

from .shared import errors_told


class Entry(NamedTuple):
    """Where a command is, in a module beside this one, and what the list of commands says of it."""

    module: str
    name: str
    summary: str


COMMANDS = {
    "advise": Entry("advise", "advise", "Which model for work like this, with code to begin from."),
    "calibrate": Entry("calibrate", "calibrate", "Measure this machine: clocks, waits, noise floor, quotas."),
    "claims": Entry("claims", "claims", "Say of each claim whether the figures of run files back it."),
    "compare": Entry("compare.command", "compare", "Say how B stands to A: interpreters, commits, pins, runs."),
    "export": Entry("report", "export", "Write the tidy table of run files, one row per sample."),
    "gate": Entry("gate.command", "gate", "Compare HEAD with BASE here and now, and fail on a regression."),
    "history": Entry("history", "history", "Show how cells moved over the stored runs."),
    "list": Entry("listing", "list_", "Show workloads and their parameters, runners, and points."),
    "matrix": Entry("matrix", "matrix", "Show which runner can do which workload on which interpreter."),
    "new": Entry("new", "new", "Write a workload to begin with, which runs as it is."),
    "overhead": Entry("overhead", "overhead", "Measure the instrument against the same loop by hand."),
    "report": Entry("report", "report", "Turn run files into a page that explains them."),
    "run": Entry("run.command", "run", "Measure: fresh processes, interleaved rounds, every result checked."),
    "timeline": Entry("timeline", "timeline", "Draw one round: who waited and who worked when."),
    "try": Entry("try_", "try_", "Measure a blocking function of yours as it is."),
}


class Commands(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        with errors_told():
            found = getattr(import_module(f".{entry.module}", __package__), entry.name)
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="when-async")
def main() -> None:
    """Measure Python's concurrency models on equal, verified work, and say when to use which.

    \b
    when-async run                  measure (about 8 minutes; -m core: 2), write a run file
    when-async report               turn the last run into a page
    when-async run -w sleep -r asyncio -r threading
    when-async run --python 3.13 --python 3.13t
    when-async try 'module:function' --args '[1]'   any blocking callable, with no file
    when-async timeline chess asyncio               one round, drawn
    when-async advise --wait 50ms --cpu 1ms --ops 500   which model for work like this
    when-async claims                               what the figures say of each claim
    when-async run --python 3.14 --with 'uvloop==0.22.*'

    Exit codes: 0 ok, 2 wrong use, 3 something failed or timed out, 130 interrupted.
    """


if __name__ == "__main__":
    main()
