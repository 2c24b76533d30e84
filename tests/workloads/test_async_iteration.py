"""Iterating waits for one item after the other, starting all at once does not, and the oracle takes nothing else."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from when_async.bench.model import WrongAnswer
from when_async.workloads import async_iteration
from when_async.workloads.async_iteration import ASYNC_ITERATION, answer, longest_wait_s, sum_of_waits_s

PARAMS = {"wait_s": 0.002, "n": 6}
ITEMS = ASYNC_ITERATION.make_items(PARAMS, 1)
ITERATING = ("comprehension", "async_for")
AT_ONCE = [key for key in ASYNC_ITERATION.bodies if "/" in key and not key.endswith(ITERATING)]


def kit(sleep: Any, in_flight: int = 6) -> Any:
    return SimpleNamespace(sleep=sleep, in_flight=in_flight, address=None)


class Sleep:
    """A sleep that takes no time to speak of, and notes who was asleep with whom."""

    def __init__(self, pause: Any) -> None:
        self.pause = pause
        self.asleep = self.peak = 0
        self.waits: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.asleep += 1
        self.peak = max(self.peak, self.asleep)
        await self.pause(0)
        self.asleep -= 1


def run(key: str, in_flight: int = 6) -> tuple[list[Any], Sleep]:
    """The results of a body, on the loop of its own library, and the sleep that it was given."""
    library = pytest.importorskip(key.partition("/")[0], exc_type=ImportError)
    sleep = Sleep(library.sleep)

    async def main() -> Any:
        op = await ASYNC_ITERATION.bodies[key](kit(sleep, in_flight), PARAMS)
        return await op(ITEMS)

    return (asyncio.run(main()) if library is asyncio else library.run(main)), sleep


def observed(results: list[Any]) -> Any:
    assert ASYNC_ITERATION.observe is not None
    return ASYNC_ITERATION.observe(PARAMS, ITEMS, results)


@pytest.mark.parametrize("key", [key for key in ASYNC_ITERATION.bodies if key != "sync"])
def test_a_body_waits_once_for_each_item_and_iterating_has_one_wait_at_a_time(key: str) -> None:
    results, sleep = run(key)
    assert ASYNC_ITERATION.check(PARAMS, ITEMS, observed(results).results) == "6 items came back"
    assert sorted(sleep.waits) == sorted(wait_s for _, wait_s in ITEMS)
    assert sleep.peak == (1 if key.endswith(ITERATING) else 6)


def test_the_plain_loop_waits_once_for_each_item() -> None:
    waits: list[float] = []
    results = ASYNC_ITERATION.bodies["sync"](kit(waits.append, in_flight=1), PARAMS)(ITEMS)
    assert ASYNC_ITERATION.check(PARAMS, ITEMS, observed(results).results) == "6 items came back"
    assert waits == [wait_s for _, wait_s in ITEMS]


@pytest.mark.parametrize(("key", "as_it_comes"), [("asyncio/async_for", True), ("asyncio/comprehension", False)])
async def test_a_loop_has_each_item_as_it_comes_and_a_comprehension_all_at_its_end(
    key: str, as_it_comes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed_ns = [0]

    async def sleep(seconds: float) -> None:
        passed_ns.append(passed_ns[-1] + round(seconds * 1e9))

    monkeypatch.setattr(async_iteration, "clock", lambda: passed_ns[-1])
    op = await ASYNC_ITERATION.bodies[key](kit(sleep), PARAMS)
    held_ns = [result[2] for result in await op(ITEMS)]
    assert held_ns == (passed_ns[1:] if as_it_comes else [passed_ns[-1]] * 6)


@pytest.mark.parametrize("key", AT_ONCE)
def test_starting_all_at_once_with_fewer_in_flight_is_refused_with_the_number_to_ask_for(key: str) -> None:
    with pytest.raises(ValueError, match="ask for 6"):
        run(key, in_flight=5)


@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_the_waits_add_up_to_their_mean_and_the_longest_is_known(n: int) -> None:
    params = {"wait_s": 0.01, "n": n}
    waits = [wait_s for _, wait_s in ASYNC_ITERATION.make_items(params, 1)]
    assert sum(waits) == pytest.approx(sum_of_waits_s(params))
    assert max(waits) == pytest.approx(longest_wait_s(params))
    assert min(waits) == pytest.approx(0.005 if n > 1 else 0.01)


def test_the_seed_shuffles_the_waits_and_changes_nothing_else() -> None:
    other = ASYNC_ITERATION.make_items(PARAMS, 2)
    assert other != ITEMS
    assert sorted(wait_s for _, wait_s in other) == sorted(wait_s for _, wait_s in ITEMS)
    assert ASYNC_ITERATION.make_items(PARAMS, 1) == ITEMS


RESULTS = [(index, answer(index), (index + 1) * 1_000_000) for index in range(6)]


def test_the_figures_are_of_the_first_and_the_last_item_that_the_caller_had() -> None:
    figures = observed(RESULTS[::-1]).figures
    assert figures == {"first_result_s": pytest.approx(0.001), "makespan_over_longest": pytest.approx(0.006 / 0.003)}
    assert {figure.name for figure in ASYNC_ITERATION.figures} == set(figures)


def test_the_order_and_the_times_do_not_show_in_the_results() -> None:
    assert observed(RESULTS[::-1]).results == [(index, answer(index)) for index in range(6)]
    assert observed([]).figures == {}


RIGHT = [(index, answer(index)) for index in range(6)]


def test_the_oracle_wants_each_in_its_place_with_its_answer() -> None:
    with pytest.raises(WrongAnswer, match=r"0 came back as \(0, 0\) instead of"):
        ASYNC_ITERATION.check(PARAMS, ITEMS, [(0, 0), *RIGHT[1:]])


@pytest.mark.parametrize(("in_flight", "least_s"), [(1, 0.012), (2, 0.006), (6, 0.003), (100, 0.003)])
def test_no_way_is_shorter_than_the_longest_wait_or_an_even_share(in_flight: int, least_s: float) -> None:
    assert ASYNC_ITERATION.ideal_s is not None
    assert ASYNC_ITERATION.ideal_s(PARAMS, in_flight) == pytest.approx(least_s)


def test_the_bounds_are_the_sum_and_the_longest() -> None:
    assert ASYNC_ITERATION.bounds is not None
    assert ASYNC_ITERATION.bounds(PARAMS, 6) == pytest.approx({"sum of waits": 0.012, "longest wait": 0.003})


@pytest.mark.parametrize("point", [point for points in ASYNC_ITERATION.grid.values() for point in points], ids=str)
def test_a_point_has_room_for_all_items_and_iterating_takes_a_fifth_of_a_second_at_most(point: Any) -> None:
    assert point.concurrency == point.params["n"]
    assert sum_of_waits_s(point.params) <= 0.2


def test_every_word_after_a_slash_is_a_face_that_is_explained() -> None:
    assert {key.partition("/")[2] for key in ASYNC_ITERATION.bodies} - {""} == set(ASYNC_ITERATION.faces)
