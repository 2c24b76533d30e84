"""What the servers of workloads/http_server.py on asyncio and its like share, and aiohttp.web; asgi.py has the others.

All serve on the runner's own loop. A round may leave no task behind that was not there before it, so the end of the
tasks that a server has for connections and requests is waited for.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from when_async.bench.model import Kit, Params

from ..echo.blocking import check_files
from ..resident import resident_bytes
from ..spent import own
from ..steering import BACKLOG, GO, LONGEST_LINE_BYTES, addresses, listen
from .request import IDLE_S, Item, Outcome, Work, body_of, order, work_of

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

    async def reply(self, work: Work) -> bytes:
        """The body that answers one request."""
        streams, answers = self.free.popleft(), []
        try:
            reader, writer = streams
            for _ in range(work.queries):
                # No drain: a line of three bytes that is answered before the next one is sent fills no buffer.
                writer.write(work.line)
                answer = await reader.readline()
                if not answer:
                    raise ConnectionError("the backend hung up")
                answers.append(answer)
            self.served += 1
        finally:
            self.free.append(streams)
        return body_of(work, answers)


async def directing(kit: Kit, params: Params, backends: Backends, port: int, linger_s: float = LINGER_S) -> AsyncOp:
    """An op that orders the load and waits for the report, while the loop serves.

    Then it waits up to `linger_s` for the tasks that came with the load.
    """
    control, _ = addresses(kit.address)
    reader, writer = await kit.enter(connected(control, LONGEST_LINE_BYTES))
    connections = kit.in_flight

    async def op(items: Sequence[Item]) -> Outcome:
        before, served = asyncio.all_tasks(), backends.served
        writer.write(order(params, items, connections, port))
        line, spent = await reader.readline(), None
        if line == GO:
            at_go = own()
            line = await reader.readline()
            spent = own() - at_go
        memory = resident_bytes()
        if linger_s and (left := asyncio.all_tasks() - before):
            await asyncio.wait(left, timeout=linger_s)
        return [line, backends.served - served, connections, spent, memory]

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
        work = work_of(request.path)
        if work is None:
            raise web.HTTPNotFound
        return web.Response(body=await backends.reply(work), content_type="text/plain")

    app = web.Application()
    app.router.add_get("/wait/{asked:.+}", wait)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=IDLE_S, shutdown_timeout=LINGER_S)
    await runner.setup()
    try:
        await web.SockSite(runner, listener, backlog=BACKLOG).start()
        yield
    finally:
        await runner.cleanup()
