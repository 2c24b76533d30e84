"""N5, one task instead of N: `spawn(task, list(range(N)))` makes one task that is given all items, and waits once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from when_async.bench.model import Job
from when_async.bench.runners.asyncio_ import ASYNCIO, LoopSession, Order, open_loop


async def all_in_one(order: Order) -> tuple[int, float]:
    import asyncio
    import time

    task: Callable[[Any], Awaitable[Any]] = order.op
    order.watch.start()
    order.results[:] = await asyncio.create_task(task(list(order.items)))  # type: ignore[arg-type]
    return time.perf_counter_ns(), 0.0


@contextmanager
def open_one_task(job: Job) -> Iterator[LoopSession]:
    with open_loop(job, fan_out=all_in_one) as session:
        yield session


ALL_IN_ONE = replace(ASYNCIO, name="all_in_one", open=open_one_task)
