"""What a server under test may ask in turn; the load generator starts it as a module.

It reads one line for each request, `20\n`, and answers after so many milliseconds, `ok 20\n`: a database or another
service that takes its time. It is a process of its own, so that it never waits for the generator's turn.
"""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

from ..bodies.steering import listen
from .alarm import make_alarm
from .parent import follow_parent, own_stdout, run, say

LONGEST_DELAY_MS = 60_000.0


class Counts:
    """What the connections of the backend count together."""

    def __init__(self, alarm: Any) -> None:
        self.alarm = alarm
        self.open_now = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self.reset()

    def reset(self) -> None:
        """Begin a new window; requests still open count towards its peak."""
        self.requests = self.connections = 0
        self.peak = self.open_now

    def stats(self) -> dict[str, int]:
        return {
            "backend_requests": self.requests,
            "backend_connections": self.connections,
            "backend_peak_in_flight": self.peak,
        }


class Requests(asyncio.Protocol):
    """One connection; it answers in the order it was asked."""

    def __init__(self, counts: Counts) -> None:
        self.counts = counts
        self.kept = b""
        self.last_due_ns = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.counts.connections += 1

    def data_received(self, data: bytes) -> None:
        *lines, self.kept = (self.kept + data).split(b"\n")
        for line in lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            delay_ms = float(line)
            if not 0 <= delay_ms <= LONGEST_DELAY_MS:
                raise ValueError("out of range")
        except ValueError:
            self.transport.write(b"error: %b is no delay in ms\n" % line[:40])
            return
        counts = self.counts
        counts.requests += 1
        counts.open_now += 1
        counts.peak = max(counts.peak, counts.open_now)
        self.last_due_ns = max(self.last_due_ns, time.monotonic_ns() + int(delay_ms * 1e6))
        task = asyncio.ensure_future(self._answer(self.last_due_ns, b"ok %b\n" % line.strip()))
        counts.tasks.add(task)
        task.add_done_callback(counts.tasks.discard)

    async def _answer(self, due_ns: int, reply: bytes) -> None:
        # Zero waits too: a backend that needs no time is still asked over a socket.
        if due_ns > time.monotonic_ns():
            await self.counts.alarm.wait(due_ns)
        self.counts.open_now -= 1
        if not self.transport.is_closing():
            self.transport.write(reply)


async def serve() -> None:
    """Serve until the parent closes standard input."""
    channel, loop, listener = own_stdout(), asyncio.get_running_loop(), listen()
    address = "{}:{}".format(*listener.getsockname())
    counts = Counts(make_alarm(loop))

    def answer() -> None:
        say(channel, counts.stats())
        counts.reset()

    async with await loop.create_server(lambda: Requests(counts), sock=listener, backlog=socket.SOMAXCONN):
        say(channel, {"address": address})
        follow_parent(loop, answer)
        await asyncio.Event().wait()


if __name__ == "__main__":
    run(serve())
