"""`when-async matrix`: every interpreter that is asked for, in tables that a terminal can hold, each reason once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import click
import pytest
from click.testing import CliRunner

from support import fakes
from when_async.bench.cli.completing import PYTHONS
from when_async.bench.cli.main import main
from when_async.bench.cli.matrix import print_matrix, tables
from when_async.bench.environments.provision import Missing
from when_async.bench.model import Environment
from when_async.bench.registry import Found, matrix
from when_async.bench.selection import environments_for
from when_async.reports.lines import WIDTH

Row = dict[str, Any]


def row(workload: str = "sleep", runner: str = "asyncio", python: str = "3.13", reason: str = "") -> Row:
    return {"workload": workload, "runner": runner, "python": python, "supported": not reason, "reason": reason}


def printed(rows: Sequence[Row], capsys: pytest.CaptureFixture[str]) -> list[str]:
    print_matrix(rows)
    return capsys.readouterr().out.splitlines()


def reasons(rows: Sequence[Row]) -> list[str]:
    return tables(rows)[1]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which interpreters a command asks for; of each it is told that it is not there."""
    named: list[str] = []

    def none_there(
        modules: Sequence[str], pythons: Sequence[str], say: object, pins: Sequence[str] = ()
    ) -> list[Environment | Missing]:
        named.extend(pythons)
        return [Missing(python, f"no Python {python} on this machine") for python in pythons]

    monkeypatch.setattr("when_async.bench.cli.matrix.environments_for", none_there)
    return named


