"""Chains are walked step by step, their lengths are known from the parameters, and their ends prove the order."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from when_async.bench.model import WrongAnswer
from when_async.workloads import chain
from when_async.workloads.chain import CHAIN, after, bounds, ideal_s, lengths_ms, observe

PARAMS = {"n": 4, "steps": 3, "step_s": 0.005}
ITEMS = CHAIN.make_items(PARAMS, 1)
POINTS = [point for points in CHAIN.grid.values() for point in points]


def test_the_lengths_are_the_same_on_every_interpreter() -> None:
    assert lengths_ms(PARAMS) == ((8, 1, 5), (3, 1, 4), (7, 7, 2), (9, 5, 7))
    assert ITEMS[0] == (0, b"0.495435087", (8, 1, 5))


def test_the_seed_deals_the_same_lengths_out_anew() -> None:
    other = CHAIN.make_items(PARAMS, 2)
    assert CHAIN.make_items(PARAMS, 1) == ITEMS != other
    assert sorted(item[2] for item in other) == sorted(item[2] for item in ITEMS) == sorted(lengths_ms(PARAMS))
    assert {item[1] for item in other}.isdisjoint({item[1] for item in ITEMS})


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_lengths_are_whole_milliseconds_about_their_mean(point: Any) -> None:
    mean_ms = round(point.params["step_s"] * 1000)
    lengths = [length for one in lengths_ms(point.params) for length in one]
    assert len(lengths) == point.params["n"] * point.params["steps"]
    assert all(isinstance(length, int) and 1 <= length < 2 * mean_ms for length in lengths)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits that were asked for, with a clock that counts its readings."""
    readings = count()
    monkeypatch.setattr(chain, "time", SimpleNamespace(perf_counter_ns=lambda: next(readings)))
    return []


def wanted(items: Any) -> list[float]:
    return [length / 1000 for _, _, lengths in items for length in lengths]


def test_the_blocking_op_waits_for_each_step_in_order(waits: list[float]) -> None:
    op = CHAIN.bodies["blocking"](SimpleNamespace(sleep=waits.append), PARAMS)  # type: ignore[arg-type]
    results = [op(item) for item in ITEMS]
    assert waits == wanted(ITEMS)
    assert CHAIN.check(PARAMS, ITEMS, observe(PARAMS, ITEMS, results).results) == "4 chains of 3 steps"


async def test_the_async_op_waits_for_each_step_in_order(waits: list[float]) -> None:
    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    op = await CHAIN.bodies["async"](SimpleNamespace(sleep=sleep), PARAMS)  # type: ignore[arg-type]
    results = [await op(item) for item in ITEMS]
    assert waits == wanted(ITEMS)
    assert CHAIN.check(PARAMS, ITEMS, observe(PARAMS, ITEMS, results).results)


def walked(value: bytes, lengths: Any) -> str:
    for length in lengths:
        value = after(value, length)
    return value.hex()


RIGHT = [(index, walked(value, lengths)) for index, value, lengths in ITEMS]
INDEX, VALUE, STEPS = ITEMS[0]


@pytest.mark.parametrize(
    "results",
    [
        pytest.param([(0, walked(VALUE, STEPS[:-1])), *RIGHT[1:]], id="last step lost"),
        pytest.param([(0, walked(VALUE, STEPS[1:])), *RIGHT[1:]], id="first step lost"),
        pytest.param([(0, walked(VALUE, [*STEPS, STEPS[-1]])), *RIGHT[1:]], id="last step twice"),
        pytest.param([(0, walked(VALUE, [STEPS[1], STEPS[0], STEPS[2]])), *RIGHT[1:]], id="steps in another order"),
        pytest.param([(0, walked(b"", STEPS)), *RIGHT[1:]], id="begun elsewhere"),
        pytest.param(RIGHT[:-1], id="missing"),
        pytest.param([*RIGHT, RIGHT[0]], id="extra"),
        pytest.param([RIGHT[1], *RIGHT[1:]], id="duplicated"),
        pytest.param([RIGHT[1], RIGHT[0], *RIGHT[2:]], id="reordered"),
        pytest.param([None, *RIGHT[1:]], id="none"),
    ],
)
def test_the_oracle_refuses_other_ends(results: list[Any]) -> None:
    assert len(set(STEPS)) == 3
    assert CHAIN.check(PARAMS, ITEMS, RIGHT)
    with pytest.raises(WrongAnswer):
        CHAIN.check(PARAMS, ITEMS, results)


def test_the_figures_say_by_how_much_a_step_was_late_and_what_took_longest() -> None:
    took_ns = [sum(lengths) * 1_000_000 + 300 * place for place, (_, _, lengths) in enumerate(ITEMS)]
    seen = observe(PARAMS, ITEMS, [(*right, took) for right, took in zip(RIGHT, took_ns, strict=True)])
    assert seen.results == RIGHT
    assert seen.figures == {
        "step_late_s": pytest.approx((0 + 300 + 600 + 900) * 1e-9 / 12),
        "longest_s": pytest.approx(max(took_ns) / 1e9),
    }
    assert set(seen.figures) == {figure.name for figure in CHAIN.figures}


def test_a_result_that_is_no_chain_is_refused() -> None:
    with pytest.raises(WrongAnswer, match="None"):
        observe(PARAMS, ITEMS, [None])


def test_the_ideal_is_the_longest_chain_or_a_place_that_is_never_idle() -> None:
    sums = [sum(one) / 1000 for one in lengths_ms(PARAMS)]
    assert ideal_s(PARAMS, 4) == ideal_s(PARAMS, 100) == pytest.approx(max(sums))
    assert ideal_s(PARAMS, 1) == pytest.approx(sum(sums))
    assert bounds(PARAMS, 4) == {
        "longest chain": pytest.approx(max(sums)),
        "all chains one after another": pytest.approx(sum(sums)),
    }


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_the_ideal_does_not_depend_on_the_seed(point: Any) -> None:
    for seed in (1, 2):
        sums = [sum(lengths) / 1000 for _, _, lengths in CHAIN.make_items(point.params, seed)]
        assert ideal_s(point.params, len(sums)) == pytest.approx(max(sums))
