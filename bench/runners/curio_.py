"""`curio`: C tasks in a task group on one kernel, pulling ops from one queue."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ..model import Job, Round, Runner, Scalar
from ..worker.fanout import Failures, Tally, prefilled, pull, pull_async
from ..worker.kits import Op, open_async, open_blocking
from ..worker.probes import Stopwatch
from .trio_ import Heartbeat


class KernelSession:
    """Runs rounds on a kernel that is kept."""

    def __init__(self, kernel: Any, op: Op, job: Job) -> None:
        self.kernel = kernel
        self.op = op
        self.workers = job.concurrency
        self.awaits = job.style not in ("pure", "blocking")
        self.facts: Mapping[str, Scalar] = {"workers": job.concurrency, "loop": "curio.Kernel"}

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        done: Round = self.kernel.run(self._round, items, Tally() if prove else None)
        return done

    async def _round(self, items: Sequence[Any], tally: Tally | None) -> Round:
        import curio

        op = self.op
        if tally:
            op = tally.watch_async(op) if self.awaits else tally.watch(op)
        results: list[Any] = [None] * len(items)
        failures: Failures = []
        get = prefilled(len(items)).get_nowait
        gate = curio.Event()
        ended_ns: list[int] = []
        watch = Stopwatch()

        async def awaiting() -> None:
            await gate.wait()
            await pull_async(op, get, items, results, failures)
            ended_ns.append(time.perf_counter_ns())

        async def computing() -> None:
            await gate.wait()
            pull(op, get, items, results, failures)
            ended_ns.append(time.perf_counter_ns())

        heartbeat = Heartbeat(curio.sleep)
        pulse = await curio.spawn(heartbeat.beat)
        async with curio.TaskGroup() as group:
            for _ in range(self.workers):
                await group.spawn(awaiting if self.awaits else computing)
            # One turn of the kernel lets every task reach the gate before it opens.
            await curio.sleep(0)
            watch.start()
            await gate.set()
        stall_s = heartbeat.end_s()
        await pulse.cancel()
        if len(ended_ns) < self.workers:
            cancelled = self.workers - len(ended_ns)
            raise RuntimeError(f"{cancelled} of {self.workers} tasks were cancelled by their own op")
        proof = tally.proof() if tally else None
        return watch.round(results, failures, max(ended_ns), stall_max_s=stall_s, proof=proof)


@contextmanager
def open_curio(job: Job) -> Iterator[KernelSession]:
    import curio

    with curio.Kernel() as kernel:
        if job.style in ("pure", "blocking"):
            op, kit = open_blocking(job)
            try:
                yield KernelSession(kernel, op, job)
            finally:
                kit.close()
        else:
            op, loop_kit = kernel.run(open_async, job, curio.sleep)
            try:
                yield KernelSession(kernel, op, job)
            finally:
                kernel.run(loop_kit.close)


CURIO = Runner(
    name="curio",
    summary="C tasks in a task group of curio",
    family="trio",
    styles=("curio", "async", "pure"),
    open=open_curio,
    program=open_curio,
    requires=("curio",),
    one_core=True,
    newest_python=(3, 11),
    newest_why="its last release, 1.6, needs multiprocessing.connection.CHALLENGE, which Python 3.12 removed",
)
