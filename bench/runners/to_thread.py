"""A blocking body off the loop: each of C tasks hands its op to a worker thread and awaits it.

Both libraries limit their worker threads unless told otherwise (asyncio to cores + 4 or 32, anyio to 40), which would
hide behind the concurrency that was asked for (method.md, N11); here the limit is C, but for the one runner that shows
what the default does.
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
from ..worker.fanout import Tally
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

    def __init__(self, runner: asyncio.Runner, job: Job, call: Call, ops: Sequence[Op], threads: int) -> None:
        self.call = call
        self.free = list(ops)
        self.held_back = threads < job.concurrency

        async def fan_out(order: Order) -> tuple[int, float]:
            await prime(call, threads)
            return await pulling(order)

        super().__init__(runner, self.borrowing(), job, fan_out)
        self.awaits = True
        self.facts = {**self.facts, "workers": threads}

    def borrowing(self, tally: Tally | None = None) -> Op:
        """An op that runs in a thread on a body of its own; counted there, if at all."""

        async def op(item: Any) -> Any:
            mine = self.free.pop()
            try:
                return await self.call(tally.watch(mine) if tally else mine, item)
            finally:
                self.free.append(mine)

        return op

    def watched(self, op: Op, tally: Tally) -> Op:
        """What waits for a thread is not in flight; else the loop counts, which sees its own clock."""
        return self.borrowing(tally) if self.held_back else super().watched(op, tally)


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


def as_asked(concurrency: int) -> int:
    """A thread for each op in flight."""
    return concurrency


def default_threads() -> int:
    """The most threads of an executor that nobody gave a size."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor() as pool:
        return pool._max_workers


def by_default(concurrency: int) -> int:
    """Of them no more start than there are ops in flight."""
    return min(concurrency, default_threads())


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
def open_behind(
    job: Job, make_call: Callable[[asyncio.Runner, int], Call], size: Callable[[int], int] = as_asked
) -> Iterator[ThreadsBehindLoop]:
    with opened_contexts(job) as ops, joined("anyio"), asyncio.Runner() as runner:
        threads = size(job.concurrency)
        yield ThreadsBehindLoop(runner, job, make_call(runner, threads), ops, threads)


ASYNCIO_TO_THREAD = Runner(
    name="asyncio+to_thread",
    summary="C tasks, each op in a thread by asyncio.to_thread, with C threads",
    family="asyncio",
    styles=("asyncio+to_thread", "blocking", "pure"),
    open=partial(open_behind, make_call=asyncio_call),
    limit=thread_limit,
)
DEFAULT_POOL = Runner(
    name="asyncio+to_thread_default",
    summary="C tasks, each op in a thread by asyncio.to_thread, with the loop's default pool of threads",
    family="asyncio",
    styles=ASYNCIO_TO_THREAD.styles,
    open=partial(open_behind, make_call=asyncio_call, size=by_default),
    limit=thread_limit,
    holds_back=default_threads,
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
