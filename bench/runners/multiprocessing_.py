"""`multiprocessing`: a pool of C processes under the interpreter's default start method, fed in chunks."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.context import BaseContext
from multiprocessing.pool import MaybeEncodingError  # type: ignore[attr-defined]
from multiprocessing.util import Finalize
from threading import BrokenBarrierError
from typing import Any

from bench.model import Job, Proof, Round, Runner, Scalar, Usage
from bench.worker.fanout import Failures, note_failure
from bench.worker.kits import open_blocking
from bench.worker.limits import process_limit
from bench.worker.probes import Stopwatch, difference, usage_now
from bench.worker.session import FinaliserTrap

CHUNKS_PER_WORKER = 4
"""`Pool.map`'s own heuristic: about four chunks for each worker."""

CHECK_IN_TIMEOUT_S = 120.0
ALIVE_CHECK_S = 0.5


class Gauge:
    """Shared counters of ops open at once, touched in an instrumented warm-up round only."""

    def __init__(self, context: BaseContext) -> None:
        self.counts = context.Array("q", 3)  # started, open, peak

    def enter(self) -> None:
        with self.counts.get_lock():
            self.counts[0] += 1
            self.counts[1] += 1
            self.counts[2] = max(self.counts[2], self.counts[1])

    def leave(self) -> None:
        with self.counts.get_lock():
            self.counts[1] -= 1

    def reset(self) -> None:
        with self.counts.get_lock():
            self.counts[:] = [0, 0, 0]


class Child:
    """What a pool process keeps between chunks: the opened op, or why it could not be opened."""

    op: Callable[[Any], Any] | None = None
    error: str = ""
    gauge: Gauge | None = None
    before: Usage = Usage()
    trap = FinaliserTrap()


ChildJob = tuple[str, str, str, Mapping[str, Scalar], str | None, int | None]
"""Reference and name of the workload, body key, parameters, address, extra loops."""


def open_child(job: ChildJob, gauge: Gauge, barrier: Any) -> None:
    """Pool initialiser: open the body once and check in.

    It must not raise: a pool replaces a child that dies here, for ever.
    """
    from bench.registry import find_workload

    ref, name, body_key, params, address, extra_loops = job
    Child.gauge = gauge
    Child.trap.install()
    try:
        workload = find_workload(ref, name)
        Child.op, kit = open_blocking(Job(workload, body_key, params, 1, address, ref, extra_loops))
        Finalize(None, kit.close, exitpriority=1)
    except Exception as error:
        Child.error = f"{type(error).__name__}: {error}"
    Child.before = usage_now()
    try:
        barrier.wait(CHECK_IN_TIMEOUT_S)
    except BrokenBarrierError:
        Child.error = Child.error or "the other processes of the pool did not check in"


def run_chunk(chunk: tuple[int, Sequence[Any], bool]) -> tuple[int, list[Any], Failures, int, Usage]:
    """Run one chunk in a pool process; returns its results and what the process has used since it opened."""
    first, items, prove = chunk
    op = Child.op
    if op is None:
        raise RuntimeError(Child.error)
    if prove and Child.gauge is not None:
        op = _gauged(op, Child.gauge)
    results: list[Any] = []
    failures: Failures = []
    for item in items:
        try:
            results.append(op(item))
        except Exception as error:
            note_failure(failures, first + len(results), error)
            results.append(None)
    heard, Child.trap.heard = Child.trap.heard, []
    failures += [(first, words) for words in heard]
    return first, results, failures, os.getpid(), difference(usage_now(), Child.before)


def call_op(item: Any) -> Any:
    """The bare op, for the loop that is written by hand."""
    if Child.op is None:
        raise RuntimeError(Child.error)
    return Child.op(item)


def _gauged(op: Callable[[Any], Any], gauge: Gauge) -> Callable[[Any], Any]:
    def watched(item: Any) -> Any:
        gauge.enter()
        try:
            return op(item)
        finally:
            gauge.leave()

    return watched


def even_chunk(ops: int, workers: int) -> int:
    """The chunk size of `Pool.map`, or the next smaller one that divides a worker's share.

    A size that does not divide it leaves some workers with a chunk more than the others: 100 waits in chunks of 3
    over 10 workers take 12 waits and not 10.
    """
    usual = max(1, -(-ops // (workers * CHUNKS_PER_WORKER)))
    if ops % workers:
        return usual
    share = ops // workers
    return next(size for size in range(min(usual, share), 0, -1) if share % size == 0)


class PoolSession:
    """Sends chunks to a primed pool and puts what comes back in order."""

    def __init__(self, pool: Any, context: BaseContext, gauge: Gauge, workers: int) -> None:
        self.pool = pool
        self.context = context
        self.gauge = gauge
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
        if prove:
            self.gauge.reset()
        results: list[Any] = [None] * len(items)
        failures: Failures = []
        children: dict[int, Usage] = {}
        watch = Stopwatch()
        watch.start()
        chunks = [(first, items[first : first + size], prove) for first in range(0, len(items), size)]
        pending = self.pool.map_async(run_chunk, chunks, chunksize=1)
        while not pending.ready():
            pending.wait(ALIVE_CHECK_S)
            if not pending.ready():
                self._check_alive()
        try:
            parts = pending.get()
        except MaybeEncodingError as error:
            raise RuntimeError(f"a result cannot be sent back from its process: {error.exc}") from None
        for first, part, failed, pid, usage in parts:
            results[first : first + len(part)] = part
            failures.extend(failed)
            children[pid] = usage
        end_ns = time.perf_counter_ns()
        self._check_alive()
        proof = None
        if prove:
            started, _, peak = self.gauge.counts[:]
            proof = Proof(started=started, peak_in_flight=peak, threads=len(children), processes=len(children))
        return watch.round(results, failures, end_ns, children=children, proof=proof)

    def _check_alive(self) -> None:
        """A pool whose child was killed waits for ever, or goes on with fewer: say so instead."""
        lost = self.members - {child.pid for child in self.context.active_children() if child.is_alive()}
        if lost:
            raise RuntimeError(f"{len(lost)} of {self.workers} pool processes died during the round (was one killed?)")


@contextmanager
def open_pool(job: Job) -> Iterator[PoolSession]:
    import multiprocessing

    context = multiprocessing.get_context()
    library = job.body_key.partition("/")[2]
    if library and context.get_start_method() == "forkserver":
        context.set_forkserver_preload([library])
    gauge = Gauge(context)
    barrier = context.Barrier(job.concurrency + 1)
    child_job = (
        job.workload_ref, job.workload.name, job.body_key, dict(job.params), job.address, job.extra_loops
    )  # fmt: skip
    pool = context.Pool(job.concurrency, initializer=open_child, initargs=(child_job, gauge, barrier))
    try:
        barrier.wait(CHECK_IN_TIMEOUT_S)
        yield PoolSession(pool, context, gauge, job.concurrency)
        pool.close()
    except BaseException:
        pool.terminate()
        raise
    finally:
        pool.join()


MULTIPROCESSING = Runner(
    name="multiprocessing",
    summary="a pool of C processes, default start method, fed in chunks",
    family="processes",
    styles=("multiprocessing", "blocking", "pure"),
    open=open_pool,
    limit=process_limit,
)
