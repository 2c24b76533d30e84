"""What the front door prints for programs (`--json`) and for people (`--help`)."""

from __future__ import annotations

import json
import re

import click
import pytest

from support.commands import CONTESTANTS, Call
from when_async.bench.cli import main as front
from when_async.bench.environments.provision import default_label
from when_async.bench.model import Runner, Workload
from when_async.bench.registry import collect


@pytest.mark.parametrize("name", front.COMMANDS)
def test_the_help_of_every_command_says_what_it_does_and_names_each_option(call: Call, name: str) -> None:
    result = call(name, "--help")
    assert result.exit_code == 0
    command = front.main.get_command(click.Context(front.main), name)
    assert command
    assert command.help
    assert command.help.splitlines()[0].split(".")[0][:40] in " ".join(result.output.split())
    for param in command.params:
        if isinstance(param, click.Option) and not param.hidden:
            assert param.help, f"{param.name} has no help"
            for option in param.opts:
                assert option in result.output


def test_the_front_door_lists_all_commands_and_the_exit_codes(call: Call) -> None:
    output = call("--help").output
    for name in front.COMMANDS:
        assert f"  {name} " in output
    said = "Exit codes: 0 ok, 1 a gate's regression, 2 wrong use, 3 something failed or timed out, 4 a gate's"
    assert said in " ".join(output.split())


def test_list_prints_flat_rows_of_workloads_points_and_runners(call: Call) -> None:
    rows = json.loads(call("list", "--json").stdout)
    assert {tuple(row) for row in rows} == {("kind", "name", "summary", "detail", "family", "core")}
    names = {kind: [row["name"] for row in rows if row["kind"] == kind] for kind in ("workload", "point", "runner")}
    assert sorted(names["workload"]) == sorted(collect("when_async.workloads", Workload))
    assert sorted(names["runner"]) == sorted(collect("when_async.bench.runners", Runner))
    assert names["runner"][:2] == ["sync", "threading"]
    assert "sleep[wait=1ms,n=20,c=4]" in names["point"]


def test_list_shows_only_what_was_asked_for(call: Call) -> None:
    rows = json.loads(call("list", "--json", "-w", "sleep", "-r", "asyncio").stdout)
    assert {row["name"] for row in rows if row["kind"] != "point"} == {"sleep", "asyncio"}


def test_runners_are_asked_for_by_pattern_family_or_core_too(call: Call) -> None:
    rows = json.loads(call("list", "--json", "-w", "sleep", "-r", "trio*", "-r", "family:sync", "-r", "core").stdout)
    found = [row["name"] for row in rows if row["kind"] == "runner"]
    assert found[:2] == ["trio", "sync"]
    core = [name for name, each in collect("when_async.bench.runners", Runner).items() if each.value.core]
    assert sorted(found) == sorted(core)


def test_a_family_that_nobody_knows_is_answered_with_the_nearest(call: Call) -> None:
    result = call("list", "-r", "family:thread")
    assert result.exit_code == 2
    assert "there is no family of runners named 'thread'; did you mean 'threads'?" in result.stderr


def test_matrix_prints_a_flat_row_for_every_pair_with_a_reason_for_every_hole(call: Call) -> None:
    absent = CONTESTANTS / "absent.py"
    rows = json.loads(call("matrix", "--json", "-w", "sleep", "-w", "empty", "-r", "sync", "-r", absent).stdout)
    assert {tuple(row) for row in rows} == {("workload", "runner", "python", "supported", "reason")}
    assert [(row["workload"], row["runner"], row["python"], row["supported"]) for row in rows] == [
        ("sleep", "sync", default_label(), True),
        ("sleep", "absent", default_label(), False),
        ("empty", "sync", default_label(), True),
        ("empty", "absent", default_label(), False),
    ]
    assert {bool(row["reason"]) for row in rows if not row["supported"]} == {True}
    assert {row["reason"] for row in rows if row["supported"]} == {""}


def test_matrix_has_rows_for_a_python_that_is_not_there(call: Call) -> None:
    result = call("matrix", "--json", "-w", "sleep", "-r", "sync", "--python", "9.9")
    (row,) = json.loads(result.stdout)
    assert (row["python"], row["supported"]) == ("9.9", False)
    assert row["reason"].endswith("get it with: uv python install 9.9")


def test_matrix_for_people_says_below_the_table_why_there_are_holes(call: Call) -> None:
    output = call("matrix", "-w", "sleep", "-r", "sync", "-r", CONTESTANTS / "absent.py").output
    assert f"Python {default_label()}" in output
    assert re.search(r"^ *absent +\(1\)$", output, re.MULTILINE)
    assert re.search(r"^ *\(1\) library_that_nobody_has is not installed", output, re.MULTILINE)


def test_overhead_prints_flat_rows_with_an_interval(call: Call) -> None:
    result = call("overhead", "--json", "--forks", "2", "--pairs", "2", "-r", "sync")
    assert result.exit_code == 0, result.stderr
    rows = json.loads(result.stdout)
    fields = ("runner", "op_s", "ops", "by_hand_s", "instrument_s", "ratio", "low", "high")
    assert {tuple(row) for row in rows} == {fields}
    assert [(row["runner"], row["op_s"], row["ops"]) for row in rows] == [("sync", 0.0, 50_000), ("sync", 0.001, 200)]
    for row in rows:
        assert 0 < row["low"] <= row["ratio"] <= row["high"]


def test_overhead_of_a_runner_that_nobody_wrote_by_hand_is_a_failure_with_a_reason(call: Call) -> None:
    result = call("overhead", "--json", "--forks", "2", "--pairs", "1", "-r", CONTESTANTS / "needs_library.py")
    assert result.exit_code == 3
    assert json.loads(result.stdout) == []
    assert "overhead of needs_library: " in result.stderr
    assert "nobody wrote the loop of needs_library by hand" in result.stderr
