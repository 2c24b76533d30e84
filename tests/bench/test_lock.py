"""One run at a time on a machine: who holds it is said, who waits is served in turn, and any user can take part."""

from __future__ import annotations

import json
import os
import subprocess
import sys
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


def test_a_second_run_is_told_who_has_the_machine_since_when(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["when-async", "run", "--secret"])
    with machine(wait=False), pytest.raises(Busy) as told, machine(wait=False):
        pass
    assert f"another run (when-async run, process {os.getpid()}, since " in str(told.value)
    assert "secret" not in str(told.value)
    with machine(wait=False):
        pass


def test_a_holder_that_does_not_say_who_it_is_is_another_run(path: Path) -> None:
    with FileLock(path), pytest.raises(Busy, match="another when-async run is measuring on this machine"), machine(
        wait=False
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


def test_a_ticket_of_a_living_process_comes_first_and_one_of_a_dead_process_counts_for_nothing(path: Path) -> None:
    folder = beside(path, TICKETS)
    folder.mkdir()
    (folder / f"1-{gone()}").touch()
    with machine(wait=False):
        pass
    (folder / f"2-{os.getppid()}").touch()
    with pytest.raises(Busy), machine(wait=False):
        pass
    turns = iter(range(3))

    def sleep(seconds: float) -> None:
        if next(turns) == 1:
            (folder / f"2-{os.getppid()}").unlink()

    said: list[str] = []
    with machine(wait=True, say=said.append, sleep=sleep):
        pass
    assert said == ["waiting for another when-async run to end, after 1 that waits already"]
    assert next(turns) == 2


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
