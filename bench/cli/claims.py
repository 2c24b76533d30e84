"""The front door's `claims`: the verdicts on claims, of the committed reference run where no run is named."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .shared import JSON, RUN_FILES, SKIP_CORRUPT, fail, offering, plain_errors, tell

if TYPE_CHECKING:
    from when_async.reports.verdicts.claim import Statement
    from when_async.reports.verdicts.judging import Verdict

REFERENCE = Path(__file__).resolve().parents[2] / "results" / "reference"
PATTERN = "claims-*.jsonl*"


@click.command()
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path), shell_complete=RUN_FILES)
@click.option("--claim", "names", multiple=True, metavar="ID", shell_complete=offering("claims"),
              help="Only this claim. Repeatable; default: all.")  # fmt: skip
@click.option("--python", metavar="VERSION", shell_complete=offering("interpreters"),
              help="Only on this interpreter, such as 3.13t; default: all of the runs.")  # fmt: skip
@click.option(
    "--changed",
    type=click.Path(dir_okay=False, path_type=Path),
    shell_complete=RUN_FILES,
    metavar="RUN",
    help="Show only those whose verdict is another than in this earlier run.",
)
@SKIP_CORRUPT
@JSON
@plain_errors
def claims(
    runs: Sequence[Path],
    names: Sequence[str],
    python: str | None,
    changed: Path | None,
    skip_corrupt: bool,
    as_json: bool,
) -> None:
    """Say of each claim of the notes whether the figures of RUN files back it; default: the reference run.

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
    from when_async.reports.terminal.claims import print_verdicts
    from when_async.reports.verdicts.judging import latest

    from ..selection import ALL
    from .run.claimed import chosen

    asked = {claim.name: claim for claim in chosen(names or [ALL])}
    verdicts = latest(_judged(list(runs) or references(), asked, skip_corrupt))
    earlier = {_key(one): one for one in latest(_judged([changed], asked, skip_corrupt))} if changed else None
    if earlier is not None:
        verdicts = [one for one in verdicts if _key(one) not in earlier or earlier[_key(one)].word is not one.word]
    if python:
        verdicts = _on(python, verdicts)
    _tell_builds(list(runs) or references(), verdicts)
    if as_json:
        was = {key: {"before": str(one.word)} for key, one in (earlier or {}).items()}
        click.echo(json.dumps([{**one.flat(), **was.get(_key(one), {})} for one in verdicts], indent=1))
    elif verdicts:
        print_verdicts(verdicts, earlier or {}, scopes=bool(names))
    else:
        click.echo("No verdict has changed." if changed else "These runs hold nothing that a claim could be read from.")


def _tell_builds(paths: Sequence[Path], verdicts: Sequence[Verdict]) -> None:
    """Say where verdicts on several interpreters stand side by side whose builds are unlike."""
    from when_async.reports.scene.builds import told
    from when_async.results.overview import header_of

    shown = list(dict.fromkeys(one.python for one in verdicts))
    if len(shown) > 1 and (said := told([header_of(path) for path in paths], shown)):
        tell(f"note: {said}")


def _on(python: str, verdicts: list[Verdict]) -> list[Verdict]:
    """The verdicts on one interpreter; fails with those there are where there is none on it."""
    there = list(dict.fromkeys(one.python for one in verdicts))
    if verdicts and python not in there:
        fail(f"there is no verdict on Python {python} here; there are some on {', '.join(there)}")
    return [one for one in verdicts if one.python == python]


def _key(one: Verdict) -> tuple[str, str]:
    return (one.claim.name, one.python)


def references() -> list[Path]:
    """The committed reference run, a file for each recording; fails with what to do where there is none."""
    found = sorted(REFERENCE.glob(PATTERN))
    if not found:
        fail("there is no reference run here; measure one with: when-async run --claim all, and name its file")
    return found


def _judged(paths: Sequence[Path | None], asked: Mapping[str, Statement], skip_corrupt: bool) -> list[Verdict]:
    from when_async.reports.verdicts.kept import judged

    verdicts, notes = judged([path for path in paths if path], asked.values(), skip_corrupt=skip_corrupt)
    for note in notes:
        tell(f"note: {note}")
    return verdicts
