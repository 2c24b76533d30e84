"""The queue workload keeps its schedule, knows who had to wait, and its oracle refuses lost and doubled items."""

from __future__ import annotations

import asyncio
import importlib.util
import multiprocessing
import os
import queue as standard
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from when_async.bench.model import WrongAnswer
from when_async.workloads import queue
from when_async.workloads.bodies.queue import common as queue_common
from when_async.workloads.bodies.queue import pools as queue_pools
from when_async.workloads.bodies.queue.common import LEAD_S, answer, produce, produce_async, shares, window_s
from when_async.workloads.queue import QUEUE, found_free, ideal_waits_s

ROOT = Path(__file__).resolve().parents[2]
PARAMS = {"load": 0.5, "service_s": 0.002, "n": 12, "producers": 3}
ITEMS = QUEUE.make_items(PARAMS, 1)
BLOCKING = ("threading", "multiprocessing")
MS = 1_000_000


def run(key: str, in_flight: int = 2, rounds: int = 1) -> list[Any]:
    """The results of the last of so many rounds of a body, on the loop of its own library."""
    results: list[Any] = []
    with ExitStack() as stack:
        kit: Any = SimpleNamespace(sleep=time.sleep, in_flight=in_flight, address=None, enter=stack.enter_context)
        if key in BLOCKING:
            blocking = QUEUE.bodies[key](kit, PARAMS)
            for _ in range(rounds):
                results = blocking(ITEMS)
            return results
        library = pytest.importorskip(key, exc_type=ImportError)
        kit.sleep = library.sleep

        async def main() -> None:
            nonlocal results
            op = await QUEUE.bodies[key](kit, PARAMS)
            for _ in range(rounds):
                results = await op(ITEMS)

        asyncio.run(main()) if key == "asyncio" else library.run(main)
    return results


def observed(results: list[Any]) -> Any:
    assert QUEUE.observe is not None
    return QUEUE.observe(PARAMS, ITEMS, results)


@pytest.mark.parametrize("rounds", [1, 2])
@pytest.mark.parametrize("key", [*BLOCKING, "asyncio", "trio", "anyio", "curio"])
def test_a_body_serves_every_item_once_and_ends_cleanly(key: str, rounds: int) -> None:
    before = threading.active_count()
    seen = observed(run(key, rounds=rounds))
    assert QUEUE.check(PARAMS, ITEMS, seen.results) == "12 items served"
    assert len(seen.latencies_ns) == 12
    assert all(type(wait_ns) is int and wait_ns > 0 for wait_ns in seen.latencies_ns)
    assert threading.active_count() == before
    assert not multiprocessing.active_children()


def test_greenlets_take_the_place_of_threads_where_gevent_has_patched() -> None:
    if importlib.util.find_spec("gevent") is None:
        pytest.skip("gevent is not installed")
    code = (
        "from gevent import monkey; monkey.patch_all()\n"
        "import contextlib, gevent, types; from when_async.workloads.queue import QUEUE as Q\n"
        f"params = {PARAMS}; items = Q.make_items(params, 1)\n"
        "with contextlib.ExitStack() as stack:\n"
        "    kit = types.SimpleNamespace(sleep=gevent.sleep, in_flight=2, enter=stack.enter_context)\n"
        "    results = Q.bodies['gevent'](kit, params)(items)\n"
        "print(Q.check(params, items, Q.observe(params, items, results).results))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "12 items served\n"


def test_the_queue_in_here_is_the_standard_librarys() -> None:
    assert queue_pools.queue is standard
    assert Path(str(standard.__file__)) != Path(str(queue.__file__))
    assert str(Path(str(queue.__file__)).parent) not in sys.path


def test_a_process_that_is_killed_ends_the_round_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_pools, "ALIVE_CHECK_S", 0.01)
    with queue_pools.WorkerGroup(producers=1, consumers=1) as group:
        victim = group.processes[-1]
        assert victim.pid is not None
        os.kill(victim.pid, signal.SIGKILL)
        victim.join()
        with pytest.raises(RuntimeError, match="1 of the processes died"):
            group.collect(1)
    assert not multiprocessing.active_children()


