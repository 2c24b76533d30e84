"""Bodies of `file_append` on event loops.

asyncio has aiofiles, batches handed to a thread, and writes that block the loop; trio and anyio have asynchronous files
of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from time import monotonic, perf_counter_ns
from typing import Any

from when_async.bench.model import Kit, Params

from .common import AsyncProgram, Item, Row, Write, append_awaiting, open_desk, opened, whole
from .pools import primed

BATCH = 50
"""Records that the face `batch` hands over in one hop."""

LEAVE_S = 15.0
"""How long idle threads of a library may take to end; trio's take 10 s when left alone."""


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


@contextmanager
def threads_ended() -> Iterator[None]:
    """Wait at the end for the threads that a library started meanwhile and keeps for later."""
    import threading

    before = set(threading.enumerate())
    yield
    hurry_trio()
    until_s = monotonic() + LEAVE_S
    for thread in set(threading.enumerate()) - before:
        thread.join(max(0.0, until_s - monotonic()))


def hurry_trio() -> None:
    """Have the idle threads of trio end now and not in ten seconds; without effect where trio is built otherwise."""
    import sys
    from threading import Barrier

    cache: Any = sys.modules.get("trio._core._thread_cache")
    idle = len(getattr(getattr(cache, "THREAD_CACHE", None), "_idle_workers", ()))
    if not idle or not hasattr(cache, "IDLE_TIMEOUT"):
        return
    import trio

    # An idle thread takes the time it waits when it begins to wait, so each is given something to do once more.
    usual_s, cache.IDLE_TIMEOUT = cache.IDLE_TIMEOUT, 0.01
    together = Barrier(idle + 1)
    for _ in range(idle):
        trio.lowlevel.start_thread_soon(together.wait, lambda _: None)
    together.wait()
    for thread in [worker._thread for worker in list(cache.THREAD_CACHE._idle_workers)]:
        thread.join(LEAVE_S)
    cache.IDLE_TIMEOUT = usual_s


async def in_group(library: Any, kit: Kit, params: Params) -> AsyncProgram:
    """A task for each writer in a nursery or task group; each write goes to a thread, as many as writers."""
    kit.enter(threads_ended())
    desk = open_desk(kit, params)
    library.to_thread.current_default_thread_limiter().total_tokens = desk.writers

    async def open_one(file: int) -> Any:
        handle = await library.open_file(desk.paths[file], "ab", buffering=0)
        # Closed without a thread: anyio would start one for it that outlives the body.
        kit.enter(closing(handle.wrapped))
        return handle

    handles = [{file: await open_one(file) for file in desk.files_of(writer)} for writer in range(desk.writers)]
    open_group = getattr(library, "open_nursery", None) or library.create_task_group

    async def run(writers: int, write: Write) -> None:
        async with open_group() as group:
            for writer in range(writers):
                group.start_soon(write, writer)

    async def op(items: Sequence[Item]) -> list[Row]:
        return await append_awaiting(desk, handles, items, run)

    return op


async def trio_body(kit: Kit, params: Params) -> AsyncProgram:
    """trio's own asynchronous files."""
    import trio

    return await in_group(trio, kit, params)


async def anyio_body(kit: Kit, params: Params) -> AsyncProgram:
    """anyio's own asynchronous files. On asyncio its threads end with each round, so their start is in the clock."""
    import anyio
    import anyio.to_thread

    return await in_group(anyio, kit, params)
