"""`multiprocessing+executor`: ProcessPoolExecutor, fed in chunks as its `map(chunksize=...)` does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from multiprocessing.context import BaseContext

from ..model import Job, Runner, Scalar
from ..worker.children import Chunk, ChunkDone, child_job, run_chunk
from ..worker.chunked import ChunkSession
from ..worker.limits import process_limit
from ..worker.op_log import OpLog, op_log
from .multiprocessing_ import CHECK_IN_TIMEOUT_S, context_for, open_member


class ExecutorSession(ChunkSession):
    """Maps chunks over an executor."""

    def __init__(self, executor: Executor, written: OpLog, workers: int, facts: Mapping[str, Scalar]) -> None:
        super().__init__(written, workers, facts)
        self.executor = executor

    def parts(self, sent: Sequence[Chunk]) -> Iterable[ChunkDone]:
        return self.executor.map(run_chunk, sent)


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
def open_executor(job: Job) -> Iterator[ExecutorSession]:
    with op_log() as written, context_for(job) as context, primed_executor(job, context) as executor:
        yield ExecutorSession(executor, written, job.concurrency, {"start_method": str(context.get_start_method())})


MULTIPROCESSING_EXECUTOR = Runner(
    name="multiprocessing+executor",
    summary="ProcessPoolExecutor with C processes, default start method, fed in chunks",
    family="processes",
    styles=("multiprocessing", "blocking", "pure"),
    open=open_executor,
    limit=process_limit,
)