def command(*arguments: str) -> str:
    done = CliRunner().invoke(main, ["matrix", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_all_pythons_asks_for_every_cpython_there_is(asked: list[str]) -> None:
    command("--all-pythons", "-r", "sync")
    assert tuple(asked) == PYTHONS == ("3.11", "3.12", "3.13", "3.13t", "3.14", "3.14t", "3.15", "3.15t")


def test_all_pythons_come_after_those_that_are_named(asked: list[str]) -> None:
    command("--all-pythons", "--python", "pypy3.11", "-r", "sync")
    assert asked == ["pypy3.11", *PYTHONS]


def test_without_it_only_the_named_are_asked_for(asked: list[str]) -> None:
    command("--python", "3.13t", "-r", "sync")
    assert asked == ["3.13t"]


def test_an_interpreter_that_is_not_there_is_a_hole_for_every_runner_and_workload(asked: list[str]) -> None:
    rows = json.loads(command("--all-pythons", "--json", "-w", "sleep", "-w", "empty", "-r", "sync", "-r", "trio"))
    assert {tuple(each) for each in rows} == {tuple(row())}
    assert len(rows) == len(PYTHONS) * 2 * 2
    assert {each["reason"] for each in rows} == {f"no Python {python} on this machine" for python in PYTHONS}
    assert not any(each["supported"] for each in rows)


def test_a_missing_interpreter_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("WHEN_ASYNC_CACHE", str(tmp_path))
    (missing,) = environments_for([], ["3.99"], lambda text: None)
    assert isinstance(missing, Missing)
    assert missing.reason.endswith("get it with: uv python install 3.99")


def test_the_workloads_of_one_interpreter_stand_side_by_side() -> None:
    rows = [row("sleep"), row("empty", reason="too dull"), row("sleep", "sync"), row("empty", "sync")]
    (table,), told = tables(rows)
    assert (table.of, table.columns) == (("3.13",), ("sleep", "empty"))
    assert table.marks == {"asyncio": ("yes", "(1)"), "sync": ("yes", "yes")}
    assert told == ["too dull"]


def test_workloads_that_are_alike_on_all_interpreters_share_a_table() -> None:
    rows = [
        row(workload, python=python, reason="too new" if workload == "queue" and python == "3.15" else "")
        for workload in ("sleep", "queue", "empty")
        for python in ("3.14", "3.15")
    ]
    first, second = tables(rows)[0]
    assert (first.of, first.marks) == (("sleep", "empty"), {"asyncio": ("yes", "yes")})
    assert (second.of, second.marks) == (("queue",), {"asyncio": ("yes", "(1)")})


@pytest.mark.parametrize(
    "text",
    [
        "uvloop has no wheel for CPython {} on this platform; nothing is compiled",
        "trio is not installed for Python {}; pip install trio",
        "curio does not import on CPython {}: AttributeError: CHALLENGE",
    ],
)
def test_a_reason_that_differs_by_the_name_of_the_interpreter_is_told_once_for_all(text: str) -> None:
    rows = [row(python=python, reason=text.format(python)) for python in ("3.13t", "3.14t", "3.15t")]
    assert reasons(rows) == [text.format("3.13t, 3.14t and 3.15t")]
    assert tables(rows)[0][0].marks["asyncio"] == ("(1)", "(1)", "(1)")


def test_a_reason_that_differs_by_the_release_of_the_interpreter_is_told_once_without_it() -> None:
    old = "interpreters needs Python 3.14 or newer"
    releases = {"3.11": "3.11.7", "3.12": "3.12.1rc2", "3.13t": "3.13.5"}
    rows = [row(python=python, reason=f"{old}, this is {release}") for python, release in releases.items()]
    assert reasons(rows) == [old]


def test_a_version_that_is_part_of_the_reason_stays_there() -> None:
    why = "curio runs on Python 3.11 and older{}: it needs what Python 3.12 removed"
    rows = [row(python=python, reason=why.format(f", this is {python}.1")) for python in ("3.12", "3.13")]
    assert reasons(rows) == [why.format("")]


def test_libraries_that_lack_different_things_are_told_apart() -> None:
    text = "distributed needs {}, which has no wheel for CPython {} on this platform"
    rows = [row(python=python, reason=text.format(name, python)) for name, python in (("a", "3.13t"), ("b", "3.15"))]
    assert reasons(rows) == [text.format("a", "3.13t"), text.format("b", "3.15")]


def test_runners_that_a_workload_has_no_body_for_are_told_together() -> None:
    workload = fakes.workload("awaiting", bodies={"other": fakes.double_blocking})
    rows = matrix({"awaiting": Found(workload, fakes.REF)}, fakes.runners("sync", "asyncio"), [fakes.ENVIRONMENT])
    assert reasons(rows) == ["awaiting has no body for sync and asyncio (it has other)"]


def test_a_reason_that_both_clients_of_a_workload_have_is_said_once() -> None:
    runner = fakes.runner("uvloop", requires=("uvloop",))
    environment = Environment("3.11", "python", "CPython", "3.11.7", gil=True, reasons={"uvloop": "no uvloop"})
    workload = fakes.workload("get", bodies=dict.fromkeys(("blocking/one", "blocking/other"), fakes.double_blocking))
    rows = matrix({"get": Found(workload, fakes.REF)}, {"uvloop": runner}, [environment])
    assert [each["reason"] for each in rows] == ["no uvloop"]


def test_rows_and_reasons_are_printed_below_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row("sleep"), row("empty", reason="too dull"), row("sleep", "sync"), row("empty", "sync")]
    assert printed(rows, capsys) == [
        "Python 3.13",
        "           sleep  empty",
        "  asyncio  yes    (1)",
        "  sync     yes    yes",
        "",
        " (1) too dull",
    ]


def test_nothing_is_wider_than_a_terminal_and_nothing_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    pythons = [f"3.{minor}+uvloop==0.22.{minor}" for minor in range(11, 20)]
    long = " ".join(f"word{number}" for number in range(60))
    rows = [row(python=python, reason=long if python == pythons[-1] else "") for python in pythons]
    lines = printed(rows, capsys)
    assert max(map(len, lines)) <= WIDTH == 100
    assert re.findall(r"3\.\d+\+\S+", " ".join(lines)) == pythons
    assert " ".join(" ".join(lines).split()).endswith(f"(1) {long}")
    assert sum(line.startswith("  asyncio ") for line in lines) == sum("3.1" in line for line in lines) > 1


def test_the_whole_matrix_of_our_runners_fits_a_terminal(asked: list[str]) -> None:
    lines = click.unstyle(command("--all-pythons")).splitlines()
    assert max(map(len, lines)) <= WIDTH
    named: Mapping[str, int] = {python: sum(python in line.split() for line in lines) for python in PYTHONS}
    assert min(named.values()) > 0
