"""Bodies of `fanout` for event loops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


def in_group(
    kit: Kit, params: Params, open_group: Callable[[], Any], open_channel: Callable[[int], tuple[Any, Any]]
) -> AsyncProgram:
    """A nursery or task group whose tasks send their results into a channel, each through a clone of its own."""
    check_room(kit, params)
    one = waiting_async(kit)

    async def tell(item: Item, channel: Any) -> None:
        async with channel:
            await channel.send(await one(item))

    async def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        send, receive = open_channel(0)
        async with open_group() as group, receive:
            async with send:
                for item in items:
                    group.start_soon(tell, item, send.clone())
            async for value in receive:
                caller.hold(value)
        return caller.results

    return op


async def run_nursery(kit: Kit, params: Params) -> AsyncProgram:
    """A trio nursery and a memory channel."""
    import trio

    return in_group(kit, params, trio.open_nursery, trio.open_memory_channel)


async def run_anyio_group(kit: Kit, params: Params) -> AsyncProgram:
    """A task group of anyio and a memory object stream."""
    import anyio

    return in_group(kit, params, anyio.create_task_group, anyio.create_memory_object_stream)


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
