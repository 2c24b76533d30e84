"""The fingerprint of a machine and the ledger of its noise, read from made-up files."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path

import pytest

from when_async.bench.machine import fingerprint as machine
from when_async.bench.machine.noise import Mark, Noise


def put(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_fingerprint_has_every_field_and_fits_json() -> None:
    found = machine.fingerprint()
    assert sorted(found) == sorted(
        ["node_id", "system", "cpu", "cores", "memory_bytes", "governor", "virtual", "container", "limits"]
    )
    assert json.loads(json.dumps(found)) == found
    assert found["cores"] >= 1


def test_a_fingerprint_never_names_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "node", lambda: "annas-laptop")
    put(tmp_path, "etc/machine-id", "0123456789abcdef0123456789abcdef\n")
    text = json.dumps(machine.fingerprint(tmp_path))
    assert "annas-laptop" not in text
    assert "0123456789abcdef" not in text


def test_the_node_id_stays_the_same_and_differs_between_machines(tmp_path: Path) -> None:
    put(tmp_path, "a/etc/machine-id", "1")
    put(tmp_path, "b/etc/machine-id", "2")
    assert machine.node_id(tmp_path / "a") == machine.node_id(tmp_path / "a")
    assert machine.node_id(tmp_path / "a") != machine.node_id(tmp_path / "b")


def test_a_system_that_tells_nothing_gives_none(tmp_path: Path) -> None:
    found = machine.fingerprint(tmp_path)
    assert found["governor"] is None
    assert found["virtual"] is None
    assert found["limits"]["pids_max"] is None
    assert found["limits"]["threads_max"] is None


def test_the_hypervisor_is_named_where_the_board_names_it(tmp_path: Path) -> None:
    put(tmp_path, "proc/cpuinfo", "model name\t: Fast One\nflags\t\t: fpu hypervisor avx\n")
    assert machine.virtual(tmp_path) == "hypervisor"
    put(tmp_path, "sys/class/dmi/id/sys_vendor", "QEMU\n")
    assert machine.virtual(tmp_path) == "kvm"
    assert machine.cpu_model(tmp_path) == "Fast One"


def test_a_container_is_guessed_from_its_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("container", raising=False)
    assert machine.in_container(tmp_path) is False
    put(tmp_path, "proc/1/cgroup", "0::/kubepods/besteffort/pod1\n")
    assert machine.in_container(tmp_path) is True


def test_the_smallest_task_limit_of_the_groups_above_us_counts(tmp_path: Path) -> None:
    put(tmp_path, "proc/self/cgroup", "0::/user.slice/app\n")
    put(tmp_path, "sys/fs/cgroup/user.slice/app/pids.max", "max\n")
    put(tmp_path, "sys/fs/cgroup/user.slice/pids.max", "700\n")
    put(tmp_path, "proc/sys/kernel/threads-max", "9000\n")
    found = machine.limits(tmp_path)
    assert (found["pids_max"], found["threads_max"]) == (700, 9000)


def test_the_task_limit_of_an_old_control_group_is_found(tmp_path: Path) -> None:
    put(tmp_path, "proc/self/cgroup", "8:pids:/box\n4:memory:/box\n")
    put(tmp_path, "sys/fs/cgroup/pids/box/pids.max", "55\n")
    assert machine.limits(tmp_path)["pids_max"] == 55


STAT = "cpu  9 9 9 9 9 9 9 {all} 0 0\ncpu0 1 0 1 1 0 0 0 {zero} 0 0\ncpu1 1 0 1 1 0 0 0 {one} 0 0\nintr 5 8 8\n"
PRESSURE = "some avg10=1.35 avg60=3.39 avg300=1.66 total={}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=77\n"
THROTTLE = "usage_usec 5\nnr_throttled 1\nthrottled_usec {}\n"


def test_noise_is_the_difference_between_two_marks_under_control_groups_of_either_version(tmp_path: Path) -> None:
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    stat = put(tmp_path, "stat", STAT.format(all=30, zero=10, one=20))
    pressure = put(tmp_path, "pressure", PRESSURE.format(1_000_000))
    own, above = put(tmp_path, "own", THROTTLE.format(100)), put(tmp_path, "above", "throttled_time 200000\n")
    root = put(tmp_path, "root", "usage_usec 5\n")
    with Noise(stat, pressure, [own, above, root, tmp_path / "gone"], cores=[0, 1]) as noise:
        before = noise.mark()
        stat.write_text(STAT.format(all=37, zero=13, one=24))
        pressure.write_text(PRESSURE.format(1_250_000))
        own.write_text(THROTTLE.format(400_100))
        above.write_text("nr_throttled 1\nthrottled_time 100200000\n")
        found = noise.since(before)
    assert found["steal_s"] == pytest.approx(7 * tick_s)
    assert found["pressure_s"] == pytest.approx(0.25)
    assert found["throttled_s"] == pytest.approx(0.5)
    assert found["load1"] >= 0


def test_only_time_stolen_from_cores_we_may_use_counts(tmp_path: Path) -> None:
    stat = put(tmp_path, "stat", STAT.format(all=30, zero=10, one=20))
    with Noise(stat, tmp_path / "gone", [], cores=[1]) as noise:
        before = noise.mark()
        stat.write_text(STAT.format(all=99, zero=99, one=20))
        assert noise.since(before)["steal_s"] == 0


def test_what_programs_use_of_our_cores_is_told_without_interrupts(tmp_path: Path) -> None:
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    stat = put(tmp_path, "stat", "cpu 0\ncpu0 10 2 5 90 0 7 7 0\ncpu1 1 1 1 90 0 0 0 0\ncpu2 50 0 0 90 0 0 0 0\n")
    with Noise(stat, tmp_path / "gone", [], cores=[0, 1]) as noise:
        before = noise.mark()
        stat.write_text("cpu 0\ncpu0 30 3 9 90 0 99 99 0\ncpu1 2 1 1 99 9 0 0 0\ncpu2 99 0 0 90 0 0 0 0\n")
        assert noise.since(before)["busy_s"] == pytest.approx(26 * tick_s)


def test_what_a_system_does_not_tell_is_absent_and_not_zero(tmp_path: Path) -> None:
    with Noise(tmp_path / "stat", tmp_path / "pressure", []) as noise:
        assert noise.mark() == Mark(None, None, None, None)
        assert set(noise.since(noise.mark())) <= {"load1"}


def test_a_counter_that_steps_back_gives_no_negative_noise(tmp_path: Path) -> None:
    stat = put(tmp_path, "stat", STAT.format(all=30, zero=10, one=20))
    with Noise(stat, tmp_path / "gone", [], cores=[0]) as noise:
        before = noise.mark()
        stat.write_text(STAT.format(all=30, zero=9, one=20))
        assert noise.since(before)["steal_s"] == 0


def test_noise_of_this_machine_can_be_read_and_closed_twice() -> None:
    noise = Noise()
    found = noise.since(noise.mark())
    noise.close()
    noise.close()
    assert all(value >= 0 for value in found.values())
    assert noise.mark() == Mark(None, None, None, None)
