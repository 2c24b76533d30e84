"""Nothing outlives us: neither a program that we run, nor what it starts, nor the folders for their temporary files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from support.commands import wait_until
from when_async.bench.environments import interpreters
from when_async.bench.reaping.reaper import Reaper, run, started

BUILD = """
import os, subprocess, sys, time
command = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
children = [subprocess.Popen(command), subprocess.Popen(command, process_group=0)]
with open(sys.argv[1] + "~", "w") as told:
    print(os.getpid(), *(child.pid for child in children), file=told)
os.rename(sys.argv[1] + "~", sys.argv[1])
time.sleep(60)
"""
"""Stands for uv: one of its children has a group of its own, as the compilers below ninja have."""

PARENT = """
import sys
from when_async.bench.reaping.reaper import run
run(sys.argv[1:], {}, 60)
"""

MAKER = """
import sys, time
from pathlib import Path
from typing import Any
from when_async.bench.reaping.reaper import scratch
with scratch("made-", sys.argv[1]) as folder:
    Path(folder, "file").touch()
    time.sleep(60)
"""

KEEPER = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
sys.stdin.read()
open(sys.argv[1], "w").close()
"""
"""Ignores a polite kill and clears away when its input ends, as the keeper of a database folder does."""


def gone(pid: int) -> bool:
    """Whether a process has ended, or waits only for somebody to take note of it."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def build(tmp_path: Path) -> Iterator[list[str]]:
    """The command of a build, which notes in its last word who there is; nothing of it is left after the test."""
    yield [sys.executable, "-S", "-c", BUILD, str(tmp_path / "pids")]
    for pid in pids(tmp_path / "pids"):
        if not gone(pid):
            os.kill(pid, signal.SIGKILL)


def pids(path: Path) -> list[int]:
    return list(map(int, path.read_text().split())) if path.exists() else []


def pids_of(command: list[str]) -> list[int]:
    """Who there is once all of the build are there."""
    wait_until(Path(command[-1]).exists)
    found = pids(Path(command[-1]))
    assert len(found) == 3
    return found


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_program_in_which_we_are_interrupted_dies_with_all_that_it_started(
    build: list[str], error: type[BaseException]
) -> None:
    def interrupted() -> None:
        with started(build):
            pids_of(build)
            raise error

    with pytest.raises(error):
        interrupted()
    assert all(map(gone, pids_of(build)))


def test_a_program_that_takes_too_long_dies_with_all_that_it_started(
    build: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreters, "TIMEOUT_S", 0.5)
    done = interpreters.run_command(build, {})
    assert done.returncode == 124
    assert all(map(gone, pids(Path(build[-1]))))


def test_a_program_dies_with_all_that_it_started_when_we_are_killed(build: list[str]) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, *build]) as parent:
        found = pids_of(build)
        parent.kill()
    wait_until(lambda: all(map(gone, found)))


def test_a_folder_for_what_is_needed_meanwhile_goes_when_we_are_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", MAKER, str(tmp_path)]) as parent:
        wait_until(lambda: any(tmp_path.glob("made-*/file")))
        parent.kill()
    wait_until(lambda: not any(tmp_path.iterdir()))


def test_a_program_that_ends_is_told_as_it_ended() -> None:
    code = "import os, sys; print(os.environ['A']); print(sys.stdin.read(), 'complains', file=sys.stderr); sys.exit(3)"
    done = run([sys.executable, "-S", "-c", code], {"A": "b"}, 60)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (3, "b\n", "complains")


Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def user(tmp_path: Path) -> Iterator[Start]:
    """Starts keepers in sessions of their own, each with a folder for its temporary files."""
    keepers: list[subprocess.Popen[bytes]] = []

    def start(folder: Path) -> subprocess.Popen[bytes]:
        keepers.append(
            subprocess.Popen(
                [sys.executable, "-S", "-c", KEEPER, str(tmp_path / "cleared")], env={"TMPDIR": str(folder)},
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
            )
        )  # fmt: skip
        out = keepers[-1].stdout
        assert out is not None
        assert out.readline() == b"ready\n"
        return keepers[-1]

    yield start
    for keeper in keepers:
        with keeper:
            keeper.kill()


def test_who_uses_the_folder_may_clear_away_before_the_folder_goes(user: Start, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    keeper, stranger = user(scratch), user(tmp_path)
    reaper = Reaper()
    reaper.watch(str(scratch))
    # Its parent is gone, which ends its input, and it was stopped.
    keeper.send_signal(signal.SIGSTOP)
    assert keeper.stdin is not None
    keeper.stdin.close()
    reaper.close()
    assert keeper.wait(60) == 0
    assert (tmp_path / "cleared").exists()
    assert not scratch.exists()
    assert stranger.poll() is None


def test_who_does_not_clear_away_is_killed_before_the_folder_goes(
    user: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from when_async.bench.reaping import sessions

    monkeypatch.setattr(sessions, "GRACE_S", 0.05)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    keeper = user(scratch)
    sessions.clear([str(scratch)])
    assert keeper.wait(60) == -signal.SIGKILL
    assert not scratch.exists()


def test_who_is_interrupted_while_a_program_is_started_leaves_none_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    real = subprocess.Popen

    def interrupted(*arguments: Any, **options: Any) -> Any:
        process = real(*arguments, **options)
        begun.append(process.pid)
        # In the midst of it: the program runs, and nobody knows of it yet.
        signal.raise_signal(signal.SIGINT)
        return process

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    with pytest.raises(KeyboardInterrupt), started(["sleep", "60"]):
        raise AssertionError("the interruption counts before the program is of any use")
    (pid,) = begun
    assert not Path(f"/proc/{pid}").exists()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
