"""Threads and processes that a user's own code keeps are told beside its row; what a runner leaves is refused."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from support import fakes
from support.in_process import opened
from support.unequal.n02_not_the_model import IN_DEFAULT_POOL
from support.untidy import ENDS, UNTIDY
from when_async.bench.model import Runner, Workload
from when_async.bench.runners.asyncio_ import ASYNCIO
from when_async.bench.runners.sync import SYNC
from when_async.bench.runners.threading_ import THREADING
from when_async.bench.trying import target, work
from when_async.bench.worker.keeping import Keeping, family, outside
from when_async.bench.worker.session import TrialSession
from when_async.bench.worker.trap import Refused

pytestmark = pytest.mark.usefixtures("hooks")

Op = Callable[[Any], Any]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """As at the top of a user's module."""
    with ThreadPoolExecutor(2, thread_name_prefix="shop") as made:
        yield made


def sharing(op: Op, **changes: Any) -> Workload:
    return fakes.workload(bodies={"blocking": lambda kit, params: op}, **changes)


def measured(workload: Workload, runner: Runner = SYNC, rounds: int = 3) -> TrialSession:
    """A trial that went through all its rounds and was closed."""
    trial = TrialSession(runner, fakes.job(workload, next(iter(workload.bodies))), 0)
    trial.open()
    for number in range(rounds):
        trial.round(prove=number == 0)
    trial.close()
    return trial


@pytest.mark.parametrize("runner", [SYNC, THREADING], ids=lambda runner: runner.name)
def test_a_pool_that_a_module_keeps_is_told_and_measured(pool: ThreadPoolExecutor, runner: Runner) -> None:
    trial = measured(sharing(lambda item: sum(pool.map(int, [item, item]))), runner)
    assert trial.facts["keeps"] in ("1 thread(s), such as shop_0", "2 thread(s), such as shop_0")


def test_work_that_a_kept_pool_shares_is_no_crowd_beside_a_model_of_one_thread(pool: ThreadPoolExecutor) -> None:
    both = threading.Barrier(2)
    workload = sharing(lambda item: item * 2 + 0 * sum(pool.map(lambda _: both.wait(), "ab")))
    assert measured(workload, rounds=4).facts["keeps"] == "2 thread(s), such as shop_0"


def test_a_pool_that_grows_later_is_the_same_pool(pool: ThreadPoolExecutor) -> None:
    both, rounds = threading.Barrier(2), iter(range(100))

    def op(item: int) -> int:
        if next(rounds) >= 20:
            list(pool.map(lambda _: both.wait(), "ab"))
        return pool.submit(lambda: item * 2).result()

    assert "2 thread(s)" in measured(sharing(op)).facts["keeps"]


def test_a_thread_that_a_body_starts_while_it_is_opened_is_its_own(pool: ThreadPoolExecutor) -> None:
    def body(kit: Any, params: Any) -> Op:
        pool.submit(int).result()
        return lambda item: item * 2

    assert measured(fakes.workload(bodies={"blocking": body})).facts["keeps"] == "1 thread(s), such as shop_0"


def test_what_a_kept_thread_starts_is_kept_too() -> None:
    ends, inner = threading.Event(), threading.Thread(target=lambda: ends.wait(), name="inner")
    outer = threading.Thread(target=lambda: (inner.start(), ends.wait()), name="outer")

    def op(item: int) -> int:
        if not outer.ident:
            outer.start()
        while not inner.ident:
            pass
        return item * 2

    try:
        assert measured(sharing(op)).facts["keeps"] == "2 thread(s), such as inner"
    finally:
        ends.set()
        outer.join()
        inner.join()


def test_a_process_that_an_op_starts_and_keeps_is_told() -> None:
    started: list[Any] = []

    def op(item: int) -> int:
        if not started:
            started.append(multiprocessing.get_context("fork").Process(target=threading.Event().wait))
            started[0].start()
        return item * 2

    try:
        assert "1 process(es), such as" in measured(sharing(op)).facts["keeps"]
    finally:
        started[0].kill()
        started[0].join()


