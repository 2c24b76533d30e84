"""What the HTTP server can take: `python -m when_async.workloads.load.http ADDRESS PARAMS_JSON`.

Many kept-alive connections with one request open on each, as the clients have it. Pipelining works too but measures
another server: hyper answers a connection's requests one after the other, so 8 x 8 in flight reached half the rate of
64 x 1. The generator spends half a core at the server's peak (2-core VM), so the server is the limit.

With `tls` each connection speaks TLS, and what the server can take over one HTTP/2 connection is looked at as well
(load.http2): the lower of the two counts. TLS costs the generator about what it costs the server, so the figure is then
a lower bound.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from ..bodies.fetch.common import Place, ask
from . import http2
from .parent import print_capacity

MOST_CONNECTIONS = 64
"""More bring no more; fewer are used where the clients have fewer in flight, since they get less out of it."""
WARMUP_S = 0.1
MEASURE_S = 0.5
TIMEOUT_S = 10.0
"""For connecting and for a server that falls silent."""
STATUS = b"HTTP/1.1 200 "


class Connection:
    """One socket with one request open on it."""

    def __init__(self, sock: socket.socket, request: bytes) -> None:
        self.sock = sock
        self.request = request
        self.received = 0

    def ask(self) -> None:
        """Send the next request; it is far smaller than any send buffer, so it goes in one piece."""
        self.received = 0
        if self.sock.send(self.request) != len(self.request):
            raise RuntimeError("the kernel did not take a whole request")

    def take(self, buffer: bytearray, length: int) -> bool:
        """Read what is there; true once the response of `length` bytes is complete."""
        try:
            got = self.sock.recv_into(buffer)
        except ssl.SSLWantReadError:  # a session ticket, or part of a record
            return False
        if got == 0:
            raise RuntimeError("the server closed a connection")
        if self.received == 0 and not buffer.startswith(STATUS[:got]):
            raise RuntimeError(f"the server answered {bytes(buffer[: min(got, 60)])!r}")
        self.received += got
        if self.received > length:
            raise RuntimeError(f"a response has {self.received} bytes or more, the first one had {length}")
        return self.received == length


def response_length(connection: Connection, body_bytes: int) -> int:
    """Bytes of a whole response, headers included; all others have as many, since only the date in it changes."""
    connection.ask()
    data, length = b"", 1
    while len(data) < length:
        chunk = connection.sock.recv(65536)
        if not chunk:
            raise RuntimeError("the server closed the first connection")
        data += chunk
        head, end, _ = data.partition(b"\r\n\r\n")
        if end and (not head.startswith(STATUS) or b"content-length: %d" % body_bytes not in head.lower()):
            raise RuntimeError(f"the server answered {head!r}")
        length = len(head) + len(end) + body_bytes if end else len(data) + 1
    return length


def drive(selector: selectors.BaseSelector, length: int, seconds: float) -> tuple[int, float]:
    """Answer each complete response with the next request for `seconds`; returns (responses, seconds spent)."""
    buffer = bytearray(1 << 18)
    done, start = 0, time.perf_counter()
    while (spent_s := time.perf_counter() - start) < seconds:
        ready = selector.select(TIMEOUT_S)
        if not ready:
            raise RuntimeError(f"the server was silent for {TIMEOUT_S} s")
        for key, _ in ready:
            if key.data.take(buffer, length):
                done += 1
                key.data.ask()
    return done, spent_s


def rate(there: Place, body_bytes: int, concurrency: int) -> dict[str, Any]:
    """The sustained rate of complete responses over HTTP/1.1, and what it took; raises RuntimeError."""
    address = there.address
    request = f"GET /0/{body_bytes}/0 HTTP/1.1\r\nHost: {address}\r\n\r\n".encode()
    context = there.context() if there.cafile else None
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        connections = []
        for _ in range(min(concurrency, MOST_CONNECTIONS)):
            sock = stack.enter_context(connected(address, context))
            connections.append(Connection(sock, request))
        length = response_length(connections[0], body_bytes)
        for connection in connections:
            connection.sock.setblocking(False)
            selector.register(connection.sock, selectors.EVENT_READ, connection)
            connection.ask()
        drive(selector, length, WARMUP_S)
        cpu_s = time.process_time()
        done, seconds = drive(selector, length, MEASURE_S)
        cpu_s = time.process_time() - cpu_s
    return {"capacity_per_s": done / seconds, "requests": done, "seconds": seconds, "generator_cpu_s": cpu_s}


def connected(address: str, context: ssl.SSLContext | None) -> socket.socket:
    """A connection, over TLS where there is a context."""
    host, _, port = address.rpartition(":")
    sock = socket.create_connection((host, int(port)), timeout=TIMEOUT_S)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return context.wrap_socket(sock, server_hostname=host) if context else sock
    except BaseException:
        sock.close()
        raise


def measure(address: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The sustained rate of complete responses with bodies of `body_bytes` and no wait, with at most `concurrency`
    requests open at once; `absent` where the server lacks what TLS takes; raises RuntimeError.
    """
    body_bytes, concurrency = params["body_bytes"], params.get("concurrency", MOST_CONNECTIONS)
    if not params.get("tls"):
        return rate(Place(f"http://{address}", ""), body_bytes, concurrency)
    told = ask(address)
    if "absent" in told:
        return told
    there = Place(f"https://{told['address']}", told["cafile"])
    plain = rate(there, body_bytes, concurrency)
    context = there.context()
    context.set_alpn_protocols(["h2"])
    with connected(there.address, context) as sock:
        multiplexed = http2.rate(sock, there.address, body_bytes, min(concurrency, MOST_CONNECTIONS))
    found = min(plain, multiplexed, key=lambda one: float(one["capacity_per_s"]))
    return {**found, "http1_per_s": plain["capacity_per_s"], "http2_per_s": multiplexed["capacity_per_s"]}


if __name__ == "__main__":
    print_capacity(measure)
