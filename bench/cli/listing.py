"""`when-async list`: what can be asked for."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from typing import TypedDict

import click

from when_async.reports.lines import columns

from ..quantity import comparison_id, show, typed
from ..selection import ALL, Catalogue, catalogue, select
from .shared import JSON, WORKLOAD, plain_errors, runner_option


@click.command("list")
@WORKLOAD
@runner_option(ALL)
@JSON
@plain_errors
def list_(workloads: Sequence[str], runners: Sequence[str], as_json: bool) -> None:
    """Show workloads and their parameters, runners, and the points of each profile."""
    chosen = select(catalogue(workloads, runners), workloads, runners or [ALL], "quick")
    rows = listing(Catalogue({found.value.name: found for found, _ in chosen.points}, chosen.runners))
    click.echo(json.dumps(rows, indent=1)) if as_json else print_listing(rows)


class ListingRow(TypedDict):
    """One thing that can be asked for; `family` and `core` are of runners, and None for all else."""

    kind: str
    name: str
    summary: str
    detail: str
    family: str | None
    core: bool | None


def listing(known: Catalogue) -> list[ListingRow]:
    """Flat rows of everything that can be asked for."""
    rows: list[ListingRow] = []
    for name, workload in ((name, found.value) for name, found in known.workloads.items()):
        params = ", ".join(
            f"{param.label} {show(param.low, param.unit)}..{show(param.high, param.unit)}" for param in workload.params
        )
        rows.append(_row("workload", name, workload.summary, params))
        for profile, points in workload.grid.items():
            rows += [_row("point", comparison_id(workload, point), "", profile) for point in points]
    for name, runner in ((name, found.value) for name, found in known.runners.items()):
        needs = f"needs {', '.join(runner.requires)}" if runner.requires else STANDARD
        rows.append(_row("runner", name, runner.summary, needs, runner.family, runner.core))
    return rows


def _points(profile: str, ids: Sequence[str]) -> list[str]:
    """The points of a profile, beside its name where there is room for all of them, else below it."""
    if max(map(len, ids)) + 13 <= columns():
        return [f"    {profile:>7}  {one}" for one in ids]
    return [f"    {profile}:", *(f"    {one}" for one in ids)]


def _runner(row: ListingRow, longest: int | None) -> str:
    """A runner with its summary beside names that are `longest` at most, or below its name."""
    summary = row["summary"] + ("" if row["detail"] == STANDARD else f" ({row['detail']})")
    head = f"{'*' if row['core'] else ' '} {row['name']:<{longest or 0}}"
    if longest is None:
        return f"    {head}\n" + _wrapped("", summary, " " * 8, " " * 8)
    return _wrapped(f"{head}  ", summary, "    ", " " * (len(head) + 6))


STANDARD = "standard library"
SUMMARY_LEAST = 40
"""Columns that a summary needs beside a name; where there are fewer it stands below."""
ENDING = (
    "Ask for them by name, 'asyncio*', family:threads, core or all. Their libraries come with extras: "
    "pip install 'when-async[trio]', or 'when-async[all]'; `when-async matrix` says what is missing here."
)


def _row(
    kind: str, name: str, summary: str, detail: str, family: str | None = None, core: bool | None = None
) -> ListingRow:
    return {"kind": kind, "name": name, "summary": summary, "detail": detail, "family": family, "core": core}


def print_listing(rows: Sequence[ListingRow]) -> None:
    """Workloads with the points of their profiles, then runners by their families."""
    click.echo(_wrapped("", "Workloads (parameters in the order of their ids)", "", "  "))
    points: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        if row["kind"] == "point":
            profiles = points.setdefault(row["name"].partition("[")[0], {})
            profiles.setdefault(row["detail"], []).append(typed(row["name"]))
    for row in rows:
        if row["kind"] == "workload":
            click.echo("\n" + _wrapped(f"{row['name']}: ", row["summary"], "  ", "    "))
            click.echo(_wrapped("", row["detail"], "    ", "      "))
            for profile, ids in points.get(row["name"], {}).items():
                click.echo("\n".join(_points(profile, ids)))
    runners = [row for row in rows if row["kind"] == "runner"]
    click.echo("\n" + _wrapped("", "Runners by family (* is core: what a run takes when none is named)", "", "  "))
    longest = max((len(row["name"]) for row in runners), default=0)
    beside = longest + SUMMARY_LEAST <= columns()
    for family in dict.fromkeys(row["family"] for row in runners):
        click.echo(f"\n  {family}")
        for row in runners:
            if row["family"] == family:
                click.echo(_runner(row, longest if beside else None))
    click.echo("\n" + _wrapped("", ENDING, "", ""))


def _wrapped(head: str, text: str, first: str, further: str) -> str:
    return textwrap.fill(
        head + text, columns(), initial_indent=first, subsequent_indent=further,
        break_long_words=False, break_on_hyphens=False, drop_whitespace=True,
    )  # fmt: skip
