"""The front door's measuring half: walk a plan, write what happens into the run file."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from when_async.results.journal import go_on
from when_async.results.runfile import RunFileError

from ...machine.host import Host, make_host
from ...machine.status import StatusLine
from ...model import FailedError, Measurement, Sample, Trial, to_json
from ...plan import DECIDE
from ...walk.experiment import Event, Experiment, ServiceRecord
from ...walk.progress import Progress
from ..shared import tell
from .starting import Started


class Interrupted(Exception):
    """Ctrl-C or a polite kill; the text says what was kept and how to go on."""


@dataclass(frozen=True)
class Watched:
    """Where it is shown how far a run is, by default on standard error, and whether it has been called off."""

    stream: IO[str] | None = None
    say: Callable[[str], None] = tell
    halted: Callable[[], bool] = lambda: False


def execute(started: Started, began_s: float | None = None, watched: Watched = Watched()) -> None:
    """Walk the plan and append every event at once; raises Interrupted after Ctrl-C or SIGTERM.

    `began_s` is when the run began by the monotonic clock, which its budget counts from; now, where it is left out.
    """
    host = make_host()
    if host.kept_out:
        kept = ", ".join(host.kept_out)
        watched.say(f"note: workers are started without {kept}, which would be measured with the work")
    journal = started.journal
    try:
        if started.plan.settings.profile == DECIDE:
            _decide(started, host, time.monotonic() if began_s is None else began_s, watched)
        else:
            _measure(started, host, watched)
    except KeyboardInterrupt:
        how = go_on(started.path)
        raise Interrupted(f"interrupted; what was measured is kept. {how[0].upper()}{how[1:]}") from None
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


def _measure(started: Started, host: Host, watched: Watched) -> None:
    """All that was asked for."""
    stream = watched.stream or sys.stderr
    with Progress(started.plan, stream, live=stream.isatty()) as progress:
        progress.forget(started.done)
        for record in started.looks:
            started.journal.append(record)
        experiment = Experiment(started.plan, host, started.done, progress.step)
        with kept_so_far(started, experiment):
            for event in _walked(started, experiment, progress, watched):
                if isinstance(event, Measurement):
                    progress.drop(event.cell)


def _decide(started: Started, host: Host, began_s: float, watched: Watched) -> None:
    """What decides, until it is decided or the budget is used up."""
    from .deciding import deciding

    with deciding(started, began_s, watched.stream or sys.stderr) as run:
        for record in started.looks:
            started.journal.append(record)
            run.looked(record)
        experiment = Experiment(started.plan, host, started.done, run.step, run.order)
        with kept_so_far(started, experiment):
            for event in _walked(started, experiment, run, watched):
                run.keep(event)


def _walked(started: Started, experiment: Experiment, status: StatusLine, watched: Watched) -> Iterator[Event]:
    """The events of a walk, each in the run file before it is handed on."""
    with contextlib.closing(experiment.events()) as walk:
        for event in walk:
            started.journal.append(record_of(event))
            while experiment.news:
                status.say(f"note: {experiment.news.pop(0)}")
            if isinstance(event, Measurement) and event.status in ("FAILED", "TIMEOUT"):
                status.say(f"{event.status} {event.cell}: {event.reason}")
            yield event
            if watched.halted():
                raise KeyboardInterrupt


@contextlib.contextmanager
def kept_so_far(started: Started, experiment: Experiment) -> Iterator[None]:
    """Wherever the walk is interrupted, what is known so far is written."""
    try:
        yield
    except KeyboardInterrupt:
        for record in so_far(started, experiment):
            started.journal.append(record)
        raise


def so_far(started: Started, experiment: Experiment) -> Iterator[dict[str, Any]]:
    """What is to be said of cells that were measured and not decided, so that a page has their figures."""
    for comparison in started.plan.comparisons:
        for one in experiment.conclusions(comparison):
            yield to_json("so_far", one)


def record_of(event: Event) -> dict[str, Any]:
    """One event as a line of the run file."""
    kinds = {Sample: "sample", Trial: "trial", Measurement: "measurement", ServiceRecord: "service"}
    return to_json(kinds[type(event)], event)
