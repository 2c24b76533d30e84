"""The front door's printing half: tables for people, aligned and free of colour where there is no terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from bench.environment import Missing
from bench.model import Environment
from bench.quantity import comparison_id, show
from bench.registry import matrix
from bench.selection import Catalogue, select

TERMINAL_WIDTH = 100


def listing(known: Catalogue) -> list[dict[str, Any]]:
    """Flat rows of everything that can be asked for: kind, name, summary, detail."""
    rows = []
    for name, found in known.workloads.items():
        workload = found.value
        params = ", ".join(
            f"{param.label} {show(param.low, param.unit)}..{show(param.high, param.unit)}" for param in workload.params
        )
        rows.append({"kind": "workload", "name": name, "summary": workload.summary, "detail": params})
        for profile, points in workload.grid.items():
            rows += [
                {"kind": "point", "name": comparison_id(workload, point), "summary": "", "detail": profile}
                for point in points
            ]
    for name, found in known.runners.items():
        runner = found.value
        needs = f"needs {', '.join(runner.requires)}" if runner.requires else "standard library"
        rows.append({"kind": "runner", "name": name, "summary": runner.summary, "detail": needs})
    return rows


def print_listing(rows: Sequence[Mapping[str, Any]]) -> None:
    """Workloads with the points of their profiles, then runners."""
    click.echo("Workloads (parameters in the order of their ids)")
    points: dict[str, list[str]] = {}
    for row in rows:
        if row["kind"] == "point":
            points.setdefault(row["name"].partition("[")[0], []).append(f"{row['detail']:>7}  {row['name']}")
    for row in rows:
        if row["kind"] == "workload":
            click.echo(f"\n  {row['name']}: {row['summary']}\n    {row['detail']}")
            for line in points.get(row["name"], []):
                click.echo(f"    {line}")
    click.echo("\nRunners")
    width = max((len(row["name"]) for row in rows if row["kind"] == "runner"), default=0)
    for row in rows:
        if row["kind"] == "runner":
            click.echo(f"  {row['name']:<{width}}  {row['summary']} ({row['detail']})")


def matrix_rows(
    known: Catalogue, workloads: Sequence[str], runners: Sequence[str], environments: Sequence[Environment | Missing]
) -> list[dict[str, Any]]:
    """Rows workload, runner, python, supported, reason, for what was asked for."""
    chosen = select(known, workloads, runners, "quick")
    wanted = {found.value.name: found for found, _ in chosen.points}
    rows = matrix(wanted, chosen.runners, [each for each in environments if isinstance(each, Environment)])
    for missing in environments:
        if isinstance(missing, Missing):
            rows += [
                {
                    "workload": workload,
                    "runner": runner,
                    "python": missing.label,
                    "supported": False,
                    "reason": missing.reason,
                }
                for workload in wanted
                for runner in chosen.runners
            ]
    return rows


def print_matrix(rows: Sequence[Mapping[str, Any]]) -> None:
    """A table of workloads x runners for each interpreter, and below it why there are holes."""
    for python in dict.fromkeys(row["python"] for row in rows):
        here = [row for row in rows if row["python"] == python]
        runners = list(dict.fromkeys(row["runner"] for row in here))
        workloads = list(dict.fromkeys(row["workload"] for row in here))
        width = max(len(name) for name in workloads)
        click.echo(f"Python {python}")
        click.echo(f"  {'':<{width}}  " + "  ".join(runners))
        able = {(row["workload"], row["runner"]): row["supported"] for row in here}
        for workload in workloads:
            marks = [("yes" if able[workload, runner] else "no").ljust(len(runner)) for runner in runners]
            click.echo(f"  {workload:<{width}}  " + "  ".join(marks).rstrip())
        for reason in dict.fromkeys(row["reason"] for row in here if not row["supported"]):
            who = sorted({f"{row['runner']} on {row['workload']}" for row in here if row["reason"] == reason})
            click.echo(f"  no: {', '.join(who)}: {reason}")


def print_run(path: Path, as_json: bool) -> bool:
    """Sum up a finished run; returns whether anything failed or timed out, or nothing could be measured at all."""
    from rich.console import Console

    from reports.evidence import rounds
    from reports.terminal import summary
    from results import load
    from results.compare import flat
    from results.compare import summary as summarise

    frame = load([path])
    rows = summarise(frame)
    statuses = {row.status for row in rows}
    broken = bool(statuses & {"FAILED", "TIMEOUT", "INCOMPLETE"}) or "OK" not in statuses
    if as_json:
        click.echo(json.dumps([flat(row) for row in rows], indent=1))
        return broken
    console = Console(width=None if Console().is_terminal else TERMINAL_WIDTH)
    summary(rows, console, rounds(frame))
    click.echo(f"\nrun file: {path}\nnext: when-async report {path}")
    return broken


def print_overhead(rows: Sequence[Mapping[str, Any]]) -> None:
    """One line per runner and size of op: both times per op, the ratio and its interval."""
    click.echo(f"{'runner':<16} {'op':>6} {'by hand':>12} {'instrument':>12} {'per op more':>12}  ratio")
    for row in rows:
        per_op = (row["instrument_s"] - row["by_hand_s"]) / row["ops"] * 1e6
        times = f"{row['by_hand_s'] * 1e3:>9.3f} ms {row['instrument_s'] * 1e3:>9.3f} ms"
        click.echo(
            f"{row['runner']:<16} {show(row['op_s'], 's'):>6} {times}"
            f" {per_op:>9.3f} us  {row['ratio']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
        )
