"""`when-async timeline`: choose what is recorded, have it recorded, write trace and picture."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from ..machine.host import make_host
from ..machine.lock import machine
from ..model import Environment, Timeline
from ..plan import PROFILES, Comparison, build
from ..quantity import typed
from ..registry import RegistryError
from ..selection import catalogue, environments_for, select
from ..walk.timeline import chrome_trace, record
from . import folders
from .checking import known_runners, known_workloads
from .shared import (
    PINS,
    PYTHON,
    TIMEOUT,
    WAIT,
    offering,
    plain_errors,
    runner_option,
    tell,
    workload_option,
)

HELP = """Record one round of WORKLOAD under RUNNER from inside, and draw who waited and who worked when.

    \b
    when-async timeline sleep asyncio
    when-async timeline sleep:wait=10ms,n=40,c=8 threading
    when-async timeline http_fetch asyncio/aiohttp --python 3.14
    when-async timeline -w sleep -r asyncio

    RUNNER may name a client library after a slash. Writes
    trace.json, which opens in https://ui.perfetto.dev, and the picture timeline.svg. The round is written down by its
    ops and waits, which takes time: it shows the order of events, and no number of it is a measurement.

    Exit codes: 0 ok, 2 wrong use, 3 the round failed or timed out.
    """


@click.command(help=HELP)
@click.argument("names", nargs=-1, metavar="[WORKLOAD] [RUNNER]", shell_complete=offering("timelines"))
@workload_option("WORKLOAD; one here")
@runner_option("RUNNER; one here", lambda specs: _plain_runners(specs))
@PYTHON
@PINS
@click.option("--seed", type=int, default=20260, show_default=True, help="Seed of the data.")
@TIMEOUT
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path),
              help="Folder to write to; default: timeline-WORKLOAD-RUNNER where pages are kept.")  # fmt: skip
@WAIT
@plain_errors
def timeline(
    names: Sequence[str], workloads: Sequence[str], runners: Sequence[str], pythons: Sequence[str],
    pins: Sequence[str], seed: int, timeout_s: float, output: Path | None, wait: bool,
) -> None:  # fmt: skip
    workload, runner = meant(names, workloads, runners)
    with machine(wait=wait, say=tell):
        record_and_draw(workload, runner, pythons, pins, (seed, timeout_s), output)


def _plain_runners(specs: Sequence[str]) -> tuple[str, ...]:
    known_runners([plain_runner(spec)[0] for spec in specs])
    return tuple(specs)


def meant(names: Sequence[str], workloads: Sequence[str], runners: Sequence[str]) -> tuple[str, str]:
    """The workload and the runner: words fill the places that no option has. Raises what `known_workloads` does."""
    places = (*(workloads or (None,)), *(runners or (None,)))
    if len(places) != 2 or places.count(None) != len(names):
        raise RegistryError("a timeline is of one workload and one runner: when-async timeline sleep asyncio")
    words = iter(names)
    workload, runner = (next(words) if place is None else place for place in places)
    _plain_runners([runner])
    return known_workloads([workload])[0], runner


def plain_runner(spec: str) -> tuple[str, str]:
    """A runner and the client library that is named after a slash, which in a file's path means nothing."""
    name, _, library = (spec, "", "") if spec.endswith(".py") else spec.partition("/")
    return name, library


def record_and_draw(
    workload: str,
    runner: str,
    pythons: Sequence[str],
    pins: Sequence[str],
    care: tuple[int, float],
    output: Path | None,
) -> None:
    """Record each interpreter's round and write its files; `care` is the seed and the timeout in seconds.

    Raises RegistryError where this cannot be asked for, NotRecorded where the round failed.
    """
    comparison, library = chosen(workload, runner, pythons, pins)
    settings = replace(PROFILES["quick"], seed=care[0], timeout_s=care[1])
    wanted = indices(comparison, library)
    folder = output or folders.kept(folders.pages()) / f"timeline-{plain(workload)}-{plain(runner)}"
    with make_host() as host:
        for index in wanted:
            cell = comparison.contestants[index].cell
            tell(f"{cell.id}: a round that warms up, and one that is written down")
            found = record(host, settings, comparison, index)
            write(found, folder / cell.python if len(wanted) > 1 else folder)


def chosen(workload: str, runner: str, pythons: Sequence[str], pins: Sequence[str]) -> tuple[Comparison, str]:
    """The point with everybody that can be recorded in it, and the client library that was asked for, if any."""
    name, library = plain_runner(runner)
    known = catalogue([workload], [name])
    selection = select(known, [workload], [name], "quick")
    if len(selection.runners) > 1:
        raise RegistryError(f"a timeline is of one runner, and {runner!r} is {', '.join(selection.runners)}")
    points = selection.points
    environments = environments_for(known.modules([name]), pythons, tell, pins)
    first = build(points[:1], selection.runners, environments, PROFILES["quick"]).comparisons[0]
    if len(points) > 1:
        tell(f"of the {len(points)} points of {workload} this is {typed(first.id)}; name another one like this")
    for cell, reason in first.refused:
        if not first.contestants:
            raise RegistryError(reason)
        tell(f"{cell.id}: {reason}")
    missing = [each for each in environments if not isinstance(each, Environment)]
    if not first.contestants and missing:
        raise RegistryError(missing[0].reason)
    return first, library


def indices(comparison: Comparison, library: str) -> list[int]:
    """Which contestants are recorded: one in each interpreter, with that library or the first there is."""
    have = {contestant.cell.library for contestant in comparison.contestants}
    if library and library not in have:
        raise RegistryError(f"there is no {library!r} here; it can be {', '.join(sorted(have - {''})) or 'left out'}")
    wanted = library or comparison.contestants[0].cell.library
    if not library and len(have) > 1:
        others = ", ".join(sorted(have - {wanted, ""}))
        tell(f"this is with {wanted or 'no library'}; there is {others} too, named after a slash")
    return [index for index, each in enumerate(comparison.contestants) if each.cell.library == wanted]


def plain(spec: str) -> str:
    """What was asked for, fit for the name of a folder."""
    return re.sub(r"[^\w.+]+", "-", Path(spec).name if spec.endswith(".py") else spec).strip("-")


def write(timeline: Timeline, folder: Path) -> None:
    """Write `trace.json` and `timeline.svg`, and say what they show; raises ReportError."""
    from when_async.reports.drawing.timeline import title
    from when_async.reports.drawing.timeline import write as write_picture
    from when_async.reports.words import ReportError
    from when_async.results.files import os_words, write_whole

    trace, picture = folder / "trace.json", folder / "timeline.svg"
    try:
        write_whole({trace: json.dumps(chrome_trace(timeline)) + "\n"})
    except OSError as error:
        raise ReportError(f"cannot write {trace}: {os_words(error)}; name a folder that can be written") from None
    write_picture(timeline, picture)
    click.echo(f"{title(timeline)}.")
    click.echo(f"{trace}  open it in https://ui.perfetto.dev")
    click.echo(f"{picture}  open it in a browser")
