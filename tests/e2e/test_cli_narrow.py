"""Help and lists on terminals of 40, 60 and 80 columns, and the order of the commands."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from support.commands import Call
from when_async.bench.cli import main as front
from when_async.bench.cli.helptext import Formatter

COMMANDS = [*([name] for name in front.COMMANDS), ["gate", "accept"], ["new", "workload"], []]


@pytest.mark.parametrize("columns", [40, 60, 80])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_line_of_help_is_wider_than_the_terminal(
    call: Call, command: list[str], columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = call(*command, "--help").output.splitlines()
    # A word without a gap, such as a path, cannot be broken.
    assert [line for line in lines if len(line) > columns and len(line.split()) > 1] == []


@pytest.mark.parametrize("columns", [40, 60])
def test_a_list_is_as_narrow_as_the_terminal_and_its_ids_are_whole(
    call: Call, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = call("list").output.splitlines()
    wide = [line for line in lines if len(line) > columns]
    assert [line for line in wide if len(line.split()) > 1] == []
    assert "sleep:wait=1ms,n=20,c=4" in {line.split()[-1] for line in lines if line}


def test_a_long_example_is_broken_where_a_shell_reads_it_as_one_command() -> None:
    formatter = Formatter(width=38)
    command = "when-async compare 'aiohttp==3.12.*' 'aiohttp==3.13.*' -w http_fetch"
    formatter.write_text(f"\b\n{command}    two releases of a library")
    *lines, said = formatter.getvalue().splitlines()
    assert shlex.split("\n".join(lines).replace("\\\n", "")) == shlex.split(command)
    assert said == "    # two releases of a library"
    assert max(map(len, [*lines, said])) <= 38


def test_the_first_commands_are_those_that_answer_a_question_and_the_rest_stand_in_groups(call: Call) -> None:
    output = call("--help").output
    headings = re.findall(r"^(\w.*):$", output, re.MULTILINE)
    assert headings == [*front.GROUPS, "Options"]
    # `ask` comes first as soon as it is there.
    assert [name for name in front.GROUPS["Start here"] if name != "ask"] == ["advise", "try", "gate", "run", "report"]


def test_a_summary_is_one_line_at_eighty_columns(call: Call) -> None:
    lines = call("--help").output.splitlines()
    for name, entry in front.COMMANDS.items():
        assert f"  {name:<{front.WIDEST}}  {entry.summary}" in lines
        assert isinstance(front.main.get_command(click.Context(front.main), name), click.Command)
