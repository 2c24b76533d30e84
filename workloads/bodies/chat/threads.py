"""What all chat servers of workloads/chat.py share, and the one of threads.

Imported in the measured process: the standard library only, and no event loop that a thread would have to pay for.
"""

from __future__ import annotations

import json
import resource
import selectors
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from when_async.bench.model import Kit, Params, Unsuited

from ..resident import resident_bytes
from ..spent import Spent, own
from ..steering import HOST, listen

JOINED = b"joined\n"
"""Said to a member once it belongs to the room."""
BEHIND_BYTES = 1 << 20
"""A member may be so far behind, beyond what the kernel holds for it; then it is dropped rather than waited for."""
CHUNK_BYTES = 1 << 16
REPORT_BYTES = 1 << 24
"""More than any report has."""
FILES_ELSE = 64
"""Open files beside one for each member."""

Item = tuple[int, int]
"""(seed of the talk, number of the delivery)."""
Served = list[Any]
"""[the load generator's report as it came, what the server counted]."""


def behind_lines(size_bytes: int) -> int:
    """`BEHIND_BYTES` for a queue that counts lines."""
    return max(1, BEHIND_BYTES // size_bytes)


def members_of(kit: Kit, params: Params) -> int:
    """How many members there will be; raises ValueError where n does not fit, Unsuited for want of files."""
    n, members = int(params["n"]), kit.in_flight
    if n % members:
        nearest = -(-n // members) * members
        raise ValueError(f"n counts lines delivered and must be a multiple of {members} members; write n={nearest}")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = members + FILES_ELSE
    if hard != resource.RLIM_INFINITY and needed > hard:
        raise Unsuited(f"a room of {members} members needs {needed} open files, the hard limit is {hard}")
    if soft != resource.RLIM_INFINITY and needed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    return members


def service(kit: Kit) -> tuple[str, int]:
    """Where the load generator takes orders."""
    host, _, port = str(kit.address).rpartition(":")
    return host, int(port)


def order(kit: Kit, params: Params, items: Sequence[Item], port: int) -> bytes:
    """What the load generator is told to do."""
    gap_s = float(params["gap_s"])
    given = {
        "host": HOST,
        "port": port,
        "members": kit.in_flight,
        "lines": len(items) // kit.in_flight,
        "rate_per_s": 1 / gap_s if gap_s else 0.0,
        "size_bytes": int(params["size_bytes"]),
        "seed": items[0][0],
    }
    return json.dumps(given).encode() + b"\n"


def hung_up() -> ConnectionError:
    """What to raise when the report does not come."""
    return ConnectionError("the load generator hung up")


class Count:
    """What a server counts of one talk; CPU and page faults from the last join to the first leave.

    By then all has been delivered. Its memory is read at that leave, when all members are still there.
    """

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.joined = self.dropped = 0
        self.lines_in = self.lines_out = 0
        self.large = False
        """Whether a line that is said takes a read of 256 KiB, which must show the regime of the heap."""
        self._from = self._to = Spent(0.0, 0)
        self.resident_bytes = 0

    def join(self) -> None:
        """A member has come in."""
        self.joined += 1
        if self.joined == self.expected:
            self._from = own()

    def leave(self) -> None:
        """A member has said that it goes, or was lost."""
        if not self._to.cpu_s:
            self._to = own()
            self.resident_bytes = resident_bytes()

    def served(self, report: bytes) -> Served:
        """The result of the op."""
        if not report.endswith(b"\n"):
            raise hung_up()
        told = {name: getattr(self, name) for name in ("joined", "dropped", "lines_in", "lines_out", "resident_bytes")}
        spent = self._to - self._from if self._from.cpu_s else Spent(0.0, 0)
        reads = self.lines_in if self.large else 0
        return [report, {**told, "talk_cpu_s": spent.cpu_s, "talk_faults": spent.faults, "large_reads": reads}]


class Splitter:
    """Whole lines out of the pieces in which they arrive, for who reads from a bare stream."""

    def __init__(self) -> None:
        self.rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are complete now, each with its end."""
        *lines, self.rest = (self.rest + data).split(b"\n")
        return [line + b"\n" for line in lines]


class ThreadMember:
    """A member's socket; whoever speaks sends to it, one at a time, and never waits."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.lock = threading.Lock()
        self.dropped = False

    def send(self, line: bytes) -> bool:
        """Give a line to the kernel; a member for whom it has no room for the whole line is dropped."""
        with self.lock:
            if self.dropped:
                return False
            try:
                whole = self.connection.send(line, socket.MSG_DONTWAIT) == len(line)
            except BlockingIOError:
                whole = False
            except OSError:
                return False  # it has gone
            if not whole:
                self.dropped = True
                self.connection.shutdown(socket.SHUT_RDWR)  # its own thread sees this and lets it go
            return whole


class ThreadRoom:
    """A thread for each member, which reads what it says and sends each line to all."""

    def __init__(self, count: Count) -> None:
        self.count = count
        self.lock = threading.Lock()
        self.members: dict[ThreadMember, None] = {}
        self.threads: list[threading.Thread] = []

    def admit(self, connection: socket.socket) -> None:
        """Start the thread of a new member."""
        thread = threading.Thread(target=self.serve, args=(connection,), daemon=True)
        self.threads.append(thread)
        try:
            thread.start()
        except RuntimeError:
            self.threads.pop()
            connection.close()
            raise

    def serve(self, connection: socket.socket) -> None:
        """One member from join to leave."""
        member = ThreadMember(connection)
        heard = told = 0
        with connection, connection.makefile("rb") as lines:
            with self.lock:
                self.members[member] = None
                self.count.join()
            member.send(JOINED)
            try:
                for line in lines:
                    heard += 1
                    with self.lock:
                        members = list(self.members)
                    for each in members:
                        told += each.send(line)
            except OSError:
                pass  # a connection that breaks is a member that leaves
            with self.lock:
                del self.members[member]
                self.count.leave()
                self.count.dropped += member.dropped
                self.count.lines_in += heard
                self.count.lines_out += told

    def join(self) -> None:
        """Wait until everybody has left."""
        for thread in self.threads:
            thread.join()

    def clear(self) -> None:
        """Show everybody out."""
        with self.lock:
            for member in self.members:
                with suppress(OSError):
                    member.connection.shutdown(socket.SHUT_RDWR)


def threads(kit: Kit, params: Params) -> Callable[[Sequence[Item]], Served]:
    """A thread for each member; the speaker's thread sends to all, under a lock for each member, and never waits.

    Why no writer thread and queue for each member: the kernel's send buffer is a queue already, of some megabytes, and
    to wake n threads for a line costs more than to send it n times. A member whose buffer is full is dropped, so
    nobody is held up by who does not read.
    """
    members = members_of(kit, params)
    listener = kit.enter(listen())
    control = kit.enter(socket.create_connection(service(kit)))
    port = listener.getsockname()[1]

    def op(items: Sequence[Item]) -> Served:
        room = ThreadRoom(Count(members))
        report = b""
        with selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            selector.register(control, selectors.EVENT_READ)
            control.sendall(order(kit, params, items, port))
            try:
                while not report.endswith(b"\n"):
                    for key, _ in selector.select():
                        if key.fileobj is listener:
                            room.admit(listener.accept()[0])
                        elif not (data := control.recv(CHUNK_BYTES)):
                            raise hung_up()
                        else:
                            report += data
            except BaseException:
                room.clear()
                raise
            finally:
                room.join()
        return room.count.served(report)

    return op
