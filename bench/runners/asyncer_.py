"""`asyncer`: a task per op by `soonify`, and a blocking op per task by `asyncify`, as its documentation shows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..model import Job, Runner
from ..worker.contexts import opened_contexts
from ..worker.kits import Op
from ..worker.limits import thread_limit
from .asyncio_ import Heartbeat, LoopSession, Order, open_loop
from .to_thread import Call, ThreadsBehindLoop, joined, prime


async def soonified(order: Order) -> tuple[int, float]:
    """A task group in which each op is called soon; a semaphore lets C of them on."""
    import asyncer

    one = order.one()
    heartbeat = Heartbeat(asyncio.get_running_loop())
    order.watch.start()
    async with asyncer.create_task_group() as group:
        soon = group.soonify(one)
        for index, item in enumerate(order.items):
            soon(index, item)
    return time.perf_counter_ns(), heartbeat.stop()


@contextmanager
def open_asyncer(job: Job) -> Iterator[LoopSession]:
    with open_loop(job, fan_out=soonified) as session:
        yield session


class Asyncified(ThreadsBehindLoop):
    """Threads behind a loop, each op a task of its own."""

    def __init__(self, runner: asyncio.Runner, job: Job, call: Call, ops: Sequence[Op]) -> None:
        super().__init__(runner, job, call, ops, job.concurrency)

        async def fan_out(order: Order) -> tuple[int, float]:
            await prime(call, job.concurrency)
            return await soonified(order)

        self.fan_out = fan_out


def asyncify_call(runner: asyncio.Runner, count: int) -> Call:
    import anyio
    import asyncer

    async def limiter() -> Any:
        return anyio.CapacityLimiter(count)

    limit = runner.run(limiter())

    def call(op: Callable[[Any], Any], item: Any) -> Any:
        return asyncer.asyncify(op, limiter=limit)(item)

    return call


@contextmanager
def open_asyncify(job: Job) -> Iterator[Asyncified]:
    with opened_contexts(job) as ops, joined("anyio"), asyncio.Runner() as runner:
        yield Asyncified(runner, job, asyncify_call(runner, job.concurrency), ops)


ASYNCER = Runner(
    name="asyncer",
    summary="a task per op by asyncer's soonify, bounded by a semaphore",
    family="trio",
    styles=("asyncer", "asyncio", "async", "pure"),
    open=open_asyncer,
    requires=("asyncer",),
    one_core=True,
)
ASYNCER_ASYNCIFY = Runner(
    name="asyncer+asyncify",
    summary="a task per op, each op in a thread by asyncer's asyncify, with C threads",
    family="trio",
    styles=("asyncer+asyncify", "blocking", "pure"),
    open=open_asyncify,
    requires=("asyncer", "anyio"),
    limit=thread_limit,
)
