"""`multiprocessing`: a pool of C processes fed in chunks, under the default start method or a named one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing.context import BaseContext
from multiprocessing.pool import MaybeEncodingError  # type: ignore[attr-defined]
from multiprocessing.util import Finalize
from threading import BrokenBarrierError
from typing import Any

from ..model import Job, Round, Runner
from ..worker.children import PLACE, ChildJob, Chunk, ChunkDone, child_job, close_here, open_process, run_chunk
from ..worker.chunked import ChunkSession
from ..worker.limits import process_limit
from ..worker.op_log import OpLog, op_log
from ..worker.program import open_program
from ..worker.serial import SyncSession

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


class PoolSession(ChunkSession):
    """Maps chunks over a pool, and says so when one of its processes has died."""

    def __init__(self, pool: Any, context: BaseContext, written: OpLog, workers: int) -> None:
        super().__init__(written, workers, {"start_method": str(context.get_start_method())})
        self.pool = pool
        self.context = context
        self.members = {child.pid for child in context.active_children()}

    def parts(self, sent: Sequence[Chunk]) -> Iterable[ChunkDone]:
        pending = self.pool.map_async(run_chunk, sent, chunksize=1)
        while not pending.ready():
            pending.wait(ALIVE_CHECK_S)
            if not pending.ready():
                self._check_alive()
        try:
            return pending.get()  # type: ignore[no-any-return]
        except MaybeEncodingError as error:
            raise RuntimeError(f"a result cannot be sent back from its process: {error.exc}") from None

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        done = super().run(items, prove=prove)
        self._check_alive()
        return done

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
    if library and library not in job.workload.faces:
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
    with op_log() as written, context_for(job, method) as context:
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


@contextmanager
def open_processes(job: Job) -> Iterator[SyncSession]:
    """A program that starts its own processes; the fork server that starts them ends with the session."""
    with context_for(job), open_program(job) as session:
        yield session


MULTIPROCESSING = Runner(
    name="multiprocessing",
    summary="a pool of C processes, default start method, fed in chunks",
    family="processes",
    styles=("multiprocessing", "blocking", "pure"),
    open=open_pool,
    program=open_processes,
    limit=process_limit,
    core=True,
)
FORK = variant("fork")
FORKSERVER = variant("forkserver")
SPAWN = variant("spawn")
