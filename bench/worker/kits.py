"""The verbs a body may use, bound once as native primitives: a wrapper per op would be a tax (method.md, R9)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from typing import Any

from bench.model import Job
from bench.worker.burden import burdened


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
class AsyncioKit:
    """The kit of a body on an asyncio loop; `enter` is awaited when the resource is asynchronous."""

    in_flight: int
    address: str | None
    sleep: Callable[[float], Any] = asyncio.sleep
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    def enter(self, resource: Any) -> Any:
        if hasattr(resource, "__aenter__"):
            return self.stack.enter_async_context(resource)
        return self.stack.enter_context(resource)

    async def close(self) -> None:
        await self.stack.aclose()


def open_blocking(job: Job) -> tuple[Callable[[Any], Any], BlockingKit]:
    """Open the job's body for one thread or process; returns its op and the kit to close afterwards."""
    kit = BlockingKit(in_flight=1, address=job.address)
    try:
        return burdened(job.body(kit, job.params), job.extra_loops), kit
    except BaseException:
        kit.close()
        raise
