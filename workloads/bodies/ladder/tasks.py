"""Bodies of `ladder` whose units are tasks of an event loop."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from socket import socket
from time import perf_counter_ns
from typing import Any

from when_async.bench.model import Kit, Params, Unsuited

from ..resident import resident_bytes
from .common import TOP, AsyncProgram, Row, connection, open_gate


async def asyncio_tasks(kit: Kit, params: Params) -> AsyncProgram:
    """A task for each unit, in one TaskGroup."""
    import asyncio

    hold_s, before = float(params["hold_s"]), resident_bytes()

    async def op(items: Sequence[int]) -> list[Row]:
        gate, full = asyncio.Event(), asyncio.Event()
        rows: list[Row] = []
        far = []
        left = len(items)

        def note() -> None:
            nonlocal left
            left -= 1
            if not left:
                full.set()

        async def listen(near: socket) -> None:
            reader, writer = await asyncio.open_connection(sock=near)
            note()
            await reader.read(1)
            writer.close()
            await writer.wait_closed()

        async def unit(index: int, near: socket | None) -> None:
            began_ns = perf_counter_ns()
            if near is None:
                note()
                await gate.wait()
            else:
                await listen(near)
            rows.append((index, began_ns, perf_counter_ns()))

        async with asyncio.TaskGroup() as group:
            for index in items:
                near, other = connection(params)
                far.append(other)
                group.create_task(unit(index, near))
            await full.wait()
            top = resident_bytes()
            await kit.sleep(hold_s)
            gate.set()
            open_gate(far)
        return [*rows, (TOP, before, top)]

    return op


Listen = Callable[[socket, Callable[[], None]], Coroutine[Any, Any, None]]
"""Makes the library's connection of a socket, calls the function and waits for a byte."""


def in_group(library: Any, open_group: Callable[[], Any], listen: Listen, kit: Kit, params: Params) -> AsyncProgram:
    """A task for each unit, in a nursery or task group."""
    hold_s, before = float(params["hold_s"]), resident_bytes()

    async def op(items: Sequence[int]) -> list[Row]:
        gate, full = library.Event(), library.Event()
        rows: list[Row] = []
        far = []
        left = len(items)

        def note() -> None:
            nonlocal left
            left -= 1
            if not left:
                full.set()

        async def unit(index: int, near: socket | None) -> None:
            began_ns = perf_counter_ns()
            if near is None:
                note()
                await gate.wait()
            else:
                await listen(near, note)
            rows.append((index, began_ns, perf_counter_ns()))

        async with open_group() as group:
            for index in items:
                near, other = connection(params)
                far.append(other)
                group.start_soon(unit, index, near)
            await full.wait()
            top = resident_bytes()
            await kit.sleep(hold_s)
            gate.set()
            open_gate(far)
        return [*rows, (TOP, before, top)]

    return op


async def trio_tasks(kit: Kit, params: Params) -> AsyncProgram:
    """A task for each unit, in one nursery of trio."""
    import trio

    async def listen(near: socket, note: Callable[[], None]) -> None:
        async with trio.SocketStream(trio.socket.from_stdlib_socket(near)) as stream:
            note()
            await stream.receive_some(1)

    return in_group(trio, trio.open_nursery, listen, kit, params)


async def anyio_tasks(kit: Kit, params: Params) -> AsyncProgram:
    """A task for each unit, in one task group of anyio."""
    import anyio
    from anyio.abc import UNIXSocketStream

    if params["connected"] and not hasattr(UNIXSocketStream, "from_socket"):
        raise Unsuited("this anyio makes no stream of a socket; 4.12 and newer do")

    async def listen(near: socket, note: Callable[[], None]) -> None:
        async with await UNIXSocketStream.from_socket(near) as stream:
            note()
            await stream.receive(1)

    return in_group(anyio, anyio.create_task_group, listen, kit, params)


async def curio_tasks(kit: Kit, params: Params) -> AsyncProgram:
    """A task for each unit, in one task group of curio."""
    import curio
    from curio.io import Socket

    hold_s, before = float(params["hold_s"]), resident_bytes()

    async def op(items: Sequence[int]) -> list[Row]:
        gate, full = curio.Event(), curio.Event()
        rows: list[Row] = []
        far, begun = [], []

        async def unit(index: int, near: socket | None) -> None:
            began_ns = perf_counter_ns()
            begun.append(index)
            if len(begun) == len(items):
                await full.set()
            if near is None:
                await gate.wait()
            else:
                async with Socket(near) as stream:
                    await stream.recv(1)
            rows.append((index, began_ns, perf_counter_ns()))

        async with curio.TaskGroup() as group:
            for index in items:
                near, other = connection(params)
                far.append(other)
                await group.spawn(unit, index, near)
            await full.wait()
            top = resident_bytes()
            await kit.sleep(hold_s)
            await gate.set()
            open_gate(far)
        return [*rows, (TOP, before, top)]

    return op
