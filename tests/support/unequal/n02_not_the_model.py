"""N2, not the model it says: an `asyncio` that hands each op to a thread of the loop's default pool."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from when_async.bench.model import Job
from when_async.bench.runners import asyncio_ as honest
from when_async.bench.worker.contexts import opened_contexts


@contextmanager
def open_in_default_pool(job: Job) -> Iterator[honest.LoopSession]:
    with opened_contexts(job) as ops, asyncio.Runner() as runner:
        free = list(ops)

        async def op(item: Any) -> Any:
            mine = free.pop()
            try:
                return await asyncio.get_running_loop().run_in_executor(None, mine, item)
            finally:
                free.append(mine)

        session = honest.LoopSession(runner, op, job)
        session.awaits = True
        yield session


IN_DEFAULT_POOL = replace(honest.ASYNCIO, styles=("blocking",), open=open_in_default_pool)
