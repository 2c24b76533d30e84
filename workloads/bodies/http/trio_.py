"""hypercorn on trio, the one server of workloads/http_server.py there.

A nursery belongs to the task that opened it, so the server is started and ended within a round; its socket, its
connections to the backend and that to the load generator live as long as the body.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from when_async.bench.model import Kit, Params

from ..echo.blocking import check_files
from ..echo.loops import connect, steered
from ..resident import resident_bytes
from ..steering import Lines, addresses, listen
from .asgi import application, hypercorn_config
from .request import Item, Outcome, Work, body_of, order

AsyncOp = Callable[[Sequence[Item]], Awaitable[Outcome]]


class Backends:
    """Connections to the backend on trio: taken and put back, never waited for."""

    def __init__(self) -> None:
        self.free: deque[tuple[Any, Lines]] = deque()
        self.served = 0

    @classmethod
    async def open(cls, kit: Kit) -> Backends:
        """As many as requests may be in flight."""
        import trio

        check_files(2 * kit.in_flight)
        self = cls()
        host, port = addresses(kit.address)[1]
        for _ in range(kit.in_flight):
            stream = await kit.enter(await trio.open_tcp_stream(host, port))
            self.free.append((stream, Lines(stream.receive_some)))
        return self

    async def reply(self, work: Work) -> bytes:
        """The body that answers one request."""
        free, answers = self.free.popleft(), []
        try:
            stream, readline = free
            for _ in range(work.queries):
                await stream.send_all(work.line)
                answer = await readline()
                if not answer:
                    raise ConnectionError("the backend hung up")
                answers.append(answer)
            self.served += 1
        finally:
            self.free.append(free)
        return body_of(work, answers)


async def open_hypercorn(kit: Kit, params: Params) -> AsyncOp:
    """hypercorn's own `serve` in a nursery; it parses with h11."""
    import trio
    from hypercorn.trio import serve

    backends, listener = await Backends.open(kit), kit.enter(listen())
    port, connections = listener.getsockname()[1], kit.in_flight
    control = await kit.enter(trio.SocketStream(trio.socket.from_stdlib_socket(connect(kit))))
    readline = Lines(control.receive_some)
    app: Any = application(backends.reply)

    async def op(items: Sequence[Item]) -> Outcome:
        served, stop = backends.served, trio.Event()
        async with trio.open_nursery() as nursery:
            # It closes what it listens on when it ends, so it gets a second handle to the socket.
            config = hypercorn_config(listener.dup())
            await nursery.start(partial(serve, app, config, shutdown_trigger=stop.wait, mode="asgi"))
            line, spent = await steered(readline, control.send_all, order(params, items, connections, port))
            memory = resident_bytes()
            stop.set()
        return [line, backends.served - served, connections, spent, memory]

    return op
