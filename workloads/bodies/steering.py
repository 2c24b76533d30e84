"""How a program that serves steers the load generator (workloads/load/generator.py): one line out, one line back.

It is used inside the measured process and imports the standard library only. Where a program is on an event loop it
opens the connection in the loop's own way, sends `order(...)`, reads lines and gives the last one to `report`.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any

HOST = "127.0.0.1"

BACKLOG = 16384
"""Connections the kernel may hold before they are accepted; it cuts this to net.core.somaxconn without a word."""

LONGEST_LINE_BYTES = 1 << 27
"""A report has about 8 bytes for each message; a reader that has a limit of its own needs one as high as this."""

CHUNK_BYTES = 1 << 16

ECHO, HTTP = "echo", "http"

GO = b'{"go": true}\n'
"""What an order that is to be announced is answered with first: all is connected, the clock starts."""


class Stopped(Exception):
    """The load generator has gone, or could not make anything of the order; the text is the reason."""


def addresses(address: str | None) -> tuple[tuple[str, int], tuple[str, int]]:
    """Where to steer, and the backend, from `kit.address`: `127.0.0.1:1234,127.0.0.1:1235`."""
    pairs = [each.rpartition(":") for each in str(address).split(",")]
    control, backend = ((host, int(port)) for host, _, port in pairs)
    return control, backend


def order(
    *,
    protocol: str,
    port: int,
    connections: int,
    messages: int,
    host: str = HOST,
    rate_per_s: float = 0.0,
    size_bytes: int = 64,
    path: str = "/",
    seed: int = 0,
    hold_s: float = 0.0,
    expect_text: str | None = None,
    prime: bool = False,
    announce: bool = False,
    patience_s: float = 5.0,
) -> bytes:
    """The line that asks for a load of `messages` over `connections` to the server at `host`:`port`.

    `rate_per_s` is the offered load over all connections, 0 for a closed loop: each connection sends its next message
    when the reply is there. A connection has one message open at most; one that falls due before the reply is there
    waits on the generator's side, and its latency runs from when it was due. Connections are held for `hold_s` or
    longer. With `prime` each of them exchanges one message before the clock runs, which is in no other count than
    `primed`: what was accepted by the kernel is then accepted by the server too. With `announce` the line
    `GO` comes when the clock starts, before the line of the report. What has not been answered after
    `patience_s` without any answer is lost.
    """
    asked: dict[str, Any] = dict(locals())
    return json.dumps(asked).encode() + b"\n"


def report(line: bytes) -> dict[str, Any]:
    """What the generator says came of an order; raises Stopped where it could not carry it out at all.

    `sent`, `received` (right replies), `wrong`, `lost` (asked for, but neither received nor wrong), `missing` (the
    messages without a right reply, by number from 0), `connected`, `connections_failed`, `held` (connections that
    were open from the start of the clock to the end), `primed`, `seconds` (start of the clock to the last reply),
    `latencies_ns` (of right replies, in order of the messages), `per_connection` (right replies of each) and
    `per_connection_ns` (the middle one of their latencies), `bytes_out` and `bytes_in` (priming left out),
    `late_max_ns` (by how much the generator missed its own schedule), `cpu_s` (its CPU while the clock ran) and
    `error`, which says in words what went wrong first, or is None.
    """
    if not line.endswith(b"\n"):
        raise Stopped("the load generator is gone: its report did not come")
    found: dict[str, Any] = json.loads(line)
    if "sent" not in found:
        raise Stopped(f"the load generator refused the order: {found.get('error', found)}")
    return found


def listen(port: int = 0) -> socket.socket:
    """A listener as every server here has it: loopback, a port that the kernel picks, a backlog that holds all.

    Accepted connections inherit TCP_NODELAY, which event loops would set by themselves and threads would not.
    """
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


class Control:
    """The connection that orders go over, for a program that blocks; entered by `kit.enter`."""

    def __init__(self, address: str | None) -> None:
        self.socket = socket.create_connection(addresses(address)[0])
        self._lines = self.socket.makefile("rb")

    def __enter__(self) -> Control:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self.socket.close()

    def send(self, line: bytes) -> None:
        """Send an order."""
        self.socket.sendall(line)

    def line(self) -> bytes:
        """The next line; without its end where the generator has gone."""
        return self._lines.readline()

    def ask(self, line: bytes) -> dict[str, Any]:
        """Send an order that announces nothing and wait for its report."""
        self.send(line)
        return report(self.line())


class Lines:
    """Lines from a stream that only has chunks; one without its end is the last."""

    def __init__(self, receive: Callable[[int], Awaitable[bytes]]) -> None:
        self.receive = receive
        self.kept = b""

    async def __call__(self) -> bytes:
        parts = [self.kept]
        while b"\n" not in parts[-1]:
            chunk = await self.receive(CHUNK_BYTES)
            if not chunk:
                break
            parts.append(chunk)
        line, end, self.kept = b"".join(parts).partition(b"\n")
        return line + end


def until_end(receive: Callable[[int], Awaitable[bytes]], end: type[Exception]) -> Callable[[int], Awaitable[bytes]]:
    """The same with an empty chunk at the end, as sockets have it, where the library raises."""

    async def chunk(size: int) -> bytes:
        try:
            return await receive(size)
        except end:
            return b""

    return chunk
