"""However a command is ended while it makes an environment, uv ends with it, and what uv has started."""

from __future__ import annotations

import signal
from pathlib import Path

import click
import pytest

from support.commands import ROOT, Call, Shell, finish, wait_until
from when_async.bench.cli.main import COMMANDS

UV = """from pathlib import Path

def find_uv_bin():
    return str(Path(__file__).with_name("hangs"))
"""
HANGS = """#!/bin/sh
sleep 60 &
touch "$(dirname "$0")/started"
sleep 60
"""
"""Stands for uv in the midst of a build."""

ASKED = ("--python", "3.14")
RUN = ("run", "-w", "sleep", "-r", "sync", *ASKED)
FILLING = [
    RUN,
    ("try", "time:sleep", "--args", "[0.01]", *ASKED),
    ("compare", "3.11", "3.14", "-w", "sleep", "-r", "sync"),
    ("timeline", "-w", "sleep", "-r", "sync", *ASKED),
    ("matrix", *ASKED),
]


@pytest.fixture
def shell(tmp_path: Path, shell: Shell) -> Shell:
    """A machine whose uv hangs."""
    (tmp_path / "uv.py").write_text(UV, encoding="ascii")
    (tmp_path / "hangs").write_text(HANGS, encoding="ascii")
    (tmp_path / "hangs").chmod(0o755)
    shell.extra = {"PYTHONPATH": f"{tmp_path}:{ROOT / 'src'}"}
    return shell


@pytest.mark.parametrize(
    ("command", "number"),
    [
        *((RUN, number) for number in (signal.SIGINT, signal.SIGHUP, signal.SIGKILL)),
        *((command, signal.SIGTERM) for command in FILLING),
    ],
    ids=lambda value: value.name if isinstance(value, signal.Signals) else value[0],
)
def test_uv_ends_with_the_command_that_has_called_it(
    shell: Shell, command: tuple[str, ...], number: signal.Signals
) -> None:
    process = shell.start(*command)
    wait_until((shell.folder / "started").exists)
    process.send_signal(number)
    done = finish(process)
    assert shell.left_behind() == []
    if number is signal.SIGKILL:
        assert done.returncode == -number
    else:
        assert (done.returncode, done.stderr.splitlines()[-1]) == (130, "interrupted")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_takes_a_polite_kill_for_ctrl_c(
    call: Call, monkeypatch: pytest.MonkeyPatch, command: str, number: signal.Signals
) -> None:
    def killed(self: click.Group, context: click.Context) -> None:
        # In the midst of it, whatever it is: before its own words are read.
        signal.raise_signal(number)

    # Under nohup it is ignored, and a command leaves it so.
    signal.signal(number, signal.SIG_DFL)
    monkeypatch.setattr(click.Group, "invoke", killed)
    done = call(command)
    assert (done.exit_code, done.stderr) == (130, "interrupted\n")
