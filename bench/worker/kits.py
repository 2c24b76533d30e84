"""The verbs a body may use, bound once as native primitives: a wrapper per op would be a tax (method.md, R9).

No event loop is imported here: a thread or a process must not pay for asyncio at its start.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..homes import check_code
from ..model import Job
from .slowdown import slowed, slowed_async

Op = Callable[[Any], Any]


@dataclass
class BlockingKit:
    """The kit of a body that waits by blocking its thread; `close` ends what the body entered."""

    in_flight: int
    address: str | None
    sleep: Callable[[float], Any] = time.sleep
    stack: ExitStack = field(default_factory=ExitStack)

    def enter(self, resource: Any) -> Any:
        return self.stack.enter_context(resource)

    def close(self) -> None:
        self.stack.close()


@dataclass
class LoopKit:
    """The kit of a body on an event loop; `enter` is awaited when the resource is asynchronous.

    `sleep` is the library's own: `asyncio.sleep`, `trio.sleep`.
    """

    in_flight: int
    address: str | None
    sleep: Callable[[float], Any]
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    def enter(self, resource: Any) -> Any:
        if hasattr(resource, "__aenter__"):
            return self.stack.enter_async_context(resource)
        return self.stack.enter_context(resource)

    async def close(self) -> None:
        await self.stack.aclose()


def open_blocking(job: Job, sleep: Callable[[float], Any] = time.sleep) -> tuple[Op, BlockingKit]:
    """Open the job's body for one thread or process; returns its op and the kit to close afterwards."""
    if job.trace:
        from .tracing import TracedSleep, traced

        sleep = TracedSleep(sleep, job.trace)
    kit = BlockingKit(in_flight=job.within or 1, address=job.address, sleep=sleep)
    try:
        op = slowed(job.body(kit, job.params), job.extra_loops)
        # Here and not in the worker alone: what a process of a pool imports, nobody else sees.
        check_code()
        return (traced(op, job) if job.trace else op), kit
    except BaseException:
        kit.close()
        raise


async def open_async(job: Job, sleep: Callable[[float], Any]) -> tuple[Op, LoopKit]:
    """Open the job's async body on the running loop; returns its op and the kit to close afterwards."""
    if job.trace:
        from .tracing import TracedAsyncSleep, traced_async

        sleep = TracedAsyncSleep(sleep, job.trace)
    kit = LoopKit(in_flight=job.within or job.concurrency, address=job.address, sleep=sleep)
    try:
        op = slowed_async(await job.body(kit, job.params), job.extra_loops)
        return (traced_async(op, job) if job.trace else op), kit
    except BaseException:
        await kit.close()
        raise


@contextmanager
def opened(job: Job, call: Callable[..., Any], sleep: Callable[[float], Any]) -> Iterator[Op]:
    """The job's op, its body opened on the loop that `call` enters, or in this thread where it never waits."""
    if job.awaits:
        op, loop_kit = call(open_async, job, sleep)
        try:
            yield op
        finally:
            call(loop_kit.close)
    else:
        op, kit = open_blocking(job)
        try:
            yield op
        finally:
            kit.close()
