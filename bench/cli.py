"""The front door, `when-async`: parse, call a room, print, choose the exit code.

Everything heavy is imported inside the commands, so that `--help` answers at once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from bench.cli_advise_command import advise
from bench.cli_claims_command import claims
from bench.cli_compare_command import compare
from bench.cli_gate_command import gate
from bench.cli_new_command import new
from bench.cli_shared import (
    BROKEN,
    DASK_SCHEDULER,
    INTERRUPTED,
    JSON,
    OK,
    PAGE,
    PINS,
    PYTHON,
    RUNNER,
    RUNS,
    WORKLOAD,
    fail,
    plain_errors,
    tell,
)
from bench.cli_timeline_command import timeline
from bench.cli_try_command import try_


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
    from bench.cli_show import listing, print_listing
    from bench.selection import ALL, Catalogue, catalogue, select

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
    from bench.cli_matrix import PYTHONS, matrix_rows, print_matrix
    from bench.selection import ALL, catalogue, environments_for

    asked = runners or [ALL]
    known = catalogue(workloads, runners)
    chosen = [*pythons, *(PYTHONS if all_pythons else ())]
    rows = matrix_rows(known, workloads, asked, environments_for(known.modules(asked), chosen, tell, pins))
    click.echo(json.dumps(rows, indent=1)) if as_json else print_matrix(rows)


@main.command()
@WORKLOAD
@RUNNER
@click.option(
    "--claim", "claims", multiple=True, metavar="ID",
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
@click.option("--seed", type=int, default=20260, show_default=True, help="Seed of the data and of the order of blocks.")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0.1),
    default=60.0,
    show_default=True,
    help="Seconds after which a round is given up and its worker killed.",
)
@click.option("--no-pin", is_flag=True, help="Leave all cores to everybody (see docs/method.md).")
@DASK_SCHEDULER
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Run file to write; default: results/runs/RUN.jsonl.",
)
@click.option(
    "--resume",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Go on with an interrupted run file; only what is missing is measured.",
)
@click.option("--wait", is_flag=True, help="Wait for another run on this machine to end instead of refusing.")
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
    from bench.cli_cluster import far_cluster
    from bench.cli_run import Interrupted, execute, start_fresh, start_resumed
    from bench.cli_show import print_run
    from bench.lock import machine
    from results.journal import RunFileError

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
            started = start_fresh({**options, "dask_scheduler": dask_scheduler}, sys.argv[1:])
        try:
            execute(started)
        except Interrupted as interruption:
            click.echo(str(interruption), err=True)
            sys.exit(INTERRUPTED)
        except RunFileError as error:
            # Not wrong use: the disk gave out in mid-run, and what was measured is kept.
            tell(f"when-async: {error}")
            sys.exit(BROKEN)
    sys.exit(BROKEN if print_run(started.path, as_json) else OK)


@main.command()
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=PAGE,
    show_default=True,
    help="Folder for index.html, report.md and pictures.",
)
@click.option("--skip-corrupt", is_flag=True, help="Leave out lines of a run file that cannot be read, and say which.")
@plain_errors
def report(runs: Sequence[Path], output: Path, skip_corrupt: bool) -> None:
    """Turn RUN files (default: the latest in results/runs) into a page that explains them."""
    from reports.page import write
    from results import load
    from results.calibration import for_runs

    chosen = list(runs) or [latest_run()]
    frame = load(chosen, skip_corrupt=skip_corrupt)
    calibrations, ignored = for_runs(frame.attrs["headers"], [*(path.parent for path in chosen), RUNS])
    frame.attrs["notes"] = [*frame.attrs.get("notes", []), *ignored]
    for note in frame.attrs["notes"]:
        click.echo(f"note: {note}", err=True)
    command = " ".join(["when-async", *sys.argv[1:]])
    written = write(frame, output, command=command, calibrations=calibrations)
    for path in written:
        if path.suffix in (".html", ".md"):
            click.echo(path)


def latest_run() -> Path:
    """The newest run file in results/runs; fails with what to do where there is none."""
    files = sorted(RUNS.glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
    if not files:
        fail(f"there is no run in {RUNS}; measure first with: when-async run")
    return files[-1]


@main.command()
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write: .csv, .json or .parquet.",
)
@click.option("--skip-corrupt", is_flag=True, help="Leave out lines of a run file that cannot be read, and say which.")
@plain_errors
def export(runs: Sequence[Path], output: Path, skip_corrupt: bool) -> None:
    """Write the tidy table of RUN files, one row per sample (results/SCHEMA.md says what is in it)."""
    from results import load
    from results.export import export as write

    write(load(list(runs) or [latest_run()], skip_corrupt=skip_corrupt), output)
    click.echo(output)


@main.command()
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
    from bench.cli_run import measure_overhead
    from bench.cli_show import print_overhead
    from bench.lock import machine

    with machine(wait=wait, say=tell):
        rows, broken = measure_overhead(runners, forks, pairs)
    click.echo(json.dumps(rows, indent=1)) if as_json else print_overhead(rows)
    for reason in broken:
        click.echo(f"when-async: {reason}", err=True)
    sys.exit(BROKEN if broken else OK)


@main.command()
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
def calibrate(
    runners: Sequence[str], costs: bool, quick: bool, output: Path | None, wait: bool, as_json: bool
) -> None:
    """Measure this machine: clocks, waits, costs, noise floor, and what disturbs it; every report shows it.

    Then each runner on it: start-up, an empty op, the memory of one more in flight, and how many there can be.
    Ctrl-C keeps what was measured of the runners.
    """
    from bench.cli_calibrate import calibrate_and_keep, show
    from bench.lock import machine

    if runners and not costs:
        fail("--runner says whose costs are measured; leave it out with --no-costs")
    with machine(wait=wait, say=tell):
        path = calibrate_and_keep(quick, output, sys.stderr, runners if costs else None)
    sys.exit(BROKEN if show(path, as_json) else OK)


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
    from bench.cli_history import show_history

    show_history(**options)


main.add_command(advise)
main.add_command(claims)
main.add_command(compare)
main.add_command(gate)
main.add_command(new)
main.add_command(timeline)
main.add_command(try_)


if __name__ == "__main__":
    main()
