"""One order carried out: connect, prime, send on schedule, account for every message."""

from __future__ import annotations

import asyncio
import gc
import time
from array import array
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from time import monotonic_ns
from typing import Any

from .alarm import LoopTimer, Ticker
from .clients import NONE, PRIME, Client, kind_of
from .connect import connect
from .order import Order, Schedule

TURN = 64
"""Messages that are sent on schedule before the loop may read replies."""


class Drive:
    """Carries out one order; `turn` counts orders."""

    def __init__(self, order: Order, turn: int = 0) -> None:
        self.order = order
        self.turn = turn
        self.clients: list[Client] = []
        self.latencies = array("q", [-1]) * order.messages
        self.connections_failed = self.primed = self.sent = self.received = self.wrongs = 0
        self.bytes_out = self.bytes_in = self.late_max_ns = self.held = self.next = 0
        self.left = order.messages
        """Messages of which it is not known yet what became of them."""
        self.open = 0
        self.alive = 0
        self.start_ns = self.last_ns = 0
        self.cpu_s = 0.0
        self.error: str | None = None
        self.progress = 0
        self.over = False
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.prime_left = 0
        self.all_primed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self, go: Callable[[], Awaitable[None]]) -> dict[str, Any]:
        """Carry it out; `go` is awaited right before the clock starts. The report, while the connections still live."""
        await self._connect()
        if self.order.prime and self.clients:
            await self._prime()
        with quiet():
            await go()
            await self._drive()
        return self.report()

    def close(self) -> None:
        """End every connection; a server that looks reads the end of its input."""
        self.over = True
        for client in self.clients:
            if not client.dead:
                client.transport.close()

    # Connecting

    async def _connect(self) -> None:
        kind, asked = kind_of(self.order), self.order.connections
        if words := await connect(self.order, lambda sock: kind(self, sock), self.clients, self.turn):
            self._note(words)
        for place, client in enumerate(self.clients):
            client.place = place
        self.alive += len(self.clients)
        self.connections_failed = asked - len(self.clients)

    async def _prime(self) -> None:
        """Exchange one message on each connection, so that the server has accepted them all."""
        self.prime_left = len(self.clients)
        for client in self.clients:
            client.ask(PRIME, 0)
            self.open += 1
        await self._patiently(self.all_primed)
        if self.prime_left:
            self._note(f"{self.prime_left} of {len(self.clients)} connections had no answer to their first message")

    # The clock runs

    async def _drive(self) -> None:
        cpu_s = time.process_time()
        self.start_ns = self.last_ns = monotonic_ns()
        at_start = self.alive
        if self.alive:
            self.open = sum(client.number != NONE for client in self.clients if not client.dead)
            if self.order.rate_per_s:
                await self._on_schedule()
            else:
                for client in self.clients:
                    self._draw(client, monotonic_ns())
                await self._patiently(self.finished)
            await self._hold()
        self.cpu_s = time.process_time() - cpu_s
        self.held = min(self.alive, at_start)
        self.over = True
        if self.left:
            self._note(f"{self.left} of {self.order.messages} messages had no answer")

    async def _hold(self) -> None:
        """Wait until the connections were held as long as was asked; nobody needs to know it to the millisecond."""
        due_ns = self.start_ns + int(self.order.hold_s * 1e9)
        if due_ns > monotonic_ns() and self.alive:
            await LoopTimer(asyncio.get_running_loop()).wait(due_ns)

    async def _on_schedule(self) -> None:
        """Send each message when it is due, however the server is doing (open loop)."""
        self.schedule = Schedule(self.order, len(self.clients))
        self.ticker = Ticker(asyncio.get_running_loop(), self._tick)
        try:
            self._tick()
            await self._patiently(self.finished)
        finally:
            self.ticker.close()

    def _tick(self) -> None:
        """Send what is due by now, and be called again when the next message is."""
        schedule, clients, start_ns, number = self.schedule, self.clients, self.start_ns, self.next
        end = self.order.messages
        most = min(end, number + TURN)
        while number < end:
            due_ns = start_ns + schedule.due_ns(number)
            now_ns = monotonic_ns()
            if due_ns > now_ns or number == most:
                self.ticker.arm(due_ns)
                break
            client = clients[schedule.place(number)]
            if client.dead:
                self._lose(1)
            elif client.number != NONE:
                client.waiting.append((number, due_ns))
            else:
                self.late_max_ns = max(self.late_max_ns, now_ns - due_ns)
                self._send(client, number, due_ns)
            number += 1
        self.next = number

    def _send(self, client: Client, number: int, intended_ns: int) -> None:
        self.sent += 1
        self.open += 1
        client.ask(number, intended_ns)

    def _draw(self, client: Client, now_ns: int) -> None:
        """The next message of a closed loop goes to whoever is free, so one that is served less often gets fewer."""
        if self.next < self.order.messages and not client.dead and client.number == NONE:
            number = self.next
            self.next = number + 1
            self._send(client, number, now_ns)

    async def _patiently(self, until: asyncio.Future[None]) -> None:
        """Wait, but not where nothing came for so long although something is open."""
        if self.left == 0 and until is self.finished:
            return
        while True:
            before, was_open = self.progress, self.open
            await asyncio.wait({until}, timeout=self.order.patience_s)
            if until.done():
                return
            if was_open and self.progress == before:
                self._note(f"nothing came for {self.order.patience_s:g} s while {was_open} replies were due")
                return

    # What the clients say

    def right(self, client: Client, number: int, intended_ns: int, now_ns: int) -> None:
        """A reply is there, whole and right; what comes next on this connection is sent at once."""
        self.progress += 1
        self.open -= 1
        if number == PRIME:
            self._primed(1)
            return
        latency_ns = now_ns - intended_ns
        self.latencies[number] = latency_ns
        client.latencies_ns.append(latency_ns)
        self.received += 1
        self.last_ns = now_ns
        self._go_on(client, now_ns)

    def _go_on(self, client: Client, now_ns: int) -> None:
        self.left -= 1
        if self.left == 0:
            self._finish()
        elif self.over:
            return
        elif not self.order.rate_per_s:
            self._draw(client, now_ns)
        elif client.waiting and not client.dead:
            self._send(client, *client.waiting.popleft())

    def wrong(self, client: Client, number: int, words: str) -> None:
        """A reply is there and is not the right one."""
        self.progress += 1
        self.open -= 1
        what = "its first message" if number == PRIME else f"message {number}"
        self._note(f"the reply to {what} on connection {client.place}: {words}")
        if number == PRIME:
            self._primed(0)
            return
        self.wrongs += 1
        self.last_ns = monotonic_ns()
        self._go_on(client, self.last_ns)

    def unasked(self, client: Client, words: str) -> None:
        """Something came that is no reply to anything."""
        self._note(f"connection {client.place}: {words}")
        client.drop()

    def ended(self, client: Client, words: str) -> None:
        """A connection is gone, and with it what was open on it."""
        self.alive -= 1
        if self.over:
            return
        self._note(f"connection {client.place} was lost: {words}")
        if client.number == PRIME:
            self.open -= 1
            self._primed(0)
        elif client.number != NONE:
            self.open -= 1
            self._lose(1)
        self._lose(len(client.waiting))
        client.waiting.clear()
        if self.alive == 0 and self.start_ns:
            self._finish()

    def _primed(self, count: int) -> None:
        self.primed += count
        self.prime_left -= 1
        if self.prime_left == 0 and not self.all_primed.done():
            self.all_primed.set_result(None)

    def _lose(self, count: int) -> None:
        self.left -= count
        if self.left == 0:
            self._finish()

    def _finish(self) -> None:
        if not self.finished.done():
            self.finished.set_result(None)

    def _note(self, words: str) -> None:
        """Keep the first thing that went wrong; what follows it mostly follows from it."""
        if self.error is None:
            self.error = words

    def report(self) -> dict[str, Any]:
        """The account, as `workloads.servers.steering.report` explains it."""
        lost = self.order.messages - self.received - self.wrongs
        failed = lost + self.wrongs > 0
        return {
            "sent": self.sent,
            "received": self.received,
            "wrong": self.wrongs,
            "lost": lost,
            "missing": [number for number, value in enumerate(self.latencies) if value < 0] if failed else [],
            "connected": len(self.clients),
            "connections_failed": self.connections_failed,
            "held": self.held,
            "primed": self.primed,
            "seconds": (self.last_ns - self.start_ns) / 1e9,
            "latencies_ns": [value for value in self.latencies if value >= 0],
            "per_connection": [len(client.latencies_ns) for client in self.clients],
            "per_connection_ns": [middle(client.latencies_ns) for client in self.clients],
            "bytes_out": self.bytes_out,
            "bytes_in": self.bytes_in,
            "late_max_ns": self.late_max_ns,
            "cpu_s": self.cpu_s,
            "error": self.error,
        }  # fmt: skip


def middle(values: list[int]) -> int:
    """The middle one, by size; 0 where there is none."""
    return sorted(values)[len(values) // 2] if values else 0


@contextmanager
def quiet() -> Iterator[None]:
    """No garbage collection of ours in the time that is measured: it would look like a server that pauses."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
