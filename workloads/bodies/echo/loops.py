"""The echo server on event loops: asyncio with its streams and its protocols, trio, anyio and curio.

The listening socket and the connection to the load generator live as long as the body. Who accepts and serves lives
for one round: no task may outlast it.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from when_async.bench.model import Kit, Params

from ..heap import reads_largely
from ..spent import Spent, own
from ..steering import BACKLOG, GO, LONGEST_LINE_BYTES, Lines, addresses, listen, until_end
from .blocking import End, asked, check_files, ends_due, outcome

AsyncOp = Callable[[Sequence[int]], Awaitable[list[Any]]]


def connect(kit: Kit) -> socket.socket:
    """A connection to the load generator, made before any clock runs, for a loop to wrap."""
    return socket.create_connection(addresses(kit.address)[0])


async def steered(
    readline: Callable[[], Awaitable[bytes]], send: Callable[[bytes], Awaitable[Any]], line: bytes
) -> tuple[bytes, Spent | None]:
    """Send the order and wait for its report; returns that and what was used from the start of the clock."""
    await send(line)
    answer = await readline()
    if answer != GO:
        return answer, None
    before = own()
    answer = await readline()
    return answer, own() - before


async def open_streams(kit: Kit, params: Params) -> AsyncOp:
    """asyncio.start_server: a task for each connection that reads and writes a stream."""
    import asyncio

    size = int(params["size_bytes"])
    ends: asyncio.Queue[End] = asyncio.Queue()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        count, rest = 0, b""
        try:
            while True:
                data = await reader.readexactly(size)
                writer.write(data)
                await writer.drain()
                count += 1
        except asyncio.IncompleteReadError as error:
            rest = error.partial
        except OSError:
            pass
        writer.close()
        ends.put_nowait((count, count * size + len(rest)))

    check_files(kit.in_flight)
    listener = listen()
    server = await kit.enter(await asyncio.start_server(echo, sock=listener, backlog=BACKLOG))
    return await asyncio_op(kit, params, server, ends)


async def open_protocol(kit: Kit, params: Params) -> AsyncOp:
    """loop.create_server: an object for each connection that is called with whatever has come."""
    import asyncio

    size = int(params["size_bytes"])
    ends: asyncio.Queue[End] = asyncio.Queue()

    class Echo(asyncio.Protocol):
        def __init__(self) -> None:
            self.rest = b""
            self.count = 0

        def connection_made(self, transport: Any) -> None:
            self.write = transport.write

        def data_received(self, data: bytes) -> None:
            if self.rest or len(data) != size:
                data = self.rest + data
                whole = len(data) - len(data) % size
                self.rest, data = data[whole:], data[:whole]
                if not data:
                    return
            self.count += len(data) // size
            self.write(data)

        def connection_lost(self, exc: Exception | None) -> None:
            ends.put_nowait((self.count, self.count * size + len(self.rest)))

    check_files(kit.in_flight)
    server = await asyncio.get_running_loop().create_server(Echo, sock=listen(), backlog=BACKLOG)
    return await asyncio_op(kit, params, await kit.enter(server), ends)


async def asyncio_op(kit: Kit, params: Params, server: Any, ends: Any) -> AsyncOp:
    """The op of both faces of asyncio; the server itself is no task and stays."""
    import asyncio

    port = server.sockets[0].getsockname()[1]
    reader, writer = await kit.enter(asyncio_control(kit))
    large = reads_largely()

    async def send(line: bytes) -> None:
        writer.write(line)
        await writer.drain()

    async def op(items: Sequence[int]) -> list[Any]:
        line, spent = await steered(reader.readline, send, asked(kit, params, items, port))
        found = [await ends.get() for _ in range(ends_due(line))]
        # One turn of the loop ends the tasks that have just handed in.
        await asyncio.sleep(0)
        return outcome(line, spent, found, large=large)

    return op


@asynccontextmanager
async def asyncio_control(kit: Kit) -> AsyncIterator[tuple[Any, Any]]:
    import asyncio

    reader, writer = await asyncio.open_connection(sock=connect(kit), limit=LONGEST_LINE_BYTES)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


def receiving(receive: Callable[[int], Awaitable[bytes]], size: int) -> Callable[[], Awaitable[bytes]]:
    """Reads a whole message of `size` bytes; less comes only at the end."""

    async def whole() -> bytes:
        data = await receive(size)
        while 0 < len(data) < size:
            more = await receive(size - len(data))
            if not more:
                break
            data += more
        return data

    return whole


async def open_trio(kit: Kit, params: Params) -> AsyncOp:
    """trio.serve_listeners: a task for each connection."""
    import math

    import trio

    size = int(params["size_bytes"])
    check_files(kit.in_flight)
    listener = kit.enter(listen())
    port = listener.getsockname()[1]
    control = await kit.enter(trio.SocketStream(trio.socket.from_stdlib_socket(connect(kit))))
    readline = Lines(control.receive_some)
    hand_in, ends = trio.open_memory_channel[End](math.inf)

    async def echo(stream: Any) -> None:
        whole, send = receiving(stream.receive_some, size), stream.send_all
        count, data = 0, b""
        try:
            while len(data := await whole()) == size:
                await send(data)
                count += 1
        except trio.BrokenResourceError:
            data = b""
        await stream.aclose()
        hand_in.send_nowait((count, count * size + len(data)))

    async def op(items: Sequence[int]) -> list[Any]:
        async with trio.open_nursery() as nursery:
            # It closes what it listens on when it ends, so it gets a second handle to the socket.
            accepting = trio.SocketListener(trio.socket.from_stdlib_socket(listener.dup()))
            await nursery.start(trio.serve_listeners, echo, [accepting])
            line, spent = await steered(readline, control.send_all, asked(kit, params, items, port))
            found = [await ends.receive() for _ in range(ends_due(line))]
            nursery.cancel_scope.cancel()
        return outcome(line, spent, found)

    return op


async def open_anyio(kit: Kit, params: Params) -> AsyncOp:
    """anyio's SocketListener.serve: a task for each connection, on asyncio or on trio."""
    import math

    import anyio
    import anyio.abc

    size = int(params["size_bytes"])
    check_files(kit.in_flight)
    listener = await kit.enter(await anyio.abc.SocketListener.from_socket(listen()))
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    control = await kit.enter(await anyio.abc.SocketStream.from_socket(connect(kit)))
    hand_in, ends = anyio.create_memory_object_stream[End](math.inf)
    await kit.enter(hand_in)
    await kit.enter(ends)

    readline = Lines(until_end(control.receive, anyio.EndOfStream))

    async def echo(stream: Any) -> None:
        receive, send = stream.receive, stream.send
        count, data = 0, b""
        async with stream:
            try:
                while True:
                    data = await receive(size)
                    while len(data) < size:
                        data += await receive(size - len(data))
                    await send(data)
                    count, data = count + 1, b""
            except anyio.EndOfStream:
                pass
            except anyio.BrokenResourceError:
                data = b""
        hand_in.send_nowait((count, count * size + len(data)))

    async def op(items: Sequence[int]) -> list[Any]:
        async with anyio.create_task_group() as group:
            group.start_soon(listener.serve, echo)
            line, spent = await steered(readline, control.send, asked(kit, params, items, port))
            found = [await ends.receive() for _ in range(ends_due(line))]
            group.cancel_scope.cancel()
        return outcome(line, spent, found)

    return op


async def open_curio(kit: Kit, params: Params) -> AsyncOp:
    """curio's server: a task for each connection, as `curio.tcp_server` starts them."""
    import curio
    import curio.io
    import curio.network

    size = int(params["size_bytes"])
    check_files(kit.in_flight)
    listener = kit.enter(listen())
    port = listener.getsockname()[1]
    control = await kit.enter(curio.io.Socket(connect(kit)))
    readline = Lines(control.recv)
    ends: Any = curio.Queue()

    async def echo(client: Any, address: Any) -> None:
        whole, send = receiving(client.recv, size), client.sendall
        count, data = 0, b""
        try:
            while len(data := await whole()) == size:
                await send(data)
                count += 1
        except OSError:
            data = b""
        await ends.put((count, count * size + len(data)))

    async def op(items: Sequence[int]) -> list[Any]:
        # tcp_server binds anew each time and does not tell its port; this is what it does with what it has bound.
        accepting = await curio.spawn(curio.network.run_server, curio.io.Socket(listener.dup()), echo)
        try:
            line, spent = await steered(readline, control.sendall, asked(kit, params, items, port))
            found = [await ends.get() for _ in range(ends_due(line))]
        finally:
            await accepting.cancel()
        return outcome(line, spent, found)

    return op
