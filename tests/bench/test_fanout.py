"""The one discipline of fan-out: every index once, results in place, failures with their index."""

from __future__ import annotations

import asyncio
import sys
import threading
from queue import Empty
from typing import Any

import pytest

from when_async.bench.worker.fanout import FAILURES_KEPT, Failures, Tally, note_failure, prefilled, pull, pull_async


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
