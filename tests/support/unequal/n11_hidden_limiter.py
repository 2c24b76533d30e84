"""N11, a hidden limiter: `to_thread` with the pool that asyncio makes by itself, called as many in flight as asked for.

That pool has 32 threads at most; the others wait in its queue while they are counted as open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from when_async.bench.model import Job
from when_async.bench.runners.asyncio_ import LoopSession
from when_async.bench.runners.to_thread import ASYNCIO_TO_THREAD
from when_async.bench.worker.contexts import opened_contexts


@contextmanager
def open_default_limit(job: Job) -> Iterator[LoopSession]:
    with opened_contexts(job) as ops, asyncio.Runner() as runner:
        free = list(ops)

        async def op(item: Any) -> Any:
            mine = free.pop()
            try:
                return await asyncio.to_thread(mine, item)
            finally:
                free.append(mine)

        session = LoopSession(runner, op, job)
        session.awaits = True
        yield session


DEFAULT_LIMIT = replace(ASYNCIO_TO_THREAD, name="default_limit", open=open_default_limit)
