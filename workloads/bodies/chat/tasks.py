"""The chat server of workloads/chat.py on trio, anyio and curio, each with its own words for the same plan.

Two tasks for each member: one reads what it says and puts each line into everybody's channel, one writes what its own
channel gives. A slow member fills its own channel and holds up nobody; one whose channel is full is dropped. It belongs
to the room before it is told so: what is said in the very next moment must reach it.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from when_async.bench.model import Kit, Params

from ..steering import BACKLOG, HOST, listen
from .threads import (
    CHUNK_BYTES,
    JOINED,
    Count,
    Item,
    Served,
    Splitter,
    behind_lines,
    hung_up,
    members_of,
    order,
    service,
)

Op = Callable[[Sequence[Item]], Awaitable[Served]]
Serve = Callable[[Any, Any], Awaitable[None]]
"""Serves one member of a room, by its connection, from join to leave."""


class ChannelRoom:
    """Who is in, by the channel that a line is put into, with what drops the member."""

    def __init__(self, count: Count, size_bytes: int, full: type[Exception]) -> None:
        self.count = count
        self.most = behind_lines(size_bytes)
        self.full = full
        self.members: dict[Any, Any] = {}

    def tell(self, line: bytes) -> None:
        """Put a line into everybody's channel; who is too far behind is dropped."""
        full = self.full
        for channel, scope in list(self.members.items()):
            try:
                channel.send_nowait(line)
            except full:
                del self.members[channel]
                self.count.dropped += 1
                scope.cancel()


def trio_member() -> Serve:
    """A nursery of two tasks for a member, and a memory channel of lines that one of them writes."""
    import trio

    async def write(room: ChannelRoom, stream: Any, channel: Any) -> None:
        await stream.send_all(JOINED)
        async for line in channel:
            await stream.send_all(line)
            room.count.lines_out += 1

    async def serve(room: ChannelRoom, stream: Any) -> None:
        sending, receiving = trio.open_memory_channel[bytes](room.most)
        splitter = Splitter()
        try:
            async with stream, trio.open_nursery() as pair:
                room.members[sending] = pair.cancel_scope
                room.count.join()
                pair.start_soon(write, room, stream, receiving)
                async for data in stream:
                    for line in splitter.feed(data):
                        room.count.lines_in += 1
                        room.tell(line)
                room.members.pop(sending, None)
                room.count.leave()
                sending.close()
        except* trio.BrokenResourceError:
            pass  # a connection that breaks is a member that leaves
        room.members.pop(sending, None)
        room.count.leave()

    return serve


async def trio_room(kit: Kit, params: Params) -> Op:
    """A nursery for all who talk, and one for the door, which is shut when the talk is over."""
    import trio

    members, serve = members_of(kit, params), trio_member()
    plain = listen()
    port = plain.getsockname()[1]
    listener = await kit.enter(trio.SocketListener(trio.socket.from_stdlib_socket(plain)))
    control = await kit.enter(await trio.open_tcp_stream(*service(kit)))

    async def accept(room: ChannelRoom, nursery: Any) -> None:
        while True:
            nursery.start_soon(serve, room, await listener.accept())

    async def op(items: Sequence[Item]) -> Served:
        room = ChannelRoom(Count(members), int(params["size_bytes"]), trio.WouldBlock)
        report = bytearray()
        async with trio.open_nursery() as talk, trio.open_nursery() as door:
            door.start_soon(accept, room, talk)
            await control.send_all(order(kit, params, items, port))
            while not report.endswith(b"\n"):
                data = await control.receive_some()
                if not data:
                    raise hung_up()
                report += data
            door.cancel_scope.cancel()
        return room.count.served(bytes(report))

    return op


def anyio_member(longest_bytes: int) -> Serve:
    """A task group for a member, and a memory object stream of lines that one of its tasks writes."""
    import anyio
    from anyio.streams.buffered import BufferedByteReceiveStream

    async def write(room: ChannelRoom, stream: Any, channel: Any) -> None:
        await stream.send(JOINED)
        async for line in channel:
            await stream.send(line)
            room.count.lines_out += 1

    async def hear(room: ChannelRoom, stream: Any) -> None:
        lines = BufferedByteReceiveStream(stream)
        try:
            while True:
                line = await lines.receive_until(b"\n", longest_bytes) + b"\n"
                room.count.lines_in += 1
                room.tell(line)
        except anyio.IncompleteRead:
            pass  # it leaves

    async def serve(room: ChannelRoom, stream: Any) -> None:
        sending, receiving = anyio.create_memory_object_stream[bytes](room.most)
        try:
            async with stream, sending, receiving, anyio.create_task_group() as pair:
                room.members[sending] = pair.cancel_scope
                room.count.join()
                pair.start_soon(write, room, stream, receiving)
                await hear(room, stream)
                room.members.pop(sending, None)
                room.count.leave()
                sending.close()
        except* anyio.BrokenResourceError:
            pass  # a connection that breaks is a member that leaves
        room.members.pop(sending, None)
        room.count.leave()

    return serve


