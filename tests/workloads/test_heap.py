"""A server is put into one regime of the heap or the row says why not, and its own count must show the regime."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from when_async.bench.model import Unsuited, WrongAnswer
from when_async.workloads.bodies import heap, spent
from when_async.workloads.bodies.chat.threads import Count
from when_async.workloads.bodies.heap import AS_IT_IS, GIVES_BACK, KEEPS, check_regime, force, refuse_other
from when_async.workloads.chat import CHAT
from when_async.workloads.echo_server import ECHO_SERVER


class Glibc:
    """A C library that takes note of what it is told; `holes` free blocks are in its heap."""

    def __init__(self, holes: int = 3, *, obeys: bool = True) -> None:
        self.holes, self.obeys = holes, obeys
        self.told: dict[int, int] = {}
        self.taken = 0

    def mallopt(self, knob: int, size_bytes: int) -> int:
        self.told[knob] = size_bytes
        return int(self.obeys)

    def malloc(self, size_bytes: int) -> int:
        self.taken += 1
        return 0 if self.taken > self.holes else self.address

    @property
    def address(self) -> int:
        """The memory after a size without the bit of a mapped block."""
        import ctypes

        self.block = (ctypes.c_size_t * 2)(0, 0)
        return ctypes.addressof(self.block) + ctypes.sizeof(ctypes.c_size_t)


@pytest.fixture
def glibc(monkeypatch: pytest.MonkeyPatch) -> Glibc:
    made = Glibc()
    monkeypatch.setattr(heap, "_library", lambda: made)
    return made


def reads_that_fault(monkeypatch: pytest.MonkeyPatch, faults: float) -> None:
    monkeypatch.setattr(heap, "faults_a_read", lambda: faults)


def test_a_process_that_is_to_stay_as_it_is_is_left_alone(glibc: Glibc) -> None:
    force(AS_IT_IS)
    assert (glibc.told, glibc.taken) == ({}, 0)


def test_one_that_gives_back_has_the_limits_of_a_fresh_process_and_no_hole_that_a_large_read_fits_into(
    glibc: Glibc, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads_that_fault(monkeypatch, 2.0)
    force(GIVES_BACK)
    assert set(glibc.told.values()) == {128 << 10}
    assert glibc.taken == glibc.holes + 1


def test_one_that_keeps_maps_no_large_read_and_returns_nothing(glibc: Glibc, monkeypatch: pytest.MonkeyPatch) -> None:
    reads_that_fault(monkeypatch, 0.0)
    force(KEEPS)
    assert min(glibc.told[heap.M_MMAP_THRESHOLD], glibc.told[heap.M_TRIM_THRESHOLD]) > heap.WARMED_BYTES
    assert glibc.taken == 0


@pytest.mark.parametrize(("regime", "faults"), [(KEEPS, 2.0), (KEEPS, 0.1), (GIVES_BACK, 0.0), (GIVES_BACK, 0.9)])
def test_a_regime_that_is_not_there_after_all_is_unsupported_with_what_was_seen(regime: int, faults: float) -> None:
    with pytest.raises(Unsuited, match=f"cannot be had here: a read of 256 KiB faults in {faults:.2f} pages"):
        refuse_other(regime, faults)


def test_another_c_library_is_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    import ctypes

    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())
    with pytest.raises(Unsuited, match="this process has another C library"):
        force(KEEPS)


def test_a_c_library_that_does_not_obey_or_a_heap_that_is_all_holes_is_unsupported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heap, "_library", lambda: Glibc(obeys=False))
    with pytest.raises(Unsuited, match="mallopt refused"):
        force(KEEPS)
    monkeypatch.setattr(heap, "_library", lambda: Glibc(holes=heap.MOST_HOLES))
    with pytest.raises(Unsuited, match="too many to fill"):
        force(GIVES_BACK)


def test_a_server_whose_own_count_shows_another_regime_is_refused() -> None:
    check_regime(KEEPS, 363, 3000, 3000)
    check_regime(GIVES_BACK, 6000, 3000, 3000)
    with pytest.raises(WrongAnswer, match="keeps its memory, and took 364 page faults in 3000 large reads"):
        check_regime(KEEPS, 364, 3000, 3000)
    with pytest.raises(WrongAnswer, match="gives its memory back, and took 10 page faults in 3000 large reads"):
        check_regime(GIVES_BACK, 10, 3000, 3000)


def test_a_line_that_goes_to_many_may_fault_for_each_of_them() -> None:
    check_regime(KEEPS, 300, 8, 4000)


@pytest.mark.parametrize(("regime", "faults", "reads"), [(AS_IT_IS, 0, 9), (GIVES_BACK, 0, 0), (GIVES_BACK, None, 9)])
def test_of_a_server_that_reads_little_at_a_time_or_cannot_tell_nothing_is_expected(
    regime: int, faults: int | None, reads: int
) -> None:
    check_regime(regime, faults, reads, 9)


@pytest.mark.parametrize("workload", [ECHO_SERVER, CHAT], ids=lambda one: one.name)
def test_a_workload_forces_the_regime_before_anything_is_opened_and_its_points_leave_it_as_it_is(
    workload: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(heap, "force", asked.append)
    with workload.prepare({"heap": GIVES_BACK}):
        assert asked == [GIVES_BACK]
    assert {point.params["heap"] for points in workload.grid.values() for point in points} == {AS_IT_IS}


def test_a_talk_counts_its_faults_from_the_last_join_to_the_first_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([spent.Spent(1.0, 100), spent.Spent(1.5, 160)])
    monkeypatch.setattr("when_async.workloads.bodies.chat.threads.own", lambda: next(readings))
    count = Count(1)
    count.join()
    count.lines_in, count.large = 30, True
    count.leave()
    count.leave()
    _, told = count.served(b"\n")
    assert (told["talk_cpu_s"], told["talk_faults"], told["large_reads"]) == (0.5, 60, 30)


SCRIPT = """
import json, sys
from when_async.bench.model import Unsuited
from when_async.workloads.bodies.heap import faults_a_read, force
try:
    force(int(sys.argv[1]))
    print(json.dumps(faults_a_read()))
except Unsuited as error:
    print(json.dumps(str(error)))
"""


@pytest.mark.parametrize(("regime", "there"), [(KEEPS, lambda x: x < 0.1), (GIVES_BACK, lambda x: x > 0.9)])
def test_a_real_process_is_in_the_regime_that_was_asked_for_or_says_that_it_cannot(regime: int, there: Any) -> None:
    told = subprocess.run([sys.executable, "-c", SCRIPT, str(regime)], capture_output=True, text=True, check=True)
    found = json.loads(told.stdout)
    assert "cannot be had here" in found or "C library" in found if isinstance(found, str) else there(found)
