"""Bodies of `file_append` for asyncio: aiofiles, batches handed to a thread, and writes that block the loop."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter_ns
from typing import Any

from when_async.bench.model import Kit, Params

from .file_append_common import AsyncProgram, Item, Row, Write, append_awaiting, open_desk, opened, whole
from .file_append_pools import primed

BATCH = 50
"""Records that the face `batch` hands over in one hop."""


async def run_tasks(writers: int, write: Write) -> None:
    """Run `write(writer)` for each writer as a task of its own."""
    import asyncio

    async with asyncio.TaskGroup() as group:
        for writer in range(writers):
            group.create_task(write(writer))


async def aiofiles_body(kit: Kit, params: Params) -> AsyncProgram:
    """A task for each writer with handles of its own; aiofiles sends every write to a thread, as many as writers."""
    import aiofiles

    desk, pool = open_desk(kit, params), primed(kit, kit.in_flight)

    async def open_one(file: int) -> Any:
        return await kit.enter(aiofiles.open(desk.paths[file], "ab", buffering=0, executor=pool))

    handles = [{file: await open_one(file) for file in desk.files_of(writer)} for writer in range(desk.writers)]

    async def op(items: Sequence[Item]) -> list[Row]:
        return await append_awaiting(desk, handles, items, run_tasks)

    return op


async def batches(kit: Kit, params: Params) -> AsyncProgram:
    """A task for each writer, which gathers records and hands a batch over to a thread by asyncio.to_thread."""
    import asyncio

    desk, pool = open_desk(kit, params), primed(kit, kit.in_flight)
    # The loop shuts it down too, when it is closed; that comes after the body and finds it shut.
    asyncio.get_running_loop().set_default_executor(pool)
    handles = [kit.enter(opened(desk, writer)) for writer in range(desk.writers)]

    def flush(handle: Any, batch: Sequence[bytes]) -> None:
        data = b"".join(batch)
        whole(handle.write(data), data)

    async def op(items: Sequence[Item]) -> list[Row]:
        rows: list[Row] = []

        async def write(writer: int) -> None:
            mine = handles[writer]
            waiting: dict[int, list[bytes]] = {file: [] for file in mine}
            share = items[writer :: desk.writers]
            left = dict.fromkeys(mine, 0)
            for _, file in share:
                left[file] += 1
            for item in share:
                file, batch = item[1], waiting[item[1]]
                called_ns = perf_counter_ns()
                batch.append(desk.records[item[0]])
                left[file] -= 1
                if len(batch) == BATCH or not left[file]:
                    waiting[file] = []
                    await asyncio.to_thread(flush, mine[file], batch)
                rows.append(desk.row(item, called_ns))

        await run_tasks(desk.writers, write)
        return rows

    return op


async def direct(kit: Kit, params: Params) -> AsyncProgram:
    """A task for each writer that calls the blocking write itself; between two appends the loop has a turn."""
    from asyncio import sleep

    desk = open_desk(kit, params)
    handles = [kit.enter(opened(desk, writer)) for writer in range(desk.writers)]

    async def op(items: Sequence[Item]) -> list[Row]:
        rows: list[Row] = []

        async def write(writer: int) -> None:
            mine = handles[writer]
            for item in items[writer :: desk.writers]:
                data, handle = desk.records[item[0]], mine[item[1]]
                called_ns = perf_counter_ns()
                whole(handle.write(data), data)
                rows.append(desk.row(item, called_ns))
                await sleep(0)

        await run_tasks(desk.writers, write)
        return rows

    return op
