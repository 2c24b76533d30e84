"""A program is ranked as it is printed: within the limits, with its start counted, and no larger than helps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from support.mixed_cells import mixed_cells
from support.run_files import make_run
from when_async.bench.cli.advise import KNOWN
from when_async.results.cells.summary import summary
from when_async.results.frame import load
from when_async.results.prediction.advice_file import read
from when_async.results.prediction.fitted import Fitted
from when_async.results.prediction.judged import Accuracy
from when_async.results.prediction.model import Model
from when_async.results.prediction.programs import best_of, lever, ranking, sizes, taken
from when_async.results.prediction.simulated.costs import Costs
from when_async.results.prediction.starting import line, starting
from when_async.results.prediction.work import Work

LOOP = Model("asyncio", "asyncio", costs=Costs(op_s=8e-6, turn_s=5e-6, late_s=1e-4), start_s=0.04)
THREADS = Model(
    "threading", "threads", costs=Costs(op_s=5e-6, late_s=1e-4, handover_s=2e-5), start_s=1e-3, start_place_s=2e-4
)
POOL = Model(
    "multiprocessing", "processes", costs=Costs(op_s=2e-5, chunk_s=2e-4, late_s=8e-5, round_s=5e-3), start_s=0.04,
    start_place_s=3e-3,
)  # fmt: skip
SERIAL = Model("sync", "sync", costs=Costs(late_s=8e-5))
KNOWN_HERE = Fitted("3.11", True, 2, "run", (SERIAL, LOOP, THREADS, POOL), Accuracy(1, 1, 1, 1))
COMPUTING = Work(wait_s=0.0, cpu_s=0.01, ops=1000, concurrency=100)
FETCHING = Work(wait_s=0.3, cpu_s=1e-4, ops=500, concurrency=100)


def test_of_processes_that_compute_there_are_as_many_as_cores_however_many_were_asked_for() -> None:
    assert best_of(POOL, COMPUTING, 2, {}).in_flight == 2
    assert best_of(THREADS, replace(COMPUTING, gil_free=1.0), 2, {}).in_flight == 2


@pytest.mark.parametrize("share", [6e-4, 0.01, 0.04])
def test_a_sliver_that_a_clock_took_for_waiting_makes_no_more_processes(share: float) -> None:
    work = replace(COMPUTING, wait_s=COMPUTING.cpu_s * share)
    assert not work.waits
    assert best_of(POOL, work, 2, {}).in_flight == 2


@pytest.mark.parametrize(
    ("wait_s", "cpu_s", "waits"),
    [
        (0.0, 0.01, False),
        (9e-4, 0.1, False),  # a small part, and short
        (2e-3, 0.1, True),  # a small part, but a length that a timer has
        (5e-5, 1e-4, True),  # short, but a third of the op
        (1e-3, 0.0, True),
    ],
)
def test_what_is_short_and_a_small_part_of_an_op_is_no_wait(wait_s: float, cpu_s: float, waits: bool) -> None:
    assert Work(wait_s, cpu_s, 100, 10).waits is waits


def test_the_start_of_a_pool_is_part_of_its_time() -> None:
    found = best_of(POOL, replace(COMPUTING, ops=4), 2, {})
    assert found.start_s == pytest.approx(0.04 + 2 * 3e-3)
    assert found.seconds == found.start_s + found.makespan_s
    low_s, high_s = found.range_s()
    assert found.start_s < low_s <= found.seconds <= high_s


def test_a_pool_that_takes_longer_to_start_than_the_work_takes_is_not_recommended() -> None:
    few = replace(COMPUTING, ops=4)
    assert taken(ranking(KNOWN_HERE, few, 2, {})).runner == "sync"
    assert taken(ranking(KNOWN_HERE, COMPUTING, 2, {})).runner == "multiprocessing"


def test_more_is_not_in_flight_than_a_limit_allows_and_the_limit_is_named() -> None:
    many = replace(FETCHING, ops=5000, concurrency=2000)
    found = best_of(replace(POOL, start_place_s=0.0), many, 2, {"multiprocessing": (128, "64 a core")})
    assert (found.in_flight, found.because) == (128, "64 a core")
    assert best_of(THREADS, many, 2, {"threading": (500, "ulimit")}).in_flight == 500
    assert best_of(THREADS, many, 2, {"threading": (5000, "ulimit")}).because == ""


def test_a_limit_that_does_not_bind_is_not_named() -> None:
    # Fewer than the limit are quicker here, so that it is not the limit that keeps them few.
    found = best_of(POOL, replace(FETCHING, wait_s=0.005, concurrency=2000), 2, {"multiprocessing": (128, "64 a core")})
    assert found.in_flight < 128
    assert found.because == ""


def test_threads_that_wait_are_as_many_as_were_asked_for_unless_fewer_are_plainly_faster() -> None:
    assert best_of(THREADS, FETCHING, 2, {}).in_flight == 100
    assert best_of(THREADS, replace(FETCHING, wait_s=2e-3, ops=120), 2, {}).in_flight < 100


def test_what_lets_the_gil_go_is_for_threads_and_not_for_processes() -> None:
    free = replace(COMPUTING, gil_free=1.0, ops=40)
    assert taken(ranking(KNOWN_HERE, free, 2, {})).runner == "threading"
    assert taken(ranking(KNOWN_HERE, replace(free, gil_free=0.0), 2, {})).runner == "multiprocessing"


def test_a_result_that_takes_longer_to_pickle_than_to_compute_is_not_for_processes() -> None:
    carried = replace(COMPUTING, carry_s=0.02)
    assert taken(ranking(KNOWN_HERE, carried, 2, {})).runner == "sync"
    assert THREADS.makespan_s(carried, 2) == THREADS.makespan_s(COMPUTING, 2)


def test_threads_take_turns_with_the_share_that_holds_the_gil() -> None:
    def seconds(share: float) -> float:
        return Model("threading", "threads").makespan_s(replace(COMPUTING, gil_free=share, concurrency=4), 4)

    assert seconds(0.0) == pytest.approx(10.0, rel=0.02)
    assert seconds(0.5) == pytest.approx(5.0, rel=0.02)
    assert seconds(1.0) == pytest.approx(2.5, rel=0.02)
    assert [THREADS.bound_s(replace(COMPUTING, gil_free=share), 4) for share in (0.5, 1.0)] == [5.0, 2.5]


def test_the_largest_lever_is_more_in_flight_where_waits_decide() -> None:
    found = lever(KNOWN_HERE, [], FETCHING, 2, {})
    assert found is not None
    assert (found.before.in_flight, found.after.in_flight, found.python) == (100, 500, "")
    assert found.before.seconds > 3 * found.after.seconds


def test_more_in_flight_is_no_lever_where_computing_decides() -> None:
    assert lever(KNOWN_HERE, [], COMPUTING, 2, {}) is None
    assert lever(KNOWN_HERE, [], replace(FETCHING, cpu_s=0.1, concurrency=20), 2, {}) is None


def test_an_interpreter_without_a_gil_can_be_the_lever() -> None:
    free = replace(KNOWN_HERE, python="3.13t", models=(replace(THREADS, gil=False),))
    few = replace(COMPUTING, ops=12)
    found = lever(KNOWN_HERE, [free], few, 2, {})
    assert found is not None
    assert (found.python, found.after.runner) == ("3.13t", "threading")


def test_sizes_of_a_pool_end_with_the_largest_and_begin_with_two() -> None:
    assert sizes(1) == [1]
    assert sizes(3) == [2, 3]
    assert (sizes(500)[0], sizes(500)[-1]) == (2, 500)
    assert len(sizes(1_000_000)) < 200


def test_the_start_of_a_pool_grows_with_its_places_and_is_never_below_nought() -> None:
    assert line({2: 0.014, 8: 0.026, 32: 0.074}) == pytest.approx((0.01, 0.002))
    once_s, place_s = line({2: 0.001, 128: 0.2})
    assert once_s >= 0
    assert place_s > 0
    assert line({4: 0.2}) == (0.2, 0.0)


def test_a_run_tells_the_start_of_its_models(tmp_path: Path) -> None:
    rows = summary(load([make_run(tmp_path / "a.jsonl", cells=mixed_cells())]))
    pool, loop = (starting(rows, runner, "mixed") for runner in ("multiprocessing", "asyncio"))
    assert pool.once_s + pool.place_s > 0
    assert loop.once_s > 0
    assert loop.place_s == 0


def test_the_reference_knows_what_processes_and_loops_take_to_start() -> None:
    for known in read(KNOWN)[0]:
        own = {one.runner: one for one in known.models}
        assert own["multiprocessing"].start_place_s > own["threading"].start_place_s > 0
        assert own["asyncio"].start_s > own["sync"].start_s
