"""The parent's side of a child process: whatever it does, the parent gets an answer or a reason, and buries it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.fakes import FakeReaper
from when_async.bench.processes import complaints
from when_async.bench.processes import worker as process
from when_async.bench.processes.worker import LineProcess, ProcessFailed, ProcessTimedOut, Worker

Start = Callable[[str], LineProcess]


@pytest.fixture
def reaper() -> FakeReaper:
    return FakeReaper()


@pytest.fixture
def start(reaper: FakeReaper, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    monkeypatch.setattr(process, "STACK_WAIT_S", 0.05)
    started: list[LineProcess] = []

    def begin(code: str) -> LineProcess:
        options: dict[str, Any] = {"environ": dict(os.environ), "reaper": reaper}
        started.append(LineProcess([sys.executable, "-S", "-c", code], **options))
        return started[-1]

    yield begin
    for child in started:
        child.kill()


def reason(child: LineProcess, timeout_s: float = 20.0) -> str:
    with pytest.raises(ProcessFailed) as caught:
        child.receive(timeout_s)
    return str(caught.value)


def test_a_line_is_answered_by_a_line(start: Start) -> None:
    child = start("import sys\nfor line in sys.stdin: print('{\"got\": ' + line.strip() + '}', flush=True)")
    for number in (1, 2):
        child.send(str(number))
        assert child.receive(20) == {"got": number}
    assert child.alive()


def test_two_lines_that_come_at_once_are_two_answers(start: Start) -> None:
    child = start("""print('{"a": 1}\\n{"a": 2}')""")
    assert [child.receive(20), child.receive(20)] == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("said", ["hello", "[1, 2]", "{half"])
def test_an_answer_that_is_no_object_is_nonsense_and_no_crash_of_ours(start: Start, said: str) -> None:
    assert "the process answered nonsense: b'" in reason(start(f"print({said!r})"))


def test_a_child_that_leaves_is_told_with_its_status_and_last_words(start: Start) -> None:
    child = start("import sys; sys.stderr.write('first\\nno more memory\\n'); sys.exit(3)")
    assert reason(child) == "the process died with exit status 3: first | no more memory"


def test_a_child_that_is_killed_is_told_with_its_signal(start: Start) -> None:
    child = start("import os; os.kill(os.getpid(), 9)")
    assert reason(child) == "the process died with signal 9 (SIGKILL)"


def test_a_child_that_reads_no_more_is_told_when_it_is_written_to(start: Start) -> None:
    child = start("pass")
    reason(child)
    with pytest.raises(ProcessFailed, match="exit status 0"):
        child.send("anybody?")


def test_a_child_that_says_nothing_is_told_with_the_place_where_it_was(start: Start) -> None:
    child = start(
        "import faulthandler, signal, time\n"
        "faulthandler.register(signal.SIGUSR1, all_threads=True)\n"
        "print('{}', flush=True)\n"
        "def stuck(): time.sleep(60)\n"
        "stuck()\n"
    )
    child.receive(20)
    with pytest.raises(ProcessTimedOut, match=r"^no answer within 0.2 s; it was in stuck \(<string>:4\)$"):
        child.receive(0.2)


UNTIL_CUT = """
import os, sys
size = -1
while size <= (size := os.fstat(2).st_size):
    os.write(2, b"on and on\\n" * 1000)
"""
"""Prints until what it has printed is less than it was."""


@pytest.fixture
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(complaints, "MOST_BYTES", 1 << 18)


@pytest.mark.usefixtures("little_room")
def test_what_a_child_prints_is_cut_to_its_end_while_we_wait_for_its_answer(start: Start) -> None:
    child = start(UNTIL_CUT + "print('{}', flush=True); sys.stderr.write('last words\\n'); sys.exit(1)")
    assert child.receive(60) == {}
    said = reason(child)
    # The line in which it was cut may have lost its end.
    assert ": on and on | on and on | on a" in said
    assert said.endswith("last words")


@pytest.mark.usefixtures("little_room")
def test_what_a_child_prints_is_cut_while_we_wait_for_another(start: Start, tmp_path: Path) -> None:
    mark = str(tmp_path / "cut")
    start(UNTIL_CUT + f"open({mark!r}, 'w').close()")
    other = start(f"import os, time\nwhile not os.path.exists({mark!r}): time.sleep(0.001)\nprint('{{}}', flush=True)")
    assert other.receive(60) == {}


@pytest.mark.usefixtures("little_room")
def test_what_a_child_has_printed_is_cut_when_it_answers_and_its_end_is_still_told(start: Start) -> None:
    child = start(
        "import sys\n"
        "for line in sys.stdin:\n"
        "    sys.stderr.write('x' * (1 << 19) + '\\nthe end of ' + line)\n"
        "    sys.stderr.flush()\n"
        "    print('{}', flush=True)\n"
        "sys.exit(1)\n"
    )
    for name in ("one", "two"):
        child.send(name)
        assert child.receive(60) == {}
    child.wait(60)
    said = reason(child)
    assert said.endswith("the end of two")
    assert len(said) < 2000


def test_killing_twice_is_no_error_and_the_group_is_watched_only_while_it_lives(
    start: Start, reaper: FakeReaper
) -> None:
    child = start("import time; time.sleep(60)")
    assert reaper.watched == [child.pid]
    child.kill()
    assert reaper.watched == []
    assert not child.alive()
    child.kill()


def test_what_a_child_started_dies_with_it(start: Start) -> None:
    child = start(
        "import json, subprocess, sys, time\n"
        "grandchild = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)'], stdin=0)\n"
        "print(json.dumps({'pid': grandchild.pid}), flush=True)\n"
        "time.sleep(60)\n"
    )
    pid = child.receive(20)["pid"]
    child.kill()
    deadline = time.monotonic() + 10
    while not gone(pid) and time.monotonic() < deadline:
        time.sleep(0.001)  # the kernel ends the group in its own time
    assert gone(pid)


def gone(pid: int) -> bool:
    """Whether a process has ended, or waits only for somebody to take note of it."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def test_an_interpreter_that_is_not_there_is_a_reason_without_a_path(reaper: FakeReaper) -> None:
    options: dict[str, Any] = {"environ": {}, "reaper": reaper}
    with pytest.raises(ProcessFailed, match=r"^the process did not start: No such file or directory$"):
        Worker("/nowhere/python", {}, **options)
    assert reaper.watched == []


def test_a_worker_whose_workload_is_not_there_says_so(reaper: FakeReaper) -> None:
    options: dict[str, Any] = {"environ": {}, "reaper": reaper}
    trial = {
        "runner": "sync", "runner_ref": "when_async.bench.runners.sync",
        "workload": "x", "workload_ref": "no_such_module",
    }  # fmt: skip
    worker = Worker(sys.executable, trial, **options)
    try:
        with pytest.raises(ProcessFailed, match="RegistryError: no_such_module does not import"):
            worker.ready(20)
    finally:
        worker.kill()
