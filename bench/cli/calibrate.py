"""The front door's calibrating part: measure this machine, keep what was found, show it; also part of `bench.cli`."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from ..calibration.probes import FULL, QUICK, Effort, Subject
from ..calibration.surroundings import surroundings
from ..calibration.walk import Findings, Step, walk
from ..environments.provision import default
from ..machine.fingerprint import fingerprint, node_id
from ..machine.host import Host, make_host
from ..model import Environment
from ..registry import Found, required_modules
from ..walk.progress import clock_text
from .calibrate_costs import chosen, measure_costs

RUNS = Path("results/runs")
INTERRUPTED = 130


class Progress:
    """Says which pass and probe is on and how long it will take: one live line, or a plain line a pass."""

    def __init__(self, stream: IO[str], *, live: bool) -> None:
        self._stream = stream
        self._live = live
        self._status: Any = None
        self._pass: tuple[str, int] | None = None

    def __enter__(self) -> Progress:
        if self._live:
            from rich.console import Console

            self._status = Console(file=self._stream).status("starting")
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def step(self, step: Step) -> None:
        """A probe is about to begin."""
        where = f"pass {step.number}/{step.passes}  " if step.number else ""
        left = f"about {clock_text(step.left_s)} left"
        if self._status:
            self._status.update(f"{where}{step.title}  {left}")
        elif (step.of, step.number) != self._pass:
            self._pass = (step.of, step.number)
            what = step.of if step.number else step.title
            self._stream.write(f"{where}{what}  {left}\n")
            self._stream.flush()


def calibrate_and_keep(quick: bool, output: Path | None, stream: IO[str], runners: Sequence[str] | None) -> Path:
    """Measure the machine and write the file, whole or not at all; returns its path.

    `runners` are specs of those whose costs are measured, by default the core; None is for none of them, and what an
    earlier calibration found of them is then kept. Raises CalibrationError or RegistryError before anything is
    measured where the file cannot be written or a runner is not known.
    """
    # Brings SciPy, which takes seconds to import, but nothing is measured in this process.
    from when_async.results.calibration.file import check_folder, costs_of, default_name, write

    path = output or RUNS / default_name(node_id())
    check_folder(path)
    found = None if runners is None else chosen(runners)
    try:
        record = calibrate(quick=quick, stream=stream, runners=found)
    except KeyboardInterrupt:
        print("interrupted; nothing was written", file=sys.stderr)
        sys.exit(INTERRUPTED)
    if runners is None:
        record = {"costs": costs_of(path, record["node_id"])} | record
    write(path, record)
    if (record.get("costs") or {}).get("interrupted") and runners is not None:
        print(f"interrupted; what was measured until then is in {path}", file=sys.stderr)
        sys.exit(INTERRUPTED)
    return path


def calibrate(*, quick: bool, stream: IO[str], runners: Sequence[Found] | None) -> dict[str, Any]:
    """Measure the machine, then these runners on it, and give the record for the file; nothing is left running."""
    signal.signal(signal.SIGTERM, _as_interrupt)
    host = make_host()
    try:
        environment = default(required_modules([], [found.value for found in runners or ()]))
        with Progress(stream, live=stream.isatty()) as progress:
            record = measure(host, environment, QUICK if quick else FULL, quick=quick, progress=progress)
            if runners is not None:
                record["costs"] = measure_costs(host, environment, runners, quick=quick, on_step=progress.step)
        return record
    finally:
        host.reaper.close()
        host.noise.close()


def measure(
    host: Host, environment: Environment, effort: Effort, *, quick: bool, progress: Progress
) -> dict[str, Any]:
    """Walk the probes on this host and put what came of them into a record."""
    start, now = time.monotonic(), datetime.now(UTC)
    around = surroundings(cores=host.cores)
    found = walk(Subject(host, environment.executable), effort, progress.step)
    return {
        **header(now, environment.implementation, environment.version, environment.gil),
        "quick": quick,
        "processes": effort.passes,
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
    from rich.console import Console

    from when_async.reports.calibration.cards import flat, show
    from when_async.reports.calibration.costs import flat_costs, show_costs
    from when_async.reports.words import one_line
    from when_async.results.calibration.file import read

    calibration = read(path)
    if as_json:
        print(json.dumps([*flat(calibration), *flat_costs(calibration.costs)], indent=1))
    else:
        console = Console(width=None if Console().is_terminal else 100)
        show(calibration, console)
        show_costs(calibration.costs, console)
        print(f"\ncalibration: {path}\nnext: when-async report")
    failures = [*calibration.failures, *(calibration.costs.failures if calibration.costs else ())]
    for title, reason in failures:
        print(f"when-async: {one_line(f'{title}: {reason}', 400)}", file=sys.stderr)
    return bool(failures)


def _as_interrupt(*_: object) -> None:
    raise KeyboardInterrupt
