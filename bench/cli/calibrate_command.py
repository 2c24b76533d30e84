"""The front door's `calibrate` and `overhead`: the machine, and the instrument itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from .shared import BROKEN, JSON, OK, RUNNER, fail, plain_errors, tell


@click.command()
@RUNNER
@click.option("--forks", type=click.IntRange(2, 100), default=5, show_default=True, help="Fresh processes per runner.")
@click.option(
    "--pairs", type=click.IntRange(1, 1000), default=20, show_default=True, help="Pairs of rounds per process."
)
@click.option("--wait", is_flag=True, help="Wait for another run on this machine to end instead of refusing.")
@JSON
@plain_errors
def overhead(runners: Sequence[str], forks: int, pairs: int, wait: bool, as_json: bool) -> None:
    """Measure the instrument itself against the same loop written by hand."""
    from ..machine.lock import machine
    from .overhead import measure_overhead
    from .show import print_overhead

    with machine(wait=wait, say=tell):
        rows, broken = measure_overhead(runners, forks, pairs)
    click.echo(json.dumps(rows, indent=1)) if as_json else print_overhead(rows)
    for reason in broken:
        click.echo(f"when-async: {reason}", err=True)
    sys.exit(BROKEN if broken else OK)


@click.command()
@RUNNER
@click.option(
    "--costs/--no-costs",
    default=True,
    show_default=True,
    help="Measure what one more in flight costs each runner, too: about 10 minutes for the core, 2 with --quick, "
    "and up to an hour for -r all.",
)
@click.option(
    "--quick",
    is_flag=True,
    help="6 processes a figure, fewer repeats: about 15 s for the machine instead of 40 s; at most 10 000 in flight.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; default: results/runs/calibration-MACHINE.json. Reports look for calibration-*.json.",
)
@click.option("--wait", is_flag=True, help="Wait for another run on this machine to end instead of refusing.")
@JSON
@plain_errors
def calibrate(runners: Sequence[str], costs: bool, quick: bool, output: Path | None, wait: bool, as_json: bool) -> None:
    """Measure this machine: clocks, waits, costs, noise floor, and what disturbs it; every report shows it.

    Then each runner on it: start-up, an empty op, the memory of one more in flight, and how many there can be.
    Ctrl-C keeps what was measured of the runners.
    """
    from ..machine.lock import machine
    from .calibrate import calibrate_and_keep, show

    if runners and not costs:
        fail("--runner says whose costs are measured; leave it out with --no-costs")
    with machine(wait=wait, say=tell):
        path = calibrate_and_keep(quick, output, sys.stderr, runners if costs else None)
    sys.exit(BROKEN if show(path, as_json) else OK)
