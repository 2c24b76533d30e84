"""`held` opens all its ops at once and nothing else, and what the machine has left is read from its own files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.fakes import DEAD_PID
from when_async.bench.calibration.held import HELD
from when_async.bench.calibration.means import cause_of, explained, free_bytes, task_limits
from when_async.bench.calibration.watching import Look, Watcher
from when_async.bench.model import Job, Kit, WrongAnswer
from when_async.bench.quantity import check_point

PARAMS = {"n": 3, "hold_s": 0.25}


class Sleeps:
    """A kit that notes how long it was asked to sleep."""

    in_flight = 1
    address = None

    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def enter(self, resource: Any) -> Any:
        raise AssertionError("a wait needs nothing")


def test_an_op_waits_as_long_as_it_is_held_and_returns_its_item() -> None:
    kit: Any = Sleeps()
    op = HELD.bodies["blocking"](kit, PARAMS)
    assert op(0) == 0
    assert kit.slept == [0.25]


async def test_an_async_op_waits_with_the_sleep_of_its_loop() -> None:
    slept = []

    class Loop(Sleeps):
        async def sleep(self, seconds: float) -> None:  # type: ignore[override]
            slept.append(seconds)

    kit: Kit = Loop()
    op = await HELD.bodies["async"](kit, PARAMS)
    assert await op(0) == 0
    assert slept == [0.25]


def test_items_are_one_object_again_and_again_so_that_none_takes_memory_of_its_own() -> None:
    items = HELD.make_items({"n": 1000, "hold_s": 0.1}, 7)
    assert len(items) == 1000
    assert {id(item) for item in items} == {id(items[0])}


def test_the_oracle_counts_what_came_back_and_refuses_what_is_no_item() -> None:
    assert HELD.check(PARAMS, [0, 0, 0], [0, 0, 0]) == "3 ops came back"
    with pytest.raises(WrongAnswer, match="1 of 3 ops did not return their item"):
        HELD.check(PARAMS, [0, 0, 0], [0, None, 0])


def test_its_point_lies_inside_its_parameters_and_it_has_no_lower_bound() -> None:
    for points in HELD.grid.values():
        for point in points:
            check_point(HELD, point)
    assert HELD.ideal_s is None
    assert HELD.calibration
    assert Job(HELD, "async", PARAMS, 3).body is HELD.bodies["async"]


def put(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_free_memory_is_what_the_tightest_group_has_left(tmp_path: Path) -> None:
    assert free_bytes(tmp_path) is None
    put(tmp_path, "proc/meminfo", "MemTotal: 9999 kB\nMemAvailable:    4096 kB\n")
    assert free_bytes(tmp_path) == 4096 * 1024
    put(tmp_path, "proc/self/cgroup", "0::/box/app\n")
    put(tmp_path, "sys/fs/cgroup/box/app/memory.max", "max\n")
    put(tmp_path, "sys/fs/cgroup/box/app/memory.current", "5\n")
    assert free_bytes(tmp_path) == 4096 * 1024
    put(tmp_path, "sys/fs/cgroup/box/memory.max", "3000000\n")
    put(tmp_path, "sys/fs/cgroup/box/memory.current", "2500000\n")
    assert free_bytes(tmp_path) == 500_000
    put(tmp_path, "sys/fs/cgroup/box/memory.stat", "anon 1\ninactive_file 100000\n")
    assert free_bytes(tmp_path) == 600_000


def test_free_memory_of_an_old_control_group_is_found(tmp_path: Path) -> None:
    put(tmp_path, "proc/self/cgroup", "4:memory:/box\n")
    put(tmp_path, "sys/fs/cgroup/memory/box/memory.limit_in_bytes", "1000\n")
    put(tmp_path, "sys/fs/cgroup/memory/box/memory.usage_in_bytes", "400\n")
    put(tmp_path, "sys/fs/cgroup/memory/box/memory.stat", "total_inactive_file 100\n")
    assert free_bytes(tmp_path) == 700


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("RuntimeError: can't start new thread", "limit"),
        ("BlockingIOError: [Errno 11] Resource temporarily unavailable", "limit"),
        ("OSError: [Errno 24] Too many open files", "limit"),
        ("MemoryError: ", "memory"),
        ("the process died with signal 9 (SIGKILL)", "memory"),
        ("ValueError: filedescriptor out of range in select()", "error"),
    ],
)
def test_the_words_of_a_failure_tell_its_cause(words: str, cause: str) -> None:
    assert cause_of(words) == cause


def test_the_limits_that_may_stand_behind_a_failure_are_named(tmp_path: Path) -> None:
    put(tmp_path, "proc/self/cgroup", "0::/\n")
    put(tmp_path, "sys/fs/cgroup/pids.max", "1064\n")
    put(tmp_path, "proc/sys/kernel/threads-max", "192731\n")
    put(tmp_path, "proc/sys/kernel/pid_max", "32768\n")
    put(tmp_path, "proc/sys/vm/max_map_count", "65530\n")
    said = explained("RuntimeError: can't start new thread", tmp_path)
    assert said.startswith("RuntimeError: can't start new thread; limits here: ")
    told = "pids.max of the container 1064, kernel.threads-max 192731, kernel.pid_max 32768, vm.max_map_count 65530"
    assert told in said
    assert told in task_limits(tmp_path)
    assert "ulimit -n" in explained("OSError: Too many open files", tmp_path)
    assert explained("ValueError: no", tmp_path) == "ValueError: no"
    assert explained("died with signal 9 (SIGKILL)", tmp_path).endswith("the memory may have run out")


def test_a_watcher_keeps_what_it_saw_and_tells_the_most_between_two_moments() -> None:
    watcher = Watcher(DEAD_PID)
    watcher.looks += [Look(10, 20, 7), Look(30, 40, 5), Look(50, 60, 9)]
    assert watcher.peak_bytes == 9
    assert watcher.within(10, 45) == 7
    assert watcher.within(25, 45) == 5
    assert watcher.within(31, 59) is None


def test_a_watcher_kills_once_what_takes_more_than_it_may() -> None:
    killed: list[int] = []
    sizes = iter([90, 101, 150])
    watcher = Watcher(DEAD_PID, 100, look=lambda pid: next(sizes), kill=killed.append)
    for _ in range(3):
        watcher.look()
    assert (watcher.exceeded_bytes, killed) == (101, [DEAD_PID])
    assert [one.size_bytes for one in watcher.looks] == [90, 101, 150]


def test_a_watcher_looks_for_as_long_as_it_is_entered_and_ends_with_it() -> None:
    from threading import Event

    seen = Event()

    def look(pid: int) -> int:
        seen.set()
        return 5

    watcher = Watcher(DEAD_PID, look=look)
    with watcher:
        assert seen.wait(30)
    assert watcher.peak_bytes == 5
    assert not watcher._thread.is_alive()


def test_a_system_that_does_not_tell_leaves_nothing_seen() -> None:
    watcher = Watcher(DEAD_PID, look=lambda pid: None)
    watcher.look()
    assert (watcher.looks, watcher.peak_bytes, watcher.within(0, 10**18)) == ([], None, None)
