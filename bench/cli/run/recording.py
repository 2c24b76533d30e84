"""The front door's measuring half: walk a plan, write what happens into the run file."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from typing import Any

from when_async.results.runfile import RunFileError

from ...machine.host import Host, make_host
from ...model import FailedError, Measurement, Sample, Status, Trial, to_json
from ...walk.experiment import Experiment, ServiceRecord
from ...walk.progress import Progress
from ...walk.timeline import NotRecorded, record, wanted
from ..shared import interrupt_when_asked
from .starting import Started


class Interrupted(Exception):
    """Ctrl-C or a polite kill; the text says what was kept and how to go on."""


def execute(started: Started) -> None:
    """Walk the plan and append every event at once; raises Interrupted after Ctrl-C or SIGTERM."""
    interrupt_when_asked()
    host = make_host()
    journal = started.journal
    try:
        with Progress(started.plan, sys.stderr, live=sys.stderr.isatty()) as progress:
            progress.forget(started.done)
            for record in started.looks:
                journal.append(record)
            walk = Experiment(started.plan, host, started.done, progress.step).events()
            try:
                for event in walk:
                    journal.append(record_of(event))
                    if isinstance(event, Measurement) and event.status in ("FAILED", "TIMEOUT"):
                        progress.drop(event.cell)
                        progress.say(f"{event.status} {event.cell}: {event.reason}")
            finally:
                walk.close()  # type: ignore[attr-defined]
            write_timelines(started, host, progress.say)
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted; what was measured is kept. Go on with: when-async run --resume {started.path}"
        ) from None
    except RunFileError as error:
        # Not wrong use: the disk gave out in mid-run, and what was measured is kept.
        error.exit_code = FailedError.exit_code
        raise
    finally:
        causes, wall_s = host.account.closed()
        with contextlib.suppress(RunFileError):
            journal.append({"kind": "account", "causes": causes, "wall_s": wall_s})
        journal.close()
        host.close()


def write_timelines(started: Started, host: Host, say: Callable[[str], None]) -> None:
    """Write down single rounds of workloads whose order of events matters, when all that is timed is over.

    A smoke run has no page to show them on. What cannot be recorded is said and costs nothing else.
    """
    if started.plan.settings.profile == "smoke":
        return
    for comparison, index in wanted(started.plan):
        cell = comparison.contestants[index].cell.id
        if cell in started.drawn or started.done.decided.get(cell, Status.OK) != Status.OK:
            continue
        try:
            seen = record(host, started.plan.settings, comparison, index)
        except NotRecorded as error:
            say(f"no timeline of {cell}: {error}")
            continue
        started.journal.append(to_json("timeline", seen))


def record_of(event: Sample | Trial | Measurement | ServiceRecord) -> dict[str, Any]:
    """One event as a line of the run file."""
    kinds = {Sample: "sample", Trial: "trial", Measurement: "measurement", ServiceRecord: "service"}
    return to_json(kinds[type(event)], event)
