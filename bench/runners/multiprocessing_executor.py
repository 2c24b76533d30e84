"""`multiprocessing+executor`: ProcessPoolExecutor, fed in chunks as its `map(chunksize=...)` does."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from multiprocessing.context import BaseContext
from typing import Any

from bench.model import Job, Round, Runner, Scalar
from bench.runners.multiprocessing_ import CHECK_IN_TIMEOUT_S, context_for, open_member
from bench.worker.children import CHUNKS_PER_WORKER, child_job, chunks, even_chunk, put_together, run_chunk
from bench.worker.fanout import Failures
from bench.worker.ledger import Ledger, ledger
from bench.worker.limits import process_limit
from bench.worker.probes import Stopwatch


class ChunkSession:
    """Submits chunks to an executor and takes their results in order."""

    def __init__(self, executor: Executor, written: Ledger, workers: int, facts: Mapping[str, Scalar]) -> None:
        self.executor = executor
        self.ledger = written
        self.workers = workers
        self.facts: Mapping[str, Scalar] = {"workers": workers, **facts, "chunks_per_worker": CHUNKS_PER_WORKER}

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        size = even_chunk(len(items), self.workers)
        self.facts = {**self.facts, "chunk_size": size}
        self.ledger.reset()
        results: list[Any] = [None] * len(items)
        failures: Failures = []
        watch = Stopwatch(children=True)
        watch.start()
        sent = chunks(items, size, self.ledger.path if prove else "")
        put_together(self.executor.map(run_chunk, sent), results, failures)
        end_ns = time.perf_counter_ns()
        return watch.round(results, failures, end_ns, proof=self.ledger.proof() if prove else None)


def nothing() -> None:
    """Makes an executor start one more process."""


@contextmanager
def primed_executor(job: Job, context: BaseContext) -> Iterator[Executor]:
    """A ProcessPoolExecutor whose C processes are all up and have opened the body."""
    from concurrent.futures import ProcessPoolExecutor

    barrier = context.Barrier(job.concurrency + 1)
    executor = ProcessPoolExecutor(
        job.concurrency, mp_context=context, initializer=open_member, initargs=(child_job(job), barrier)
    )
    try:
        # It starts a process when it is given something to do and none is idle.
        started = [executor.submit(nothing) for _ in range(job.concurrency)]
        barrier.wait(CHECK_IN_TIMEOUT_S)
        for one in started:
            one.result()
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def open_executor(job: Job) -> Iterator[ChunkSession]:
    with ledger() as written, context_for(job) as context, primed_executor(job, context) as executor:
        yield ChunkSession(executor, written, job.concurrency, {"start_method": str(context.get_start_method())})


MULTIPROCESSING_EXECUTOR = Runner(
    name="multiprocessing+executor",
    summary="ProcessPoolExecutor with C processes, default start method, fed in chunks",
    family="processes",
    styles=("multiprocessing", "blocking", "pure"),
    open=open_executor,
    limit=process_limit,
)
