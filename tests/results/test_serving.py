"""Ops that come at a rate: as queueing theory has it where it has an answer, by the ways of a model elsewhere."""

from __future__ import annotations

from math import ceil, inf

import pytest

from when_async.results.prediction.simulated.costs import Costs
from when_async.results.prediction.simulated.predict import FREE
from when_async.results.prediction.simulated.serving import most_per_s, serve, workers
from when_async.results.prediction.work import Work

NOTHING = Costs()
OPS = 40_000


def mean_line_s(cpu_s: float, load: float) -> float:
    """Mean time in line of M/D/1 (Pollaczek and Khinchin)."""
    return cpu_s * load / (2 * (1 - load))


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
@pytest.mark.parametrize("family", ["sync", "asyncio", "threads"])
def test_one_who_computes_is_the_queue_of_the_books(family: str, load: float) -> None:
    work = Work(wait_s=0.0, cpu_s=1e-3, ops=OPS, concurrency=1)
    found = serve(family, work, NOTHING, 2, 10_000, load / work.cpu_s)
    assert found.busy == pytest.approx(load, rel=0.03)
    # Of M/D/1 the chance to find nobody is 1 - load, so up to there an op takes its own time.
    if load < 0.5:
        assert found.p50_s == pytest.approx(work.cpu_s, rel=0.01)
    # Kingman's tail in heavy traffic: P(W > t) about load * exp(-t / mean of those who wait).
    waits_s = mean_line_s(work.cpu_s, load) / load
    assert work.cpu_s + 2 * waits_s < found.p99_s < work.cpu_s + 7 * waits_s


def test_the_mean_of_the_line_is_that_of_pollaczek_and_khinchin() -> None:
    from random import Random

    from when_async.results.prediction.simulated import serving

    work = Work(wait_s=0.0, cpu_s=1e-3, ops=OPS, concurrency=1)
    line = serving._Line("sync", work, NOTHING, 1, 1)
    taken: list[float] = []
    compute = line._compute

    def noted(now_s: float, op: int, waited: int, took: list[float], came: list[float]) -> None:
        compute(now_s, op, waited, took, came)
        taken.append(took[op])

    line._compute = noted  # type: ignore[method-assign]
    line.run(700, Random(7))
    assert sum(taken) / len(taken) == pytest.approx(work.cpu_s + mean_line_s(work.cpu_s, 0.7), rel=0.05)


def test_two_cores_bear_twice_the_rate_where_all_cores_compute() -> None:
    work = Work(wait_s=0.0, cpu_s=1e-3, ops=5000, concurrency=1)
    assert most_per_s("processes", work, NOTHING, 2, 8) == pytest.approx(2000)
    assert most_per_s(FREE, work, NOTHING, 2, 8) == pytest.approx(2000)
    assert most_per_s("threads", work, NOTHING, 2, 8) == pytest.approx(1000)
    assert serve("threads", work, NOTHING, 2, 8, 1500).p99_s == inf
    assert serve("processes", work, NOTHING, 2, 8, 1500).borne


def test_a_loop_overlaps_waits_and_a_pool_has_as_many_as_it_has_places() -> None:
    work = Work(wait_s=0.05, cpu_s=1e-4, ops=3000, concurrency=1)
    assert serve("asyncio", work, NOTHING, 2, 1, 1000).p50_s == pytest.approx(0.05, rel=0.05)
    assert not serve("threads", work, NOTHING, 2, 40, 1000).borne
    # Little's law: so many are under way at a time.
    needed = workers("threads", work, NOTHING, 2, 1000, 500)
    assert ceil(1000 * 0.0501) < needed < 100


@pytest.mark.parametrize("family", ["asyncio", "uvloop", "trio", "threads", "processes", "sync"])
def test_nothing_is_served_faster_than_it_takes(family: str) -> None:
    work = Work(wait_s=1e-3, cpu_s=5e-3, ops=500, concurrency=1)
    assert serve(family, work, NOTHING, 2, 4, 1).p50_s >= 6e-3 * (1 - 1e-9)


def test_an_idle_loop_sees_a_timer_late_and_a_busy_one_does_not() -> None:
    work = Work(wait_s=8.5e-3, cpu_s=1e-4, ops=2000, concurrency=1)
    seldom = serve("asyncio", work, NOTHING, 2, 1, 5)
    assert seldom.p50_s == pytest.approx(10e-3 + 1e-4, rel=0.01)
    often = serve("asyncio", work, NOTHING, 2, 1, 8000)
    assert often.p50_s < seldom.p50_s
