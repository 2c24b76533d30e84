"""The climb to the most in flight: what it asks for, what it foresees, and what it says stopped it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.cost_fakes import MIB, HeldFleet, sleeper, stand
from support.fakes import Clock, raises
from when_async.bench.calibration import rung
from when_async.bench.calibration.ladder import (
    LEAST_TIMEOUT_S,
    Ladder,
    Reach,
    Stop,
    climb,
    hold_for,
    middle,
    round_down,
)
from when_async.bench.calibration.rung import LEAST_HOLD_S, LONGER, SPARE, TRIES, Held, NotHeld, TooMuchMemory, hold
from when_async.bench.processes.worker import ProcessFailed, ProcessTimedOut

TOP = 1_000_000


class Cliff:
    """Reaches every rung but those that `says` raises for; each op takes `each_bytes` and `each_s`."""

    def __init__(
        self,
        says: Callable[[int], Exception | None] = lambda in_flight: None,
        each_bytes: int | None = 1000,
        each_s: float = 1e-6,
    ) -> None:
        self.says = says
        self.each_bytes = each_bytes
        self.each_s = each_s
        self.clock = Clock()
        self.asked: list[int] = []
        self.options: list[dict[str, Any]] = []

    def __call__(self, in_flight: int, **options: Any) -> Held:
        self.asked.append(in_flight)
        self.options.append(options)
        seconds = 0.5 + self.each_s * in_flight
        self.clock.pass_s(seconds)
        error = self.says(in_flight)
        if error is not None:
            raise error
        size = None if self.each_bytes is None else 10 * MIB + self.each_bytes * in_flight
        return Held(in_flight, seconds, self.each_s * in_flight, size, None)

    def climb(
        self, top: int = TOP, budget_s: float = 300.0, most: tuple[int, str] | None = None, free: int | None = None
    ) -> Ladder:
        return climb(self, Reach(top, budget_s, most, lambda: free), clock=self.clock)


def above(most: int, error: Exception) -> Callable[[int], Exception | None]:
    return lambda in_flight: error if in_flight > most else None


def test_it_climbs_tenfold_to_the_top() -> None:
    cliff = Cliff()
    found = cliff.climb()
    assert cliff.asked == [10, 100, 1000, 10_000, 100_000, 1_000_000]
    assert (found.reached, found.stop) == (1_000_000, Stop("top", "no more were asked for"))
    assert [rung.in_flight for rung in found.rungs] == cliff.asked


def test_a_lower_top_ends_it_there() -> None:
    cliff = Cliff()
    assert cliff.climb(top=300).reached == 300
    assert cliff.asked == [10, 100, 300]


def test_what_the_machine_gives_is_the_last_rung_and_is_named() -> None:
    cliff = Cliff()
    found = cliff.climb(most=(31_765, "vm.max_map_count is 65530 and a thread takes two mappings"))
    assert cliff.asked == [10, 100, 1000, 10_000, 31_765]
    assert found.stop == Stop("limit", "vm.max_map_count is 65530 and a thread takes two mappings")
    assert found.reached == 31_765


@pytest.mark.parametrize(("most", "asked"), [(4, [4]), (10, [10]), (100, [10, 100]), (TOP, None)])
def test_a_limit_on_a_rung_is_asked_for_once(most: int, asked: list[int] | None) -> None:
    cliff = Cliff()
    found = cliff.climb(most=(most, "so it is"))
    assert (found.reached, found.stop) == (most, Stop("limit", "so it is"))
    assert cliff.asked == (asked or [10, 100, 1000, 10_000, 100_000, 1_000_000])


def test_a_rung_that_fails_is_told_with_one_more_tried_in_between() -> None:
    cliff = Cliff(above(50_000, ProcessFailed("ValueError: filedescriptor out of range in select()")))
    found = cliff.climb()
    assert cliff.asked[-2:] == [100_000, 30_000]
    assert found.reached == 30_000
    assert found.stop == Stop("error", "at 100 000: ValueError: filedescriptor out of range in select()")


def test_where_the_one_in_between_fails_too_the_last_rung_counts() -> None:
    cliff = Cliff(above(10_000, ProcessFailed("RuntimeError: can't start new thread")))
    found = cliff.climb()
    assert cliff.asked[-2:] == [100_000, 30_000]
    assert (found.reached, found.stop.cause) == (10_000, "limit")
    assert found.stop.reason.startswith("at 100 000: RuntimeError: can't start new thread; limits here: ")


def test_where_what_the_machine_should_give_fails_twice_the_last_rung_is_tried() -> None:
    cliff = Cliff(above(25_000, ProcessFailed("RuntimeError: can't start new thread")))
    found = cliff.climb(most=(31_765, "vm.max_map_count is 65530"))
    assert cliff.asked[-2:] == [31_765, 20_000]
    assert (found.reached, found.stop.cause) == (20_000, "limit")
    assert found.stop.reason.startswith("at 31 765: ")


@pytest.mark.parametrize(("reached", "failed", "between"), [(10, 100, 30), (10, 15, None), (10_000, 31_765, 20_000)])
def test_a_rung_in_between_is_worth_its_time(reached: int, failed: int, between: int | None) -> None:
    assert middle(reached, failed) == between


def test_one_that_cannot_even_begin_has_reached_nothing() -> None:
    found = Cliff(above(0, ProcessFailed("ImportError: no"))).climb()
    assert (found.reached, found.rungs, found.stop) == (0, (), Stop("error", "at 10: ImportError: no"))


def test_a_rung_that_would_take_half_of_the_free_memory_is_not_begun() -> None:
    cliff = Cliff(each_bytes=10_000)
    found = cliff.climb(free=6000 * MIB)
    assert max(cliff.asked) < 1_000_000
    assert found.stop.cause == "memory"
    # 10 MiB and 1.3 times the slope beyond the last rung.
    assert found.stop.reason == "1 000 000 would take about 12 122 MiB, more than half of the 6 000 MiB that are free"
    # What is foreseen to fit, with one digit, is tried instead.
    assert (cliff.asked[-1], found.reached) == (200_000, 200_000)


def test_where_little_more_would_fit_nothing_more_is_tried() -> None:
    cliff = Cliff(each_bytes=10_000)
    found = cliff.climb(free=2600 * MIB)
    assert (cliff.asked[-1], found.reached, found.stop.cause) == (100_000, 100_000, "memory")


def test_each_worker_is_killed_beyond_half_of_the_memory_that_is_free() -> None:
    cliff = Cliff(above(100, TooMuchMemory("it took 600 MiB where 500 MiB are allowed")))
    found = cliff.climb(free=1000 * MIB)
    assert {options["most_bytes"] for options in cliff.options} == {500 * MIB}
    assert found.stop == Stop("memory", "at 1 000: it took 600 MiB where 500 MiB are allowed")


def test_a_system_that_tells_no_memory_stops_nobody() -> None:
    cliff = Cliff(each_bytes=None)
    assert cliff.climb(free=None).reached == TOP
    assert Cliff(each_bytes=None).climb(free=10).reached == TOP


def test_a_rung_that_would_break_the_budget_is_not_begun() -> None:
    cliff = Cliff(each_s=1e-4)
    found = cliff.climb(budget_s=60.0)
    assert found.stop.cause == "budget"
    assert found.stop.reason == "1 000 000 would take about 128 s, and 46 s were left for this runner"
    assert cliff.asked[-1] == found.reached == 300_000


def test_one_that_hangs_is_told_and_not_asked_again_when_the_time_is_up() -> None:
    cliff = Cliff()

    def hang(in_flight: int) -> Exception | None:
        if in_flight < 1000:
            return None
        cliff.clock.pass_s(400)
        return ProcessTimedOut("no answer within 30 s; it was in accept (socket.py:293)")

    cliff.says = hang
    found = cliff.climb()
    assert cliff.asked == [10, 100, 1000]
    assert found.stop == Stop("budget", "at 1 000: no answer within 30 s; it was in accept (socket.py:293)")


def test_a_rung_gets_more_time_the_longer_it_is_foreseen_to_take_but_never_more_than_is_left() -> None:
    cliff = Cliff(each_s=1e-3)
    cliff.climb(top=100_000, budget_s=2000.0)
    timeouts = [options["timeout_s"] for options in cliff.options]
    assert timeouts[:4] == [2 * LEAST_TIMEOUT_S, *[LEAST_TIMEOUT_S] * 3]
    # 10.5 s for 10 000 and 1.3 times the slope for what is more, five times over.
    assert timeouts[4] == pytest.approx(5 * (10.5 + 1.3 * 1e-3 * 90_000))
    hasty = Cliff(each_s=1e-4)
    hasty.climb(top=100_000, budget_s=40.0)
    assert all(options["timeout_s"] <= 40 for options in hasty.options)


def test_ops_are_held_longer_the_longer_the_last_rung_took_to_open() -> None:
    assert hold_for([], 10) == LEAST_HOLD_S
    assert hold_for([Held(100, 1.0, 0.2, None, None)], 1000) == pytest.approx(LEAST_HOLD_S + 2.0)


@pytest.mark.parametrize(("value", "number"), [(0.4, 0), (1, 1), (99, 90), (31_622.7, 30_000), (200_000, 200_000)])
def test_a_number_in_between_has_one_digit(value: float, number: int) -> None:
    assert round_down(value) == number


def test_every_rung_is_told_before_it_begins() -> None:
    told: list[int] = []
    cliff = Cliff()
    climb(cliff, Reach(100, 9.0, None, lambda: None), told.append, cliff.clock)
    assert told == [10, 100]


def test_a_rung_is_reached_where_all_ops_were_counted_open_at_once() -> None:
    fleet = HeldFleet()
    found = hold(stand(fleet), sleeper("asyncio"), 1000, prove=True, hold_s=0.5, timeout_s=30)
    assert (found.in_flight, found.peak_bytes) == (1000, 10 * MIB + 1000 * 1000)
    assert found.spread_s == pytest.approx(0.01)
    (worker,) = fleet.workers
    assert worker.killed
    assert worker.trial["params"] == {"n": 1000, "hold_s": 0.5}
    assert [command["do"] for command in worker.asked] == ["open", "round"]
    assert worker.asked[1]["prove"]


def test_fewer_open_at_once_are_held_longer_and_then_told() -> None:
    fleet = HeldFleet(peak=lambda worker: 7)
    with pytest.raises(NotHeld, match=r"^7 of 10 ops were open at once$"):
        hold(stand(fleet), sleeper("asyncio"), 10, prove=True, hold_s=0.5, timeout_s=30)
    assert fleet.held() == [(10, 0.5 * LONGER**turn) for turn in range(TRIES)]
    assert all(worker.killed for worker in fleet.workers)


def test_a_longer_hold_that_lets_all_be_open_counts() -> None:
    fleet = HeldFleet(peak=lambda worker: 10 if worker.trial["params"]["hold_s"] > 0.5 else 7)
    assert hold(stand(fleet), sleeper("asyncio"), 10, prove=True, hold_s=0.5, timeout_s=30).in_flight == 10
    assert len(fleet.workers) == 2


def test_ops_that_nobody_counted_are_no_rung() -> None:
    fleet = HeldFleet(peak=lambda worker: None)
    with pytest.raises(NotHeld, match=r"^an unknown number of 10 ops"):
        hold(stand(fleet), sleeper("dask"), 10, prove=True, hold_s=0.5, timeout_s=30)


def test_uncounted_ops_are_shown_open_at_once_by_the_clock() -> None:
    fleet = HeldFleet(spread_s=0.2)
    found = hold(stand(fleet), sleeper("asyncio"), 100, prove=False, hold_s=0.5, timeout_s=30)
    assert found.open_bytes == 10 * MIB + 100 * 1000
    assert not fleet.workers[0].asked[1]["prove"]


def test_ops_that_were_slow_to_open_are_held_as_long_as_that_was_seen_to_take(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = HeldFleet(spread_s=9.0)
    assert hold(stand(fleet), sleeper("threading"), 100, prove=True, hold_s=0.5, timeout_s=30).spread_s == 9.0
    slow = HeldFleet(peak=lambda worker: 100 if worker.trial["params"]["hold_s"] > 10 else 7, spread_s=9.0)
    hold(stand(slow), sleeper("threading"), 100, prove=True, hold_s=0.5, timeout_s=30)
    assert slow.held() == [(100, 0.5), (100, 9.0 * SPARE)]
    monkeypatch.setattr(rung, "TRIES", 1)
    with pytest.raises(NotHeld, match="not all open at once: they took 9 s"):
        hold(stand(fleet), sleeper("threading"), 100, prove=False, hold_s=0.5, timeout_s=30)


def test_memory_that_was_read_only_while_ops_opened_is_none() -> None:
    # The one look of this memory is at 0.2 s, when with so wide a spread the last op had not begun.
    with pytest.raises(NotHeld, match="could not be read"):
        hold(stand(HeldFleet(spread_s=0.3)), sleeper("asyncio"), 9, prove=False, hold_s=0.5, timeout_s=30)


def test_a_worker_that_was_killed_for_its_memory_is_told_so() -> None:
    fleet = HeldFleet({("asyncio", "round"): raises(ProcessFailed("the process died with signal 9 (SIGKILL)"))})
    with pytest.raises(TooMuchMemory, match=r"^it took 11 MiB where 10 MiB are allowed$"):
        hold(stand(fleet), sleeper("asyncio"), 1000, prove=True, hold_s=0.5, timeout_s=30, most_bytes=10 * MIB)


def test_a_death_of_its_own_is_told_as_it_was() -> None:
    fleet = HeldFleet({("asyncio", "open"): raises(ProcessFailed("RuntimeError: can't start new thread"))})
    with pytest.raises(ProcessFailed, match=r"^RuntimeError: can't start new thread$"):
        hold(stand(fleet), sleeper("asyncio"), 10, prove=True, hold_s=0.5, timeout_s=30)
    assert fleet.workers[0].killed


def test_the_time_of_a_rung_counts_for_all_that_it_does() -> None:
    clock = Clock()

    def slow(worker: Any, times: int) -> dict[str, Any]:
        clock.pass_s(31)
        return {}

    fleet = HeldFleet({("asyncio", "open"): slow})
    with pytest.raises(ProcessTimedOut, match="the time was up"):
        hold(stand(fleet), sleeper("asyncio"), 10, prove=True, hold_s=0.5, timeout_s=30, clock=clock)
    assert fleet.workers[0].killed
