"""The front door's `calibrate`: measure this machine, keep what was found, show it."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import click

from ..calibration.probes import Subject
from ..calibration.surroundings import surroundings
from ..calibration.walk import PASSES, Findings, walk
from ..environments.interpreters import NoEnvironment
from ..environments.provision import Missing, default, interpreter_of
from ..machine.fingerprint import fingerprint, node_id
from ..machine.host import Host, make_host
from ..machine.lock import machine
from ..machine.status import StatusLine
from ..model import Environment
from ..selection import environments_for
from ..walk.progress import clock_text
from . import folders
from .shared import BROKEN, INTERRUPTED, JSON, OK, WAIT, console, offering, plain_errors, tell


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; default: calibration-MACHINE.json where runs are kept, in which reports look for it.",
)
@click.option(
    "--python", "python", metavar="VERSION", shell_complete=offering("interpreters"),
    help="Measure with this interpreter (3.14, 3.13t, a path); default: the one that runs this.",
)  # fmt: skip
@WAIT
@JSON
@plain_errors
def calibrate(output: Path | None, python: str | None, wait: bool, as_json: bool) -> None:
    """Measure this machine in under half a minute: clocks, timers, cores, noise floor, and what each model costs.

    Every report shows it, and `when-async advise` predicts from it: the costs of models are of one interpreter each.
    What a unit in flight costs is for a run to say: when-async run -w ladder
    """
    with machine(wait=wait, say=tell):
        path = measure_and_keep(output, sys.stderr, python)
    sys.exit(BROKEN if show(path, as_json) else OK)


class Progress(StatusLine):
    """Says which pass and probe is on and how long it will take: one live line, or a plain line a pass."""

    def step(self, number: int, title: str, left_s: float) -> None:
        """A probe is about to begin."""
        where = f"pass {number}/{PASSES}  " if number else ""
        what = "clocks, waits, cores, pairs of workers" if number else title
        left = f"about {clock_text(left_s)} left"
        self.show(f"{where}{title}  {left}", f"{where}{what}  {left}", number)


def measure_and_keep(output: Path | None, stream: IO[str], python: str | None = None) -> Path:
    """Measure the machine and write the file, whole or not at all; returns its path.

    Raises CalibrationError before anything is measured where the file cannot be written, and NoEnvironment where there
    is no such interpreter.
    """
    # Brings SciPy, which takes seconds to import, but nothing is measured in this process.
    from when_async.results.calibration import check_folder, default_name, write

    environment = _environment(python)
    path = output or folders.kept(folders.runs()) / default_name(node_id(), "" if python is None else environment.label)
    check_folder(path)
    try:
        record = measure_here(stream, environment)
    except KeyboardInterrupt:
        tell("interrupted; nothing was written")
        sys.exit(INTERRUPTED)
    write(path, record)
    return path


def _environment(python: str | None) -> Environment:
    """The interpreter that is measured with, with the libraries of the loops as far as they can be had."""
    if python is None:
        return default([])
    interpreter_of(python)  # says in one line that there is none, before anything is made for it
    (found,) = environments_for(["uvloop", "trio"], [python], tell)
    if isinstance(found, Missing):
        raise NoEnvironment(found.reason)
    return found


def measure_here(stream: IO[str], environment: Environment) -> dict[str, Any]:
    """Measure this machine and give the record for the file; nothing is left running."""
    with make_host() as host, Progress(stream, live=stream.isatty()) as progress:
        return measure(host, environment, progress)


def measure(host: Host, environment: Environment, progress: Progress) -> dict[str, Any]:
    """Walk the probes on this host and put what came of them into a record."""
    start, now = time.monotonic(), datetime.now(UTC)
    around = surroundings(cores=host.cores)
    found = walk(Subject(host, environment.executable), progress.step)
    return {
        **header(now, environment.implementation, environment.version, environment.gil),
        "processes": PASSES,
        "seconds": round(time.monotonic() - start, 1),
        "surroundings": around,
        **contents(found),
    }


def header(now: datetime, implementation: str, version: str, gil: bool) -> dict[str, Any]:
    """Whose calibration it is, and when and with what it was made."""
    from importlib.metadata import version as version_of

    machine = fingerprint()
    return {
        "tool_version": version_of("when-async"),
        "date": now.isoformat(timespec="seconds"),
        "node_id": machine["node_id"],
        "machine": machine,
        "interpreter": {"implementation": implementation, "version": version, "gil": gil},
    }


def contents(found: Findings) -> dict[str, Any]:
    """What the probes found, as the file has it."""
    failed = [
        {"title": f"{one['row']}, {one['column']}", "reason": one["reason"]}
        for one in found.quantities.values()
        if one["reason"] and not one["absent"]
    ]
    return {
        "idle_noise": found.idle,
        "busy_noise": found.busy,
        "quantities": list(found.quantities.values()),
        "pairs": found.pairs,
        "absent": found.absent,
        "failures": [*found.failures, *failed],
    }


def show(path: Path, as_json: bool) -> bool:
    """Print what a calibration file says; returns whether a probe failed."""
    from when_async.reports.calibration.cards import flat, show
    from when_async.reports.words import one_line
    from when_async.results.calibration import read

    calibration = read(path)
    if as_json:
        click.echo(json.dumps(flat(calibration), indent=1))
    else:
        show(calibration, console())
        click.echo(f"\ncalibration: {path}\nnext: when-async report")
    for title, reason in calibration.failures:
        tell(f"when-async: {one_line(f'{title}: {reason}', 400)}")
    return bool(calibration.failures)
