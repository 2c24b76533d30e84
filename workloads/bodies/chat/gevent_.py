"""The chat server of workloads/chat.py on gevent; loaded when the standard library is patched already."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from when_async.bench.model import Kit, Params

from ..steering import listen
from .threads import JOINED, Count, Item, Served, behind_lines, members_of, order, service


class GreenletMember:
    """A member's socket and the lines that wait for it."""

    def __init__(self, connection: socket.socket, queue: Any) -> None:
        self.connection = connection
        self.queue = queue


class GreenletRoom:
    """Two greenlets for each member: one reads what it says, one writes what it is told."""

    def __init__(self, count: Count, size_bytes: int) -> None:
        self.count = count
        self.most = behind_lines(size_bytes)
        self.members: dict[GreenletMember, None] = {}

    def serve(self, connection: socket.socket) -> None:
        """One member from join to leave."""
        import gevent
        from gevent.queue import Queue

        member = GreenletMember(connection, Queue())
        self.members[member] = None
        self.count.join()
        writer = gevent.spawn(self.write, member)
        try:
            with connection.makefile("rb") as lines:
                for line in lines:
                    self.count.lines_in += 1
                    self.tell(line)
        except OSError:
            pass  # a connection that breaks is a member that leaves
        self.members.pop(member, None)
        self.count.leave()
        member.queue.put(StopIteration)
        writer.join()

    def write(self, member: GreenletMember) -> None:
        """Send what waits for a member until StopIteration comes."""
        try:
            member.connection.sendall(JOINED)
            for line in member.queue:
                member.connection.sendall(line)
                self.count.lines_out += 1
        except OSError:
            pass  # its reader will see it too

    def tell(self, line: bytes) -> None:
        """Queue a line for everybody; who is too far behind is dropped, which its own greenlet will see."""
        for member in list(self.members):
            if member.queue.qsize() < self.most:
                member.queue.put(line)
            else:
                del self.members[member]
                self.count.dropped += 1
                member.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def serving(server: Any) -> Iterator[Any]:
    """A server of gevent from start to stop."""
    server.start()
    try:
        yield server
    finally:
        server.stop()


def greenlets(kit: Kit, params: Params) -> Callable[[Sequence[Item]], Served]:
    """gevent's own StreamServer with a pool; each member has a queue and a greenlet that writes what is in it.

    A greenlet costs little enough to be that queue's reader, and a member that does not read holds up only its own. One
    whose queue is full is dropped.
    """
    from gevent.pool import Pool
    from gevent.server import StreamServer

    members = members_of(kit, params)
    pool = Pool()
    room: GreenletRoom | None = None

    def handle(connection: socket.socket, address: Any) -> None:
        assert room is not None, "somebody came in between two talks"
        room.serve(connection)

    listener = listen()
    kit.enter(serving(StreamServer(listener, handle, spawn=pool)))
    control = kit.enter(socket.create_connection(service(kit)))
    reports = kit.enter(closing(control.makefile("rb")))
    port = listener.getsockname()[1]

    def op(items: Sequence[Item]) -> Served:
        nonlocal room
        room = GreenletRoom(Count(members), int(params["size_bytes"]))
        control.sendall(order(kit, params, items, port))
        report = reports.readline()
        pool.join()
        return room.count.served(report)

    return op
