"""The servers of workloads/http_server.py that are the standard library's own: wsgiref with threads, and without."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from when_async.bench.model import Kit, Params

from ..resident import resident_bytes
from ..spent import Spent, own
from ..steering import BACKLOG, GO, HOST, Control
from .blocking import Pool, application, directing
from .request import Item, Op, Outcome, order


def kept_alive_handler() -> type[Any]:
    """wsgiref's handler made to keep a connection: by itself it answers one request in HTTP/1.0 and hangs up.

    Django's development server does the same to it (django/core/servers/basehttp.py). A reply is gathered in a buffer,
    so that it leaves in one piece and not in five.
    """
    from http.server import BaseHTTPRequestHandler
    from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer

    class Reply(ServerHandler):
        http_version = "1.1"
        request_handler: WSGIRequestHandler

    class KeptAlive(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True
        handle = BaseHTTPRequestHandler.handle
        server: WSGIServer

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            # At the end of a connection the line is empty; then this says that there is nothing to answer.
            if not self.parse_request():
                return
            # The stubs know neither that wsgiref writes into just this file, nor that the server has its app by now.
            reply = Reply(self.rfile, self.wfile, self.get_stderr(), self.get_environ())  # type: ignore[arg-type]
            reply.request_handler = self
            reply.run(self.server.get_app())  # type: ignore[arg-type]

        def log_message(self, format: str, *args: Any) -> None:
            """Write no access log; no other contestant does."""

    return KeptAlive


def server_class(*mixins: type[Any]) -> type[Any]:
    """wsgiref's server with room for all connections at once; it asks no name server what 127.0.0.1 is called."""
    from socketserver import TCPServer
    from wsgiref.simple_server import WSGIServer

    def server_bind(self: Any) -> None:
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address
        self.setup_environ()

    return type("Server", (*mixins, WSGIServer), {"request_queue_size": BACKLOG, "server_bind": server_bind})


def open_wsgiref_threads(kit: Kit, params: Params) -> Op:
    """wsgiref with ThreadingMixIn: a thread for each connection, started when it comes."""
    pool = Pool(kit)
    port = kit.enter(_wsgiref_threads(application(pool)))
    return directing(kit, params, pool, port)


@contextmanager
def _wsgiref_threads(app: Callable[..., list[bytes]]) -> Iterator[int]:
    from socketserver import ThreadingMixIn

    class Tracked(ThreadingMixIn):
        """Knows its open connections, so that none keeps its thread when the server closes."""

        # Only a UDP server has requests that are no socket.
        def process_request(self, request: socket.socket, client_address: Any) -> None:  # type: ignore[override]
            connections.add(request)
            super().process_request(request, client_address)

        def shutdown_request(self, request: socket.socket) -> None:
            connections.discard(request)
            super().shutdown_request(request)  # type: ignore[misc]

    connections: set[socket.socket] = set()
    with server_class(Tracked)((HOST, 0), kept_alive_handler()) as server:
        server.set_app(app)
        serving = threading.Thread(target=server.serve_forever, name="wsgiref")
        serving.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            serving.join()
            for connection in list(connections):
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # it has just ended by itself


class Ear:
    """Lets one thread wait for a socket and for the load generator at once."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.begin()

    def begin(self) -> None:
        """Nothing of this round has been heard yet."""
        self.line = b""
        self.at_go: Spent | None = None

    def hears(self, sock: socket.socket) -> bool:
        """Wait until there is something to do at `sock`; False once the report is there.

        The load generator is heard first: it says GO before it sends, so the two lines never wait together.
        """
        from select import select

        while True:
            ready = select([sock, self.control.socket], [], [])[0]
            if self.control.socket not in ready:
                return True
            self.line = self.control.line()
            if self.line != GO:
                return False
            self.at_go = own()


def open_wsgiref_serial(kit: Kit, params: Params) -> Op:
    """wsgiref as it is: one thread, one connection after another, one request after another.

    The runner has one op in flight, so the load has one connection and nobody waits for this server to hang up on
    somebody else. The thread that serves is the one that ordered the load, so it listens to both.
    """

    class OneThread(kept_alive_handler()):  # type: ignore[misc]
        def handle(self) -> None:
            self.close_connection = False
            while not self.close_connection and ear.hears(self.connection):
                self.handle_one_request()

    pool, ear = Pool(kit), Ear(kit.enter(Control(kit.address)))
    connections = kit.in_flight
    server = kit.enter(server_class()((HOST, 0), OneThread))
    server.set_app(application(pool))

    def op(items: Sequence[Item]) -> Outcome:
        before = pool.served
        ear.begin()
        ear.control.send(order(params, items, connections, server.server_port))
        while ear.line in (b"", GO) and ear.hears(server.socket):
            server.handle_request()
        spent = None if ear.at_go is None else own() - ear.at_go
        return [ear.line, pool.served - before, connections, spent, resident_bytes()]

    return op