async def anyio_room(kit: Kit, params: Params) -> Op:
    """A task group for all who talk, and one for the door, which is shut when the talk is over."""
    import anyio
    from anyio.abc import SocketAttribute

    members, serve = members_of(kit, params), anyio_member(int(params["size_bytes"]))
    listener = await kit.enter(await anyio.create_tcp_listener(local_host=HOST, local_port=0, backlog=BACKLOG))
    port = listener.extra(SocketAttribute.local_port)
    control = await kit.enter(await anyio.connect_tcp(*service(kit)))

    async def op(items: Sequence[Item]) -> Served:
        room = ChannelRoom(Count(members), int(params["size_bytes"]), anyio.WouldBlock)
        report = bytearray()

        async def handle(stream: Any) -> None:
            await serve(room, stream)

        async with anyio.create_task_group() as talk, anyio.create_task_group() as door:
            door.start_soon(listener.serve, handle, talk)
            await control.send(order(kit, params, items, port))
            while not report.endswith(b"\n"):
                report += await control.receive()
            door.cancel_scope.cancel()
        return room.count.served(bytes(report))

    return op


class QueueRoom:
    """The room of curio: who is in, by the queue that a line is put into, with the socket to shut."""

    def __init__(self, count: Count, size_bytes: int) -> None:
        self.count = count
        self.most = behind_lines(size_bytes)
        self.members: dict[Any, Any] = {}

    async def tell(self, line: bytes) -> None:
        """Put a line into everybody's queue, which never waits; who is too far behind is dropped."""
        for queue, connection in list(self.members.items()):
            if queue.qsize() < self.most:
                await queue.put(line)
            elif self.members.pop(queue, None) is not None:
                self.count.dropped += 1
                await connection.shutdown(socket.SHUT_RDWR)


@asynccontextmanager
async def closed_socket(connection: Any) -> AsyncIterator[Any]:
    """A curio socket that its kernel forgets when it is closed; its own `async with` closes it behind its back."""
    try:
        yield connection
    finally:
        await connection.close()


def curio_member() -> Serve:
    """A task that reads what a member says, one that writes, and a queue of lines for that."""
    import curio

    async def write(room: QueueRoom, connection: Any, queue: Any) -> None:
        try:
            await connection.sendall(JOINED)
            while (line := await queue.get()) is not None:
                await connection.sendall(line)
                room.count.lines_out += 1
        except OSError:
            pass  # its reader will see it too

    async def hear(room: QueueRoom, connection: Any) -> None:
        try:
            async for line in connection.as_stream():
                room.count.lines_in += 1
                await room.tell(line)
        except OSError:
            pass  # a connection that breaks is a member that leaves

    async def serve(room: QueueRoom, connection: Any) -> None:
        queue = curio.Queue()
        async with closed_socket(connection):
            room.members[queue] = connection
            room.count.join()
            writer = await curio.spawn(write, room, connection, queue)
            await hear(room, connection)
            room.members.pop(queue, None)
            room.count.leave()
            await queue.put(None)
            await writer.join()

    return serve


async def curio_room(kit: Kit, params: Params) -> Op:
    """A task group for all who talk, and a task for the door, which is shut when the talk is over."""
    import curio
    from curio.io import Socket

    members, serve = members_of(kit, params), curio_member()
    plain = listen()
    port = plain.getsockname()[1]
    listener = await kit.enter(closed_socket(Socket(plain)))
    # curio's own open_connection looks the address up in a thread, which may outlive the session.
    control = await kit.enter(closed_socket(Socket(socket.create_connection(service(kit)))))

    async def accept(room: QueueRoom, talk: Any) -> None:
        while True:
            connection, _ = await listener.accept()
            await talk.spawn(serve, room, connection)

    async def op(items: Sequence[Item]) -> Served:
        room = QueueRoom(Count(members), int(params["size_bytes"]))
        report = bytearray()
        async with curio.TaskGroup() as talk:
            door = await curio.spawn(accept, room, talk)
            await control.sendall(order(kit, params, items, port))
            while not report.endswith(b"\n"):
                data = await control.recv(CHUNK_BYTES)
                if not data:
                    raise hung_up()
                report += data
            await door.cancel()
        return room.count.served(bytes(report))

    return op
