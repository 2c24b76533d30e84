"""The front door's `report` and `export`: what run files hold, as a page and as a table."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, TextIO

import click

from . import folders
from .shared import RUN_FILES, SKIP_CORRUPT, fail, plain_errors, tell

if TYPE_CHECKING:
    from when_async.reports.answers.answer import Evidence


@click.command()
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path), shell_complete=RUN_FILES)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for index.html, report.md and pictures; default: where pages are kept.",
)
@SKIP_CORRUPT
@plain_errors
def report(runs: Sequence[Path], output: Path | None, skip_corrupt: bool) -> None:
    """Turn RUN files (default: the latest that is kept) into a page that explains them."""
    from when_async.reports.page.writing import write
    from when_async.results.calibration_files import for_runs
    from when_async.results.frame import load
    from when_async.results.overview import overview

    output = output or folders.kept(folders.pages())
    chosen = list(runs) or [latest_run()]
    whole, rest = _parted(chosen)
    if rest:
        tell(f"note: of {len(chosen)} runs {len(whole)} are shown in full, one of each machine and interpreter")
    frame = load(whole, skip_corrupt=skip_corrupt)
    # It stays to the end; a collector that walks it while charts are drawn takes a tenth of their time.
    gc.freeze()
    calibrations, ignored = for_runs(frame.attrs["headers"], [*(path.parent for path in chosen), folders.runs()])
    frame.attrs["notes"] = [*frame.attrs.get("notes", []), *ignored]
    for note in frame.attrs["notes"]:
        click.echo(f"note: {note}", err=True)
    command = " ".join(["when-async", *sys.argv[1:]])
    older = [overview(path) for path in rest]
    with drawing(sys.stderr) as on_section:
        written = write(
            frame, output, command=command, calibrations=calibrations, older=older, on_section=on_section,
            reference=lambda names: recorded(names, set(map(str, frame["python"].unique()))),
        )  # fmt: skip
    for path in written:
        if path.suffix in (".html", ".md"):
            click.echo(path)


def _parted(chosen: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """The runs to be shown in full, and the others: of recordings of claims those whose figures their verdicts have."""
    from when_async.reports.recordings.agreement import rank
    from when_async.results.overview import FEW, header_of, parted

    if len(chosen) > FEW and all(header_of(path).get("asked_claims") for path in chosen):
        return parted(chosen, rank, 2 * FEW)
    return parted(chosen)


def recorded(names: Sequence[str], pythons: Set[str]) -> list[Evidence]:
    """What the recorded reference says of these claims, on these interpreters and on one without the GIL."""
    from when_async.reports.answers.answer import gathered
    from when_async.reports.recordings.agreement import agreed
    from when_async.reports.verdicts.judging import claims
    from when_async.reports.verdicts.kept import judged
    from when_async.results.overview import header_of

    from .claims import PATTERN, REFERENCE

    paths = sorted(REFERENCE.glob(PATTERN))
    headers = [header_of(path) for path in paths]
    verdicts = agreed(judged(paths, [claims()[name] for name in names])[0], headers)
    every = list(dict.fromkeys(one.python for one in verdicts))
    wanted = {*(pythons & {*every} or every[:1]), *[one for one in every if one.endswith("t")][:1]}
    own = [one for one in verdicts if one.python in wanted]
    return gathered(own, headers, reference=True)


QUIET_S = 10.0
"""A page that is drawn faster than this says nothing meanwhile where there is no terminal."""


@contextmanager
def drawing(stream: TextIO, clock: Callable[[], float] = monotonic) -> Iterator[Callable[[int, int, str], None]]:
    """Say how far the drawing is: a bar with the time left on a terminal, a plain line every ten seconds elsewhere."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(file=stream)
    if console.is_terminal and not console.is_dumb_terminal:
        with Progress(console=console, transient=True) as bar:
            task = bar.add_task("reading figures", total=None)
            yield lambda done, of, name: bar.update(task, completed=done, total=of, description=f"drawing {name}")
        return
    told_s = clock()

    def say(done: int, of: int, name: str) -> None:
        nonlocal told_s
        if clock() - told_s >= QUIET_S:
            told_s = clock()
            click.echo(f"drawing {name}, {done} of {of} sections done", file=stream)

    yield say


def latest_run() -> Path:
    """The newest run file that is kept; fails with what to do where there is none."""
    found = folders.latest_run()
    if found is None:
        fail(f"there is no run in {folders.runs()}; measure first with: when-async run")
    return found


@click.command()
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path), shell_complete=RUN_FILES)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write: .csv, .json or .parquet.",
)
@SKIP_CORRUPT
@plain_errors
def export(runs: Sequence[Path], output: Path, skip_corrupt: bool) -> None:
    """Write the tidy table of RUN files, one row per sample (results/SCHEMA.md says what is in it)."""
    from when_async.results.export import export as write
    from when_async.results.frame import load

    write(load(list(runs) or [latest_run()], skip_corrupt=skip_corrupt), output)
    click.echo(output)
