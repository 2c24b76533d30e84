"""Which runner can do which workload where: flat rows for programs, tables with numbered reasons for people."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import click

from when_async.reports.lines import columns

from .. import registry
from ..environments.provision import Missing
from ..model import Environment
from ..registry import MatrixRow
from ..selection import ALL, Catalogue, catalogue, environments_for, select
from .completing import PYTHONS
from .shared import JSON, PINS, PYTHON, WORKLOAD, plain_errors, runner_option, tell

Key = Literal["workload", "runner", "python"]
"""What the rows can be sorted and grouped by."""

Marks = tuple[tuple[str, tuple[str, ...]], ...]
"""A table's content: by runner a mark for each column."""


@click.command()
@WORKLOAD
@runner_option(ALL)
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
    asked = runners or [ALL]
    known = catalogue(workloads, runners)
    chosen = [*pythons, *(PYTHONS if all_pythons else ())]
    rows = matrix_rows(known, workloads, asked, environments_for(known.modules(asked), chosen, tell, pins))
    click.echo(json.dumps(rows, indent=1)) if as_json else print_matrix(rows)


@dataclass(frozen=True)
class Table:
    """Runners against interpreters, or against workloads; each mark is `yes` or the number of a reason, `(3)`.

    `of` are the workloads, or the interpreter, that all of it is about.
    """

    of: tuple[str, ...]
    columns: tuple[str, ...]
    marks: Mapping[str, tuple[str, ...]]


def matrix_rows(
    known: Catalogue, workloads: Sequence[str], runners: Sequence[str], environments: Sequence[Environment | Missing]
) -> list[MatrixRow]:
    """Rows workload, runner, python, supported, reason, for what was asked for."""
    chosen = select(known, workloads, runners, "quick")
    wanted = {found.value.name: found for found, _ in chosen.points}
    rows: list[MatrixRow] = []
    for environment in environments:
        if isinstance(environment, Environment):
            rows += registry.matrix(wanted, chosen.runners, [environment])
            continue
        rows += [
            MatrixRow(
                workload=workload,
                runner=runner,
                python=environment.label,
                supported=False,
                reason=environment.reason,
            )
            for workload in wanted
            for runner in chosen.runners
        ]
    return rows


def tables(rows: Sequence[MatrixRow]) -> tuple[list[Table], list[str]]:
    """The rows as tables, with the reasons that their numbers stand for, the first of which is 1.

    Of several interpreters there is a table for each workload, and one for all workloads that are alike; of a single
    one all workloads stand side by side.
    """
    of: Key = "workload" if len({row["python"] for row in rows}) > 1 else "python"
    across: Key = "python" if of == "workload" else "workload"
    rows = _as_read(rows, (of, "runner", across))
    reasons, numbers = _numbered(rows)
    merged: dict[tuple[tuple[str, ...], Marks], list[str]] = {}
    for name in dict.fromkeys(row[of] for row in rows):
        marks: dict[str, dict[str, str]] = {}
        for place, row in enumerate(rows):
            if row[of] == name:
                mark = "yes" if row["supported"] else f"({numbers[place]})"
                marks.setdefault(row["runner"], {})[row[across]] = mark
        columns = tuple(next(iter(marks.values())))
        content = tuple((runner, tuple(there[column] for column in columns)) for runner, there in marks.items())
        merged.setdefault((columns, content), []).append(name)
    found = [Table(tuple(names), columns, dict(content)) for (columns, content), names in merged.items()]
    return found, reasons


def _as_read(rows: Sequence[MatrixRow], keys: Sequence[Key]) -> list[MatrixRow]:
    """The rows in the order in which the tables are read, so that the numbers of reasons rise."""
    places = {key: {name: place for place, name in enumerate(dict.fromkeys(row[key] for row in rows))} for key in keys}
    return sorted(rows, key=lambda row: [places[key][row[key]] for key in keys])


def _numbered(rows: Sequence[MatrixRow]) -> tuple[list[str], dict[int, int]]:
    """The reasons, each once, and for each row that has one its number."""
    groups: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        if not row["supported"]:
            groups.setdefault(_alike(row), []).append(place)
    numbers = {place: number for number, places in enumerate(groups.values(), 1) for place in places}
    reasons = []
    for alike, places in groups.items():
        pythons = dict.fromkeys(rows[place]["python"] for place in places)
        runners = dict.fromkeys(rows[place]["runner"] for place in places)
        reasons.append(alike.replace(HERE, listed(list(pythons))).replace(WHO, listed(list(runners))))
    return reasons, numbers


HERE, WHO = "\0python\0", "\0runner\0"


def _alike(row: MatrixRow) -> str:
    """The reason without what makes it differ from interpreter to interpreter, or from runner to runner."""
    text = re.sub(r", this is [\d.]+\w*", "", row["reason"])
    text = re.sub(rf"\bfor (CPython|Python) {re.escape(row['python'])}(?![\w.+])", rf"for \1 {HERE}", text)
    text = re.sub(rf"\bon (CPython) {re.escape(row['python'])}(?![\w.+])", rf"on \1 {HERE}", text)
    runner = re.escape(row["runner"])
    text = re.sub(rf"(no ops to hand out for ){runner}$", rf"\1{WHO}", text)
    return re.sub(rf"(has no body for ){runner} (\(it has [^;)]*); {runner} runs [^)]*\)", rf"\1{WHO} \2)", text)


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def print_matrix(rows: Sequence[MatrixRow]) -> None:
    """The tables one below the other, each as wide as a terminal at most, and then why there are holes."""
    found, reasons = tables(rows)
    several = len({row["python"] for row in rows}) > 1
    for table in found:
        of = listed(table.of) if several else f"Python {listed(table.of)}"
        click.echo(textwrap.fill(of, columns(), break_on_hyphens=False))
        for lines in _fitting(table):
            click.echo("\n".join(f"  {line}".rstrip() for line in lines) + "\n")
    for number, reason in enumerate(reasons, 1):
        mark = f"({number}) ".rjust(5)
        click.echo(textwrap.fill(reason, columns(), initial_indent=mark, subsequent_indent=" " * len(mark),
                                 break_long_words=False, break_on_hyphens=False))  # fmt: skip


def _fitting(table: Table) -> Iterator[list[str]]:
    """The table's lines, in as many parts as its columns need."""
    first, most = max(map(len, table.marks)), columns()
    widths = [
        max(len(column), *(len(marks[place]) for marks in table.marks.values()))
        for place, column in enumerate(table.columns)
    ]
    begin = 0
    while begin < len(widths):
        end = begin + 1
        while end < len(widths) and first + 2 + sum(each + 2 for each in widths[begin : end + 1]) <= most:
            end += 1
        lines = {"": table.columns, **table.marks}
        yield [
            "  ".join([name.ljust(first), *(cell[at].ljust(widths[at]) for at in range(begin, end))])
            for name, cell in lines.items()
        ]
        begin = end
