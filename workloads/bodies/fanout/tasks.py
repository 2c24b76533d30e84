"""Bodies of `fanout` for event loops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from when_async.bench.model import Kit, Params

from .common import AsyncProgram, Caller, Item, Result, check_room, waiting_async


async def gather(kit: Kit, params: Params) -> AsyncProgram:
    """asyncio.gather: all results at the end."""
    import asyncio

    check_room(kit, params)
    one = waiting_async(kit)

    async def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        for value in await asyncio.gather(*map(one, items)):
            caller.hold(value)
        return caller.results

    return op


async def complete(kit: Kit, params: Params) -> AsyncProgram:
    """asyncio.as_completed: each result as it comes."""
    import asyncio

    check_room(kit, params)
    one = waiting_async(kit)

    async def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        for next_one in asyncio.as_completed([one(item) for item in items]):
            caller.hold(await next_one)
        return caller.results

    return op


async def run_task_group(kit: Kit, params: Params) -> AsyncProgram:
    """asyncio.TaskGroup: the tasks have their results when the group ends."""
    import asyncio

    check_room(kit, params)
    one = waiting_async(kit)

    async def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item)) for item in items]
        for task in tasks:
            caller.hold(task.result())
        return caller.results

    return op


async def run_nursery(kit: Kit, params: Params) -> AsyncProgram:
    """A trio nursery whose tasks send their results into a channel, each through a clone of its own."""
    import trio

    check_room(kit, params)
    one = waiting_async(kit)

    async def tell(item: Item, channel: Any) -> None:
        async with channel:
            await channel.send(await one(item))

    async def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        send: Any
        receive: Any
        send, receive = trio.open_memory_channel(0)
        async with trio.open_nursery() as nursery, receive:
            async with send:
                for item in items:
                    nursery.start_soon(tell, item, send.clone())
            async for value in receive:
                caller.hold(value)
        return caller.results

    return op


async def run_anyio_group(kit: Kit, params: Params) -> AsyncProgram:
    """A task group of anyio whose tasks send their results into a memory object stream."""
    import anyio

    check_room(kit, params)
    one = waiting_async(kit)

    async def tell(item: Item, stream: Any) -> None:
        async with stream:
            await stream.send(await one(item))

    async def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        send: Any
        receive: Any
        send, receive = anyio.create_memory_object_stream(0)
        async with anyio.create_task_group() as group, receive:
            async with send:
                for item in items:
                    group.start_soon(tell, item, send.clone())
            async for value in receive:
                caller.hold(value)
        return caller.results

    return op


async def run_curio_group(kit: Kit, params: Params) -> AsyncProgram:
    """A task group of curio, which is iterated and gives its tasks as they end."""
    import curio

    check_room(kit, params)
    one = waiting_async(kit)

    async def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        async with curio.TaskGroup() as group:
            for item in items:
                await group.spawn(one, item)
            async for task in group:
                caller.hold(task.result)
        return caller.results

    return op
