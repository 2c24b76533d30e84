"""A mixed op does a fixed amount of work about one wait, and tells in a few ops what it took."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from when_async.bench.model import WrongAnswer
from when_async.workloads import mixed
from when_async.workloads.bodies.thinking import MODULUS, TURNS_PER_S, churn, churned, turns_of
from when_async.workloads.mixed import MIXED, PROBED, bounds, halves, ideal_s, observe

PARAMS = {"wait_s": 0.009, "cpu_s": 0.0000191, "n": 5}
NEVER = {**PARAMS, "wait_s": 0.0}
ITEMS = [(11, True), (12, False), (13, False), (14, True), (15, False)]
POINTS = [point for points in MIXED.grid.values() for point in points]


class Bench:
    """Clocks that only move when an op works or waits, and what it did in between; a turn is a nanosecond."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cpu_ns = self.now_ns = self.read = 0
        self.steps: list[Any] = []
        monkeypatch.setattr(mixed, "churn", self.churn)
        monkeypatch.setattr(
            mixed, "time", SimpleNamespace(thread_time_ns=self.used, perf_counter_ns=lambda: self.now_ns)
        )

    def used(self) -> int:
        self.read += 1
        return self.cpu_ns

    def churn(self, value: int, turns: int) -> int:
        self.steps.append(turns)
        self.cpu_ns += turns
        self.now_ns += turns
        return churn(value, turns)

    def sleep(self, seconds: float) -> None:
        self.steps.append(seconds)
        self.now_ns += round(seconds * 1e9) + 50
        self.cpu_ns += 7

    async def run(self, key: str, params: Any) -> list[Any]:
        async def sleep(seconds: float) -> None:
            self.sleep(seconds)

        if key == "blocking":
            op = MIXED.bodies[key](SimpleNamespace(sleep=self.sleep), params)  # type: ignore[arg-type]
            return [op(item) for item in ITEMS]
        op = await MIXED.bodies[key](SimpleNamespace(sleep=sleep), params)  # type: ignore[arg-type]
        return [await op(item) for item in ITEMS]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


BODIES = pytest.mark.parametrize("key", ["blocking", "async"])
TURNS = sum(halves(PARAMS))
RIGHT = [churn(value, TURNS) for value, _ in ITEMS]


@BODIES
async def test_an_op_computes_half_waits_once_and_computes_the_rest(key: str, bench: Bench) -> None:
    first, second = halves(PARAMS)
    seen = observe(PARAMS, ITEMS, await bench.run(key, PARAMS))
    assert bench.steps == [first, 0.009, second] * 5
    assert MIXED.check(PARAMS, ITEMS, seen.results) == f"5 ops of {TURNS} turns"


@BODIES
async def test_an_op_without_a_wait_never_sleeps(key: str, bench: Bench) -> None:
    seen = observe(NEVER, ITEMS, await bench.run(key, NEVER))
    assert bench.steps == [TURNS] * 5
    assert seen.results == RIGHT


@BODIES
async def test_only_probed_ops_read_a_clock_and_the_wait_is_not_counted_as_work(key: str, bench: Bench) -> None:
    results = await bench.run(key, PARAMS)
    assert [times for _, times in results] == [(TURNS, 9_000_050), None, None, (TURNS, 9_000_050), None]
    assert bench.read == 2 * 4
    assert observe(PARAMS, ITEMS, results).figures == {
        "computed_s": pytest.approx(TURNS * 1e-9),
        "waited_s": pytest.approx(0.00900005),
    }


@BODIES
async def test_without_a_wait_nothing_is_told_of_it(key: str, bench: Bench) -> None:
    results = await bench.run(key, NEVER)
    assert observe(NEVER, ITEMS, results).figures == {"computed_s": pytest.approx(TURNS * 1e-9)}


@pytest.mark.parametrize("n", [1, 5, 31, 32, 33, 64, 1000, 1024])
def test_the_probed_ops_are_few_and_the_first_is_one(n: int) -> None:
    probed = [probed for _, probed in MIXED.make_items({**PARAMS, "n": n}, 1)]
    assert probed[0]
    assert min(n, PROBED / 2) <= sum(probed) <= PROBED


def test_the_seed_gives_other_values_to_begin_with() -> None:
    items = MIXED.make_items({**PARAMS, "n": 100}, 1)
    assert items == MIXED.make_items({**PARAMS, "n": 100}, 1)
    assert {value for value, _ in items}.isdisjoint(value for value, _ in MIXED.make_items({**PARAMS, "n": 100}, 2))
    assert len({value for value, _ in items}) == 100
    assert all(0 < value < MODULUS for value, _ in items)


@pytest.mark.parametrize("turns", [0, 1, 2, 109, 1000])
def test_the_oracle_arrives_where_the_work_does(turns: int) -> None:
    assert churned(123_456_789, turns) == churn(123_456_789, turns)


def test_the_generator_is_the_published_one() -> None:
    assert churned(1, 10_000) == 399_268_537


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_the_work_is_proportional_to_its_nominal_length(point: Any) -> None:
    assert sum(halves(point.params)) == turns_of(point.params["cpu_s"]) > 0
    assert turns_of(point.params["cpu_s"]) / TURNS_PER_S == pytest.approx(point.params["cpu_s"], rel=0.01)


@pytest.mark.parametrize(
    "results",
    [
        pytest.param([churn(ITEMS[0][0], TURNS - 1), *RIGHT[1:]], id="a turn less"),
        pytest.param([churn(ITEMS[0][0], halves(PARAMS)[0]), *RIGHT[1:]], id="half of it"),
    ],
)
def test_the_oracle_refuses_other_values(results: list[Any]) -> None:
    assert MIXED.check(PARAMS, ITEMS, RIGHT)
    with pytest.raises(WrongAnswer):
        MIXED.check(PARAMS, ITEMS, results)


def test_a_result_without_its_times_place_is_refused() -> None:
    with pytest.raises(WrongAnswer, match="7"):
        observe(PARAMS, ITEMS, [7])


@pytest.mark.parametrize(("in_flight", "ideal"), [(1, 0.045), (2, 0.027), (5, 0.009), (8, 0.009)])
def test_the_ideal_is_that_of_the_waits_alone(in_flight: int, ideal: float) -> None:
    assert ideal_s(PARAMS, in_flight) == pytest.approx(ideal)
    assert ideal_s(NEVER, in_flight) == 0.0


def test_the_bounds_say_that_they_are_nominal() -> None:
    found = bounds({"wait_s": 0.009, "cpu_s": 0.001, "n": 40}, 20)
    assert list(found.values()) == pytest.approx([0.4, 0.04, 0.02])
    assert all("nominal" in name for name in found)


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_every_place_has_the_same_number_of_ops(point: Any) -> None:
    assert point.params["n"] % point.concurrency == 0
