"""The sleep workload waits as asked, and its oracle takes nothing but the items in order."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from when_async.bench.model import WrongAnswer
from when_async.workloads.sleep import SLEEP

PARAMS = {"wait_s": 0.01, "n": 6}
ITEMS = SLEEP.make_items(PARAMS, 1)


def fake_kit(sleep: Any) -> Any:
    return SimpleNamespace(sleep=sleep, in_flight=2, address=None)


def test_the_blocking_op_waits_once_and_returns_its_item() -> None:
    waits: list[float] = []
    op = SLEEP.bodies["blocking"](fake_kit(waits.append), PARAMS)
    assert [op(item) for item in ITEMS] == ITEMS
    assert waits == [0.01] * 6


async def test_the_async_op_waits_once_and_returns_its_item() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    op = await SLEEP.bodies["async"](fake_kit(sleep), PARAMS)
    assert [await op(item) for item in ITEMS] == ITEMS
    assert waits == [0.01] * 6


def test_the_oracle_counts_the_waits_that_came_back_and_refuses_a_wrong_one() -> None:
    assert SLEEP.check(PARAMS, ITEMS, list(ITEMS)) == "6 waits came back"
    with pytest.raises(WrongAnswer):
        SLEEP.check(PARAMS, ITEMS, [*ITEMS[:-1], 6])


@pytest.mark.parametrize(("in_flight", "ideal_s"), [(1, 0.06), (4, 0.02), (6, 0.01), (100, 0.01)])
def test_the_ideal_is_the_number_of_full_waves_times_the_wait(in_flight: int, ideal_s: float) -> None:
    assert SLEEP.ideal_s is not None
    assert SLEEP.ideal_s(PARAMS, in_flight) == pytest.approx(ideal_s)


@pytest.mark.parametrize("point", [point for points in SLEEP.grid.values() for point in points], ids=str)
def test_a_round_has_full_waves_only_and_an_ideal_of_at_most_a_second(point: Any) -> None:
    assert SLEEP.ideal_s is not None
    assert point.params["n"] % point.concurrency == 0
    assert SLEEP.ideal_s(point.params, point.concurrency) <= 1.0
