"""`when-async run`: measure, keep what was measured, sum it up."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import click

from ...gate.config import span_s
from ...machine.lock import machine
from ...plan import DECIDE, PROFILES, VERDICTS
from ...selection import NOTES
from ..checking import known_workloads, only_files, workloads_but_files
from ..own.where import Where
from ..shared import (
    BROKEN,
    CLAIM,
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
    fail,
    plain_errors,
    read_as,
    tell,
    workload_option,
)  # fmt: skip
from ..show import print_run
from .cluster import far_cluster
from .recording import Interrupted, execute
from .resuming import start_resumed
from .starting import start_fresh


@click.command()
@workload_option(check=workloads_but_files)
@RUNNER
@CLAIM
@PYTHON
@PINS
@click.option(
    "--profile",
    type=click.Choice([*VERDICTS, *PROFILES]),
    help="decide: stop when it is decided, or the budget is used up; the default. claims: 6 processes each. "
    "quick: 3. full: 9, the whole grid. smoke: seconds, shows that it runs.",
)
@click.option(
    "--budget",
    "budget_s",
    metavar="TIME",
    callback=read_as(span_s),
    help="Time that a run may take that decides, start-up and closing included, such as 10m.  [default: 5m]",
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
    if resume is not None:
        given = [
            name for name in options if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        ]
        if given:
            options_of = {param.name: param.opts[-1] for param in context.command.params}
            wrong = ", ".join(options_of[name] for name in given)
            fail(f"--resume takes everything from the run file; leave out {wrong}")
    settle_profile(options)
    if only_files(options["workloads"]):
        options["where"] = Where(options["pythons"], options["pins"], files=True)
        known_workloads(options["workloads"], options["where"].read)
    with machine(wait=wait, say=tell), far_cluster(dask_scheduler):
        began_s = time.monotonic()
        if resume is not None:
            started = start_resumed(resume)
        else:
            started = start_fresh({**options, "dask_scheduler": dask_scheduler})
        try:
            execute(started, began_s)
        except Interrupted as interruption:
            tell(str(interruption))
            sys.exit(INTERRUPTED)
    sys.exit(BROKEN if print_run(started.path, as_json) else OK)


def settle_profile(options: dict[str, Any]) -> None:
    """Fill in what was left out: a run decides all claims, those that it is asked for, or what -w and -r name."""
    own = bool(options["workloads"] or options["runners"])
    options["profile"] = options["profile"] or DECIDE
    if options["budget_s"] is not None and options["profile"] != DECIDE:
        fail(f"--budget is for a run that decides; --profile {options['profile']} measures all that was asked for")
    if options["profile"] in VERDICTS and own and options["profile"] != DECIDE:
        fail(f"--profile {options['profile']} measures what claims need; leave out -w and -r, or take another profile")
    if options["profile"] in VERDICTS and not options["claims"] and not own:
        options["claims"], options["core"] = (NOTES,), options["profile"] == DECIDE
