"""The echo server on asyncio's bare sockets, `loop.sock_recv` and `loop.sock_sendall`, as uvloop's authors measured it.

Only asyncio and loops in its place have these; a task for each connection reads as much as there is, up to 1 000 000
bytes, which is what their examples/bench/echoserver.py asks for.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from when_async.bench.model import Kit, Params

from ..heap import reads_largely
from ..steering import listen
from .blocking import End, asked, check_files, ends_due, outcome
from .loops import AsyncOp, asyncio_control, steered

READ_BYTES = 1_000_000


async def open_sockets(kit: Kit, params: Params) -> AsyncOp:
    """A task accepts for as long as a round lasts, and starts a task for each connection."""
    import asyncio

    size = int(params["size_bytes"])
    check_files(kit.in_flight)
    listener = kit.enter(listen())
    listener.setblocking(False)
    port = listener.getsockname()[1]
    loop = asyncio.get_running_loop()
    reader, writer = await kit.enter(asyncio_control(kit))
    large = reads_largely()

    async def echo(connection: socket.socket) -> End:
        got, receive, send = 0, loop.sock_recv, loop.sock_sendall
        with connection:
            try:
                while data := await receive(connection, READ_BYTES):
                    got += len(data)
                    await send(connection, data)
            except OSError:
                pass
        return got // size, got

    async def send(line: bytes) -> None:
        writer.write(line)
        await writer.drain()

    async def op(items: Sequence[int]) -> list[Any]:
        async with accepting(listener, echo) as serving:
            line, spent = await steered(reader.readline, send, asked(kit, params, items, port))
            found = list(await asyncio.gather(*serving)) if ends_due(line) else []
        return outcome(line, spent, found, large=large)

    return op


@asynccontextmanager
async def accepting(listener: socket.socket, echo: Any) -> AsyncIterator[list[Any]]:
    """Accept and serve; gives the tasks that serve, and leaves none behind."""
    import asyncio

    loop, serving = asyncio.get_running_loop(), list[Any]()

    async def accept() -> None:
        while True:
            connection, _ = await loop.sock_accept(listener)
            serving.append(loop.create_task(echo(connection)))

    door = loop.create_task(accept())
    try:
        yield serving
    finally:
        for task in (door, *serving):
            task.cancel()
        await asyncio.gather(door, *serving, return_exceptions=True)
