"""The log of ops knows who ran how many and how many at once, whatever ran them, for the system orders its lines."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from when_async.bench.model import Proof
from when_async.bench.worker.op_log import OpLog, note, op_log, read, written, written_async

WAIT_S = 30.0
"""Longer than any test takes; nobody waits that long unless the test is about to fail."""


@pytest.fixture
def book() -> Iterator[OpLog]:
    with op_log() as opened:
        yield opened


def test_a_log_that_nobody_wrote_in_has_seen_nothing(book: OpLog) -> None:
    assert book.proof() == Proof(started=0, peak_in_flight=0, threads=0, processes=0)


def test_the_file_is_gone_afterwards_whatever_happened() -> None:
    def interrupted() -> None:
        with op_log() as book:
            paths.append(book.path)
            assert os.path.exists(book.path)
            raise KeyError

    paths: list[str] = []
    with pytest.raises(KeyError):
        interrupted()
    assert not os.path.exists(paths[0])


@pytest.mark.parametrize(
    ("lines", "proof"),
    [
        ("+ 1 10, - 1 10, + 1 10, - 1 10", Proof(2, 1, 1, 1)),
        ("+ 1 10, + 1 11, - 1 11, + 1 11, - 1 10, - 1 11", Proof(3, 2, 2, 1)),
        ("+ 1 10, + 2 10, + 3 10, - 1 10, - 2 10, - 3 10, + 3 10, - 3 10", Proof(4, 3, 3, 3)),
        ("+ 1 10, - 1 10, + 1 11", Proof(2, 1, 2, 1)),
    ],
)
def test_starts_peak_threads_and_processes_are_read_from_the_order_of_the_lines(lines: str, proof: Proof) -> None:
    assert read(iter(lines.split(", "))) == proof


def test_an_op_writes_itself_down_and_does_the_same_work(book: OpLog) -> None:
    op = written(lambda item: item * 2, book.path)
    assert [op(item) for item in range(3)] == [0, 2, 4]
    assert book.proof() == Proof(started=3, peak_in_flight=1, threads=1, processes=1)


def test_an_op_that_fails_is_written_down_as_ended(book: OpLog) -> None:
    def op(item: int) -> int:
        raise LookupError(f"no item {item}")

    for _ in range(2):
        with pytest.raises(LookupError):
            written(op, book.path)(3)
    assert (book.proof().started, book.proof().peak_in_flight) == (2, 1)


async def test_awaited_ops_that_overlap_are_seen_together(book: OpLog) -> None:
    together = asyncio.Barrier(3)

    async def op(item: int) -> int:
        async with asyncio.timeout(WAIT_S):
            await together.wait()
        return item * 2

    watched = written_async(op, book.path)
    assert await asyncio.gather(*(watched(item) for item in range(3))) == [0, 2, 4]
    assert book.proof() == Proof(started=3, peak_in_flight=3, threads=1, processes=1)


async def test_an_awaited_op_that_is_cancelled_has_ended(book: OpLog) -> None:
    async def op(item: int) -> None:
        raise asyncio.CancelledError

    for _ in range(2):
        with pytest.raises(asyncio.CancelledError):
            await written_async(op, book.path)(0)
    assert (book.proof().started, book.proof().peak_in_flight) == (2, 1)


def test_threads_are_told_apart(book: OpLog) -> None:
    together = threading.Barrier(4)
    op = written(lambda item: together.wait(WAIT_S), book.path)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(op, range(8)))
    assert book.proof() == Proof(started=8, peak_in_flight=4, threads=4, processes=1)


def live(path: str, together: Any, alone: Any) -> None:
    """A process that runs one op with the others, and one while they wait."""
    written(lambda item: together.wait(WAIT_S), path)(0)
    with alone:
        written(abs, path)(1)


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_processes_are_told_apart_and_their_ops_are_seen_together(book: OpLog, method: str) -> None:
    context = multiprocessing.get_context(method)
    together, alone = context.Barrier(3), context.Lock()
    members = [context.Process(target=live, args=(book.path, together, alone)) for _ in range(3)]
    for member in members:
        member.start()
    for member in members:
        member.join()
    assert [member.exitcode for member in members] == [0, 0, 0]
    assert book.proof() == Proof(started=6, peak_in_flight=3, threads=3, processes=3)


def scribble(path: str, count: int) -> None:
    for _ in range(count):
        note(path, "+")
        note(path, "-")


def test_no_line_is_lost_or_torn_where_many_write_at_once(book: OpLog) -> None:
    context = multiprocessing.get_context("fork")
    members = [context.Process(target=scribble, args=(book.path, 300)) for _ in range(4)]
    for member in members:
        member.start()
    for member in members:
        member.join()
    proof = book.proof()
    assert (proof.started, proof.processes) == (1200, 4)
    assert 1 <= proof.peak_in_flight <= 4
    with open(book.path, encoding="ascii") as lines:
        assert all(len(line.split()) == 3 for line in lines)


def test_a_new_round_begins_with_an_empty_op_log(book: OpLog) -> None:
    written(abs, book.path)(1)
    book.reset()
    assert book.proof().started == 0
    written(abs, book.path)(1)
    assert book.proof().started == 1
