"""What every server of workloads/http_server.py shares, and two that wait by blocking: waitress and pywsgi.

The application is the same everywhere: it asks the backend over a connection of a pool, computes what the request asks
for, and answers with what came of both (request.py). A request keeps its connection for all of its queries. A pool has
as many connections as the load has, and none is waited for: a server that had more requests open than it was allowed
would find the pool empty and answer 500.

Only the standard library is imported up here, because this is loaded into the measured process.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from queue import SimpleQueue
from typing import Any

from when_async.bench.model import Kit, Params

from ..echo.blocking import check_files, steered
from ..resident import resident_bytes
from ..spent import own
from ..steering import BACKLOG, HOST, Control, addresses, listen
from .request import IDLE_S, Item, Op, Outcome, Work, body_of, order, work_of


class Backend:
    """One connection to the backend; it is used by one thread at a time, and so is its count."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.sock = socket.create_connection(address)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.served = 0

    def ask(self, line: bytes) -> bytes:
        """Send a line and wait for the one that answers it."""
        self.sock.sendall(line)
        answer = self.sock.recv(64)
        while not answer.endswith(b"\n"):
            more = self.sock.recv(64)
            if not more:
                raise ConnectionError("the backend hung up")
            answer += more
        return answer

    def close(self) -> None:
        self.sock.close()


class Pool:
    """Connections to the backend for threads or greenlets: taken and put back, never waited for."""

    def __init__(self, kit: Kit) -> None:
        check_files(2 * kit.in_flight)
        _, backend = addresses(kit.address)
        self.all = [kit.enter(closing(Backend(backend))) for _ in range(kit.in_flight)]
        self.free: SimpleQueue[Backend] = SimpleQueue()
        for each in self.all:
            self.free.put(each)

    @property
    def served(self) -> int:
        """Replies made so far."""
        return sum(each.served for each in self.all)

    def reply(self, work: Work) -> bytes:
        """The body that answers one request."""
        backend = self.free.get_nowait()
        try:
            answers = [backend.ask(work.line) for _ in range(work.queries)]
            backend.served += 1
        finally:
            self.free.put(backend)
        return body_of(work, answers)


def application(pool: Pool) -> Callable[..., list[bytes]]:
    """The WSGI application."""
    reply = pool.reply

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        work = work_of(environ["PATH_INFO"])
        if work is None:
            start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
            return [b""]
        body = reply(work)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    return app


def directing(kit: Kit, params: Params, pool: Pool, port: int) -> Op:
    """An op that orders the load and waits for the report, while others serve."""
    control, connections = kit.enter(Control(kit.address)), kit.in_flight

    def op(items: Sequence[Item]) -> Outcome:
        before = pool.served
        line, spent = steered(control, order(params, items, connections, port), own)
        return [line, pool.served - before, connections, spent, resident_bytes()]

    return op


def open_waitress(kit: Kit, params: Params) -> Op:
    """waitress: one thread reads and writes for all connections, as many threads as connections run the application."""
    pool = Pool(kit)
    port = kit.enter(_waitress(application(pool), kit.in_flight))
    return directing(kit, params, pool, port)


@contextmanager
def _waitress(app: Callable[..., list[bytes]], threads: int) -> Iterator[int]:
    from waitress import wasyncore
    from waitress.server import create_server

    sockets: dict[int, Any] = {}
    listener = listen()
    server = create_server(
        app,
        map=sockets,
        sockets=[listener],
        threads=threads,
        backlog=BACKLOG,
        # Those of the round before may still be on their way out.
        connection_limit=2 * threads + 100,
        channel_timeout=IDLE_S,
        # select() takes no file descriptor above 1023.
        asyncore_use_poll=True,
    )
    # It keeps no hold of its threads, and must not have one left when this is closed.
    started = [thread for thread in threading.enumerate() if thread.name.startswith("waitress-")]
    serving = threading.Thread(target=server.run, name="waitress")
    serving.start()
    try:
        yield listener.getsockname()[1]
    finally:
        # The loop owns its sockets, so it closes them itself; it ends when it has none left.
        server.trigger.pull_trigger(lambda: wasyncore.close_all(sockets, ignore_all=True))
        serving.join()
        server.task_dispatcher.shutdown()
        for thread in started:
            thread.join()


def open_pywsgi(kit: Kit, params: Params) -> Op:
    """gevent's own WSGI server: a greenlet for each connection; its sockets and ours are gevent's, by the patch."""
    pool = Pool(kit)
    port = kit.enter(_pywsgi(application(pool), kit.in_flight))
    return directing(kit, params, pool, port)


@contextmanager
def _pywsgi(app: Callable[..., list[bytes]], connections: int) -> Iterator[int]:
    from gevent.pywsgi import WSGIServer

    # Without a name given it would look one up, in a thread. A number for `spawn` is a pool of so many greenlets.
    listener = listen()
    server = WSGIServer(listener, app, log=None, spawn=connections, environ={"SERVER_NAME": HOST})
    server.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.stop()
