"""The servers of workloads/http_server.py that run on an event loop: uvicorn (ASGI) and aiohttp.web.

Both serve on the runner's own loop. A round may leave no task behind, so what runs beside the requests lives as long
as a round: uvicorn's ticker, and the task that aiohttp has for each connection, whose end is waited for.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from when_async.bench.model import Kit, Params

from ..echo.blocking import check_files
from ..steering import BACKLOG, GO, LONGEST_LINE_BYTES, addresses, listen
from .blocking import ANSWER, IDLE_S, Item, Outcome, milliseconds, order

LINGER_S = 5.0
"""How long the tasks of connections that the load has closed may take to end."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
AsyncOp = Callable[[Sequence[Item]], Coroutine[Any, Any, Outcome]]


@asynccontextmanager
async def connected(address: tuple[str, int], limit: int = 1 << 16) -> AsyncIterator[Streams]:
    """A connection that is closed to the end."""
    reader, writer = await asyncio.open_connection(*address, limit=limit)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


class Backends:
    """Connections to the backend on one loop: taken and put back, never waited for."""

    def __init__(self) -> None:
        self.free: deque[Streams] = deque()
        self.served = 0

    @classmethod
    async def open(cls, kit: Kit) -> Backends:
        """As many as requests may be in flight."""
        check_files(2 * kit.in_flight)
        self = cls()
        _, backend = addresses(kit.address)
        for _ in range(kit.in_flight):
            self.free.append(await kit.enter(connected(backend)))
        return self

    async def reply(self, line: bytes) -> bytes:
        """The body that answers one request."""
        streams = self.free.popleft()
        try:
            reader, writer = streams
            # No drain: a line of three bytes that is answered before the next one is sent fills no buffer.
            writer.write(line)
            answer = await reader.readline()
            if not answer:
                raise ConnectionError("the backend hung up")
            self.served += 1
        finally:
            self.free.append(streams)
        return ANSWER + answer


async def directing(kit: Kit, params: Params, backends: Backends, port: int) -> AsyncOp:
    """An op that orders the load and waits for the report, while the loop serves."""
    control, _ = addresses(kit.address)
    reader, writer = await kit.enter(connected(control, LONGEST_LINE_BYTES))
    connections = kit.in_flight

    async def op(items: Sequence[Item]) -> Outcome:
        before, served = asyncio.all_tasks(), backends.served
        writer.write(order(params, items, connections, port))
        line, cpu_s = await reader.readline(), None
        if line == GO:
            before_s = time.process_time()
            line = await reader.readline()
            cpu_s = time.process_time() - before_s
        if left := asyncio.all_tasks() - before:
            await asyncio.wait(left, timeout=LINGER_S)
        return [line, backends.served - served, connections, cpu_s]

    return op


def application(backends: Backends) -> Callable[..., Coroutine[Any, Any, None]]:
    """The ASGI application."""
    reply = backends.reply
    not_found = {"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]}

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        line = milliseconds(scope["path"])
        if line is None:
            await send(not_found)
            await send({"type": "http.response.body", "body": b""})
            return
        body = await reply(line)
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


@asynccontextmanager
async def serving(server: Any, listener: Any) -> AsyncIterator[None]:
    """What uvicorn's `Server.serve` does, less the signals and the loop of ticks."""
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup(sockets=[listener])
    try:
        yield
    finally:
        await server.shutdown(sockets=[listener])


@asynccontextmanager
async def ticking(server: Any) -> AsyncIterator[None]:
    """uvicorn's loop of ticks, which writes the date of the replies anew each second."""
    ticks = asyncio.create_task(server.main_loop())
    try:
        yield
    finally:
        ticks.cancel()
        with suppress(asyncio.CancelledError):
            await ticks


async def open_uvicorn(kit: Kit, params: Params) -> AsyncOp:
    """uvicorn on the running loop, without its signal handlers, access log, lifespan and WebSockets.

    It parses with httptools where that is installed and else with h11, which is pure Python: its own rule.
    """
    import uvicorn

    backends = await Backends.open(kit)
    config = uvicorn.Config(
        application(backends),
        loop="none",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=IDLE_S,
    )
    server, listener = uvicorn.Server(config), listen()
    port = listener.getsockname()[1]
    await kit.enter(serving(server, listener))
    direct = await directing(kit, params, backends, port)

    async def op(items: Sequence[Item]) -> Outcome:
        async with ticking(server):
            return await direct(items)

    return op


async def open_aiohttp(kit: Kit, params: Params) -> AsyncOp:
    """aiohttp.web on the running loop, with its router and without an access log."""
    backends = await Backends.open(kit)
    listener = listen()
    port = listener.getsockname()[1]
    await kit.enter(_aiohttp(backends, listener))
    return await directing(kit, params, backends, port)


@asynccontextmanager
async def _aiohttp(backends: Backends, listener: Any) -> AsyncIterator[None]:
    from aiohttp import web

    async def wait(request: web.Request) -> web.Response:
        line = milliseconds(request.path)
        if line is None:
            raise web.HTTPNotFound
        return web.Response(body=await backends.reply(line), content_type="text/plain")

    app = web.Application()
    app.router.add_get("/wait/{ms}", wait)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=IDLE_S, shutdown_timeout=LINGER_S)
    await runner.setup()
    try:
        await web.SockSite(runner, listener, backlog=BACKLOG).start()
        yield
    finally:
        await runner.cleanup()
