"""The fan-out tells when its caller had the first and the last result, and its oracle takes nothing but all of them."""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from when_async.bench.model import WrongAnswer
from when_async.workloads.bodies.fanout import common as fanout_common
from when_async.workloads.bodies.fanout import pools as fanout_pools
from when_async.workloads.bodies.fanout import tasks as fanout_tasks
from when_async.workloads.fanout import FANOUT, answer

ROOT = Path(__file__).resolve().parents[2]
HANG_S = 60
PARAMS = {"n": 6, "shortest_s": 0.001, "longest_s": 0.006}
ITEMS = FANOUT.make_items(PARAMS, 1)
BLOCKING = [key for key in FANOUT.bodies if key.startswith(("sync", "threading"))]
ASYNC = [key for key in FANOUT.bodies if key.startswith(("asyncio", "trio", "anyio", "curio"))]


def run(key: str, in_flight: int = 6, sleep: Any = time.sleep, sleep_by: Any = lambda sleep: sleep) -> list[Any]:
    """The results of a body in the test process, on the loop of its own library."""
    with ExitStack() as stack:
        kit: Any = SimpleNamespace(sleep=sleep, in_flight=in_flight, address=None, enter=stack.enter_context)
        if key in BLOCKING:
            results: list[Any] = FANOUT.bodies[key](kit, PARAMS)(ITEMS)
            return results
        library = pytest.importorskip(key.partition("/")[0], exc_type=ImportError)
        kit.sleep = sleep_by(library.sleep)

        async def main() -> Any:
            op = await FANOUT.bodies[key](kit, PARAMS)
            return await op(ITEMS)

        return asyncio.run(main()) if library is asyncio else library.run(main)


def observed(results: list[Any]) -> Any:
    assert FANOUT.observe is not None
    return FANOUT.observe(PARAMS, ITEMS, results)


@pytest.mark.parametrize("key", [*BLOCKING, *ASYNC])
def test_a_body_hands_over_every_result_once_and_leaves_no_thread(key: str) -> None:
    before = threading.active_count()
    results = run(key, in_flight=1 if key == "sync" else 6)
    assert FANOUT.check(PARAMS, ITEMS, observed(results).results) == "6 results came back"
    assert threading.active_count() == before


