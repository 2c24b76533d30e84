"""The servers of workloads/http_server.py that run an ASGI application on asyncio: uvicorn, hypercorn and granian.

granian is a task that lives as long as the body, hypercorn one that lives as long as a round. uvicorn is started
without a task of its own, and its ticker lives as long as a round.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from when_async.bench.model import Kit, Params, Unsuited

from ..granian_ import bound_server
from ..steering import BACKLOG, listen
from .asgi import application, hypercorn_config
from .loops import AsyncOp, Backends, directing
from .request import IDLE_S, Item, Outcome


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
        application(backends.reply),
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


def refuse_rloop(why: str) -> None:
    """Raise Unsuited on rloop, with what was seen there."""
    if type(asyncio.get_running_loop()).__module__.startswith("rloop"):
        raise Unsuited(why)


@asynccontextmanager
async def running(serve: Coroutine[Any, Any, None], stop: Callable[[], object]) -> AsyncIterator[None]:
    """A server that is one task; what it died of is raised when it is left."""
    task = asyncio.create_task(serve)
    try:
        yield
    finally:
        stop()
        await task


async def open_hypercorn(kit: Kit, params: Params) -> AsyncOp:
    """hypercorn's own `serve` on the running loop; it parses with h11.

    The tasks of a connection that its client has closed stay until the connection has been idle for too long, or until
    the server ends (seen in 0.18), so it is started and ended within a round.
    """
    from hypercorn.asyncio import serve

    refuse_rloop("hypercorn does not start on rloop: it asks its socket for the address, and rloop has closed it")
    backends, listener = await Backends.open(kit), kit.enter(listen())
    app: Any = application(backends.reply)
    direct = await directing(kit, params, backends, listener.getsockname()[1], linger_s=0.0)

    async def op(items: Sequence[Item]) -> Outcome:
        # It closes what it listens on when it ends, so it gets a second handle to the socket.
        config, stop = hypercorn_config(listener.dup()), asyncio.Event()
        async with running(serve(app, config, shutdown_trigger=stop.wait, mode="asgi"), stop.set):
            return await direct(items)

    return op


async def open_granian(kit: Kit, params: Params) -> AsyncOp:
    """granian's embedded server on the running loop: its own thread reads and writes, the loop runs the application."""
    refuse_rloop("granian does not last on rloop: its own thread was seen to die with an invalid file descriptor")
    backends, listener = await Backends.open(kit), listen()
    port = listener.getsockname()[1]
    server = bound_server(application(backends.reply), listener, "asginl", IDLE_S)
    await kit.enter(running(server.serve(), server.stop))
    return await directing(kit, params, backends, port)
