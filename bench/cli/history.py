"""The front door's looking back: which cell is meant, and its history as tables, picture or JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..model import Estimate
from ..quantity import canonical
from ..registry import RegistryError
from ..selection import catalogue
from . import folders
from .cells import choose_cell, only
from .shared import JSON, console, plain_errors, runner_option, workload_option

if TYPE_CHECKING:
    from when_async.results.history.cells import History


@click.command("history")
@click.argument("cell", required=False)
@workload_option("all that were measured", lambda specs: tuple(map(canonical, specs)))
@runner_option("all that were measured", lambda specs: tuple(specs))
@click.option(
    "--runs",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder with the run files; default: where runs are kept.",
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
def history(
    cell: str | None, folder: Path | None, metric: str, picture: Path | None, as_json: bool,
    workloads: Sequence[str], runners: Sequence[str],
) -> None:  # fmt: skip
    """Show how cells moved over the stored runs, or all runs of one CELL (an id, or a part that only one has).

    Stored numbers show a trend and never fail a build; to judge a change, use the gate.
    """
    show_history(cell, folder or folders.runs(), metric, picture, as_json, only(workloads, runners))


def show_history(
    cell: str | None, folder: Path, metric: str, picture: Path | None, as_json: bool,
    of: Callable[[Collection[str]], list[str]] = list,
) -> None:  # fmt: skip
    """Print the cells of all runs in a folder, or one cell with its runs; also draw the latter.

    Raises RunFileError where there is no run, RegistryError where the cell is not there or more than one is meant.
    """
    from when_async.results.history.cells import QUANTITIES, histories, read_folder
    from when_async.results.history.trend import moved

    check_picture(cell, picture)
    runs, notes = read_folder(folder)
    for note in notes:
        click.echo(f"note: {note}", err=True)
    known = of(dict.fromkeys(name for run in runs for name in run.cells))
    wanted = known if cell is None else [choose_cell(known, canonical(cell))]
    found = histories(runs, QUANTITIES[metric], libraries(), wanted)
    if not found and not known and any(run.cells for run in runs):
        raise RegistryError(f"no run in {folder} holds a cell like that; `when-async history` shows all there are")
    if not found:
        raise RegistryError(f"no run in {folder} holds a cell; measure first with: when-async run")
    if cell is None:
        print_overview(sorted(found, key=moved, reverse=True), as_json)
    else:
        print_detail(found[0], as_json)
        if picture is not None:
            write_picture(found[0], picture, beside=as_json)


def check_picture(cell: str | None, picture: Path | None) -> None:
    """Refuse a picture of nothing in particular, and one in another format, before anything is read."""
    if picture is not None and cell is None:
        raise RegistryError("a picture shows one cell; name it: when-async history CELL -o PICTURE.svg")
    if picture is not None and picture.suffix.lower() != ".svg":
        raise RegistryError(f"cannot draw {picture}: name a file that ends in .svg")


def libraries() -> Callable[[str, str], Collection[str] | None]:
    """(workload, runner) -> what runner and service import, or None for a user's own, whose imports are not known."""
    known = catalogue()

    def uses(workload: str, runner: str) -> Collection[str] | None:
        if workload not in known.workloads or runner not in known.runners:
            return None
        service = known.workloads[workload].value.service
        return {*known.runners[runner].value.requires, *(service.requires if service else ())}

    return uses


def print_overview(found: Sequence[History], as_json: bool) -> None:
    """All cells, those that moved most first."""
    from when_async.reports.history.terminal import overview
    from when_async.results.history.trend import change

    if not as_json:
        overview(found, console())
        return
    rows = []
    for history in found:
        latest, ratio = history.values(history.comparable[-1:]), change(history)
        rows.append(
            {
                "cell": history.cell,
                "metric": history.quantity.name,
                "runs": len(history.points),
                "comparable": len(history.comparable),
                **flat("latest", latest[0] if latest else None),
                "unit": latest[0].unit if latest else None,
                **flat("change", ratio),
            }
        )
    click.echo(json.dumps(rows, indent=1))


def print_detail(history: History, as_json: bool) -> None:
    """All runs of one cell, oldest first."""
    from when_async.reports.history.terminal import detail
    from when_async.results.history.trend import breaks, steps

    if not as_json:
        detail(history, console())
        return
    found, torn, comparable = steps(history), {one.index: one.label for one in breaks(history)}, history.comparable
    rows = []
    for index, point in enumerate(history.points):
        step = found.get(index)
        rows.append(
            {
                "cell": history.cell,
                "metric": history.quantity.name,
                "run": point.run,
                "file": point.file,
                "started": point.started,
                "commit": point.commit,
                "interpreter": point.python,
                "noise": point.noise,
                **flat("value", point.value),
                "unit": point.value.unit if point.value else None,
                "processes": point.value.n if point.value else None,
                "reason": point.reason,
                "server_bound": point.server_bound,
                "environment": history.groups[index],
                "comparable_with_latest": index in comparable,
                "break": torn.get(index, ""),
                **flat("step", step.ratio if step else None),
                "step_p": step.p if step else None,
            }
        )
    click.echo(json.dumps(rows, indent=1))


def flat(name: str, value: Estimate | None) -> dict[str, float | None]:
    """An Estimate as three fields of a flat object."""
    if value is None:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"))
    return {name: value.point, f"{name}_low": value.low, f"{name}_high": value.high}


def write_picture(history: History, path: Path, beside: bool) -> None:
    """Draw a history into an SVG file; without any value there is none, which is told. Raises ReportError."""
    from when_async.reports.history.plot import write

    if write(history, path):
        click.echo(path, err=beside)
    else:
        click.echo(f"note: {path} was not written, because no run has a number to draw", err=True)
