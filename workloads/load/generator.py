"""The load generator for servers: `python -m when_async.workloads.load.generator`.

Where the server is the contestant, the worker hosts it and this is the service. It names two addresses,
`127.0.0.1:CONTROL,127.0.0.1:BACKEND`. On a connection to CONTROL it reads orders and answers each with a report, one
JSON line each (workloads/bodies/steering.py says what is in them). BACKEND is what a server may ask in turn
(workloads/load/backend.py). Standard output carries the protocol of bench.model.Service and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from typing import Any

import uvloop

from ..bodies.steering import GO, HOST, LONGEST_LINE_BYTES
from .alarm import Ticker
from .drive import Drive
from .order import BadOrder, Order
from .parent import introduce, own_stdout, run

COUNTED = ("sent", "received", "wrong", "lost", "connected", "connections_failed", "held", "primed", "bytes_out")


class Backend:
    """The process of the backend; it ends when its standard input closes, and so with this one."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "when_async.workloads.load.backend"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def _line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        found: dict[str, Any] = json.loads(self.process.stdout.readline() or b"{}")
        return found

    def address(self) -> str:
        """Where it listens; raises RuntimeError where it did not start."""
        found = self._line()
        if "address" not in found:
            raise RuntimeError("the backend did not start")
        return str(found["address"])

    def stats(self) -> dict[str, Any]:
        """What it counted since the last time."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"stats\n")
        self.process.stdin.flush()
        return self._line()


class Generator:
    """Takes orders and counts for the parent what came of them."""

    def __init__(self) -> None:
        self.turns = 0
        self.reset()

    def reset(self) -> None:
        """Begin a new window of counts."""
        self.counts: Counter[str] = Counter()
        self.error: str | None = None
        self.cpu_from_s = time.process_time()

    def stats(self) -> dict[str, Any]:
        """The counts of this window; `requests` and `connections` are what other services call it."""
        return {
            "orders": self.counts["orders"],
            "requests": self.counts["received"],
            "connections": self.counts["connected"],
            **{name: self.counts[name] for name in COUNTED},
            "cpu_s": time.process_time() - self.cpu_from_s,
            "error": self.error,
        }

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry out the orders of one program, one after the other, until it goes; what it left behind is dropped."""
        next_line = asyncio.ensure_future(reader.readline())
        try:
            while line := await next_line:
                next_line = asyncio.ensure_future(reader.readline())
                carrying = asyncio.ensure_future(self.carry_out(line, writer))
                await asyncio.wait({carrying, next_line}, return_when=asyncio.FIRST_COMPLETED)
                if not carrying.done() and (next_line.exception() or not next_line.result()):
                    carrying.cancel()
                await asyncio.wait({carrying})
                if carrying.cancelled():
                    break
                carrying.result()
        except OSError:
            pass  # it went while we wrote
        finally:
            next_line.cancel()
            writer.close()

    async def carry_out(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        """Answer one order."""
        try:
            order = Order.read(line)
        except BadOrder as error:
            writer.write(json.dumps({"error": str(error)}).encode() + b"\n")
            return
        drive = Drive(order, self.turns)
        self.turns += 1
        try:
            report = await drive.run(partial(self.go, order, writer))
            self.count(report)
            # The report first, so that what it says ends before the connections do.
            writer.write(json.dumps(report, separators=(",", ":")).encode() + b"\n")
            await writer.drain()
        finally:
            drive.close()

    async def go(self, order: Order, writer: asyncio.StreamWriter) -> None:
        if order.announce:
            writer.write(GO)
            # One turn of the loop sends it.
            await asyncio.sleep(0)

    def count(self, report: dict[str, Any]) -> None:
        self.counts["orders"] += 1
        for name in COUNTED:
            self.counts[name] += report[name]
        self.error = self.error or report["error"]


async def serve() -> None:
    """Serve until the parent closes standard input."""
    channel, backend, generator = own_stdout(), Backend(), Generator()
    server = await asyncio.start_server(generator.take, HOST, 0, limit=LONGEST_LINE_BYTES, family=socket.AF_INET)
    control = "{}:{}".format(*server.sockets[0].getsockname())
    address = f"{control},{backend.address()}"
    facts = {"generator": f"uvloop {uvloop.__version__}", "timer": Ticker.name}
    introduce(channel, address, facts, lambda: {**generator.stats(), **backend.stats()}, generator.reset)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    run(serve())
