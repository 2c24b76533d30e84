"""The front door, `when-async`: parse, call a room, print, choose the exit code.

Everything heavy is imported inside the commands, so that `--help` answers at once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from .advise import advise
from .calibrate import calibrate
from .claims import claims
from .compare import compare
from .gate import gate
from .new_command import new
from .overhead import overhead
from .report import export, report
from .run import run
from .shared import JSON, PINS, PYTHON, RUNNER, RUNS, WORKLOAD, plain_errors, tell
from .timeline_command import timeline
from .try_command import try_


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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


@main.command("list")
@WORKLOAD
@RUNNER
@JSON
@plain_errors
def list_(workloads: Sequence[str], runners: Sequence[str], as_json: bool) -> None:
    """Show workloads and their parameters, runners, and the points of each profile."""
    from ..selection import ALL, Catalogue, catalogue, select
    from .show import listing, print_listing

    chosen = select(catalogue(workloads, runners), workloads, runners or [ALL], "quick")
    rows = listing(Catalogue({found.value.name: found for found, _ in chosen.points}, chosen.runners))
    click.echo(json.dumps(rows, indent=1)) if as_json else print_listing(rows)


@main.command()
@WORKLOAD
@RUNNER
@PYTHON
@click.option("--all-pythons", is_flag=True, help="Every CPython from 3.11 to 3.15t that is on this machine.")
@PINS
@JSON
@plain_errors
def matrix(
    workloads: Sequence[str],
    runners: Sequence[str],
    pythons: Sequence[str],
    all_pythons: bool,
    pins: Sequence[str],
    as_json: bool,
) -> None:
    """Show which runner can do which workload on which interpreter, and why not."""
    from ..selection import ALL, catalogue, environments_for
    from .matrix import PYTHONS, matrix_rows, print_matrix

    asked = runners or [ALL]
    known = catalogue(workloads, runners)
    chosen = [*pythons, *(PYTHONS if all_pythons else ())]
    rows = matrix_rows(known, workloads, asked, environments_for(known.modules(asked), chosen, tell, pins))
    click.echo(json.dumps(rows, indent=1)) if as_json else print_matrix(rows)


@main.command()
@click.argument("cell", required=False)
@click.option(
    "--runs",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=RUNS,
    show_default=True,
    help="Folder with the run files.",
)
@click.option(
    "--metric",
    type=click.Choice(["wall", "cpu", "throughput"]),
    default="wall",
    show_default=True,
    help="What to follow: makespan of a round, CPU time per op, ops per second.",
)
@click.option("-o", "--output", "picture", type=click.Path(dir_okay=False, path_type=Path), metavar="PICTURE.svg",
              help="Draw CELL into this file as well.")  # fmt: skip
@JSON
@plain_errors
def history(**options: Any) -> None:
    """Show how cells moved over the stored runs, or all runs of one CELL (an id, or a part that only one has).

    Stored numbers show a trend and never fail a build; to judge a change, use the gate.
    """
    from .history import show_history

    show_history(**options)


for command in (
    advise, calibrate, claims, compare, export, gate, new, overhead, report, run, timeline, try_
):  # fmt: skip
    main.add_command(command)


if __name__ == "__main__":
    main()
