"""Quota, throttling, siblings and the rest of what a kernel says of a machine, read from made-up files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from when_async.bench.calibration.surroundings import cpu_list, quota_cores, siblings, surroundings

GROUP = "sys/fs/cgroup/user.slice/app"


def put(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_facts_fit_json_and_a_system_that_tells_nothing_gives_none(tmp_path: Path) -> None:
    found = surroundings(tmp_path, [1, 0])
    assert json.loads(json.dumps(found)) == found
    assert found["cores_usable"] == [0, 1]
    for name in ("cores_online", "quota_cores", "siblings", "clock_source", "perf_paranoid"):
        assert found[name] is None, name
    assert found["governors"] == []
    assert found["perf_hardware"] is False


def test_facts_are_read_where_the_kernel_keeps_them(tmp_path: Path) -> None:
    put(tmp_path, "sys/devices/system/cpu/online", "0-3\n")
    for core, governor in enumerate(["powersave", "performance", "powersave"]):
        put(tmp_path, f"sys/devices/system/cpu/cpu{core}/cpufreq/scaling_governor", f"{governor}\n")
    put(tmp_path, "sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n")
    put(tmp_path, "proc/sys/kernel/perf_event_paranoid", "-1\n")
    put(tmp_path, "sys/bus/event_source/devices/cpu/type", "4\n")
    found = surroundings(tmp_path, [0, 2])
    assert found["cores_online"] == 4
    assert found["governors"] == ["powersave"]
    assert (found["clock_source"], found["perf_paranoid"], found["perf_hardware"]) == ("tsc", -1, True)


def test_the_tightest_quota_of_the_groups_above_us_counts(tmp_path: Path) -> None:
    put(tmp_path, "proc/self/cgroup", "0::/user.slice/app\n")
    assert quota_cores(tmp_path) is None
    put(tmp_path, f"{GROUP}/cpu.max", "max 100000\n")
    assert quota_cores(tmp_path) is None
    put(tmp_path, "sys/fs/cgroup/user.slice/cpu.max", "150000 100000\n")
    assert quota_cores(tmp_path) == 1.5
    put(tmp_path, f"{GROUP}/cpu.max", "50000 100000\n")
    assert quota_cores(tmp_path) == 0.5


def test_the_quota_of_an_old_control_group_is_found(tmp_path: Path) -> None:
    put(tmp_path, "proc/self/cgroup", "4:cpu,cpuacct:/box\n")
    folder = "sys/fs/cgroup/cpu,cpuacct/box"
    put(tmp_path, f"{folder}/cpu.cfs_quota_us", "-1\n")
    put(tmp_path, f"{folder}/cpu.cfs_period_us", "100000\n")
    assert quota_cores(tmp_path) is None
    put(tmp_path, f"{folder}/cpu.cfs_quota_us", "250000\n")
    assert quota_cores(tmp_path) == 2.5


def test_hyperthreads_are_grouped_and_each_group_is_told_once(tmp_path: Path) -> None:
    assert siblings(tmp_path, [0, 1]) is None
    for core, text in enumerate(["0,2", "1,3", "0,2", "1,3"]):
        put(tmp_path, f"sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list", f"{text}\n")
    assert siblings(tmp_path, [0, 1, 2]) == [[0, 2], [1, 3]]


@pytest.mark.parametrize(
    ("text", "cores"),
    [("0", [0]), ("0-2,5", [0, 1, 2, 5]), ("", []), ("none", []), ("1-x", []), (" 3 ,4\n", [3, 4])],
)
def test_a_list_of_cores_is_read_as_the_kernel_writes_it(text: str, cores: list[int]) -> None:
    assert cpu_list(text) == cores
