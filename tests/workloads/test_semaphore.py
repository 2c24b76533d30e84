"""The semaphore workload sees how many ops are inside, and its oracle refuses a limit that leaks."""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from when_async.bench.model import WrongAnswer
from when_async.workloads.semaphore import SEMAPHORE, answer, peak_inside

ROOT = Path(__file__).resolve().parents[2]
PARAMS = {"limit": 3, "wait_s": 0.001, "n": 10}
ITEMS = SEMAPHORE.make_items(PARAMS, 1)
ASYNC = ("asyncio", "trio", "anyio", "curio")
STEP_NS = 1_000_000


def kit(sleep: Any, in_flight: int = 3) -> Any:
    return SimpleNamespace(sleep=sleep, in_flight=in_flight, address=None)


def run(key: str, in_flight: int = 3) -> list[Any]:
    """The results of a body in the test process, on the loop of its own library."""
    if key not in ASYNC:
        results: list[Any] = SEMAPHORE.bodies[key](kit(time.sleep, in_flight), PARAMS)(ITEMS)
        return results
    library = pytest.importorskip(key, exc_type=ImportError)

    async def main() -> Any:
        op = await SEMAPHORE.bodies[key](kit(library.sleep, in_flight), PARAMS)
        return await op(ITEMS)

    return asyncio.run(main()) if key == "asyncio" else library.run(main)


def observed(results: list[Any], **params: Any) -> Any:
    assert SEMAPHORE.observe is not None
    return SEMAPHORE.observe({**PARAMS, **params}, ITEMS, results)


def waves(size: int) -> list[Any]:
    """Results as of ten ops of 1 ms each, `size` of them inside at a time."""
    return [(index, answer(index), index // size * STEP_NS, (index // size + 1) * STEP_NS) for index in ITEMS]


@pytest.mark.parametrize("key", ["sync", "threading", *ASYNC])
def test_a_body_does_every_op_once_under_the_limit_and_leaves_no_thread(key: str) -> None:
    before = threading.active_count()
    seen = observed(run(key))
    assert SEMAPHORE.check(PARAMS, ITEMS, seen.results) == "10 ops came back"
    assert 1 <= seen.figures["peak_in_flight"] <= 3
    assert threading.active_count() == before


@pytest.mark.parametrize("key", ["threading", *ASYNC])
def test_a_concurrency_below_the_limit_is_kept_too(key: str) -> None:
    assert observed(run(key, in_flight=1)).figures["peak_in_flight"] == 1


def test_greenlets_do_the_same() -> None:
    if importlib.util.find_spec("gevent") is None:
        pytest.skip("gevent is not installed")
    code = (
        "from gevent import monkey; monkey.patch_all()\n"
        "import gevent, types; from when_async.workloads.semaphore import SEMAPHORE as S\n"
        f"params = {PARAMS}; items = S.make_items(params, 1)\n"
        "kit = types.SimpleNamespace(sleep=gevent.sleep, in_flight=3, address=None)\n"
        "seen = S.observe(params, items, S.bodies['gevent'](kit, params)(items))\n"
        "print(S.check(params, items, seen.results), seen.figures['peak_in_flight'])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "10 ops came back 3.0\n"


def test_a_semaphore_that_leaks_is_refused_with_the_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "BoundedSemaphore", lambda limit: nullcontext())
    inside = threading.Barrier(10)
    results = SEMAPHORE.bodies["threading"](kit(lambda seconds: inside.wait()), PARAMS)(ITEMS)
    with pytest.raises(WrongAnswer, match="10 ops were inside a semaphore that lets 3 in"):
        observed(results)


def test_four_ops_inside_a_semaphore_of_three_are_refused() -> None:
    assert observed(waves(3)).figures["peak_in_flight"] == 3
    with pytest.raises(WrongAnswer, match="4 ops were inside"):
        observed(waves(4))


def test_an_op_that_ends_when_another_begins_has_left_its_place() -> None:
    assert peak_inside([(0, 10), (10, 20), (5, 10), (10, 15)]) == 2
    assert peak_inside([(0, 10), (9, 20), (9, 11)]) == 3
    assert peak_inside([]) == 0


def test_the_rate_is_from_the_first_to_begin_to_the_last_to_end_and_its_share_is_of_the_limit() -> None:
    figures = observed(waves(2)).figures
    assert figures["finished_per_s"] == pytest.approx(10 / 0.005)
    assert figures["limit_share"] == pytest.approx(2 / 3)


def test_the_order_and_the_times_of_the_ops_do_not_show_in_the_results() -> None:
    assert observed(waves(3)[::-1]).results == observed(waves(1)).results


RIGHT = [(index, answer(index)) for index in ITEMS]


def test_the_oracle_wants_each_in_its_place_with_its_answer() -> None:
    with pytest.raises(WrongAnswer, match=r"0 came back as \(0, 0\) instead of"):
        SEMAPHORE.check(PARAMS, ITEMS, [(0, 0), *RIGHT[1:]])


def test_a_round_without_results_has_no_figures() -> None:
    assert observed([]).figures == {}


@pytest.mark.parametrize(("limit", "in_flight", "waves"), [(3, 3, 4), (3, 1, 10), (3, 100, 4), (20, 20, 1), (1, 1, 10)])
def test_the_ideal_is_the_limit_kept_full(limit: int, in_flight: int, waves: int) -> None:
    assert SEMAPHORE.ideal_s is not None
    assert SEMAPHORE.bounds is not None
    params = {**PARAMS, "limit": limit}
    assert SEMAPHORE.ideal_s(params, in_flight) == pytest.approx(waves * 0.001)
    assert SEMAPHORE.bounds(params, in_flight) == {"limit kept full": SEMAPHORE.ideal_s(params, in_flight)}


@pytest.mark.parametrize("point", [point for points in SEMAPHORE.grid.values() for point in points], ids=str)
def test_a_point_has_more_ops_than_places_and_as_many_in_flight_as_the_limit_allows(point: Any) -> None:
    assert point.concurrency == point.params["limit"] < point.params["n"]


def test_every_figure_is_declared() -> None:
    assert {figure.name for figure in SEMAPHORE.figures} == set(observed(waves(3)).figures)
