"""`when-async compare`: what is measured now, and what is read from stored runs."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import click

from ...environments.git import SourceError
from ...gate.config import share
from ...machine.lock import machine
from ...quantity import canonical
from ...selection import CORE
from .. import folders
from ..run.recording import Interrupted, execute
from ..shared import (
    BROKEN,
    INTERRUPTED,
    JSON,
    NO_PIN,
    OK,
    OUTPUT,
    RUN_FILES,
    RUNNER,
    SEED,
    TIMEOUT,
    WAIT,
    console,
    fail,
    offering,
    plain_errors,
    read_as,
    tell,
    workload_option,
)  # fmt: skip
from .kinds import Compared, are_files, compare_files, compare_measured, compare_stored, names_contestants, near, start
from .sides import read_side

HELP = """Say how B stands to A: two interpreters, commits, pins, contestants or runs.

    \b
    when-async compare 3.13 3.14 -r asyncio               two interpreters, measured now
    when-async compare HEAD~3 . -w sleep                  a commit and the working folder
    when-async compare 'aiohttp==3.12.*' 'aiohttp==3.13.*' -w http_fetch
    when-async compare 3.14 '3.14+uvloop==0.22.1'         parts of a side joined by +
    when-async compare asyncio threading --run FILE       two contestants of a stored run
    when-async compare old.jsonl new.jsonl                two stored runs (weaker: measured apart)

    What is measured is measured beside each other, in fresh processes that take turns. Names of contestants and cells
    are looked up in the latest run; with --run everything is, interpreters too. `git:3.13` is a git ref that looks
    like a version.

    Exit codes: 0 compared, whatever the verdict; 2 wrong use or a meaningless comparison; 3 a cell failed.
    """
MEASURING = ("workloads", "runners", "forks", "rounds", "seed", "timeout_s", "no_pin", "output")
"""Options that say how to measure."""
FORKS = 14


@click.command(help=HELP)
@click.argument("a", shell_complete=offering("sides"))
@click.argument("b", shell_complete=offering("sides"))
@click.option("--run", "stored", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              shell_complete=RUN_FILES, help="A stored run that has A and B; nothing is measured.")  # fmt: skip
@click.option("--margin", default="3%", show_default=True, metavar="SHARE",
              callback=read_as(share),
              help="The difference that does not matter.")  # fmt: skip
@workload_option(CORE)
@RUNNER
@click.option("--forks", type=click.IntRange(1, 1000), default=FORKS, show_default=True,
              help="Fresh processes per cell; fewer than 3 give no verdict.")  # fmt: skip
@click.option("--rounds", type=click.IntRange(1, 10_000), help="Measured rounds per fork, instead of 5.")
@SEED
@TIMEOUT
@NO_PIN
@OUTPUT
@WAIT
@JSON
@plain_errors
def compare(a: str, b: str, stored: Path | None, margin: float, wait: bool, as_json: bool, **options: Any) -> None:
    a, b = canonical(a), canonical(b)
    compared = _stored(a, b, stored, margin) or _measured(a, b, margin, wait, options)
    sys.exit(show(compared, as_json))


def _stored(a: str, b: str, stored: Path | None, margin: float) -> Compared | None:
    """The comparison of what was measured before; None where A and B are to be measured."""
    if stored is not None:
        _no_measuring("--run")
        return compare_stored(stored, a, b, margin)
    if are_files(a, b):
        _no_measuring("two run files")
        return compare_files(Path(a), Path(b), margin)
    for text in (a, b):
        if text.endswith(".jsonl"):
            fail(f"{a} and {b} must both be run files, or neither; for two sides of one run: --run FILE")
    path = folders.latest_run()
    if path is not None and names_contestants(path, a, b):
        _no_measuring(f"{a} and {b}, which are looked up in {path},")
        tell(f"of the latest run, {path}")
        return compare_stored(path, a, b, margin)
    return None


def _no_measuring(what: str) -> None:
    """Refuse options that would have no effect."""
    context = click.get_current_context()
    given = {
        param.opts[-1]
        for param in context.command.params
        if param.name in MEASURING
        and context.get_parameter_source(param.name) is click.core.ParameterSource.COMMANDLINE
    }
    if given:
        fail(f"with {what} nothing is measured; leave out {', '.join(sorted(given))}")


def _measured(a: str, b: str, margin: float, wait: bool, options: dict[str, Any]) -> Compared:
    asked = read_side(a), read_side(b)
    with machine(wait=wait, say=tell):
        try:
            started, sides = start(*asked, options)
        except SourceError as error:
            fail(f"{error}{near(a, b)}")
        first, second = (environment.label for environment in sides.environments)
        try:
            execute(started)
        except Interrupted:
            again = shlex.join(["when-async", "compare", first, second, "--run", str(started.path)])
            tell(f"interrupted; what was measured is kept. Compare it with: {again}")
            sys.exit(INTERRUPTED)
    return compare_measured(started.path, sides.environments, margin)


def show(compared: Compared, as_json: bool) -> int:
    """Print the comparison; returns the exit code."""
    from when_async.reports.terminal.comparison import flat, table

    if as_json:
        click.echo(json.dumps([flat(row) for row in compared.rows], indent=1))
    else:
        table(compared.a, compared.b, compared.rows, console())
        if compared.path is not None:
            click.echo(f"\nrun file: {compared.path}\nnext: when-async report {shlex.quote(str(compared.path))}")
    return BROKEN if compared.broken else OK