def test_greenlets_do_the_same() -> None:
    if importlib.util.find_spec("gevent") is None:
        pytest.skip("gevent is not installed")
    code = (
        "from gevent import monkey; monkey.patch_all()\n"
        "import gevent, types; from when_async.workloads.fanout import FANOUT as F\n"
        f"params = {PARAMS}; items = F.make_items(params, 1)\n"
        "kit = types.SimpleNamespace(sleep=gevent.sleep, in_flight=6, address=None)\n"
        "for key in ('gevent/imap_unordered', 'gevent/joinall'):\n"
        "    print(F.check(params, items, F.observe(params, items, F.bodies[key](kit, params)(items)).results))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == 2 * "6 results came back\n"


AS_IT_COMES = ["threading/as_completed", "asyncio/as_completed", "trio", "anyio", "curio"]
BY_ITEM = ["threading/map", "asyncio/gather", "asyncio/task_group"]


class Caller(fanout_common.Caller):
    """A caller who tells the waits when it has its first result."""

    served: threading.Event

    def hold(self, value: tuple[int, int]) -> None:
        super().hold(value)
        self.served.set()


@pytest.mark.parametrize("key", AS_IT_COMES)
def test_the_first_result_is_in_hand_before_the_other_waits_are_over(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    served = Caller.served = threading.Event()
    for module in (fanout_pools, fanout_tasks):
        monkeypatch.setattr(module, "Caller", Caller)
    shortest_s = min(wait_s for _, wait_s in ITEMS)

    def sleep(seconds: float) -> None:
        assert seconds == shortest_s or served.wait(HANG_S)

    def sleep_by(turn: Any) -> Any:
        async def sleep_async(seconds: float) -> None:
            for _ in range(10_000):
                if seconds == shortest_s or served.is_set():
                    return
                await turn(0)
            raise AssertionError("the caller was given nothing while the others waited")

        return sleep_async

    results = run(key, sleep=sleep, sleep_by=sleep_by)
    assert ITEMS[results[0][0]][1] == shortest_s


@pytest.mark.parametrize("key", BY_ITEM)
def test_results_come_in_the_order_of_the_items_where_the_face_says_so(key: str) -> None:
    assert [result[0] for result in run(key)] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("key", [key for key in (*BLOCKING, *ASYNC) if key != "sync"])
def test_starting_all_at_once_with_fewer_in_flight_is_refused_with_the_number_to_ask_for(key: str) -> None:
    with pytest.raises(ValueError, match="ask for 6"):
        run(key, in_flight=5)


def test_the_threads_of_a_pool_are_all_there_before_the_op_is_called() -> None:
    before = threading.active_count()
    with ExitStack() as stack:
        kit: Any = SimpleNamespace(sleep=time.sleep, in_flight=6, address=None, enter=stack.enter_context)
        FANOUT.bodies["threading/map"](kit, PARAMS)
        assert threading.active_count() == before + 6


@pytest.mark.parametrize("n", [1, 2, 50])
def test_the_shortest_and_the_longest_wait_are_those_that_were_asked_for(n: int) -> None:
    waits = [wait_s for _, wait_s in FANOUT.make_items({**PARAMS, "n": n}, 1)]
    assert max(waits) == 0.006
    assert min(waits) == pytest.approx(0.001 if n > 1 else 0.006)
    assert len(waits) == n


def test_the_seed_shuffles_the_waits_and_changes_nothing_else() -> None:
    other = FANOUT.make_items(PARAMS, 2)
    assert other != ITEMS
    assert sorted(wait_s for _, wait_s in other) == sorted(wait_s for _, wait_s in ITEMS)
    assert FANOUT.make_items(PARAMS, 1) == ITEMS


def test_a_shortest_wait_above_the_longest_is_refused() -> None:
    with pytest.raises(ValueError, match="must not be longer"):
        FANOUT.make_items({**PARAMS, "shortest_s": 0.007}, 1)


RESULTS = [(index, answer(index), (index + 1) * 1_000_000) for index in range(6)]


def test_the_figures_are_of_the_first_and_the_last_result_in_hand() -> None:
    figures = observed(RESULTS[::-1]).figures
    assert figures == {"first_result_s": pytest.approx(0.001), "last_result_s": pytest.approx(0.006)}
    assert {figure.name for figure in FANOUT.figures} == set(figures)
    assert observed([]).figures == {}


RIGHT = [(index, answer(index)) for index in range(6)]


def test_the_order_and_the_times_do_not_show_in_the_results() -> None:
    assert observed(RESULTS[::-1]).results == observed([(*right, 1) for right in RIGHT]).results == RIGHT


def test_the_oracle_wants_each_in_its_place_with_its_answer() -> None:
    with pytest.raises(WrongAnswer, match=r"0 came back as \(0, 0\) instead of"):
        FANOUT.check(PARAMS, ITEMS, [(0, 0), *RIGHT[1:]])


@pytest.mark.parametrize(("in_flight", "least_s"), [(1, 0.021), (3, 0.007), (6, 0.006), (100, 0.006)])
def test_no_way_is_shorter_than_the_longest_wait_or_an_even_share(in_flight: int, least_s: float) -> None:
    assert FANOUT.ideal_s is not None
    assert FANOUT.ideal_s(PARAMS, in_flight) == pytest.approx(least_s)
    assert FANOUT.ideal_s({**PARAMS, "n": 1}, in_flight) == 0.006


def test_the_bounds_are_the_shortest_and_the_longest_wait() -> None:
    assert FANOUT.bounds is not None
    assert FANOUT.bounds(PARAMS, 6) == {"shortest wait": 0.001, "longest wait": 0.006}


@pytest.mark.parametrize("point", [point for points in FANOUT.grid.values() for point in points], ids=str)
def test_a_point_has_all_of_its_waits_in_flight(point: Any) -> None:
    assert point.concurrency == point.params["n"]


def test_every_word_after_a_slash_is_a_face_that_is_explained() -> None:
    assert {key.partition("/")[2] for key in FANOUT.bodies} - {""} == set(FANOUT.faces)