def test_a_program_that_an_op_keeps_running_beside_it_is_told() -> None:
    found: list[subprocess.Popen[bytes]] = []

    def op(item: int) -> int:
        if not found:
            command = [sys.executable, "-S", "-c", "import sys\nfor line in sys.stdin.buffer: print(flush=True)"]
            found.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        asked, answers = found[0].stdin, found[0].stdout
        assert asked is not None
        assert answers is not None
        asked.write(b"\n")
        asked.flush()
        answers.readline()
        return item * 2

    try:
        assert measured(sharing(op)).facts["keeps"] == "1 other process(es)"
    finally:
        found[0].communicate()


def test_a_pool_for_each_call_that_nobody_closes_is_still_refused() -> None:
    pools: list[ThreadPoolExecutor] = []

    def op(item: int) -> int:
        pools.append(ThreadPoolExecutor(1))
        return pools[-1].submit(lambda: item * 2).result()

    try:
        with pytest.raises(Refused, match=r"^40 thread\(s\) or process\(es\) were left behind, such as"):
            measured(sharing(op))
    finally:
        for each in pools:
            each.shutdown()


def test_a_runner_that_hands_ops_to_threads_is_refused_whosever_the_ops_are() -> None:
    """The threads are started inside what is counted as an op, and by the runner all the same."""
    workload = sharing(lambda item: threading.Event().wait(0.002) or item * 2)
    with pytest.raises(Refused, match="threads were at work where asyncio is a model of one thread"):
        measured(workload, IN_DEFAULT_POOL)


def test_a_thread_that_a_runner_leaves_is_refused_beside_a_pool_that_is_kept(pool: ThreadPoolExecutor) -> None:
    try:
        with pytest.raises(Refused, match=r"^1 thread\(s\) or process\(es\) were left behind, such as straggler$"):
            measured(sharing(lambda item: sum(pool.map(int, [item, item]))), UNTIDY)
    finally:
        ENDS.set()


def test_coroutines_that_use_the_pool_of_their_loop_are_told_and_measured() -> None:
    import asyncio

    async def body(kit: Any, params: Any) -> Op:
        async def op(item: int) -> int:
            return await asyncio.to_thread(lambda: item * 2)

        return op

    trial = measured(fakes.workload(bodies={"async": body}), ASYNCIO)
    assert "thread(s)" in trial.facts.get("keeps", "1 thread(s)")


def test_for_work_of_ours_nothing_is_kept() -> None:
    job = replace(fakes.job(fakes.TINY), workload_ref="when_async.workloads.sleep")
    keeping = Keeping(SYNC, job)
    with keeping.watching():
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
    assert keeping.threads == set()


def test_no_start_of_a_thread_is_in_the_way_of_a_measured_round() -> None:
    start = threading.Thread.start
    seen: list[Any] = []
    workload = sharing(lambda item: seen.append(threading.Thread.start) or item * 2)
    with opened(SYNC, fakes.job(workload)) as trial:
        trial.round(prove=False)
    assert set(seen) == {start}


def test_whose_a_file_is_shows_in_where_it_lies() -> None:
    assert outside(__file__)
    assert outside(str(target.__file__)), "it imports and finds a user's function"
    assert outside(str(work.__file__)), "it calls one"
    assert not outside(threading.__file__)
    assert not outside(pytest.__file__)
    assert not outside("<frozen importlib._bootstrap>")
    assert not outside(fakes.__file__.replace(os.path.join("tests", "support"), os.path.join("lib", "site-packages")))


def test_threads_of_one_pool_are_one_family() -> None:
    assert family("ThreadPoolExecutor-0_3") == "ThreadPoolExecutor-0" == family("ThreadPoolExecutor-0_12")
    assert family("tqdm_monitor") == "tqdm_monitor"
