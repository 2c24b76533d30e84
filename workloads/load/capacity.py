"""What the load generator can do: `python -m when_async.workloads.load.capacity ADDRESS PARAMS_JSON`.

It is driven flat out in a closed loop against the least server that Python allows: this process, one epoll, raw
sockets, no framework (method.md, R11). The server spends about as much CPU on a message as the generator does, so the
rate is what the two reach together and the generator's own limit lies above it.
"""

from __future__ import annotations

import gc
import select
import socket
from collections.abc import Mapping
from typing import Any

from ..bodies.steering import ECHO, HTTP, addresses, listen, order, report
from .parent import print_capacity

MOST_CONNECTIONS = 1000
"""More bring no more, and connecting them takes longer than the measurement."""
WARMUP_MESSAGES = 2000
MEASURE_S = 0.5
MOST_MESSAGES = 200_000
SILENCE_S = 15.0
CHUNK_BYTES = 1 << 16
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b"


class Server:
    """One epoll over all connections; what is heard is for those that build on it."""

    def __init__(self, listener: socket.socket, control: socket.socket) -> None:
        self.listener = listener
        self.control = control
        self.open: dict[int, socket.socket] = {}
        self.poll = select.epoll()
        for sock in (listener, control):
            sock.setblocking(False)
            self.poll.register(sock, select.EPOLLIN)

    def until_report(self) -> bytes:
        """Serve until the line of a report comes over `control`; raises RuntimeError where nothing happens any more."""
        line = b""
        while not line.endswith(b"\n"):
            events = self.poll.poll(SILENCE_S)
            if not events:
                raise RuntimeError(f"nothing happened for {SILENCE_S:g} s")
            for descriptor, _ in events:
                if sock := self.open.get(descriptor):
                    if data := sock.recv(CHUNK_BYTES):
                        self.hear(descriptor, sock, data)
                    else:
                        self.poll.unregister(descriptor)
                        self.open.pop(descriptor).close()
                elif descriptor == self.control.fileno():
                    more = self.control.recv(1 << 20)
                    if not more:
                        raise RuntimeError("the load generator is gone")
                    line += more
                else:
                    self._accept()
        return line

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except BlockingIOError:
                return
            self.open[sock.fileno()] = sock
            self.poll.register(sock, select.EPOLLIN)
            self.greet(sock)

    def greet(self, sock: socket.socket) -> None:
        """A connection has come."""
        sock.setblocking(False)

    def hear(self, descriptor: int, sock: socket.socket, data: bytes) -> None:
        """Something has come over a connection."""
        raise TypeError(f"{type(self).__name__} does not say what it answers")

    def close(self) -> None:
        self.poll.close()
        for sock in self.open.values():
            sock.close()


class Answers(Server):
    """Sends back a `reply` to each HTTP request or, without one, each message as it is."""

    def __init__(self, listener: socket.socket, control: socket.socket, size_bytes: int, reply: bytes | None) -> None:
        super().__init__(listener, control)
        self.size_bytes = size_bytes
        self.reply = reply
        self.parts: dict[int, bytes] = {}

    def hear(self, descriptor: int, sock: socket.socket, data: bytes) -> None:
        if descriptor in self.parts:
            data = self.parts.pop(descriptor) + data
        if self.reply is not None:
            if data.endswith(b"\r\n\r\n"):
                sock.send(self.reply)
                return
        elif len(data) >= self.size_bytes:
            sock.send(data)
            return
        self.parts[descriptor] = data


def protocol_of(params: Mapping[str, Any]) -> str:
    """What the workload's clients speak; messages of a fixed size are echoed."""
    return str(params.get("protocol", ECHO if "size_bytes" in params else HTTP))


def measure(address: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The rate of right replies that the generator sustains, with at most `concurrency` connections."""
    protocol, size_bytes = protocol_of(params), int(params.get("size_bytes", 64))
    body = b"x" * int(params.get("body_bytes", 2))
    reply = REPLY % (len(body), body) if protocol == HTTP else None
    connections = min(int(params.get("concurrency", 100)), MOST_CONNECTIONS)
    gc.disable()
    with listen() as listener, socket.create_connection(addresses(address)[0]) as control:
        server = Answers(listener, control, size_bytes, reply)
        done: dict[str, Any] = {"received": WARMUP_MESSAGES, "seconds": 1.0}
        for warm in (False, True):
            asked = int(min(MOST_MESSAGES, max(WARMUP_MESSAGES, done["received"] / done["seconds"] * MEASURE_S)))
            control.send(
                order(
                    protocol=protocol,
                    port=listener.getsockname()[1],
                    connections=connections,
                    messages=asked if warm else WARMUP_MESSAGES,
                    size_bytes=size_bytes,
                    prime=True,
                )
            )
            done = report(server.until_report())
            if done["error"]:
                raise RuntimeError(done["error"])
        server.close()
    return {
        "capacity_per_s": done["received"] / done["seconds"],
        "messages": done["received"],
        "seconds": done["seconds"],
        "generator_cpu_s": done["cpu_s"],
    }


if __name__ == "__main__":
    print_capacity(measure)
