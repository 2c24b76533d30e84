"""What goes wrong: twenty ops are "in flight", and behind them one shared session has four connections.

Client libraries pool connections, and the pool has a size of its own that nobody wrote down. Ops beyond it queue inside
the library. They look open from where the benchmark counts, so the row says twenty, and it is a row of four. Two
models with the same limit and different sessions then differ by the sessions.
Cure: give the session as many connections as ops may be in flight, for every contestant, and let the server count.

The server here lives in the same loop, to keep the script short; that is good enough for counting, not for timing.

What you will see: the client counts twenty open both times; the server counts four, then twenty.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

IN_FLIGHT = 20
OPS = 100
SERVICE_S = 0.01

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Gauge:
    """The most that were open at once."""

    def __init__(self) -> None:
        self.open = self.peak = 0

    def __enter__(self) -> None:
        self.open += 1
        self.peak = max(self.peak, self.open)

    def __exit__(self, *_: object) -> None:
        self.open -= 1


class Session:
    """A client as libraries have it: a few connections, lent to whoever asks first."""

    def __init__(self, connections: list[Connection]) -> None:
        self.idle: asyncio.Queue[Connection] = asyncio.Queue()
        for connection in connections:
            self.idle.put_nowait(connection)

    async def get(self, number: int) -> int:
        reader, writer = connection = await self.idle.get()
        try:
            writer.write(b"%d\n" % number)
            return int(await reader.readline())
        finally:
            self.idle.put_nowait(connection)


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


async def run(size: int) -> tuple[int, int, float]:
    """Most ops open by the client's count, most by the server's, and seconds, with that many connections."""
    at_client, at_server = Gauge(), Gauge()
    serving: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        while request := await reader.readline():
            with at_server:
                await asyncio.sleep(SERVICE_S)
            writer.write(request)
        writer.close()

    async def work(session: Session, numbers: list[int]) -> None:
        while numbers:
            number = numbers.pop()
            with at_client:
                assert await session.get(number) == number

    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(await asyncio.start_server(serve, "127.0.0.1", 0))
        port = server.sockets[0].getsockname()[1]
        session = Session([await stack.enter_async_context(connected(port)) for _ in range(size)])
        numbers = list(range(OPS))
        start = time.perf_counter()
        await asyncio.gather(*(work(session, numbers) for _ in range(IN_FLIGHT)))
        seconds = time.perf_counter() - start
    await asyncio.gather(*(task for task in serving if task))
    return at_client.peak, at_server.peak, seconds


def wrong() -> tuple[int, int, float]:
    """Both counts and the seconds with a session of the size that happened to be its default."""
    return asyncio.run(run(4))


def right() -> tuple[int, int, float]:
    """The same with a connection for each op in flight."""
    return asyncio.run(run(IN_FLIGHT))


def main() -> None:
    for name, (client, server, seconds) in (("wrong", wrong()), ("right", right())):
        print(f"{name}: {client} open for the client, {server} for the server, {OPS / seconds:,.0f} ops per second")


if __name__ == "__main__":
    main()
