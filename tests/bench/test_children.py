"""What runs inside a pool: the body is opened once in each place, and what goes wrong there is told by value."""

from __future__ import annotations

import pickle
import sys
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from support import fakes
from when_async.bench.model import Job, Workload
from when_async.bench.registry import RegistryError
from when_async.bench.worker import children
from when_async.bench.worker.children import (
    PLACE,
    TRAP,
    Failed,
    call,
    call_op,
    call_opening,
    call_written,
    check_in,
    child_job,
    chunks,
    close_all,
    close_here,
    even_chunk,
    open_here,
    open_process,
    opened_op,
    put_together,
    run_chunk,
    settle,
)
from when_async.bench.worker.fanout import Failures
from when_async.bench.worker.op_log import OpLog, op_log

WAIT_S = 30.0


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The test process plays a pool's process: take back what it keeps of it."""
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    with warnings.catch_warnings():
        yield
    close_all()
    PLACE.op = PLACE.kit = None
    PLACE.error = ""
    TRAP.heard.clear()


@pytest.fixture
def book() -> Iterator[OpLog]:
    with op_log() as opened:
        yield opened


class Visitor:
    """Notes when it was entered and left."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def __enter__(self) -> None:
        self.steps.append("in")

    def __exit__(self, *_: object) -> None:
        self.steps.append("out")


@pytest.fixture
def visitor(monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """What the body of VISITED enters; pool children find the workload under its name in this module."""
    found = Visitor()

    def body(kit: Any, params: Any) -> Any:
        kit.enter(found)
        return fakes.double_blocking(kit, params)

    monkeypatch.setitem(VISITED.bodies, "blocking", body)  # type: ignore[arg-type]
    return found


VISITED: Workload = fakes.workload("visited", {"blocking": fakes.double_blocking})


def sent(workload: Workload = fakes.TINY, **changes: Any) -> children.ChildJob:
    ref = __name__ if workload is VISITED else fakes.REF
    return child_job(replace(fakes.job(workload), workload_ref=ref, **changes))


def test_a_job_survives_being_sent_to_another_process() -> None:
    job = Job(fakes.TINY, "blocking", {"n": 3, "wait_s": 0.5}, 8, "127.0.0.1:80", fakes.REF, extra_loops=7)
    travelled = pickle.loads(pickle.dumps(child_job(job)))
    assert travelled == child_job(job)
    assert travelled.job() == replace(job, concurrency=1)
    assert pickle.loads(pickle.dumps(child_job(job, 4))).job().concurrency == 4


def test_what_travels_is_names_and_numbers_and_never_the_workload() -> None:
    assert b"double_blocking" not in pickle.dumps(sent())
    assert len(pickle.dumps(sent())) < 500


def test_a_workload_that_is_not_found_where_the_job_arrives_is_told() -> None:
    with pytest.raises(RegistryError, match=r"support\.fakes has no workload named 'gone'"):
        replace(sent(), workload="gone").job()
    open_here(replace(sent(), workload="gone"))
    assert PLACE.error == "RegistryError: support.fakes has no workload named 'gone'"


def test_the_body_is_opened_where_the_job_arrives_and_closed_there(visitor: Visitor) -> None:
    open_here(sent(VISITED))
    assert opened_op()(21) == call_op(21) == 42
    assert visitor.steps == ["in"]
    close_here()
    assert visitor.steps == ["in", "out"]
    close_here()
    assert visitor.steps == ["in", "out"]
    with pytest.raises(RuntimeError, match="never opened here"):
        opened_op()


def test_a_body_that_does_not_open_is_told_by_every_way_to_run_its_op(book: OpLog) -> None:
    open_process(sent(fakes.UNOPENED))
    reason = "ValueError: no server at this address"
    for run in (opened_op, lambda: call_op(1), lambda: run_chunk((0, [1], "")), lambda: call_written(1, book.path)):
        with pytest.raises(RuntimeError, match=reason):
            run()
    assert call(1) == Failed(f"RuntimeError: {reason}")


def test_an_op_that_was_never_opened_says_so() -> None:
    with pytest.raises(RuntimeError, match=r"^the body was never opened here$"):
        opened_op()
    assert call(1) == Failed("RuntimeError: the body was never opened here")


def test_each_thread_opens_the_body_for_itself(visitor: Visitor) -> None:
    open_here(sent(VISITED))
    with ThreadPoolExecutor(1) as other:
        assert other.submit(lambda: PLACE.op).result() is None
        other.submit(open_here, sent(VISITED)).result()
        assert visitor.steps == ["in", "in"]
        other.submit(close_here).result()
    assert opened_op()(2) == 4


def test_a_chunk_comes_back_with_its_place_its_results_and_its_failures_by_index() -> None:
    open_here(sent(fakes.FAILING))
    first, results, failures = run_chunk((15, [15, 16, 17, 18], ""))
    assert (first, results) == (15, [30, 32, None, 36])
    assert failures == [(17, "LookupError: no item 17")]


def test_a_chunk_is_written_down_where_there_is_a_log(book: OpLog) -> None:
    open_here(sent(fakes.FAILING))
    run_chunk((0, [1, 2, 3], book.path))
    run_chunk((0, [1, 2, 3], ""))
    assert (book.proof().started, book.proof().peak_in_flight) == (3, 1)


def test_what_a_finaliser_says_is_a_failure_of_its_chunk_and_of_no_later_one() -> None:
    open_process(sent(fakes.FORGETFUL))
    first, results, failures = run_chunk((4, [4, 5], ""))
    assert (first, results) == (4, [8, 10])
    assert failures == [(4, "coroutine 'unawaited' was never awaited")] * 2
    PLACE.op = lambda item: item
    assert run_chunk((6, [6], ""))[2] == []


def test_chunks_hold_every_item_once_and_know_their_place() -> None:
    assert chunks("abcdefg", 3, "path") == [(0, "abc", "path"), (3, "def", "path"), (6, "g", "path")]


def test_chunks_are_put_in_their_places_in_whatever_order_they_come() -> None:
    open_here(sent(fakes.FAILING))
    results: list[Any] = [None] * 20
    failures: Failures = []
    put_together(map(run_chunk, reversed(chunks(range(20), 6, ""))), results, failures)
    assert [result for result in results if result is not None] == [2 * n for n in range(20) if n not in (3, 17)]
    assert failures == [(17, "LookupError: no item 17"), (3, "LookupError: no item 3")]


@pytest.mark.parametrize(("ops", "workers"), [(100, 10), (1000, 100), (7, 7), (64, 4), (90, 3), (2, 2)])
def test_chunks_give_every_worker_the_same_share(ops: int, workers: int) -> None:
    size = even_chunk(ops, workers)
    assert (ops // workers) % size == 0
    assert size <= max(1, -(-ops // (workers * 4)))


@pytest.mark.parametrize(("ops", "workers"), [(1, 4), (101, 10), (3, 2)])
def test_where_the_work_does_not_divide_chunks_are_those_of_pool_map(ops: int, workers: int) -> None:
    assert even_chunk(ops, workers) == max(1, -(-ops // (workers * 4)))


def test_the_largest_even_chunk_is_taken() -> None:
    assert [even_chunk(100, 10), even_chunk(64, 4), even_chunk(90, 3)] == [2, 4, 6]


def test_an_op_sent_by_itself_comes_back_as_its_result_or_its_failure() -> None:
    open_here(sent(fakes.FAILING))
    came = [call(item) for item in range(18)]
    assert came[3] == Failed("LookupError: no item 3")
    assert came[4] == 8
    failures = settle(came)
    assert failures == [(3, "LookupError: no item 3"), (17, "LookupError: no item 17")]
    assert came[3] is came[17] is None
    assert came[:3] == [0, 2, 4]
    assert settle(came) == []


def test_a_failure_survives_being_sent_back() -> None:
    assert pickle.loads(pickle.dumps(Failed("no"))) == Failed("no")


def test_what_a_finaliser_says_of_one_op_is_its_failure_and_of_no_later_one() -> None:
    open_process(sent(fakes.FORGETFUL))
    assert call(1) == Failed("coroutine 'unawaited' was never awaited")
    PLACE.op = lambda item: item
    assert call(2) == 2


def test_an_op_sent_by_itself_is_written_down_where_there_is_a_log(book: OpLog) -> None:
    open_here(sent(fakes.FAILING))
    assert [call_written(item, book.path) for item in (1, 2)] == [2, 4]
    assert call_written(3, book.path) == Failed("LookupError: no item 3")
    assert book.proof().started == 3


def test_a_body_that_nobody_primed_is_opened_with_the_first_op_of_each_thread(visitor: Visitor) -> None:
    together = threading.Barrier(2)

    def first_ops(item: int) -> list[Any]:
        together.wait(WAIT_S)
        return [call_opening(item, sent(VISITED)), call_opening(item + 1, sent(VISITED))]

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(first_ops, [1, 5])) == [[2, 4], [10, 12]]
    assert visitor.steps == ["in", "in"]
    close_all()
    assert visitor.steps == ["in", "in", "out", "out"]


def test_a_body_that_cannot_be_opened_is_tried_once_in_each_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Any] = []
    opening = children.open_blocking
    monkeypatch.setattr(children, "open_blocking", lambda job: (tried.append(job), opening(job))[1])
    for item in range(3):
        assert call_opening(item, sent(fakes.UNOPENED)) == Failed("RuntimeError: ValueError: no server at this address")
    assert len(tried) == 1


def test_whoever_checks_in_waits_until_all_have(book: OpLog) -> None:
    with ThreadPoolExecutor(3) as threads:
        waiting = [threads.submit(check_in, n, sent(), book.path, 3, WAIT_S) for n in range(3)]
        assert [one.result() for one in waiting] == ["", "", ""]
    assert (book.proof().started, book.proof().threads) == (3, 3)


def test_whoever_checks_in_alone_says_that_the_others_did_not_come(book: OpLog) -> None:
    assert check_in(0, sent(), book.path, 2, 0.0) == "the others did not check in"


def test_whoever_cannot_open_the_body_says_so_at_once_and_counts_as_there(book: OpLog) -> None:
    reason = "ValueError: no server at this address"
    assert check_in(0, sent(fakes.UNOPENED), book.path, 2, WAIT_S) == reason
    assert book.proof().started == 1
