"""One run at a time on a machine: who holds it is said, who waits is served in turn, and any user can take part."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from when_async.bench.machine.lock import HOLDER, TICKETS, Busy, NoLock, lock_path, machine


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WHEN_ASYNC_LOCK", str(tmp_path / "lock"))
    return lock_path()


def beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def gone() -> int:
    """The number of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-S", "-c", ""])
    child.wait()
    return child.pid


WAITS = """
import threading
from when_async.bench.machine.lock import machine

def sleep(seconds):
    print("waiting", flush=True)
    threading.Event().wait()

with machine(wait=True, sleep=sleep):
    pass
"""


def test_a_second_run_is_told_who_has_the_machine_since_when(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["when-async", "run", "--secret"])
    with machine(wait=False), pytest.raises(Busy) as told, machine(wait=False):
        pass
    assert f"another run (when-async run, process {os.getpid()}, since " in str(told.value)
    assert "secret" not in str(told.value)
    with machine(wait=False):
        pass


def test_a_holder_that_does_not_say_who_it_is_is_another_run(path: Path) -> None:
    with (
        FileLock(path),
        pytest.raises(Busy, match="another when-async run is measuring on this machine"),
        machine(wait=False),
    ):
        pass
    lives, words = os.getppid(), f"another run (a[31mb, process {os.getppid()}, since 14:03) is"
    for pid, said in ((lives, words), (gone(), "another when-async run is")):
        told = {"pid": pid, "since": "2026-12-01T14:03:00", "command": "a\x1b[31mb"}
        beside(path, HOLDER).write_text(json.dumps(told))
        with FileLock(path), pytest.raises(Busy) as found, machine(wait=False):
            pass
        assert said in str(found.value)


def test_who_waits_is_served_before_who_comes_later_and_says_for_whom_it_waits(path: Path) -> None:
    held = FileLock(path)
    held.acquire()
    said: list[str] = []

    def sleep(seconds: float) -> None:
        if held.is_locked:
            held.release()
            return
        # The machine is free now, but there is a ticket, and who comes without one is refused.
        raise AssertionError("it was its turn")

    with machine(wait=True, say=said.append, sleep=sleep):
        assert not list(beside(path, TICKETS).iterdir())
    assert said == ["waiting for another when-async run to end"]


@contextlib.contextmanager
def ticket(path: Path, name: str) -> Iterator[Path]:
    """A ticket that somebody holds."""
    file = beside(path, TICKETS) / name
    file.parent.mkdir(exist_ok=True)
    with file.open("w") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield file
        file.unlink(missing_ok=True)


def test_a_ticket_that_is_held_comes_first_whoever_holds_it(path: Path) -> None:
    turns = iter(range(3))
    said: list[str] = []
    with ticket(path, f"2-{gone()}") as first:
        with pytest.raises(Busy), machine(wait=False):
            pass

        def sleep(seconds: float) -> None:
            if next(turns) == 1:
                first.unlink()

        with machine(wait=True, say=said.append, sleep=sleep):
            pass
    assert said == ["waiting for another when-async run to end, after 1 that waits already"]
    assert next(turns) == 2


def test_a_ticket_that_nobody_holds_counts_for_nothing_and_goes_though_its_process_number_lives_again(
    path: Path,
) -> None:
    folder = beside(path, TICKETS)
    folder.mkdir()
    (folder / f"1-{os.getppid()}").touch()
    (folder / f"2-{gone()}").touch()
    with machine(wait=False):
        assert list(folder.iterdir()) == []


def test_a_ticket_of_a_run_that_was_killed_while_it_waited_holds_up_nobody(path: Path) -> None:
    with FileLock(path), subprocess.Popen([sys.executable, "-c", WAITS], stdout=subprocess.PIPE) as waiting:
        assert waiting.stdout
        assert waiting.stdout.readline() == b"waiting\n"
        with pytest.raises(Busy, match="is measuring"), machine(wait=False):
            pass
        assert len(list(beside(path, TICKETS).iterdir())) == 1
        waiting.kill()
    with machine(wait=False):
        assert list(beside(path, TICKETS).iterdir()) == []


def test_a_ticket_that_was_swept_before_it_could_be_locked_is_taken_anew(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, lock, taken = beside(path, TICKETS), fcntl.flock, []

    def late(opened: int, how: int) -> None:
        if how == fcntl.LOCK_EX:
            (file,) = folder.iterdir()
            taken.append(file)
            if len(taken) == 1:
                file.unlink()
        lock(opened, how)

    monkeypatch.setattr("when_async.bench.machine.lock.fcntl.flock", late)
    held = FileLock(path)
    held.acquire()

    def sleep(seconds: float) -> None:
        assert taken[-1].exists()
        held.release()

    with machine(wait=True, sleep=sleep):
        assert len(taken) == 2


def test_what_is_no_lock_file_is_one_line(path: Path) -> None:
    path.mkdir()
    words = r"the lock of this machine cannot be used .* name another file with WHEN_ASYNC_LOCK"
    with pytest.raises(NoLock, match=words), machine(wait=False):
        pass


def test_the_files_are_open_to_every_user(path: Path) -> None:
    before = os.umask(0o077)
    try:
        with machine(wait=False):
            assert path.stat().st_mode & 0o666 == 0o666
    finally:
        os.umask(before)
