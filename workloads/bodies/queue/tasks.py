"""Bodies of `queue` whose consumers are tasks of an event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from when_async.bench.model import Kit, Params

from .common import ROOM, AsyncProgram, Call, Item, Parcel, Result, begin, clock, done, produce_async, shares


async def run_asyncio(kit: Kit, params: Params) -> AsyncProgram:
    """Tasks and an asyncio.Queue: when it has been joined, the consumers are cancelled."""
    import asyncio

    sleep, consumers = kit.sleep, kit.in_flight

    async def consume(waiting: asyncio.Queue[Parcel], results: list[Result]) -> None:
        while True:
            parcel = await waiting.get()
            got_ns = clock()
            await sleep(parcel[1])
            results.append(done(parcel, got_ns))
            waiting.task_done()

    async def op(items: Sequence[Item]) -> list[Result]:
        results: list[Result] = []
        told = shares(items, params, consumers)
        waiting: asyncio.Queue[Parcel] = asyncio.Queue(ROOM)
        async with asyncio.TaskGroup() as group:
            serving = [group.create_task(consume(waiting, results)) for _ in range(consumers)]
            await asyncio.sleep(0)
            begin_ns = begin()
            async with asyncio.TaskGroup() as producers:
                for share in told:
                    producers.create_task(produce_async(waiting.put, sleep, share, begin_ns))
            await waiting.join()
            for task in serving:
                task.cancel()
        return results

    return op


def in_group(
    kit: Kit,
    params: Params,
    open_group: Callable[[], Any],
    open_channel: Callable[[int], tuple[Any, Any]],
    checkpoint: Callable[[], Awaitable[None]],
) -> AsyncProgram:
    """Tasks and a channel: when the last producer has closed its clone, the consumers come to the end of it."""
    sleep, consumers = kit.sleep, kit.in_flight

    async def feed(channel: Any, share: Sequence[Call], begin_ns: int) -> None:
        async with channel:
            await produce_async(channel.send, sleep, share, begin_ns)

    async def consume(channel: Any, results: list[Result]) -> None:
        async with channel:
            async for parcel in channel:
                got_ns = clock()
                await sleep(parcel[1])
                results.append(done(parcel, got_ns))

    async def op(items: Sequence[Item]) -> list[Result]:
        results: list[Result] = []
        told = shares(items, params, consumers)
        send, receive = open_channel(ROOM)
        async with open_group() as group, send, receive:
            for _ in range(consumers):
                group.start_soon(consume, receive.clone(), results)
            # The first turn may come before some of the new tasks' own, the second cannot.
            await checkpoint()
            await checkpoint()
            begin_ns = begin()
            for share in told:
                group.start_soon(feed, send.clone(), share, begin_ns)
        return results

    return op


async def run_trio(kit: Kit, params: Params) -> AsyncProgram:
    """Tasks in a nursery and a memory channel."""
    import trio

    return in_group(kit, params, trio.open_nursery, trio.open_memory_channel, trio.lowlevel.checkpoint)


async def run_anyio(kit: Kit, params: Params) -> AsyncProgram:
    """Tasks in a task group and a memory object stream."""
    import anyio
    import anyio.lowlevel

    streams = anyio.create_memory_object_stream
    return in_group(kit, params, anyio.create_task_group, streams, anyio.lowlevel.checkpoint)


async def run_curio(kit: Kit, params: Params) -> AsyncProgram:
    """Tasks and a curio.Queue: when it has been joined, the consumers are cancelled."""
    import curio

    sleep, consumers = kit.sleep, kit.in_flight

    async def consume(waiting: Any, results: list[Result]) -> None:
        while True:
            parcel = await waiting.get()
            got_ns = clock()
            await sleep(parcel[1])
            results.append(done(parcel, got_ns))
            await waiting.task_done()

    async def op(items: Sequence[Item]) -> list[Result]:
        results: list[Result] = []
        told = shares(items, params, consumers)
        waiting = curio.Queue(ROOM)
        async with curio.TaskGroup() as group:
            for _ in range(consumers):
                await group.spawn(consume, waiting, results)
            await curio.sleep(0)
            begin_ns = begin()
            async with curio.TaskGroup() as producers:
                for share in told:
                    await producers.spawn(produce_async, waiting.put, sleep, share, begin_ns)
            await waiting.join()
            await group.cancel_remaining()
        return results

    return op
