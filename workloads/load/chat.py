"""Plays all members of the room of workloads/chat.py: `python -m when_async.workloads.load.chat`.

Here the server is the contestant and lives in the measured process; this is its Service. On a TCP connection to its
address it takes an order as one JSON line (chat_load_talk.Order) and answers with a report as one JSON line, as often
as it is asked. Standard output carries the protocol of bench.model.Service and nothing else.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, BinaryIO

import uvloop

from ..bodies.steering import HOST
from .alarm import make_alarm
from .chat_room import Room
from .chat_talk import Report, as_json, read_order
from .parent import introduce, own_stdout, run


class Troupe:
    """Takes orders one at a time, whoever they come from, and counts for the parent."""

    def __init__(self, alarm: Any) -> None:
        self.alarm = alarm
        self.busy = asyncio.Lock()
        self.reset()

    def reset(self) -> None:
        """Begin a new window of counts."""
        self.orders = self.members = self.said = self.delivered = 0
        self.cpu_from_s = time.process_time()

    def stats(self) -> dict[str, Any]:
        """The counts of this window; `members` is how many were connected, over all orders."""
        return {
            "orders": self.orders,
            "members": self.members,
            "said": self.said,
            "delivered": self.delivered,
            "cpu_s": time.process_time() - self.cpu_from_s,
        }

    async def perform(self, text: bytes) -> Report:
        """Carry out one order; what goes wrong stands in the report."""
        self.orders += 1
        try:
            order = read_order(text)
            async with self.busy:
                report = await Room(order, self.alarm).hold()
        except Exception as error:  # whatever it is, who gave the order waits for an answer
            return Report(error=f"{type(error).__name__}: {error}")
        self.members += report.connected
        self.said += report.said
        self.delivered += report.delivered
        return report

    async def listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one contestant until it hangs up."""
        try:
            while text := await reader.readline():
                writer.write(as_json(await self.perform(text)))
                await writer.drain()
        except ConnectionError:
            pass  # it died; its members' connections have ended with it
        finally:
            writer.close()


async def serve(channel: BinaryIO) -> None:
    """Serve until the parent closes standard input."""
    loop = asyncio.get_running_loop()
    alarm = make_alarm(loop)
    troupe = Troupe(alarm)
    server = await asyncio.start_server(troupe.listen, HOST, 0)
    host, port = server.sockets[0].getsockname()
    facts = {
        "server": f"uvloop {uvloop.__version__}",
        "loop": type(loop).__module__.partition(".")[0],
        "timer": alarm.name,
    }
    introduce(channel, f"{host}:{port}", facts, troupe.stats, troupe.reset)
    await server.serve_forever()


if __name__ == "__main__":
    run(serve(own_stdout()))
