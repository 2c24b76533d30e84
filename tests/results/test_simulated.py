"""Each model is simulated as it works: its timers, its GIL, its pipe; and no simulation beats the bound."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from when_async.results.prediction.model import EDGE, Model
from when_async.results.prediction.simulated import kernel
from when_async.results.prediction.simulated.cores import SLICE_S
from when_async.results.prediction.simulated.costs import Costs
from when_async.results.prediction.simulated.predict import FAMILIES, FREE, MANY, WIDE, makespan_s
from when_async.results.prediction.simulated.processes import chunk_sizes
from when_async.results.prediction.simulated.threads import SWITCH_S
from when_async.results.prediction.work import Work

NOTHING = Costs()
CHESS = Work(wait_s=0.055, cpu_s=0.005, ops=720, concurrency=24)
LOOPS = ("asyncio", "uvloop", "trio")


def seconds(family: str, work: Work, costs: Costs = NOTHING, cores: int = 2) -> float:
    return makespan_s(family, work, costs, cores)


def test_the_chess_exhibition_comes_out_as_the_notes_have_it() -> None:
    assert seconds("sync", CHESS) == pytest.approx(720 * 0.06, rel=0.01)
    # 12 times as fast: with more than 12 boards somebody is always to move.
    for loop in (*LOOPS, "threads"):
        assert seconds(loop, CHESS) == pytest.approx(720 * 0.005, rel=0.01)


@pytest.mark.parametrize(
    ("asked_ms", "once_ms", "twice_ms"), [(8.5, 9, 10), (9, 9, 10), (12.5, 13, 14), (10, 10, 10), (0.2, 1, 1)]
)
def test_epoll_counts_in_milliseconds_and_asyncio_rounds_before(asked_ms: float, once_ms: int, twice_ms: int) -> None:
    assert kernel.epoll_s(asked_ms / 1e3) == pytest.approx(once_ms / 1e3)
    # CPython 3.11 to 3.13 were seen to wait 10.1 ms where 8.5 were asked for, and 14.1 for 12.5.
    assert kernel.selector_s(asked_ms / 1e3) == pytest.approx(twice_ms / 1e3)


def test_a_loop_that_never_idles_does_not_feel_how_it_counts() -> None:
    busy = Work(wait_s=1e-3, cpu_s=1e-3, ops=200, concurrency=40)
    assert seconds("asyncio", busy) == pytest.approx(0.2, rel=0.02)
    idle = replace(busy, cpu_s=1e-5)
    assert seconds("asyncio", idle) > 1.2 * 200 / 40 * idle.wait_s


def test_a_wait_that_libuv_cannot_count_is_none_and_others_may_end_early() -> None:
    work = Work(wait_s=4e-4, cpu_s=1e-5, ops=100, concurrency=2)
    assert seconds("uvloop", work) == pytest.approx(100 * 1e-5)
    assert seconds("uvloop", replace(work, wait_s=0.01, concurrency=1)) == pytest.approx(100 * 0.01, rel=0.02)
    # The second begins late in a millisecond that counts as if it had begun then.
    crowd = replace(work, wait_s=2e-3, concurrency=8)
    assert seconds("uvloop", crowd) < seconds("asyncio", crowd)


def test_who_waits_for_the_gil_pays_for_its_hand_over_and_who_finds_it_free_does_not() -> None:
    costs = Costs(handover_s=2e-5)
    crowded = Work(wait_s=1e-3, cpu_s=1e-4, ops=400, concurrency=40)
    assert seconds("threads", crowded, costs) == pytest.approx(400 * (1e-4 + 2e-5), rel=0.05)
    alone = replace(crowded, concurrency=2)
    assert seconds("threads", alone, costs) == pytest.approx(seconds("threads", alone), rel=0.02)


def test_threads_that_never_wait_let_the_gil_go_at_the_switch_interval_only() -> None:
    work = Work(wait_s=0.0, cpu_s=1e-3, ops=100, concurrency=4)
    assert seconds("threads", work, Costs(handover_s=1e-3)) == pytest.approx(0.1 + 0.1 / SWITCH_S * 1e-3)
    assert seconds("threads", replace(work, concurrency=1), Costs(handover_s=1e-3)) == pytest.approx(0.1)


def test_cores_help_those_who_can_use_them_and_no_more_than_are_in_flight() -> None:
    work = Work(wait_s=0.0, cpu_s=0.01, ops=96, concurrency=8)
    for family in ("processes", FREE):
        assert seconds(family, work, cores=4) == pytest.approx(0.24, rel=0.02)
        assert seconds(family, replace(work, concurrency=2), cores=4) == pytest.approx(0.48, rel=0.02)
    for family in ("threads", *LOOPS):
        assert seconds(family, work, cores=4) == pytest.approx(0.96, rel=0.02)


def test_what_lets_the_gil_go_runs_on_all_cores() -> None:
    work = Work(wait_s=0.0, cpu_s=0.01, ops=100, concurrency=8, gil_free=1.0)
    assert Model("threading", "threads").makespan_s(work, 4) == pytest.approx(0.25, rel=0.05)
    half = Model("threading", "threads").makespan_s(replace(work, gil_free=0.5), 4)
    assert half == pytest.approx(0.5, rel=0.05)


def test_long_bursts_share_the_cores_and_short_ones_run_to_their_end() -> None:
    # Three on two cores: a turn each would take two bursts; shared, all end after one and a half.
    long = Work(wait_s=0.0, cpu_s=40 * SLICE_S, ops=3, concurrency=3)
    assert seconds(FREE, long) == pytest.approx(1.5 * long.cpu_s, rel=0.05)
    short = replace(long, cpu_s=SLICE_S)
    assert seconds(FREE, short) == pytest.approx(2 * short.cpu_s, rel=0.05)


@pytest.mark.parametrize(
    ("ops", "places", "sizes"), [(64, 4, [4] * 16), (10, 4, [1] * 10), (100, 8, [4] * 25), (33, 4, [3] * 11)]
)
def test_chunks_are_those_of_the_pool(ops: int, places: int, sizes: list[int]) -> None:
    assert chunk_sizes(ops, places) == sizes


def test_an_op_waits_as_often_as_it_does() -> None:
    once = Work(wait_s=0.03, cpu_s=0.001, ops=100, concurrency=10)
    thrice = replace(once, wait_s=0.01, waits_per_op=3)
    for family in FAMILIES:
        assert seconds(family, thrice) == pytest.approx(seconds(family, once), rel=0.2), family


@pytest.mark.parametrize("family", ["sync", "threads", FREE, "processes", *LOOPS])
def test_an_op_that_ends_with_a_wait_computes_before_each_of_them(family: str) -> None:
    # One place, so that nothing overlaps: the same either way.
    one = Work(wait_s=0.01, cpu_s=0.004, ops=20, concurrency=1, waits_per_op=2)
    assert seconds(family, replace(one, computes_last=False)) == pytest.approx(seconds(family, one), rel=0.05)


@pytest.mark.parametrize("loop", LOOPS)
def test_the_last_reply_of_an_exhibition_is_waited_for(loop: str) -> None:
    boards = Work(wait_s=0.011, cpu_s=0.002, ops=24, concurrency=24, waits_per_op=2, computes_last=False)
    assert seconds(loop, boards) == pytest.approx(24 * 0.002 + 0.011, rel=0.03)


@pytest.mark.parametrize("family", [*FAMILIES])
def test_many_waits_an_op_take_as_long_as_all_of_them_simulated(family: str) -> None:
    costs = Costs(op_s=1e-5, turn_s=5e-6, late_s=1e-4, handover_s=2e-5, chunk_s=2e-4)
    work = Work(wait_s=2e-3, cpu_s=4e-3, ops=60, concurrency=20, waits_per_op=40)
    assert makespan_s(family, work, costs, 2) == pytest.approx(FAMILIES[family](work, costs, 2), rel=0.05)


def drawn(draw: random.Random) -> Work:
    return Work(
        draw.choice([0.0, draw.uniform(1e-5, 2e-2)]), draw.choice([1e-6, draw.uniform(1e-6, 5e-3)]),
        draw.randint(1, 3000), draw.randint(1, 300), waits_per_op=draw.choice([1, 1, 3]),
    )  # fmt: skip


@pytest.mark.parametrize("family", ["sync", "threads", "processes", "interpreters", *LOOPS])
def test_no_prediction_lies_below_the_operational_bound(family: str) -> None:
    draw = random.Random(20261201)
    for _ in range(60):
        work, cores = drawn(draw), draw.choice([1, 2, 8])
        for gil in (True, False):
            model = Model("r", family, gil, Costs(op_s=draw.uniform(0, 2e-5)))
            assert model.makespan_s(work, cores) >= model.bound_s(work, cores) * (1 - 1e-9), (work, cores)


@pytest.mark.parametrize("family", [*FAMILIES])
def test_much_work_takes_as_long_as_all_of_it_simulated(family: str) -> None:
    costs = Costs(op_s=1e-5, turn_s=5e-6, late_s=1e-4, handover_s=2e-5, chunk_s=2e-4)
    work = Work(wait_s=2e-3, cpu_s=5e-5, ops=6 * MANY, concurrency=50)
    assert makespan_s(family, work, costs, 2) == pytest.approx(FAMILIES[family](work, costs, 2), rel=0.03)


@pytest.mark.parametrize("family", [*FAMILIES])
def test_a_great_many_in_flight_are_predicted_from_fewer(family: str) -> None:
    costs = Costs(op_s=1e-5, turn_s=5e-6, late_s=1e-4, handover_s=2e-5, chunk_s=2e-4)
    work = Work(wait_s=0.5, cpu_s=5e-5, ops=10 * WIDE, concurrency=2 * WIDE)
    assert makespan_s(family, work, costs, 2) == pytest.approx(FAMILIES[family](work, costs, 2), rel=0.15)


def test_where_a_little_more_computing_decides_the_edge_is_named() -> None:
    loop = Model("asyncio", "asyncio", costs=Costs(turn_s=5e-6, late_s=1e-4))
    # Eight that compute as long as one waits: whether the loop idles for a millisecond a wave hangs on a hair.
    edge = Work(wait_s=8e-4, cpu_s=1e-4, ops=400, concurrency=9)
    found = loop.edge_s(edge, 1)
    assert found is not None
    assert found[1] > 1.1 * found[0]
    assert loop.edge_s(CHESS, 1) is None
    assert 0 < EDGE < 0.1


def test_a_payload_costs_those_for_whom_a_byte_has_a_price() -> None:
    loaded = replace(CHESS, payload_bytes=1 << 20)
    loop, pool = Model("asyncio", "asyncio"), Model("multiprocessing", "processes", byte_s=1e-8)
    assert loop.makespan_s(loaded, 2) == loop.makespan_s(CHESS, 2)
    assert pool.makespan_s(loaded, 2) > pool.makespan_s(CHESS, 2)
