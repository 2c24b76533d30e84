"""`threading+executor`: ThreadPoolExecutor with C threads and a future per op, as its `map` makes them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from threading import Barrier
from typing import Any

from ..model import Job, Round, Runner, Scalar
from ..worker.children import PLACE, ChildJob, call_op, child_job, close_here, open_here, opened_op
from ..worker.fanout import Failures, Tally, note_failure
from ..worker.limits import thread_limit
from ..worker.probes import Stopwatch


def run_counted(item: Any, tally: Tally) -> Any:
    """The op that was opened in this thread, counted."""
    return tally.watch(opened_op())(item)


class FutureSession:
    """Submits each op and takes the results in order."""

    def __init__(self, executor: Executor, workers: int) -> None:
        self.executor = executor
        self.facts: Mapping[str, Scalar] = {"workers": workers}

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        tally = Tally()
        results: list[Any] = []
        failures: Failures = []
        submit = self.executor.submit
        watch = Stopwatch()
        watch.start()
        futures: list[Future[Any]]
        if prove:
            futures = [submit(run_counted, item, tally) for item in items]
        else:
            futures = [submit(call_op, item) for item in items]
        for future in futures:
            try:
                results.append(future.result())
            except (Exception, SystemExit) as error:
                note_failure(failures, len(results), error)
                results.append(None)
        end_ns = time.perf_counter_ns()
        return watch.round(results, failures, end_ns, proof=tally.proof() if prove else None)


def in_each_thread(executor: Executor, count: int, function: Callable[[], Any]) -> None:
    """Call `function` once in each of the executor's threads; none is let go before all have come."""
    together = Barrier(count)

    def once() -> None:
        together.wait()
        function()

    for one in [executor.submit(once) for _ in range(count)]:
        one.result()


def ready() -> None:
    """Raise why this thread could not open the body."""
    if PLACE.error:
        raise RuntimeError(PLACE.error)


@contextmanager
def primed_threads(job: ChildJob, count: int) -> Iterator[Executor]:
    """A ThreadPoolExecutor whose threads are all up and have opened the body; each closes its own."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(count, initializer=open_here, initargs=(job,)) as executor:
        in_each_thread(executor, count, ready)
        try:
            yield executor
        finally:
            in_each_thread(executor, count, close_here)


@contextmanager
def open_executor(job: Job) -> Iterator[FutureSession]:
    with primed_threads(child_job(job), job.concurrency) as executor:
        yield FutureSession(executor, job.concurrency)


THREADING_EXECUTOR = Runner(
    name="threading+executor",
    summary="ThreadPoolExecutor with C threads, a future per op",
    family="threads",
    styles=("threading", "blocking", "pure"),
    open=open_executor,
    limit=thread_limit,
)
