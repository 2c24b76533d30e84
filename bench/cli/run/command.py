"""`when-async run`: measure, keep what was measured, sum it up."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ...machine.lock import machine
from ..shared import (
    BROKEN,
    DASK_SCHEDULER,
    INTERRUPTED,
    JSON,
    NO_PIN,
    OK,
    OUTPUT,
    PINS,
    PYTHON,
    RUNNER,
    SEED,
    TIMEOUT,
    WAIT,
    WORKLOAD,
    fail,
    plain_errors,
    tell,
)  # fmt: skip
from ..show import print_run
from .cluster import far_cluster
from .recording import Interrupted, execute
from .resuming import start_resumed
from .starting import start_fresh


@click.command()
@WORKLOAD
@RUNNER
@click.option(
    "--claim",
    "claims",
    multiple=True,
    metavar="ID",
    help="Measure just what this claim needs, in 6 forks (`when-async claims` shows their ids); all for every one.",
)
@PYTHON
@PINS
@click.option(
    "--profile",
    type=click.Choice(["smoke", "quick", "full"]),
    default="quick",
    show_default=True,
    help="smoke: seconds, proves that it runs. quick: 3 forks, estimates. full: 9 forks, the whole grid.",
)
@click.option("--forks", type=click.IntRange(1, 1000), help="Fresh processes per cell, instead of the profile's.")
@click.option("--rounds", type=click.IntRange(1, 10_000), help="Measured rounds per fork, instead of the profile's.")
@SEED
@TIMEOUT
@NO_PIN
@DASK_SCHEDULER
@OUTPUT
@click.option(
    "--resume",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Go on with an interrupted run file; only what is missing is measured.",
)
@WAIT
@JSON
@plain_errors
def run(resume: Path | None, wait: bool, as_json: bool, dask_scheduler: str | None, **options: Any) -> None:
    """Measure: fresh processes, interleaved rounds, every result checked. Ctrl-C keeps what was measured.

    \b
    -r core            the runners that are taken when none is named
    -r all             every one; where a library is missing, what to install
    -r family:threads  a family; `when-async list` shows them
    -r 'asyncio*'      all that are named like this

    Libraries of runners: pip install 'when-async[trio]', or [all] for all.
    """
    context = click.get_current_context()
    if options["claims"] and (options["workloads"] or options["runners"]):
        fail("--claim says what is measured; leave out -w and -r")
    if options["claims"] and context.get_parameter_source("profile") is not click.core.ParameterSource.COMMANDLINE:
        options["profile"] = "claims"
    if resume is not None:
        given = [
            name for name in options if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        ]
        if given:
            options_of = {param.name: param.opts[-1] for param in context.command.params}
            wrong = ", ".join(options_of[name] for name in given)
            fail(f"--resume takes everything from the run file; leave out {wrong}")
    with machine(wait=wait, say=tell), far_cluster(dask_scheduler):
        if resume is not None:
            started = start_resumed(resume)
        else:
            started = start_fresh({**options, "dask_scheduler": dask_scheduler})
        try:
            execute(started)
        except Interrupted as interruption:
            tell(str(interruption))
            sys.exit(INTERRUPTED)
    sys.exit(BROKEN if print_run(started.path, as_json) else OK)
