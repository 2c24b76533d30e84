"""The ASGI application of workloads/http_server.py, the same on every loop, and how hypercorn is set up on each.

No event loop is imported here, so that none pays for another.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from ..steering import BACKLOG
from .request import IDLE_S, Work, work_of

Reply = Callable[[Work], Coroutine[Any, Any, bytes]]
App = Callable[..., Coroutine[Any, Any, None]]

ENDLESS = 1 << 31
"""More requests than any connection has."""


def application(reply: Reply) -> App:
    """The ASGI application, on whichever loop `reply` asks the backend."""
    not_found = {"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]}

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await live(receive, send)
            return
        work = work_of(scope["path"])
        if work is None:
            await send(not_found)
            await send({"type": "http.response.body", "body": b""})
            return
        body = await reply(work)
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


async def live(receive: Any, send: Any) -> None:
    """Tell a server that asks that there is nothing to start and nothing to end."""
    for _ in range(2):
        await send({"type": (await receive())["type"] + ".complete"})


def hypercorn_config(listener: Any) -> Any:
    """hypercorn on a socket of ours, in HTTP/1.1, with one worker and no access log."""
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.backlog = BACKLOG
    config.loglevel = "ERROR"
    config.keep_alive_timeout = IDLE_S
    config.keep_alive_max_requests = ENDLESS
    return config
