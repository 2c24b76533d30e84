"""A blocking body off the loop: each of C tasks hands its op to a worker thread and awaits it.

Both libraries limit their worker threads unless told otherwise (asyncio to cores + 4 or 32, anyio to 40), which would
hide behind the concurrency that was asked for (method.md, N11); here the limit is C.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from threading import Barrier
from time import monotonic
from typing import Any

from ..model import Job, Runner
from ..worker.contexts import opened_contexts
from ..worker.kits import Op
from ..worker.limits import thread_limit
from .asyncio_ import LoopSession, Order, pulling

LEAVE_S = 10.0
Call = Callable[[Op, Any], Awaitable[Any]]
"""Runs one op on an item in a worker thread."""


async def prime(call: Call, count: int) -> None:
    """Have all worker threads up; anyio ends those that were idle for ten seconds."""
    together = Barrier(count)
    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(_wait(call, together))


async def _wait(call: Call, together: Barrier) -> None:
    await call(lambda _: together.wait(), None)


class ThreadsBehindLoop(LoopSession):
    """A LoopSession whose op borrows an opened body, so that no connection is used by two threads at once."""

    def __init__(self, runner: asyncio.Runner, job: Job, call: Call, ops: Sequence[Op]) -> None:
        free = list(ops)

        async def op(item: Any) -> Any:
            mine = free.pop()
            try:
                return await call(mine, item)
            finally:
                free.append(mine)

        async def fan_out(order: Order) -> tuple[int, float]:
            await prime(call, job.concurrency)
            return await pulling(order)

        super().__init__(runner, op, job, fan_out)
        self.awaits = True


@contextmanager
def joined(library: str = "") -> Iterator[None]:
    """Wait for the threads that were started inside, those of a library only where one is named.

    anyio tells its own to end and does not see to it. What the ops themselves keep does not end, and is not waited for.
    """
    before = set(threading.enumerate())
    yield
    until = monotonic() + LEAVE_S
    for thread in set(threading.enumerate()) - before:
        if type(thread).__module__.startswith(library):
            thread.join(max(0.0, until - monotonic()))


def asyncio_call(runner: asyncio.Runner, count: int) -> Call:
    from concurrent.futures import ThreadPoolExecutor

    # The loop shuts its default executor down when it is closed.
    runner.get_loop().set_default_executor(ThreadPoolExecutor(count))
    return asyncio.to_thread


def anyio_call(runner: asyncio.Runner, count: int) -> Call:
    import anyio.to_thread

    async def limiter() -> Any:
        return anyio.CapacityLimiter(count)

    return partial(anyio.to_thread.run_sync, limiter=runner.run(limiter()))


@contextmanager
def open_behind(job: Job, make_call: Callable[[asyncio.Runner, int], Call]) -> Iterator[ThreadsBehindLoop]:
    with opened_contexts(job) as ops, joined("anyio"), asyncio.Runner() as runner:
        yield ThreadsBehindLoop(runner, job, make_call(runner, job.concurrency), ops)


ASYNCIO_TO_THREAD = Runner(
    name="asyncio+to_thread",
    summary="C tasks, each op in a thread by asyncio.to_thread, with C threads",
    family="asyncio",
    styles=("asyncio+to_thread", "blocking", "pure"),
    open=partial(open_behind, make_call=asyncio_call),
    limit=thread_limit,
)
ANYIO_TO_THREAD = Runner(
    name="anyio+to_thread",
    summary="C tasks, each op in a thread by anyio.to_thread, with C threads",
    family="trio",
    styles=("anyio+to_thread", "blocking", "pure"),
    open=partial(open_behind, make_call=anyio_call),
    requires=("anyio",),
    limit=thread_limit,
)
