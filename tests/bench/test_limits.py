"""How much this machine gives us is read from its own limits, and the lowest of them is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from when_async.bench.worker import limits

FILES = {
    "/sys/fs/cgroup/pids.max": 1064,
    "/proc/sys/kernel/threads-max": 30_064,
    "/proc/sys/vm/max_map_count": 65_530,
}


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, int | None]:
    """What the files of a made-up machine say; no entry means no such file."""
    told: dict[str, int | None] = dict(FILES)
    monkeypatch.setattr(limits, "_number", lambda path: told.get(path))
    monkeypatch.setattr(limits, "_cgroup_pids", lambda: "/sys/fs/cgroup/pids.max")
    monkeypatch.setattr(limits, "_available_bytes", lambda: 2 * 2**30)
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1}, raising=False)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return told


def test_the_lowest_limit_counts_and_is_named(files: dict[str, int | None]) -> None:
    assert limits.thread_limit() == (1000, "pids.max of the container is 1064")
    files["/proc/sys/kernel/threads-max"] = 564
    assert limits.thread_limit() == (500, "kernel.threads-max is 564")
    files["/proc/sys/kernel/pid_max"] = 464
    assert limits.thread_limit() == (400, "kernel.pid_max is 464")
    files["/proc/sys/vm/max_map_count"] = 2600
    assert limits.thread_limit() == (300, "vm.max_map_count is 2600 and a thread takes two mappings")


def test_a_user_limit_counts_for_everybody_but_root(
    files: dict[str, int | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda which: (164, 164))
    assert limits.thread_limit()[0] == 1000
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert limits.thread_limit() == (100, "ulimit -u is 164")


def test_a_machine_that_tells_nothing_has_no_known_limit(files: dict[str, int | None]) -> None:
    files.clear()
    assert limits.thread_limit() == (1_000_000, "no limit of the machine is known")


def test_a_tiny_limit_still_leaves_one(files: dict[str, int | None]) -> None:
    files["/sys/fs/cgroup/pids.max"] = 3
    assert limits.thread_limit()[0] == 1


def test_processes_are_limited_by_what_is_left_of_the_memory(files: dict[str, int | None]) -> None:
    assert limits.process_limit() == (42, "half of the 2048 MiB of free memory holds 42 processes")


def test_processes_are_limited_by_the_cores(files: dict[str, int | None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_available_bytes", lambda: None)
    assert limits.process_limit() == (128, "64 processes a core on 2 cores is the most we start")


def test_this_machine_gives_at_least_one_thread_and_one_process() -> None:
    for most, reason in (limits.thread_limit(), limits.process_limit()):
        assert most >= 1
        assert reason


def test_a_file_that_holds_no_number_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "pids.max"
    assert limits._number(path) is None
    path.write_text("max\n", encoding="ascii")
    assert limits._number(path) is None
    path.write_text("77\n", encoding="ascii")
    assert limits._number(path) == 77
