"""The front door's `claims`: the verdicts on claims, of the committed reference run where no run is named."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .shared import JSON, RUN_FILES, SKIP_CORRUPT, fail, offering, plain_errors, tell

if TYPE_CHECKING:
    from when_async.reports.recordings.changes import Change
    from when_async.reports.verdicts.claim import Statement
    from when_async.reports.verdicts.judging import Verdict
    from when_async.results.runfile import Header

REFERENCE = Path(__file__).resolve().parents[2] / "results" / "reference"
PATTERN = "claims-*.jsonl*"
OTHERS = "machines"
"""The folder of recordings of other machines, one folder each: nothing is predicted or advised from them."""


@click.command()
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path), shell_complete=RUN_FILES)
@click.option("--claim", "names", multiple=True, metavar="ID", shell_complete=offering("claims"),
              help="Only this claim. Repeatable; default: all.")  # fmt: skip
@click.option("--python", metavar="VERSION", shell_complete=offering("interpreters"),
              help="Only on this interpreter, such as 3.13t; default: all of the runs.")  # fmt: skip
@click.option(
    "--changed",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    shell_complete=RUN_FILES,
    metavar="RUN",
    help="Show only verdicts that are others than in this earlier run, with what may have changed them. Repeatable.",
)
@SKIP_CORRUPT
@JSON
@plain_errors
def claims(
    runs: Sequence[Path],
    names: Sequence[str],
    python: str | None,
    changed: Sequence[Path],
    skip_corrupt: bool,
    as_json: bool,
) -> None:
    """Say of each claim of the notes whether the figures of RUN files back it; default: the reference.

    Several recordings of one interpreter on one machine have to agree, else it is INCONCLUSIVE and says so. Machines
    stand beside each other, and a verdict that is another elsewhere is marked with ≠.

    \b
    HOLDS          every figure lies in the bound that was set beforehand
    REFUTED        every one lies wholly outside
    DEPENDS        it holds in some places and not in others, which are named
    INCONCLUSIVE   an interval reaches across its bound
    NOT_MEASURED   there is no figure; the reason is given

    \b
    when-async run --claim grid-search     measure what one of them needs on this machine
    when-async claims results/runs/RUN.jsonl --claim grid-search
    """
    from when_async.reports.recordings.changes import changes
    from when_async.reports.terminal.claims import print_verdicts

    from ..selection import ALL
    from .run.claimed import chosen

    asked = {claim.name: claim for claim in chosen(names or [ALL])}
    verdicts, headers = _agreed(list(runs) or [*references(), *elsewhere()], asked, skip_corrupt)
    verdicts = _on(python, verdicts) if python else verdicts
    found: list[Change] = []
    if changed:
        before, older = _agreed(list(changed), asked, skip_corrupt)
        headers += older
        found = changes(verdicts, before, headers)
        _tell_new(verdicts, before, headers)
        verdicts = [one.now for one in found]
    _tell_builds(headers, verdicts)
    if as_json:
        click.echo(json.dumps([one.flat() for one in (found if changed else verdicts)], indent=1))
    elif verdicts:
        print_verdicts(verdicts, found, scopes=bool(names))
    else:
        click.echo("No verdict has changed." if changed else "These runs hold nothing that a claim could be read from.")


def _tell_new(verdicts: Sequence[Verdict], before: Sequence[Verdict], headers: Sequence[Header]) -> None:
    """Say how many verdicts could not change, as nobody judged them before."""
    from when_async.reports.recordings.changes import matched

    new = [one for one, was in matched(verdicts, before, headers) if was is None]
    if new:
        places = dict.fromkeys(f"{one.python} on {one.record.machine}" for one in new if one.record)
        tell(f"note: {len(new)} of {len(verdicts)} verdicts are not in the earlier runs: Python {', '.join(places)}")


def _tell_builds(headers: Sequence[Header], verdicts: Sequence[Verdict]) -> None:
    """Say where verdicts on several interpreters stand side by side whose builds are unlike."""
    from when_async.reports.scene.builds import told

    if said := told(headers, list(dict.fromkeys(one.python for one in verdicts))):
        tell(f"note: {said}")


def _on(python: str, verdicts: list[Verdict]) -> list[Verdict]:
    """The verdicts on one interpreter; fails with those there are where there is none on it."""
    there = list(dict.fromkeys(one.python for one in verdicts))
    if verdicts and python not in there:
        fail(f"there is no verdict on Python {python} here; there are some on {', '.join(there)}")
    return [one for one in verdicts if one.python == python]


def references() -> list[Path]:
    """The committed reference run, a file for each recording; fails with what to do where there is none."""
    found = sorted(REFERENCE.glob(PATTERN))
    if not found:
        fail("there is no reference run here; measure one with: when-async run --claim all, and name its file")
    return found


def elsewhere() -> list[Path]:
    """The committed recordings of other machines."""
    return sorted(REFERENCE.glob(f"{OTHERS}/*/{PATTERN}"))


def whole_references() -> list[Path]:
    """Of the reference one recording for each interpreter, which has all processes: what guide and map are made of."""
    from when_async.reports.recordings.agreement import one_each
    from when_async.results.overview import header_of

    return one_each({path: header_of(path) for path in references()})


def _agreed(
    paths: Sequence[Path], asked: Mapping[str, Statement], skip_corrupt: bool
) -> tuple[list[Verdict], list[Header]]:
    """What these recordings say together, and their headers."""
    from when_async.reports.recordings.agreement import agreed
    from when_async.reports.verdicts.kept import judged
    from when_async.results.overview import header_of

    verdicts, notes = judged(paths, asked.values(), skip_corrupt=skip_corrupt)
    for note in notes:
        tell(f"note: {note}")
    headers = [header_of(path) for path in paths]
    return agreed(verdicts, headers), headers
