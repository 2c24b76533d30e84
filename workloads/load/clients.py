"""The clients of the load generator: each is one connection with at most one message open, and checks every reply."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from hashlib import shake_128
from struct import Struct
from time import monotonic_ns
from typing import Any, Protocol

from ..bodies.steering import HTTP
from .order import Order

NONE, PRIME = -1, -2
"""What is open on a connection where it is none of the messages of the order."""

TURNS = 64
"""Neighbouring messages begin at so many different places of the pattern."""
NUMBER = Struct(">Q")
HEAD_END = b"\r\n\r\n"
LONGEST_HEAD_BYTES = 1 << 16


class Book(Protocol):
    """Who keeps count of what the clients see; `workloads.servers.load_drive.Drive`."""

    bytes_out: int
    bytes_in: int

    def right(self, client: Client, number: int, intended_ns: int, now_ns: int) -> None: ...

    def wrong(self, client: Client, number: int, words: str) -> None: ...

    def unasked(self, client: Client, words: str) -> None: ...

    def ended(self, client: Client, words: str) -> None: ...


def echo_messages(order: Order) -> Callable[[int], bytes]:
    """Message i of an order: its number, counted on from the seed, and then a pattern drawn from the seed."""
    size, seed, pack = order.size_bytes, order.seed, NUMBER.pack
    pattern = shake_128(b"%d" % seed).digest(size + TURNS)
    tails = [pattern[turn : turn + max(0, size - NUMBER.size)] for turn in range(TURNS)]

    def message(number: int) -> bytes:
        return (pack((seed + number) & 0xFFFFFFFFFFFFFFFF) + tails[number % TURNS])[-size:]

    return message


class Client(asyncio.Protocol):
    """One connection; reads by the loop, writes by the socket itself, so that a message leaves when it is due."""

    def __init__(self, book: Book, sock: socket.socket) -> None:
        self.book = book
        self.place = NONE
        self.sock = sock
        self.transport: Any = None
        self.dead = False
        self.number = NONE
        self.intended_ns = 0
        self.expected = b""
        self.parts = b""
        self.latencies_ns: list[int] = []
        self.waiting: deque[tuple[int, int]] = deque()
        """Messages that were due before the reply to the one before: (number, when it was due)."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.dead = True
        self.book.ended(self, f"{type(exc).__name__}: {exc}" if exc else "closed by the server")

    def ask(self, number: int, intended_ns: int) -> None:
        """Send the message of that number, which is due at `intended_ns`."""
        raise TypeError(f"{type(self).__name__} does not say how it asks")

    def send(self, message: bytes) -> None:
        """Send at once; what the kernel does not take now the loop sends later."""
        if self.number != PRIME:
            self.book.bytes_out += len(message)
        try:
            sent = self.sock.send(message)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.drop()
            return
        if sent < len(message):
            self.transport.write(message[sent:])

    def drop(self) -> None:
        """Use it no more; the loop then says that it is gone."""
        self.dead = True
        self.transport.abort()

    def settle(self) -> tuple[int, int]:
        """The reply is complete: nothing is open any more; returns what was."""
        number, self.number, self.parts, self.expected = self.number, NONE, b"", b""
        return number, self.intended_ns

    def refuse(self, words: str) -> None:
        """The reply is not the right one."""
        self.book.wrong(self, self.settle()[0], words)


class EchoClient(Client):
    """Expects each message back as it was sent."""

    message: Callable[[int], bytes]

    def ask(self, number: int, intended_ns: int) -> None:
        self.number = number
        self.intended_ns = intended_ns
        self.expected = message = self.message(number)
        self.send(message)

    def data_received(self, data: bytes) -> None:
        now_ns = monotonic_ns()
        if self.number != PRIME:
            self.book.bytes_in += len(data)
        if data != self.expected or self.parts:
            self.parts += data
            if self.number == NONE:
                self.book.unasked(self, f"{len(self.parts)} bytes came that nobody asked for")
                return
            if len(self.parts) < len(self.expected):
                return
            if self.parts != self.expected:
                self._complain()
                return
        number, intended_ns = self.settle()
        self.book.right(self, number, intended_ns, now_ns)

    def _complain(self) -> None:
        got, asked = self.parts, self.expected
        if len(got) > len(asked):
            words = f"{len(got)} bytes or more where {len(asked)} were sent"
        else:
            at = next(place for place, byte in enumerate(asked) if got[place] != byte)
            words = f"another content, from byte {at} on"
        # Where the next reply would begin nobody can tell now.
        self.drop()
        self.refuse(words)


class HttpClient(Client):
    """Sends one GET after the other over one kept-alive connection."""

    request: bytes
    expect_body: bytes | None
    right_reply = b""
    """The last right reply; most are equal to it to the byte, and need no reading."""

    def ask(self, number: int, intended_ns: int) -> None:
        self.number = number
        self.intended_ns = intended_ns
        self.send(self.request)

    def data_received(self, data: bytes) -> None:
        now_ns = monotonic_ns()
        if self.number != PRIME:
            self.book.bytes_in += len(data)
        if self.number == NONE:
            self.book.unasked(self, f"{len(data)} bytes came that nobody asked for")
            return
        if self.parts or data != self.right_reply:
            self.parts += data
            words = self._read()
            if words is None:
                return
            if words:
                self.refuse(words)
                return
            type(self).right_reply = self.parts
        number, intended_ns = self.settle()
        self.book.right(self, number, intended_ns, now_ns)

    def _read(self) -> str | None:
        """What is wrong with the reply, the empty string where nothing is, None while it is not complete."""
        head, found, body = self.parts.partition(HEAD_END)
        if not found:
            return self._hopeless("has no end of its head") if len(self.parts) > LONGEST_HEAD_BYTES else None
        status, *lines = head.split(b"\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        length = headers.get(b"content-length", b"")
        if not length.isdigit():
            return self._hopeless("names no Content-Length")
        if len(body) < int(length):
            return None
        if len(body) > int(length):
            return self._hopeless(f"has {len(body)} bytes or more of a body of {int(length)}")
        words = status.split(b" ", 2)
        if len(words) < 2 or not words[0].startswith(b"HTTP/1.1") or words[1] != b"200":
            return f"is {status[:60]!r}"
        if self.expect_body is not None and body != self.expect_body:
            return f"has the body {body[:60]!r}, not {self.expect_body[:60]!r}"
        return ""

    def _hopeless(self, words: str) -> str:
        """Something after which nobody can tell where the next reply would begin."""
        self.drop()
        return words


def kind_of(order: Order) -> type[EchoClient] | type[HttpClient]:
    """The class of an order's clients, which share what is the same for all of them."""
    if order.protocol == HTTP:
        request = f"GET {order.path} HTTP/1.1\r\nHost: {order.host}:{order.port}\r\n\r\n".encode()
        expect = None if order.expect_text is None else order.expect_text.encode()
        return type("HttpClientOfOrder", (HttpClient,), {"request": request, "expect_body": expect})
    return type("EchoClientOfOrder", (EchoClient,), {"message": staticmethod(echo_messages(order))})
