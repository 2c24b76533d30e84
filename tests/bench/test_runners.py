"""Each runner does all the work once, in order, with no more in flight than allowed, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from bench.model import Job, Round, Runner, Workload
from bench.runners import multiprocessing_
from bench.runners.asyncio_ import ASYNCIO
from bench.runners.multiprocessing_ import MULTIPROCESSING
from bench.runners.sync import SYNC
from bench.runners.threading_ import THREADING
from bench.runners.uvloop_ import UVLOOP
from support import fakes

ALL = (SYNC, THREADING, MULTIPROCESSING, ASYNCIO, UVLOOP)
LOOPS = (ASYNCIO, UVLOOP)
NATURAL = {"asyncio": "async", "uvloop": "async"}
WAIT_S = 10.0
"""Longer than any test takes; nobody waits that long unless the test is about to fail."""

every = pytest.mark.parametrize("runner", ALL, ids=lambda runner: runner.name)
loops = pytest.mark.parametrize("runner", LOOPS, ids=lambda runner: runner.name)


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before
    assert multiprocessing.active_children() == []


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiprocessing_, "ALIVE_CHECK_S", 0.02)


def run(runner: Runner, job: Job, *, prove: bool = False, rounds: int = 1) -> Round:
    items = job.workload.make_items(job.params, 0)
    with runner.open(job) as session:
        done = [session.run(items, prove=prove) for _ in range(rounds)]
    return done[-1]


def natural(runner: Runner, workload: Workload = fakes.TINY, **options: Any) -> Job:
    return fakes.job(workload, NATURAL.get(runner.name, "blocking"), **options)


@every
@pytest.mark.parametrize("n", [1, 3, 50])
def test_every_result_comes_back_once_and_in_order(runner: Runner, n: int) -> None:
    done = run(runner, natural(runner, n=n, concurrency=2))
    assert done.results == [item * 2 for item in range(n)]
    assert done.failures == []
    assert done.end_ns > done.start_ns


@every
def test_a_session_serves_round_after_round(runner: Runner) -> None:
    assert run(runner, natural(runner, concurrency=2), rounds=3).results == [item * 2 for item in range(20)]


@every
def test_a_pure_body_runs_under_every_runner(runner: Runner) -> None:
    done = run(runner, fakes.job(fakes.TINY, "pure", concurrency=2), prove=True)
    assert done.results == [item * 2 for item in range(20)]
    assert done.proof is not None
    assert done.proof.started == 20


@pytest.mark.parametrize("runner", [SYNC, THREADING, MULTIPROCESSING], ids=lambda runner: runner.name)
def test_failures_are_told_with_their_index_and_cost_no_other_op(runner: Runner) -> None:
    done = run(runner, fakes.job(fakes.FAILING, concurrency=2))
    assert sorted(done.failures) == [(3, "LookupError: no item 3"), (17, "LookupError: no item 17")]
    assert [done.results[index] for index in (2, 4, 16, 18, 19)] == [4, 8, 32, 36, 38]
    assert done.results[3] is None


@loops
def test_failures_in_a_task_are_told_with_their_index(runner: Runner) -> None:
    async def body(kit: Any, params: Any) -> Any:
        op = fakes.failing_body(kit, params)

        async def failing(item: int) -> int:
            return op(item)

        return failing

    done = run(runner, natural(runner, fakes.workload(bodies={"async": body})))
    assert sorted(done.failures) == [(3, "LookupError: no item 3"), (17, "LookupError: no item 17")]
    assert done.results[18] == 36


@every
def test_the_op_is_started_once_for_each_item(runner: Runner) -> None:
    done = run(runner, natural(runner, n=37, concurrency=3), prove=True)
    assert done.proof is not None
    assert done.proof.started == 37
    assert done.proof.peak_in_flight <= 3


def test_the_op_sees_each_item_once_even_from_many_threads() -> None:
    seen: Counter[int] = Counter()
    lock = threading.Lock()

    def body(kit: Any, params: Any) -> Any:
        def op(item: int) -> int:
            with lock:
                seen[item] += 1
            return item * 2

        return op

    run(THREADING, fakes.job(fakes.workload(bodies={"blocking": body}), n=500, concurrency=16))
    assert seen == Counter(range(500))


def test_a_body_is_opened_once_for_each_thread_and_once_for_a_loop() -> None:
    opened: list[int] = []

    def body(kit: Any, params: Any) -> Any:
        opened.append(kit.in_flight)
        return lambda item: item * 2

    async def body_async(kit: Any, params: Any) -> Any:
        opened.append(kit.in_flight)
        return await fakes.double_async(kit, params)

    workload = fakes.workload(bodies={"blocking": body, "async": body_async})
    run(THREADING, fakes.job(workload, concurrency=3), rounds=2)
    assert opened == [1, 1, 1]
    opened.clear()
    run(ASYNCIO, fakes.job(workload, "async", concurrency=3), rounds=2)
    assert opened == [3]


def test_as_many_threads_as_asked_for_are_in_flight_at_once() -> None:
    together = threading.Barrier(5)

    def body(kit: Any, params: Any) -> Any:
        return lambda item: item * 2 if together.wait(WAIT_S) >= 0 else None

    done = run(THREADING, fakes.job(fakes.workload(bodies={"blocking": body}), n=20, concurrency=5), prove=True)
    assert done.failures == []
    assert done.proof is not None
    assert (done.proof.peak_in_flight, done.proof.threads) == (5, 5)


@loops
def test_as_many_tasks_as_asked_for_are_in_flight_at_once(runner: Runner) -> None:
    async def body(kit: Any, params: Any) -> Any:
        together = asyncio.Barrier(5)

        async def op(item: int) -> int:
            async with asyncio.timeout(WAIT_S):
                await together.wait()
            return item * 2

        return op

    done = run(runner, natural(runner, fakes.workload(bodies={"async": body}), n=20, concurrency=5), prove=True)
    assert done.failures == []
    assert done.proof is not None
    assert (done.proof.peak_in_flight, done.proof.threads) == (5, 1)


@every
def test_a_body_that_fails_to_open_says_its_own_reason(runner: Runner) -> None:
    with pytest.raises((ValueError, RuntimeError), match="no server at this address"):
        run(runner, natural(runner, fakes.UNOPENED, concurrency=2))


def facts(runner: Runner, concurrency: int = 2) -> dict[str, Any]:
    job = natural(runner, concurrency=concurrency)
    with runner.open(job) as session:
        session.run([1, 2, 3], prove=False)
        return dict(session.facts)


def test_the_facts_name_the_real_class_of_the_loop() -> None:
    assert facts(UVLOOP) == {"workers": 2, "loop": "uvloop.Loop"}
    assert facts(ASYNCIO)["loop"].startswith("asyncio.")


def test_the_facts_name_the_start_method_and_the_chunks() -> None:
    told = facts(MULTIPROCESSING)
    assert told == {
        "workers": 2,
        "start_method": multiprocessing.get_start_method(),
        "chunks_per_worker": 4,
        "chunk_size": 1,
    }


def test_the_plain_loop_is_one_worker_whatever_was_asked_for() -> None:
    assert facts(SYNC, concurrency=50) == {"workers": 1}
    assert facts(THREADING, concurrency=3) == {"workers": 3}


@loops
def test_a_task_that_a_round_leaves_behind_is_told(runner: Runner) -> None:
    async def body(kit: Any, params: Any) -> Any:
        async def op(item: int) -> int:
            kept.append(asyncio.create_task(asyncio.sleep(WAIT_S), name="straggler"))
            return item * 2

        return op

    kept: list[Any] = []
    with pytest.raises(RuntimeError, match=r"1 task\(s\) were left behind by the round, such as straggler"):
        run(runner, natural(runner, fakes.workload(bodies={"async": body}), n=1))


@loops
def test_a_task_that_its_own_op_cancels_is_told(runner: Runner) -> None:
    async def body(kit: Any, params: Any) -> Any:
        async def op(item: int) -> int:
            raise asyncio.CancelledError

        return op

    with pytest.raises(RuntimeError, match="2 of 2 tasks were cancelled by their own op"):
        run(runner, natural(runner, fakes.workload(bodies={"async": body}), concurrency=2))


@loops
def test_a_body_that_blocks_the_loop_is_seen_as_a_stall(runner: Runner) -> None:
    blocked = threading.Event()

    def body(kit: Any, params: Any) -> Any:
        return lambda item: item * 2 if not blocked.wait(0.05) else None

    done = run(runner, fakes.job(fakes.workload(bodies={"pure": body}), "pure", n=1))
    assert done.stall_max_s is not None
    assert done.stall_max_s >= 0.03


def test_a_killed_pool_process_is_told_instead_of_waited_for() -> None:
    with pytest.raises(RuntimeError, match="1 of 2 pool processes died during the round"):
        run(MULTIPROCESSING, fakes.job(fakes.KILLED, concurrency=2))


def test_a_pool_process_that_was_lost_between_rounds_is_told_though_the_others_did_the_work() -> None:
    with MULTIPROCESSING.open(fakes.job(fakes.TINY, concurrency=2)) as session:
        session.members.add(fakes.DEAD_PID)  # type: ignore[attr-defined]
        with pytest.raises(RuntimeError, match="1 of 2 pool processes died during the round"):
            session.run([1, 2, 3], prove=False)


def test_the_usage_of_pool_processes_is_reported() -> None:
    done = run(MULTIPROCESSING, fakes.job(fakes.SPINNING, n=8, concurrency=2), prove=True)
    assert done.proof is not None
    assert done.proof.processes == len(done.children) >= 1
    assert sum(usage.cpu_user_s + usage.cpu_system_s for usage in done.children.values()) > 0


def test_a_result_that_cannot_be_sent_back_is_told_without_its_address() -> None:
    with pytest.raises(RuntimeError, match=r"cannot be sent back from its process: .*coroutine") as caught:
        run(MULTIPROCESSING, fakes.job(fakes.PROMISING, concurrency=2))
    assert "0x" not in str(caught.value)


def test_a_coroutine_that_a_pool_process_never_awaits_is_a_failure() -> None:
    done = run(MULTIPROCESSING, fakes.job(fakes.FORGETFUL, concurrency=2))
    assert done.failures
    assert all("was never awaited" in words for _, words in done.failures)


@pytest.mark.parametrize(("ops", "workers"), [(100, 10), (1000, 100), (7, 7), (64, 4), (90, 3), (2, 2)])
def test_chunks_give_every_pool_process_the_same_share(ops: int, workers: int) -> None:
    size = multiprocessing_.even_chunk(ops, workers)
    assert (ops // workers) % size == 0
    assert size <= max(1, -(-ops // (workers * 4)))


@pytest.mark.parametrize(("ops", "workers"), [(1, 4), (101, 10), (3, 2)])
def test_where_the_work_does_not_divide_chunks_are_those_of_pool_map(ops: int, workers: int) -> None:
    assert multiprocessing_.even_chunk(ops, workers) == max(1, -(-ops // (workers * 4)))
