"""`multiprocessing`: a pool of C processes fed in chunks, under the default start method or a named one."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing.context import BaseContext
from multiprocessing.pool import MaybeEncodingError  # type: ignore[attr-defined]
from multiprocessing.util import Finalize
from threading import BrokenBarrierError
from typing import Any

from bench.model import Job, Round, Runner, Scalar
from bench.worker.children import (
    CHUNKS_PER_WORKER,
    PLACE,
    ChildJob,
    child_job,
    chunks,
    close_here,
    even_chunk,
    open_process,
    put_together,
    run_chunk,
)
from bench.worker.fanout import Failures
from bench.worker.ledger import Ledger, ledger
from bench.worker.limits import process_limit
from bench.worker.probes import Stopwatch

CHECK_IN_TIMEOUT_S = 120.0
ALIVE_CHECK_S = 0.5


def open_member(job: ChildJob, barrier: Any) -> None:
    """Pool initialiser: open the body once and check in."""
    open_process(job)
    Finalize(None, close_here, exitpriority=1)
    try:
        barrier.wait(CHECK_IN_TIMEOUT_S)
    except BrokenBarrierError:
        PLACE.error = PLACE.error or "the other processes of the pool did not check in"


class PoolSession:
    """Sends chunks to a primed pool and puts what comes back in order."""

    def __init__(self, pool: Any, context: BaseContext, written: Ledger, workers: int) -> None:
        self.pool = pool
        self.context = context
        self.ledger = written
        self.workers = workers
        self.members = {child.pid for child in context.active_children()}
        self.facts: Mapping[str, Scalar] = {
            "workers": workers,
            "start_method": str(context.get_start_method()),
            "chunks_per_worker": CHUNKS_PER_WORKER,
        }

    def chunk_size(self, ops: int) -> int:
        """Ops sent at once; see `even_chunk`."""
        return even_chunk(ops, self.workers)

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        size = self.chunk_size(len(items))
        self.facts = {**self.facts, "chunk_size": size}
        self.ledger.reset()
        results: list[Any] = [None] * len(items)
        failures: Failures = []
        watch = Stopwatch(children=True)
        watch.start()
        sent = chunks(items, size, self.ledger.path if prove else "")
        pending = self.pool.map_async(run_chunk, sent, chunksize=1)
        while not pending.ready():
            pending.wait(ALIVE_CHECK_S)
            if not pending.ready():
                self._check_alive()
        try:
            put_together(pending.get(), results, failures)
        except MaybeEncodingError as error:
            raise RuntimeError(f"a result cannot be sent back from its process: {error.exc}") from None
        end_ns = time.perf_counter_ns()
        self._check_alive()
        return watch.round(results, failures, end_ns, proof=self.ledger.proof() if prove else None)

    def _check_alive(self) -> None:
        """A pool whose child was killed waits for ever, or goes on with fewer: say so instead."""
        lost = self.members - {child.pid for child in self.context.active_children() if child.is_alive()}
        if lost:
            raise RuntimeError(f"{len(lost)} of {self.workers} pool processes died during the round (was one killed?)")


@contextmanager
def context_for(job: Job, method: str | None = None) -> Iterator[BaseContext]:
    """The multiprocessing context of a start method, by default the interpreter's; its fork server ends with it."""
    import multiprocessing

    context = multiprocessing.get_context(method)
    if context.get_start_method() != "forkserver":
        yield context
        return
    library = job.body_key.partition("/")[2]
    if library:
        context.set_forkserver_preload([library])
    try:
        yield context
    finally:
        end_fork_server()


def end_fork_server() -> None:
    """Stop it and remove its folder, which multiprocessing does when a process ends by itself; a worker does not."""
    import multiprocessing.forkserver as forkserver
    from multiprocessing import util

    forkserver._forkserver._stop()  # type: ignore[attr-defined]
    for finalizer in list(util._finalizer_registry.values()):  # type: ignore[attr-defined]
        if finalizer._callback is util._remove_temp_dir:  # type: ignore[attr-defined]
            finalizer()


@contextmanager
def open_pool(job: Job, method: str | None = None) -> Iterator[PoolSession]:
    with ledger() as written, context_for(job, method) as context:
        barrier = context.Barrier(job.concurrency + 1)
        pool = context.Pool(job.concurrency, initializer=open_member, initargs=(child_job(job), barrier))
        try:
            barrier.wait(CHECK_IN_TIMEOUT_S)
            yield PoolSession(pool, context, written, job.concurrency)
            pool.close()
        except BaseException:
            pool.terminate()
            raise
        finally:
            pool.join()


def variant(method: str) -> Runner:
    """The same pool under a start method that is named."""
    return Runner(
        name=f"multiprocessing+{method}",
        summary=f"multiprocessing's pool of C processes, started by {method}",
        family="processes",
        styles=MULTIPROCESSING.styles,
        open=partial(open_pool, method=method),
        limit=process_limit,
    )


MULTIPROCESSING = Runner(
    name="multiprocessing",
    summary="a pool of C processes, default start method, fed in chunks",
    family="processes",
    styles=("multiprocessing", "blocking", "pure"),
    open=open_pool,
    limit=process_limit,
    core=True,
)
FORK = variant("fork")
FORKSERVER = variant("forkserver")
SPAWN = variant("spawn")
