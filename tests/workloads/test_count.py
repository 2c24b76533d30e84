"""Counters say one and two, and the order of the words tells whether their waits overlapped."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from when_async.bench.model import WrongAnswer
from when_async.workloads import count as counting
from when_async.workloads.count import COUNT, bounds, ideal_s, observe

PARAMS = {"n": 3, "wait_s": 0.01}
ITEMS = COUNT.make_items(PARAMS, 1)
SAID = [(0, "one", "two"), (1, "one", "two"), (2, "one", "two")]
SIDE_BY_SIDE = [(0, 10, 110), (1, 20, 120), (2, 30, 130)]
IN_TURN = [(0, 10, 110), (1, 120, 220), (2, 230, 330)]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits that were asked for, with a clock that counts its readings."""
    readings = count()
    monkeypatch.setattr(counting, "time", SimpleNamespace(perf_counter_ns=lambda: next(readings)))
    return []


def test_the_blocking_op_waits_once_between_its_words(waits: list[float]) -> None:
    op = COUNT.bodies["blocking"](SimpleNamespace(sleep=waits.append), PARAMS)  # type: ignore[arg-type]
    assert [op(item) for item in ITEMS] == [(0, 0, 1), (1, 2, 3), (2, 4, 5)]
    assert waits == [0.01] * 3


async def test_the_async_op_waits_once_between_its_words(waits: list[float]) -> None:
    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    op = await COUNT.bodies["async"](SimpleNamespace(sleep=sleep), PARAMS)  # type: ignore[arg-type]
    assert [await op(item) for item in ITEMS] == [(0, 0, 1), (1, 2, 3), (2, 4, 5)]
    assert waits == [0.01] * 3


@pytest.mark.parametrize(
    ("results", "share"),
    [(SIDE_BY_SIDE, 1.0), (IN_TURN, 1 / 3), ([(0, 10, 110), (1, 20, 120), (2, 115, 215)], 2 / 3)],
    ids=["side by side", "one after another", "two places for three"],
)
def test_the_share_that_overlapped_had_said_one_before_the_first_two(results: list[Any], share: float) -> None:
    assert observe(PARAMS, ITEMS, results).figures["overlapped"] == pytest.approx(share)


def test_neighbours_in_order_said_two_as_they_had_said_one() -> None:
    crossed = [(0, 10, 120), (1, 20, 110), (2, 30, 130)]
    assert observe(PARAMS, ITEMS, crossed).figures["in_order"] == 0.5
    assert observe(PARAMS, ITEMS, SIDE_BY_SIDE).figures["in_order"] == 1.0
    assert observe(PARAMS, ITEMS[:1], SIDE_BY_SIDE[:1]).figures["in_order"] == 1.0


def test_figures_are_in_seconds_and_all_are_declared() -> None:
    figures = observe(PARAMS, ITEMS, SIDE_BY_SIDE).figures
    assert figures["last_one_s"] == pytest.approx(20e-9)
    assert figures["counted_s"] == pytest.approx(100e-9)
    assert set(figures) == {figure.name for figure in COUNT.figures}


@pytest.mark.parametrize("results", [SIDE_BY_SIDE, IN_TURN, [list(one) for one in IN_TURN]])
def test_no_time_is_left_in_the_results(results: list[Any]) -> None:
    assert observe(PARAMS, ITEMS, results).results == SAID


def test_a_counter_that_says_two_first_is_refused() -> None:
    seen = observe(PARAMS, ITEMS, [(0, 110, 10), *SIDE_BY_SIDE[1:]])
    with pytest.raises(WrongAnswer, match="counter 0"):
        COUNT.check(PARAMS, ITEMS, seen.results)


def test_nothing_came_back_is_for_the_oracle_to_say() -> None:
    with pytest.raises(WrongAnswer, match="0 came back"):
        COUNT.check(PARAMS, ITEMS, observe(PARAMS, ITEMS, []).results)


def test_a_result_that_is_no_pair_of_words_is_refused() -> None:
    with pytest.raises(WrongAnswer, match="None"):
        observe(PARAMS, ITEMS, [None, *SIDE_BY_SIDE[1:]])


def test_the_oracle_wants_each_counter_in_its_place() -> None:
    assert COUNT.check(PARAMS, ITEMS, SAID) == "3 counted to two"
    with pytest.raises(WrongAnswer, match="counter 0"):
        COUNT.check(PARAMS, ITEMS, [SAID[1], SAID[0], SAID[2]])


@pytest.mark.parametrize(("in_flight", "ideal"), [(1, 0.03), (2, 0.02), (3, 0.01), (8, 0.01)])
def test_the_ideal_is_the_number_of_waves_times_the_wait(in_flight: int, ideal: float) -> None:
    assert ideal_s(PARAMS, in_flight) == pytest.approx(ideal)


def test_three_counts_of_a_second_take_three_seconds_or_one() -> None:
    assert bounds({"n": 3, "wait_s": 1.0}, 3) == {"one after another": 3.0, "side by side": 1.0}


@pytest.mark.parametrize("point", [point for points in COUNT.grid.values() for point in points], ids=str)
def test_all_counters_may_count_at_once(point: Any) -> None:
    assert point.concurrency == point.params["n"]
