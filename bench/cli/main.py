"""The front door, `when-async`: finds the command, which parses, calls a room, prints and chooses the exit code.

A command's module is imported when it is asked for. What the list of commands says of each stands here, so that
`--help` answers at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem

from . import shells
from .helptext import HelpContext, laid_out
from .shared import errors_told, interrupt_when_asked
from .streams import secure


class Entry(NamedTuple):
    """Where a command is, in a module beside this one, and what the list of commands says of it."""

    module: str
    name: str
    summary: str


GROUPS = {
    "Start here": {
        "ask": Entry("ask", "ask", "Answer in a sentence: uvloop, http, files, threads, ..."),
        "advise": Entry("advise", "advise", "Say which model suits your work, with code to start from."),
        "try": Entry("try_", "try_", "Measure a function of yours under threads, processes, asyncio."),
        "gate": Entry("gate.command", "gate", "Fail when a change makes your code slower."),
        "run": Entry("run.command", "run", "Measure the models on this machine; keep the figures."),
        "report": Entry("report", "report", "Turn a run into a page that explains it."),
    },
    "Read results": {
        "claims": Entry("claims", "claims", "Check what people say of asyncio and threads."),
        "compare": Entry("compare.command", "compare", "Say which of two is faster: Pythons, commits, packages, runs."),
        "history": Entry("history", "history", "Show what changed from run to run."),
        "export": Entry("report", "export", "Write every sample as CSV, JSON or Parquet."),
    },
    "Measure": {
        "timeline": Entry("timeline", "timeline", "Draw one round: who waited and who worked when."),
        "overhead": Entry("overhead", "overhead", "Measure what measuring itself costs."),
        "calibrate": Entry("calibrate", "calibrate", "Measure this machine: clocks, timers, cores, noise."),
    },
    "Set up and extend": {
        "list": Entry("listing", "list_", "Show what can be measured, by name."),
        "matrix": Entry("matrix", "matrix", "Show what runs on which Python, and what is missing."),
        "new": Entry("new", "new", "Write a file to measure work of your own."),
        "completion": Entry("completion", "completion", "Let Tab complete names in your shell."),
    },
}
COMMANDS = {name: entry for group in GROUPS.values() for name, entry in group.items()}
WIDEST = max(map(len, COMMANDS))


class Commands(click.Group):
    """A group whose commands are imported when they are asked for."""

    context_class = HelpContext

    def main(self, *args: Any, **extra: Any) -> Any:
        secure()
        with errors_told():
            return super().main(*args, **extra)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        with errors_told():
            found = getattr(import_module(f".{entry.module}", __package__), entry.name)
        assert isinstance(found, click.Command)
        return laid_out(found)

    def invoke(self, ctx: click.Context) -> Any:
        interrupt_when_asked()
        # From the first word on: click would make an interruption exit code 1, which of a gate is a slow-down.
        with errors_told():
            return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not ctx.resilient_parsing and not args[0].startswith("-"):
            # Brings half of the instrument, which `--help` has no use for.
            from ..registry import choose

            with errors_told():
                choose(args[0], COMMANDS, "command")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        return [
            CompletionItem(name, help=entry.summary) for name, entry in COMMANDS.items() if name.startswith(incomplete)
        ]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_commands(ctx, formatter)
        click.Command.format_options(self, ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for heading, group in GROUPS.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(WIDEST), entry.summary) for name, entry in group.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="when-async")
def main() -> None:
    """Measure Python's concurrency models on equal, verified work, and say when to use which.

    \b
    when-async advise --wait 50ms --cpu 1ms --ops 500
    when-async try time:sleep --args '[0.01]'
    when-async gate --base main
    when-async run -w sleep -r asyncio -r threading
    when-async report

    Exit codes: 0 ok, 1 a gate's regression, 2 wrong use, 3 something failed or timed out, 4 a gate's undecided, 70 a
    fault of ours, 74 an output that cannot be written, 130 interrupted.
    """


shells.register()

if __name__ == "__main__":
    main()
