"""All members of a chat room in one process and one thread: they join, talk and leave as an order says.

For each line that is said n are received, so what happens on receipt is as little as possible: note the time, keep the
bytes, count them. What was heard is judged when the talk is over (chat_load_talk.py).
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..bodies.chat.threads import JOINED
from .chat_talk import Line, Listener, Order, Report, make_talk

TOGETHER = 64
"""Connections that are opened at once: far below what any backlog holds."""

LEAD_NS = 2_000_000
"""From the last join to the beginning of a scheduled talk: the server comes to rest first."""

now_ns = time.monotonic_ns


class Member(asyncio.Protocol):
    """One member's connection."""

    __slots__ = ("heard", "room", "times_ns", "transport")

    def __init__(self, room: Room) -> None:
        self.room = room
        self.heard: list[bytes] = []
        self.times_ns: list[int] = []
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.times_ns.append(now_ns())
        self.heard.append(data)
        room = self.room
        room.missing_bytes -= len(data)
        if room.missing_bytes <= 0:
            room.wake()

    def connection_lost(self, error: Exception | None) -> None:
        self.room.lost(self)


class Room:
    """One order from the first join to the last leave; `hold` gives the report."""

    def __init__(self, order: Order, alarm: Any) -> None:
        self.order = order
        self.alarm = alarm
        self.loop = asyncio.get_running_loop()
        self.talk = make_talk(order)
        self.members: list[Member] = []
        self.intended_ns: list[int] = []
        self.missing_bytes = 0
        self.open = 0
        self.leaving = False
        self.error = ""
        self.late_max_ns = 0
        self.cpu_s = 0.0
        self.began_ns = 0
        self._turn: asyncio.Future[None] | None = None

    def wake(self) -> None:
        """All that is expected by now has come, or somebody has gone."""
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(None)

    def lost(self, member: Member) -> None:
        """A connection has ended; before the members leave none should."""
        self.open -= 1
        if not self.leaving and not self.error:
            self.error = f"member {self.members.index(member)} was disconnected in the middle of the talk"
        if self.error or self.open == 0:
            self.wake()

    async def hold(self) -> Report:
        """Join, talk, leave, and say what came of it."""
        try:
            await self._join()
            if not self.error:
                await self._talk()
        finally:
            connected = self.open
            await self._leave()
        listener = Listener(self.talk, self.intended_ns, len(self.members), self.order.seed)
        last_ns = self.began_ns
        for number, member in enumerate(self.members):
            listener.add(number, (member.heard, member.times_ns))
            last_ns = max(last_ns, *member.times_ns[-1:], 0)
        report = listener.report
        report.connected, report.error = connected, self.error
        report.seconds = (last_ns - self.began_ns) / 1e9
        report.late_max_ns, report.cpu_s = self.late_max_ns, self.cpu_s
        return report

    async def _join(self) -> None:
        """Connect all members and wait until the server has said to each that it belongs to the room."""
        order = self.order
        self.missing_bytes = order.members * len(JOINED)
        self.members = [Member(self) for _ in range(order.members)]
        try:
            for start in range(0, order.members, TOGETHER):
                await asyncio.gather(*map(self._connect, self.members[start : start + TOGETHER]))
        except OSError as error:
            self.error = self.error or f"member {self.open + 1} of {order.members} could not connect: {error}"
            return
        await self._settle()
        for number, member in enumerate(self.members):
            greeting = b"".join(member.heard)
            if greeting != JOINED and not self.error:
                self.error = f"member {number} was greeted with {greeting[:40]!r}, not with {JOINED!r}"
            member.heard, member.times_ns = [], []

    async def _connect(self, member: Member) -> None:
        await self.loop.create_connection(lambda: member, self.order.host, self.order.port)
        self.open += 1

    async def _talk(self) -> None:
        """Say every line at its time, and wait until all have heard all, or nothing comes any more."""
        cpu_s = time.process_time()
        with collector_off():
            paced = self.order.rate_per_s > 0
            self.began_ns = now_ns() + (LEAD_NS if paced else 0)
            self.missing_bytes = 0
            say = self._say_paced if paced else self._say_in_turn
            for line in self.talk:
                await say(line)
                if self.error:
                    break
            await self._settle()
        self.cpu_s = time.process_time() - cpu_s

    async def _say_paced(self, line: Line) -> None:
        due_ns = self.began_ns + line.due_ns
        if due_ns > now_ns():
            await self.alarm.wait(due_ns)
        late_ns = now_ns() - due_ns
        if late_ns > self.late_max_ns:
            self.late_max_ns = late_ns
        self._say(line, due_ns)

    async def _say_in_turn(self, line: Line) -> None:
        await self._settle()
        self._say(line, now_ns())

    def _say(self, line: Line, intended_ns: int) -> None:
        self.missing_bytes += self.order.size_bytes * self.order.members
        self.intended_ns.append(intended_ns)
        self.members[line.speaker].transport.write(line.text)

    async def _settle(self) -> None:
        """Return when nothing is missing, when a connection was lost, or after `patience_s` without a byte."""
        while self.missing_bytes > 0 and not self.error:
            before = self.missing_bytes
            await self._rest()
            if self.missing_bytes == before:
                return

    async def _leave(self) -> None:
        """End every connection, and hear what still comes until the server has ended it too: a line too many shows."""
        self.leaving = True
        for member in self.members:
            if member.transport is not None and not member.transport.is_closing():
                member.transport.write_eof()
        while self.open > 0:
            before = self.open
            await self._rest()
            if self.open == before:
                break
        if self.open > 0:
            self.error = self.error or f"the server kept {self.open} connections open after their members had left"
            for member in self.members:
                if member.transport is not None:
                    member.transport.abort()
            await self._rest()

    async def _rest(self) -> None:
        self._turn = self.loop.create_future()
        await asyncio.wait({self._turn}, timeout=self.order.patience_s)


@contextmanager
def collector_off() -> Iterator[None]:
    """No garbage collection: what is heard is kept, and to look through it again and again would make members late."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
