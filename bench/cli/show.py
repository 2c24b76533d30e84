"""The front door's printing half: tables for people, aligned and free of colour where there is no terminal."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..plan import DECIDE
from .shared import console

if TYPE_CHECKING:
    import pandas as pd

FEW = 8
"""So many verdicts are told in full."""


def print_run(path: Path, as_json: bool) -> bool:
    """Sum up a finished run; returns whether anything failed or timed out, or nothing could be measured at all."""
    from when_async.reports.scene.evidence import rounds
    from when_async.reports.terminal.run import summary
    from when_async.results.cells.flat import flat
    from when_async.results.cells.summary import summary as summarise
    from when_async.results.frame import load

    from .run.claimed import CORE_PLACES

    frame = load([path])
    rows = summarise(frame)
    statuses = {row.status for row in rows}
    # What a budget left out has not failed, and a run that was asked for behaviour alone has no cell.
    bad = {"FAILED", "TIMEOUT"} if frame.attrs["ends"] else {"FAILED", "TIMEOUT", "INCOMPLETE"}
    broken = bool(statuses & bad) or bool(rows and "OK" not in statuses)
    if as_json:
        click.echo(json.dumps([flat(row) for row in rows], indent=1))
        return broken
    head = frame.attrs["headers"][0]
    decides = head.get("profile") == DECIDE and len(head.get("asked_claims", ())) > FEW
    summary([row for row in rows if not decides or row.comparison in CORE_PLACES], console(), rounds(frame))
    print_judged(frame, in_groups=decides)
    click.echo(f"\nrun file: {path}\nnext: when-async report {shlex.quote(str(path))}")
    return broken


def print_judged(frame: pd.DataFrame, *, in_groups: bool = False) -> None:
    """The verdicts on the claims that a run was asked for; nothing where it was asked for none.

    With `in_groups` their names alone, of more than a few.
    """
    asked = [name for header in frame.attrs["headers"] for name in header.get("asked_claims", ())]
    if not asked:
        return
    from when_async.reports.terminal.claims import print_verdicts
    from when_async.reports.terminal.decided import print_groups
    from when_async.reports.verdicts.judging import judge

    from .run.claimed import chosen

    verdicts = judge(frame, {claim.name: claim for claim in chosen(asked)})
    if in_groups and len(verdicts) > FEW:
        print_groups(verdicts)
    else:
        print_verdicts(verdicts, {})