def test_a_group_that_does_not_check_in_is_ended() -> None:
    def wait(timeout_s: float) -> None:
        raise threading.BrokenBarrierError

    group = queue_pools.WorkerGroup(producers=1, consumers=1)
    group.ready = SimpleNamespace(wait=wait)
    with pytest.raises(threading.BrokenBarrierError):
        group.__enter__()
    assert not multiprocessing.active_children()


class Time:
    """A clock that sleeping moves, and that oversleeps by 1 us."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_ns = 0
        monkeypatch.setattr(queue_common, "clock", lambda: self.now_ns)

    def sleep(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9) + 1000

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)


SHARE = [(0, 0.001, 0.5), (1, 0.002, 0.7), (2, 0.002, 0.9)]
PARCELS = [
    (0, 0.5, 0.001, 11 * MS, 11 * MS + 1000),
    (1, 0.7, 0.002, 12 * MS, 12 * MS + 1000),
    (2, 0.9, 0.002, 12 * MS, 12 * MS + 1000),
]
"""The third is late already when its producer comes to it, so nobody sleeps for it."""


def test_a_producer_puts_each_item_when_its_time_has_come_and_says_when_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    put: list[Any] = []
    produce(put.append, Time(monkeypatch).sleep, SHARE, 10 * MS)
    assert put == PARCELS


async def test_a_producer_on_a_loop_does_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    parcels: list[Any] = []

    async def put(parcel: Any) -> None:
        parcels.append(parcel)

    await produce_async(put, Time(monkeypatch).sleep_async, SHARE, 10 * MS)
    assert parcels == PARCELS


def test_the_schedule_is_drawn_from_the_seed_and_ends_with_its_last_item() -> None:
    assert QUEUE.make_items(PARAMS, 1) == ITEMS
    assert QUEUE.make_items(PARAMS, 2) != ITEMS
    places = [item[2] for item in ITEMS]
    assert places == sorted(places)
    assert places[0] > 0
    assert places[-1] == 1.0


def test_gaps_are_exponential_services_even_and_producers_equal() -> None:
    items = QUEUE.make_items({**PARAMS, "n": 20_000, "service_s": 1.0}, 3)
    gaps = [after[2] - before[2] for before, after in pairwise(items)]
    assert sum(gap > 1 / 20_000 for gap in gaps) / len(gaps) == pytest.approx(0.368, abs=0.01)
    services = [item[3] for item in items]
    assert min(services) >= 0.5
    assert max(services) < 1.5
    assert sum(services) / len(services) == pytest.approx(1.0, abs=0.01)
    assert {producer: sum(item[1] == producer for item in items) // 1000 for producer in range(3)} == {0: 6, 1: 6, 2: 6}


@pytest.mark.parametrize(("load", "consumers", "length_s"), [(0.5, 2, 0.024), (1.0, 1, 0.024), (0.25, 12, 0.008)])
def test_the_load_is_what_the_arrivals_ask_of_the_consumers(load: float, consumers: int, length_s: float) -> None:
    params = {**PARAMS, "load": load}
    assert window_s(params, consumers) == pytest.approx(length_s)
    calls = [call for share in shares(ITEMS, params, consumers) for call in share]
    assert sorted(call[0] for call in calls) == list(range(12))
    assert max(call[1] for call in calls) == window_s(params, consumers)
    assert QUEUE.bounds is not None
    assert QUEUE.bounds(params, consumers) == {"schedule": pytest.approx(length_s + LEAD_S)}


def test_each_producer_has_its_own_items_in_order_of_time() -> None:
    for producer, share in enumerate(shares(ITEMS, PARAMS, 2)):
        assert [call[0] for call in share] == [item[0] for item in ITEMS if item[1] == producer]


def test_the_unavoidable_waits_are_those_of_the_first_free_consumer() -> None:
    items = [(0, 0, 0.1, 5.0), (1, 0, 0.2, 1.0), (2, 0, 0.3, 1.0), (3, 0, 1.0, 1.0)]
    assert ideal_waits_s(items, 10.0, 1) == [0.0, 4.0, 4.0, 0.0]
    assert ideal_waits_s(items, 10.0, 2) == [0.0, 0.0, 0.0, 0.0]
    assert ideal_waits_s(items, 1.0, 2) == pytest.approx([0.0, 0.0, 0.9, 1.2])


def result(index: int, due: float, put: float, got: float, done: float, length_s: float = 0.024) -> Any:
    """A result with its stamps in ms."""
    return (index, answer(index), ITEMS[index][2] * length_s, *(round(each * MS) for each in (due, put, got, done)))


def test_an_item_finds_a_consumer_free_when_fewer_items_than_consumers_are_in_the_house() -> None:
    results = [result(0, 0, 1, 1.1, 5), result(1, 0, 2, 2.1, 4), result(2, 0, 3, 4.1, 9), result(3, 0, 4.5, 5.1, 6)]
    assert found_free(results, 1) == [True, False, False, False]
    assert found_free(results, 2) == [True, True, False, False]
    assert found_free(results, 3) == [True, True, True, True]


def served(handoff: float, late: float = 0.0) -> list[Any]:
    """All items on time or so late, with so long a hand-off, and served in no time (ms)."""
    dues = [item[2] * 24 for item in ITEMS]
    return [
        result(index, due, due + late, due + late + handoff, due + late + handoff) for index, due in enumerate(dues)
    ]


def test_the_figures_tell_hand_offs_lateness_and_rate() -> None:
    figures = observed(served(0.0005, late=3.0)).figures
    assert figures["waited_share"] == 0.0
    assert figures["free_handoff_s"] == pytest.approx(0.0005e-3)
    assert figures["late_put_s"] == pytest.approx(3e-3)
    assert figures["items_per_s"] == pytest.approx(12 / (0.024 * (1 - ITEMS[0][2])), rel=1e-3)
    assert figures["load_seen"] == 0.0
    assert observed(served(0.0005, late=-0.5)).figures["late_put_s"] == 0.0


def test_an_item_has_waited_when_its_hand_off_took_more_than_a_millisecond() -> None:
    assert observed(served(0.999)).figures["waited_share"] == 0.0
    assert observed(served(1.001)).figures["waited_share"] == 1.0


def test_the_load_seen_is_of_services_as_they_were() -> None:
    longer = [(*each[:6], each[5] + 3 * MS) for each in served(0.0)]
    assert observed(longer).figures["load_seen"] == pytest.approx(12 * 3 / (2 * 24))
    assert "busy_handoff_s" in observed(longer).figures


def test_the_ideal_share_is_of_the_schedule_and_not_of_the_round() -> None:
    fast, slow = observed(served(0.0)).figures, observed(served(5.0)).figures
    assert fast["waited_share_ideal"] == slow["waited_share_ideal"]
    waits_s = ideal_waits_s(ITEMS, 0.024, 2)
    assert fast["waited_share_ideal"] == sum(wait_s > 0.001 for wait_s in waits_s) / 12


def test_every_figure_is_declared_and_a_round_without_results_has_none() -> None:
    longer = [(*each[:6], each[5] + 3 * MS) for each in served(0.0)]
    assert set(observed(longer).figures) == {figure.name for figure in QUEUE.figures}
    assert observed([]).figures == {}


RIGHT = [(index, answer(index)) for index in range(12)]


def test_the_order_and_the_times_do_not_show_in_the_results() -> None:
    assert observed(served(0.0)[::-1]).results == observed(served(2.0)).results == RIGHT


@pytest.mark.parametrize(
    ("results", "words"),
    [
        pytest.param(RIGHT[:-1], "never served, such as item 11", id="lost"),
        pytest.param([], "12 of 12 items were never served", id="all lost"),
        pytest.param([RIGHT[0], *RIGHT], "more than once, such as item 0", id="doubled"),
        pytest.param([RIGHT[0], RIGHT[0], *RIGHT[2:]], "more than once", id="doubled in place of another"),
        pytest.param([*RIGHT, (99, 1)], "12 items were put, 13 were served", id="nobody's"),
        pytest.param([(0, 7), *RIGHT[1:]], "served with 7 instead of 2", id="wrong"),
    ],
)
def test_the_oracle_refuses_other_results(results: list[Any], words: str) -> None:
    with pytest.raises(WrongAnswer, match=words):
        QUEUE.check(PARAMS, ITEMS, results)
