"""What calibration measures inside a fresh process, with clocks that a test moves; and that it stays sealed."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import when_async.bench.worker.calibration as calibration
from when_async.bench.worker.calibration import Absent, clocks, cores, per_turn_s, reading, waits

ROOT = Path(__file__).resolve().parents[2] / "src"
FOREIGN = (
    "pytest", "pandas", "numpy", "scipy", "click", "rich", "psutil",
    "when_async.results", "when_async.reports", "when_async.bench.machine.host",
)  # fmt: skip


class FakeClock:
    """Counts nanoseconds that only the test lets pass."""

    def __init__(self) -> None:
        self.now = 1000

    def __call__(self) -> int:
        return self.now

    def pass_ns(self, nanoseconds: float) -> None:
        self.now += round(nanoseconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    fake = FakeClock()
    monkeypatch.setattr(calibration, "perf_counter_ns", fake)
    monkeypatch.setattr(waits, "perf_counter_ns", fake)
    monkeypatch.setattr(cores, "perf_counter_ns", fake)
    return fake


def raising(error: Exception) -> Callable[[], float]:
    def measure() -> float:
        raise error

    return measure


def test_a_reading_holds_a_value_or_a_reason_and_never_raises() -> None:
    assert reading("a", "b", lambda: 2.0)["value"] == 2.0
    absent = reading("a", "b", raising(Absent("no such thing here")))
    assert (absent["value"], absent["reason"], absent["absent"]) == (None, "no such thing here", True)
    failed = reading("a", "b", raising(OSError(24, "too many files")))
    assert failed["reason"].startswith("OSError: [Errno 24] too many files (at test_calibrate_worker.py:")
    assert "absent" not in failed
    assert "/" not in failed["reason"]


def test_the_cost_of_a_call_is_known_to_the_nanosecond(clock: FakeClock) -> None:
    assert per_turn_s(lambda: clock.pass_ns(42), turns=10, batches=3) == 42e-9


def test_one_slow_batch_does_not_move_the_cost_of_a_call(clock: FakeClock) -> None:
    durations = itertools.chain([9_000_000] * 10, itertools.repeat(42))
    assert per_turn_s(lambda: clock.pass_ns(next(durations)), turns=10, batches=5) == 42e-9


def test_the_smallest_step_of_a_clock_is_its_smallest_rise() -> None:
    ticks = itertools.accumulate(itertools.cycle([0, 0, 5, 3, 0, 7]))
    assert clocks.smallest_step(lambda: next(ticks)) == 3


def test_work_between_two_batches_is_no_step_of_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    # A clock that stands still while it is read: whatever moves between batches is our own work.
    monkeypatch.setattr(clocks, "PATIENCE_NS", 1_000_000)
    looks = itertools.count()
    with pytest.raises(Absent, match="did not move within 1 ms of work"):
        clocks.smallest_step(lambda: next(looks) // (clocks.BATCH + 1))


def test_a_wait_is_late_by_what_it_takes_beyond_what_was_asked(clock: FakeClock) -> None:
    assert waits.late_by_s(lambda s: clock.pass_ns(s * 1e9 + 70_000), 1e-3, 5) == pytest.approx(70e-6, abs=1e-12)


def test_a_wait_that_ends_early_is_late_by_less_than_nothing(clock: FakeClock) -> None:
    assert waits.late_by_s(lambda s: clock.pass_ns(s * 1e9 - 500), 1e-3, 5) == pytest.approx(-500e-9, abs=1e-12)


def test_the_first_wait_does_not_count(clock: FakeClock) -> None:
    late = itertools.chain([1e9], itertools.repeat(10_000))
    assert waits.late_by_s(lambda s: clock.pass_ns(s * 1e9 + next(late)), 1e-3, 1) == pytest.approx(10e-6, abs=1e-12)


def test_of_many_cores_some_stand_for_all_from_the_first_to_the_last() -> None:
    assert cores.spread([3, 5], 8) == [3, 5]
    assert cores.spread(list(range(64)), 8) == [0, 9, 18, 27, 36, 45, 54, 63]


def test_each_core_is_compared_with_the_first_in_the_same_round(
    monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    at: list[list[int]] = []
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    monkeypatch.setattr(cores.os, "sched_setaffinity", lambda _, chosen: at.append(list(chosen)), raising=False)
    drift = itertools.count()
    monkeypatch.setattr(
        cores, "kernel", lambda turns: clock.pass_ns(turns * (3 if at[-1] == [1] else 2) * (next(drift) // 4 + 1))
    )
    (found,) = cores.cores()
    assert found["row"] == "core 1 against core 0"
    assert found["value"] == pytest.approx(1.5)
    assert at[:4] == [[0], [1], [1], [0]]
    assert at[-1] == [0, 1]


def test_one_core_cannot_be_compared_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda _: {3}, raising=False)
    (found,) = cores.cores()
    assert (found["value"], found["reason"]) == (None, "only one core may be used")


LOOK = """
import sys
from when_async.bench.worker.calibration.__main__ import main
main("waits")
main("clocks")
print([name for name in {foreign!r} if name in sys.modules])
"""


def test_probes_run_on_the_standard_library_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", LOOK.format(foreign=FOREIGN)],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    first, second, foreign = done.stdout.splitlines()
    assert foreign == "[]"
    found: list[dict[str, Any]] = json.loads(first)["readings"] + json.loads(second)["readings"]
    assert [one for one in found if one["value"] is None and not one.get("absent")] == []
    assert {one["row"] for one in found} >= {"asyncio.sleep", "select.epoll", "time.perf_counter_ns"}
