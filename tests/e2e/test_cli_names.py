"""Names on the command line: typed without quotes, checked before anything begins, the same in every command."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from filelock import FileLock

from support.commands import Call
from support.run_files import make_run
from when_async.bench.cli import main as front
from when_async.bench.quantity import canonical, typed

POINT = "sleep[wait=1ms,n=20,c=4]"
MEASURING = ("run", "compare", "gate", "try", "timeline", "overhead", "calibrate")
NAMING = [
    ("run", "-w", "sleeep"),
    ("run", "-w", "sleep:pause=1ms"),
    ("run", "-r", "asincio"),
    ("run", "--claim", "uvlop"),
    ("compare", "3.11", "3.12", "-w", "sleeep"),
    ("compare", "3.11", "3.12", "-r", "asincio"),
    ("gate", "--base", ".", "-w", "sleeep"),
    ("gate", "--base", ".", "-r", "asincio"),
    ("timeline", "sleeep", "asyncio"),
    ("timeline", "sleep", "asincio"),
    ("timeline", "-w", "sleep", "-r", "asincio/aiohttp"),
    ("overhead", "-r", "asincio"),
    ("try", "no-function"),
]
NEAREST = {"sleeep": "'sleep'", "asincio": "'asyncio'", "asincio/aiohttp": "'asyncio'", "uvlop": "'uvloop'"}


def options() -> list[tuple[str, click.Option]]:
    """Every option of every command."""
    context = click.Context(front.main)
    commands = {name: front.main.get_command(context, name) for name in front.COMMANDS}
    return [
        (name, param)
        for name, command in commands.items()
        if command
        for param in command.params
        if isinstance(param, click.Option)
    ]


@pytest.mark.parametrize("arguments", NAMING, ids=" ".join)
def test_a_wrong_name_is_told_while_another_run_has_the_machine_and_leaves_no_file(
    call: Call, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    with FileLock(tmp_path / "lock", mode=0o666):
        result = call(*arguments)
    (said,) = result.stderr.splitlines()
    assert result.exit_code == 2
    assert "measuring on this machine" not in said
    assert NEAREST.get(arguments[-1], "when-async: ") in said
    assert {path.name for path in tmp_path.iterdir()} <= {"lock"}


def test_a_run_file_that_is_there_is_told_before_the_machine_is_waited_for(call: Call, tmp_path: Path) -> None:
    Path("there.jsonl").write_text("")
    with FileLock(tmp_path / "lock", mode=0o666):
        assert "exists already" in call("run", "-o", "there.jsonl").stderr


def test_a_command_that_nobody_has_is_answered_with_the_nearest(call: Call) -> None:
    result = call("reprot")
    assert result.exit_code == 2
    assert result.stderr == "when-async: there is no command named 'reprot'; did you mean 'report'?\n"


@pytest.mark.parametrize("text", ["sleep:wait=1ms,n=20,c=4", POINT, " sleep:wait=1ms,n=20,c=4 "])
def test_an_id_is_the_same_with_a_colon_and_with_brackets(call: Call, text: str) -> None:
    rows = json.loads(call("list", "--json", "-w", text, "-r", "sync").stdout)
    assert [row["name"] for row in rows if row["kind"] == "workload"] == ["sleep"]
    assert canonical(text) == POINT


@pytest.mark.parametrize(
    "cell", [POINT, f"{POINT}-asyncio@3.11", f"{POINT}-asyncio/aiohttp@3.13t", f"{POINT}-uvloop@3.11+uvloop==0.22.1"]
)
def test_what_is_shown_for_typing_is_read_as_the_id_that_it_was(cell: str) -> None:
    assert not {*typed(cell)} & {*"[]*?~ '\""}
    assert canonical(typed(cell)) == cell


@pytest.mark.parametrize(
    "text", ["sleep", "mine.py", "module:function", "family:threads", "aiohttp==3.12.*", "git:3.13"]
)
def test_what_is_no_id_is_left_as_it_is(text: str) -> None:
    assert canonical(text) == text


def test_workload_and_runner_are_the_same_option_in_every_command() -> None:
    said: dict[str, set[tuple[tuple[str, ...], str]]] = {"workloads": set(), "runners": set()}
    for _, option in options():
        if option.name in said:
            assert option.help
            said[option.name].add((tuple(option.opts), option.help.partition(" default: ")[0]))
    assert [len(each) for each in said.values()] == [1, 1]


def test_wait_is_how_long_an_op_waits_and_queue_waits_for_the_machine() -> None:
    shown = {(name, text) for name, option in options() for text in option.opts if not option.hidden}
    assert {name for name, text in shown if text == "--wait"} == {"advise"}
    assert {name for name, text in shown if text == "--queue"} == {*MEASURING}


def test_the_old_name_of_queue_still_works_and_says_what_it_is_called_now(call: Call) -> None:
    arguments = ("run", "--profile", "smoke", "-w", "empty:n=10,c=2", "-r", "sync")
    result = call(*arguments, "--wait")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.splitlines()[0].startswith("note: --wait is called --queue here now")
    assert "--queue" not in call(*arguments, "--queue").stderr


def test_history_keeps_to_the_workloads_and_runners_that_are_asked_for(call: Call) -> None:
    make_run(Path(".when-async/runs/01.jsonl"))
    cells = [row["cell"] for row in json.loads(call("history", "--json").stdout)]
    own = [row["cell"] for row in json.loads(call("history", "--json", "-r", "asyncio*", "-w", "sleep").stdout)]
    assert own == [cell for cell in cells if cell.startswith("sleep[") and "-asyncio" in cell]
    assert own != cells
    point = own[0].rpartition("-")[0]
    assert json.loads(call("history", "--json", "-w", typed(point)).stdout)
    assert "no run in" in call("history", "-w", "sleep:wait=99ms").stderr
    assert "did you mean 'sleep'?" in call("history", "-w", "sleeep").stderr


def test_a_timeline_takes_options_as_well_as_words_and_each_place_once(call: Call) -> None:
    for arguments in (["sleep"], ["-w", "sleep"], ["-w", "sleep", "-w", "chess", "sync"], ["sleep", "sync", "sync"]):
        said = call("timeline", *arguments).stderr
        assert "a timeline is of one workload and one runner: when-async timeline sleep asyncio" in said
