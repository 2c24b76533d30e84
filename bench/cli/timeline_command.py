"""`when-async timeline`: options and exit codes; part of `bench.cli`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from .shared import BROKEN, OK, PAGE, PINS, PYTHON, plain_errors, tell

HELP = """Record one round of WORKLOAD under RUNNER from inside, and draw who waited and who worked when.

    \b
    when-async timeline sleep asyncio
    when-async timeline 'sleep[wait=10ms,n=40,c=8]' threading
    when-async timeline http_fetch asyncio/aiohttp --python 3.14

    WORKLOAD is a name, a point or a file of your own; RUNNER may name a client library after a slash. Writes
    trace.json, which opens in https://ui.perfetto.dev, and the picture timeline.svg. The round is written down by its
    ops and waits, which takes time: it shows the order of events, and no number of it is a measurement.

    Exit codes: 0 ok, 2 wrong use, 3 the round failed or timed out.
    """


@click.command(help=HELP)
@click.argument("workload")
@click.argument("runner")
@PYTHON
@PINS
@click.option("--seed", type=int, default=20260, show_default=True, help="Seed of the data.")
@click.option("--timeout", "timeout_s", type=click.FloatRange(min=0.1), default=60.0, show_default=True,
              help="Seconds after which it is given up.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path),
              help=f"Folder to write to; default: {PAGE}/timeline-WORKLOAD-RUNNER.")  # fmt: skip
@click.option("--wait", is_flag=True, help="Wait for another run on this machine to end instead of refusing.")
@plain_errors
def timeline(
    workload: str, runner: str, pythons: Sequence[str], pins: Sequence[str], seed: int, timeout_s: float,
    output: Path | None, wait: bool,
) -> None:  # fmt: skip
    from ..machine.lock import machine
    from ..walk.timeline import NotRecorded
    from .timeline import record_and_draw

    with machine(wait=wait, say=tell):
        try:
            record_and_draw(workload, runner, pythons, pins, (seed, timeout_s), output)
        except NotRecorded as error:
            tell(f"when-async: {error}")
            sys.exit(BROKEN)
    sys.exit(OK)
