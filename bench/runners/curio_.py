"""`curio`: C tasks in a task group on one kernel, pulling ops from one queue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..model import Job, Runner
from ..worker.kits import opened
from ..worker.probes import Stopwatch
from .trio_ import GroupSession, Heartbeat


async def in_kernel(task: Callable[[Any], Awaitable[None]], workers: int, watch: Stopwatch) -> float:
    """The tasks in a task group of curio, beside a task that beats."""
    import curio

    gate, heartbeat = curio.Event(), Heartbeat(curio.sleep)
    pulse = await curio.spawn(heartbeat.beat)
    async with curio.TaskGroup() as group:
        for _ in range(workers):
            await group.spawn(task, gate)
        # One turn of the kernel lets every task reach the gate before it opens.
        await curio.sleep(0)
        watch.start()
        await gate.set()
    stall_s = heartbeat.end_s()
    await pulse.cancel()
    return stall_s


@contextmanager
def open_curio(job: Job) -> Iterator[GroupSession]:
    import curio

    with curio.Kernel() as kernel, opened(job, kernel.run, curio.sleep) as op:
        yield GroupSession(in_kernel, kernel.run, op, job, "curio.Kernel")


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
