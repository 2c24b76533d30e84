"""The front door's printing half: tables for people, aligned and free of colour where there is no terminal."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from ..quantity import comparison_id, show
from ..selection import Catalogue

TERMINAL_WIDTH = 100


def listing(known: Catalogue) -> list[dict[str, Any]]:
    """Flat rows of everything that can be asked for: kind, name, summary, detail, and of runners family and core."""
    rows = []
    for name, found in known.workloads.items():
        workload = found.value
        params = ", ".join(
            f"{param.label} {show(param.low, param.unit)}..{show(param.high, param.unit)}" for param in workload.params
        )
        rows.append(_row("workload", name, workload.summary, params))
        for profile, points in workload.grid.items():
            rows += [_row("point", comparison_id(workload, point), "", profile) for point in points]
    for name, found in known.runners.items():
        runner = found.value
        needs = f"needs {', '.join(runner.requires)}" if runner.requires else STANDARD
        rows.append(_row("runner", name, runner.summary, needs, runner.family, runner.core))
    return rows


STANDARD = "standard library"


def _row(
    kind: str, name: str, summary: str, detail: str, family: str | None = None, core: bool | None = None
) -> dict[str, Any]:
    return {"kind": kind, "name": name, "summary": summary, "detail": detail, "family": family, "core": core}


def print_listing(rows: Sequence[Mapping[str, Any]]) -> None:
    """Workloads with the points of their profiles, then runners by their families."""
    click.echo("Workloads (parameters in the order of their ids)")
    points: dict[str, list[str]] = {}
    for row in rows:
        if row["kind"] == "point":
            points.setdefault(row["name"].partition("[")[0], []).append(f"{row['detail']:>7}  {row['name']}")
    for row in rows:
        if row["kind"] == "workload":
            click.echo("\n" + _wrapped(f"{row['name']}: ", row["summary"], "  ", "    "))
            click.echo(_wrapped("", row["detail"], "    ", "      "))
            for line in points.get(row["name"], []):
                click.echo(f"    {line}")
    runners = [row for row in rows if row["kind"] == "runner"]
    click.echo("\nRunners by family (* is core: what a run takes when none is named)")
    width = max((len(row["name"]) for row in runners), default=0)
    for family in dict.fromkeys(row["family"] for row in runners):
        click.echo(f"\n  {family}")
        for row in runners:
            if row["family"] == family:
                needs = "" if row["detail"] == STANDARD else f" ({row['detail']})"
                head = f"{'*' if row['core'] else ' '} {row['name']:<{width}}  "
                click.echo(_wrapped(head, row["summary"] + needs, "    ", " " * (len(head) + 4)))
    click.echo(
        "\nAsk for them by name, 'asyncio*', family:threads, core or all. Their libraries come with extras:\n"
        "pip install 'when-async[trio]', or 'when-async[all]'; `when-async matrix` says what is missing here."
    )


def _wrapped(head: str, text: str, first: str, further: str) -> str:
    return textwrap.fill(
        head + text, TERMINAL_WIDTH, initial_indent=first, subsequent_indent=further,
        break_long_words=False, break_on_hyphens=False, drop_whitespace=True,
    )  # fmt: skip


def print_run(path: Path, as_json: bool) -> bool:
    """Sum up a finished run; returns whether anything failed or timed out, or nothing could be measured at all."""
    from rich.console import Console

    from when_async.reports.scene.evidence import rounds
    from when_async.reports.terminal.run import summary
    from when_async.results.cells.summary import flat
    from when_async.results.cells.summary import summary as summarise
    from when_async.results.frame import load

    frame = load([path])
    rows = summarise(frame)
    statuses = {row.status for row in rows}
    # A run that was asked for behaviour alone has no cell, and nothing of it has failed.
    broken = bool(statuses & {"FAILED", "TIMEOUT", "INCOMPLETE"}) or bool(rows and "OK" not in statuses)
    if as_json:
        click.echo(json.dumps([flat(row) for row in rows], indent=1))
        return broken
    console = Console(width=None if Console().is_terminal else TERMINAL_WIDTH)
    summary(rows, console, rounds(frame))
    print_judged(frame)
    click.echo(f"\nrun file: {path}\nnext: when-async report {path}")
    return broken


def print_judged(frame: Any) -> None:
    """The verdicts on the claims that a run was asked for; nothing where it was asked for none."""
    asked = [name for header in frame.attrs["headers"] for name in header.get("asked_claims", ())]
    if not asked:
        return
    from when_async.reports.terminal.claims import print_ledger
    from when_async.reports.verdicts.judging import judge

    from .claim_runs import chosen

    print_ledger(judge(frame, {claim.name: claim for claim in chosen(asked)}), {})
