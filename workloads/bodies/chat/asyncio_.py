"""The chat server of workloads/chat.py on asyncio, in two faces; uvloop and rloop run them too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from when_async.bench.model import Kit, Params

from ..heap import reads_largely
from ..steering import BACKLOG, listen
from .threads import (
    BEHIND_BYTES,
    JOINED,
    REPORT_BYTES,
    Count,
    Item,
    Served,
    Splitter,
    behind_lines,
    members_of,
    order,
    service,
)

Op = Callable[[Sequence[Item]], Awaitable[Served]]


def part(transport: Any) -> None:
    """Close a connection whose member has left, once everything is sent.

    rloop 0.5 keeps the socket of a closed transport open until the transport is collected as garbage, so there the
    end is written first; the member would wait for it.
    """
    if type(transport).__module__.startswith("rloop"):
        transport.write_eof()
    transport.close()


@asynccontextmanager
async def control_line(kit: Kit) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """The connection on which the load generator takes orders."""
    host, port = service(kit)
    reader, writer = await asyncio.open_connection(host, port, limit=REPORT_BYTES)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


class StreamMember:
    """A member's stream and the lines that wait for it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue()


class StreamRoom:
    """Two tasks for each member: one reads what it says, one writes what it is told and drains."""

    def __init__(self, count: Count, size_bytes: int) -> None:
        self.count = count
        count.large = reads_largely()
        self.most = behind_lines(size_bytes)
        self.members: dict[StreamMember, None] = {}
        self.tasks: list[asyncio.Task[Any]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One member from join to leave."""
        member = StreamMember(writer)
        writer.write(JOINED)
        self.members[member] = None
        self.count.join()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.write(member))
            try:
                while line := await reader.readline():
                    self.count.lines_in += 1
                    self.tell(line)
            except OSError:
                pass  # a connection that breaks is a member that leaves
            self.members.pop(member, None)
            self.count.leave()
            member.queue.put_nowait(None)
        part(writer.transport)

    async def write(self, member: StreamMember) -> None:
        """Send what waits for a member until None comes."""
        writer, get = member.writer, member.queue.get
        try:
            while (line := await get()) is not None:
                writer.write(line)
                await writer.drain()
                self.count.lines_out += 1
        except OSError:
            pass  # its reader will see it too

    def tell(self, line: bytes) -> None:
        """Queue a line for everybody; who is too far behind is dropped, which its own task will see."""
        for member in list(self.members):
            if member.queue.qsize() < self.most:
                member.queue.put_nowait(line)
            else:
                del self.members[member]
                self.count.dropped += 1
                member.writer.transport.abort()


async def streams(kit: Kit, params: Params) -> Op:
    """Streams as the documentation has them: readline, write, drain.

    To drain each member in turn would let the slowest hold up the room, hence a queue and a writing task for each.
    """
    members = members_of(kit, params)
    room: StreamRoom | None = None

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert room is not None, "somebody came in between two talks"
        task = asyncio.current_task()
        assert task is not None
        room.tasks.append(task)
        await room.serve(reader, writer)

    listener = listen()
    port = listener.getsockname()[1]
    await kit.enter(await asyncio.start_server(handle, sock=listener, backlog=BACKLOG))
    reader, writer = await kit.enter(control_line(kit))

    async def op(items: Sequence[Item]) -> Served:
        nonlocal room
        room = StreamRoom(Count(members), int(params["size_bytes"]))
        writer.write(order(kit, params, items, port))
        report = await reader.readline()
        await asyncio.gather(*room.tasks)
        return room.count.served(report)

    return op


class ProtocolRoom:
    """Who is in; a line is written to every transport, which keeps what the kernel does not take at once."""

    def __init__(self, count: Count) -> None:
        self.count = count
        count.large = reads_largely()
        self.members: dict[ProtocolMember, None] = {}
        self.open = 0
        self.empty: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def tell(self, line: bytes) -> None:
        """Write a line to everybody."""
        members = list(self.members)
        for member in members:
            member.write(line)
        self.count.lines_out += len(members)


class ProtocolMember(asyncio.Protocol):
    """A member's connection: no task and no queue of its own."""

    def __init__(self, room: ProtocolRoom) -> None:
        self.room = room
        self.splitter = Splitter()
        self.transport: Any = None
        self.write: Callable[[bytes], None] = lambda line: None

    def connection_made(self, transport: Any) -> None:
        self.transport, self.write = transport, transport.write
        # The transport calls pause_writing when more than this waits for the member.
        transport.set_write_buffer_limits(high=BEHIND_BYTES)
        self.room.open += 1
        self.room.members[self] = None
        self.room.count.join()
        transport.write(JOINED)

    def data_received(self, data: bytes) -> None:
        room = self.room
        for line in self.splitter.feed(data):
            room.count.lines_in += 1
            room.tell(line)

    def pause_writing(self) -> None:
        """It is too far behind, and is dropped rather than waited for."""
        self.room.count.dropped += 1
        self.room.members.pop(self, None)
        self.transport.abort()

    def eof_received(self) -> None:
        """It leaves; the transport sends what it has and then closes."""
        self.room.members.pop(self, None)
        self.room.count.leave()
        part(self.transport)

    def connection_lost(self, error: Exception | None) -> None:
        room = self.room
        room.open -= 1
        room.members.pop(self, None)
        room.count.leave()
        if room.open == 0 and not room.empty.done():
            room.empty.set_result(None)


async def protocol(kit: Kit, params: Params) -> Op:
    """A Protocol, and transport.write to all: what asyncio is at its fastest, without a task for a member.

    `write` never waits: what the kernel does not take stays with the transport, up to its high-water mark.
    """
    members = members_of(kit, params)
    room: ProtocolRoom | None = None

    def make_member() -> ProtocolMember:
        assert room is not None, "somebody came in between two talks"
        return ProtocolMember(room)

    listener = listen()
    port = listener.getsockname()[1]
    loop = asyncio.get_running_loop()
    await kit.enter(await loop.create_server(make_member, sock=listener, backlog=BACKLOG))
    reader, writer = await kit.enter(control_line(kit))

    async def op(items: Sequence[Item]) -> Served:
        nonlocal room
        room = ProtocolRoom(Count(members))
        writer.write(order(kit, params, items, port))
        report = await reader.readline()
        if room.open:
            await room.empty
        return room.count.served(report)

    return op
