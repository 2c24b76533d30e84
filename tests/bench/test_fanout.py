"""The one discipline of fan-out: every index once, results in place, failures with their index."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import time
from queue import Empty
from typing import Any

import pytest

from bench.model import Usage
from bench.worker.fanout import FAILURES_KEPT, Failures, Tally, note_failure, prefilled, pull, pull_async
from bench.worker.kits import AsyncioKit, BlockingKit, open_blocking
from bench.worker.probes import Children, Stopwatch, difference, total, usage_now
from support import fakes


def even_only(item: int) -> int:
    if item % 2:
        raise LookupError(f"{item} is odd")
    return item * 10


def test_a_prefilled_queue_gives_each_index_once_in_order() -> None:
    get = prefilled(3).get_nowait
    assert [get(), get(), get()] == [0, 1, 2]
    with pytest.raises(Empty):
        get()


def test_pulling_puts_each_result_in_its_place_and_names_each_failure() -> None:
    results: list[Any] = [None] * 4
    failures: Failures = []
    pull(even_only, prefilled(4).get_nowait, [0, 1, 2, 3], results, failures)
    assert results == [0, None, 20, None]
    assert failures == [(1, "LookupError: 1 is odd"), (3, "LookupError: 3 is odd")]


async def test_pulling_in_a_task_does_the_same() -> None:
    async def op(item: int) -> int:
        await asyncio.sleep(0)
        return even_only(item)

    results: list[Any] = [None] * 4
    failures: Failures = []
    get = prefilled(4).get_nowait
    await asyncio.gather(*(pull_async(op, get, [0, 1, 2, 3], results, failures) for _ in range(2)))
    assert results == [0, None, 20, None]
    assert sorted(index for index, _ in failures) == [1, 3]


def test_an_op_that_leaves_the_program_is_a_failed_op_and_the_rest_is_done() -> None:
    def op(item: int) -> int:
        if item == 1:
            sys.exit("enough")
        return item

    results: list[Any] = [None] * 3
    failures: Failures = []
    pull(op, prefilled(3).get_nowait, [0, 1, 2], results, failures)
    assert results == [0, None, 2]
    assert failures == [(1, "SystemExit: enough")]


def test_all_failures_are_counted_and_only_the_first_keep_their_words() -> None:
    failures: Failures = []
    for index in range(FAILURES_KEPT + 5):
        note_failure(failures, index, ValueError("no"))
    assert len(failures) == FAILURES_KEPT + 5
    assert [index for index, words in failures if not words] == list(range(FAILURES_KEPT, FAILURES_KEPT + 5))


def test_a_tally_sees_starts_the_peak_and_the_threads() -> None:
    tally = Tally()
    together = threading.Barrier(3)
    op = tally.watch(lambda item: together.wait(10))
    threads = [threading.Thread(target=op, args=(0,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tally.started, tally.open, tally.peak, len(tally.threads)) == (3, 0, 3, 3)


async def test_a_tally_counts_an_op_that_fails_as_ended() -> None:
    async def op(item: int) -> None:
        raise KeyError(item)

    tally = Tally()
    with pytest.raises(KeyError):
        await tally.watch_async(op)(0)
    with pytest.raises(LookupError):
        tally.watch(even_only)(1)
    assert (tally.started, tally.open, tally.peak) == (2, 0, 1)


class Resource:
    """Notes when it was entered and left, in either kind of `with`."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def __enter__(self) -> Resource:
        self.steps.append("in")
        return self

    def __exit__(self, *_: object) -> None:
        self.steps.append("out")


class AsyncResource(Resource):
    async def __aenter__(self) -> Resource:
        return self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self.__exit__()


def test_what_a_body_enters_is_left_when_its_kit_closes() -> None:
    resource, kit = Resource(), BlockingKit(1, None)
    assert kit.enter(resource) is resource
    kit.close()
    assert resource.steps == ["in", "out"]


async def test_the_kit_of_a_loop_takes_both_kinds_of_resources() -> None:
    plain, asynchronous, kit = Resource(), AsyncResource(), AsyncioKit(1, None)
    kit.enter(plain)
    assert await kit.enter(asynchronous) is asynchronous
    await kit.close()
    assert plain.steps == asynchronous.steps == ["in", "out"]


def test_a_body_that_fails_to_open_leaves_what_it_had_entered() -> None:
    resource = Resource()

    def body(kit: Any, params: Any) -> Any:
        kit.enter(resource)
        raise ValueError("no server")

    with pytest.raises(ValueError, match="no server"):
        open_blocking(fakes.job(fakes.workload(bodies={"blocking": body})))
    assert resource.steps == ["in", "out"]


def test_the_verbs_of_a_kit_are_the_native_ones() -> None:
    assert BlockingKit(1, None).sleep is time.sleep
    assert AsyncioKit(1, None).sleep is asyncio.sleep


def used(cpu_s: float, switches: int = 0, rss: int = 0) -> Usage:
    return Usage(cpu_user_s=cpu_s, cpu_system_s=cpu_s, switches_voluntary=switches, peak_rss_bytes=rss)


def test_a_difference_is_never_negative() -> None:
    assert difference(used(3, 5), used(1, 2)) == used(2, 3)
    assert difference(used(1), used(1.5)).cpu_user_s == 0


def test_usage_adds_up_over_processes() -> None:
    assert total([used(1, 1, 10), used(2, 3, 20)]) == used(3, 4, 30)


def test_a_child_is_charged_once_for_what_it_reports_cumulatively() -> None:
    children = Children(memory=lambda pid: 10)
    assert children.add(used(0, rss=5), {11: used(1), 12: used(2)}) == used(3, rss=25)
    assert children.add(used(0, rss=5), {11: used(1.5)}) == used(0.5, rss=25)  # an idle child still holds memory
    assert children.add(used(0, rss=5), {12: used(4)}) == used(2, rss=25)


def test_the_peak_of_memory_is_this_process_s_own_and_not_what_its_parent_once_had() -> None:
    code = "from bench.worker.probes import peak_rss_bytes; print(peak_rss_bytes())"
    held = bytearray(200 * 2**20)
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 2**20 < int(child.stdout) < len(held)


def test_a_stopwatch_reads_what_the_round_used_and_not_what_came_before() -> None:
    before = usage_now()
    watch = Stopwatch()
    watch.start()
    gc.collect()
    done = watch.round([1], [], watch.start_ns + 5)
    assert done.end_ns - done.start_ns == 5
    assert done.gc_collections >= 1
    assert done.used.cpu_user_s <= usage_now().cpu_user_s - before.cpu_user_s
    assert done.used.peak_rss_bytes > 1_000_000
