"""What the HTTP server can take over one HTTP/2 connection, as the frames of RFC 9113 have it, by the standard library.

A request is the same few bytes each time but for the number of its stream; headers that come back are not decoded,
since their bodies are counted to the byte. A library would spend more on each request than the server does.
"""

from __future__ import annotations

import socket
import struct
import time
from typing import Any

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEAD = struct.Struct(">BHBBI")
"""Length in 8 + 16 bits, type, flags, stream."""
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW = 0x0, 0x1, 0x3, 0x4, 0x6, 0x7, 0x8
ACK, END_STREAM, END_HEADERS = 0x1, 0x1, 0x4
MOST_WINDOW = (1 << 31) - 1
FIRST_WINDOW = (1 << 16) - 1
INITIAL_WINDOW_SIZE = 0x4
RENEW_BYTES = 1 << 28
"""Bodies of so many bytes, and the connection's window is opened again."""
GET, HTTPS, PATH, AUTHORITY = b"\x82", b"\x87", b"\x04", b"\x01"
"""RFC 7541: indexed `:method GET` and `:scheme https`; names of literal fields that are not indexed."""
WARMUP_S = 0.1
MEASURE_S = 0.5


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame."""
    return HEAD.pack(len(payload) >> 16, len(payload) & 0xFFFF, kind, flags, stream) + payload


def literal(name: bytes, value: bytes) -> bytes:
    """A header field whose name is in the static table; its value of fewer than 127 bytes goes without compression."""
    if len(value) > 126:
        raise ValueError(f"{len(value)} bytes need a longer integer than one byte")
    return name + bytes([len(value)]) + value


class Streams:
    """One connection with as many requests open as were begun; each answer that is complete begins the next."""

    def __init__(self, sock: socket.socket, address: str, body_bytes: int) -> None:
        self.sock = sock
        self.body_bytes = body_bytes
        fields = [GET, HTTPS, literal(PATH, f"/0/{body_bytes}/0".encode()), literal(AUTHORITY, address.encode())]
        self.block = b"".join(fields)
        self.next = 1
        self.got: dict[int, int] = {}
        self.done = self.unrenewed = 0
        self.rest = b""
        settings = struct.pack(">HI", INITIAL_WINDOW_SIZE, MOST_WINDOW)
        window = struct.pack(">I", MOST_WINDOW - FIRST_WINDOW)
        self.out = [PREFACE, frame(SETTINGS, 0, 0, settings), frame(WINDOW, 0, 0, window)]

    def begin(self) -> None:
        """One more request."""
        self.out.append(frame(HEADERS, END_STREAM | END_HEADERS, self.next, self.block))
        self.got[self.next] = 0
        self.next += 2

    def turn(self) -> None:
        """Send what is to be sent, and take what has come; raises RuntimeError on any answer but the right one."""
        out, self.out = b"".join(self.out), []
        self.sock.sendall(out)
        data = self.sock.recv(1 << 18)
        if not data:
            raise RuntimeError("the server closed the HTTP/2 connection")
        data = self.rest + data
        at = 0
        while len(data) - at >= HEAD.size:
            high, low, kind, flags, stream = HEAD.unpack_from(data, at)
            end = at + HEAD.size + (high << 16 | low)
            if end > len(data):
                break
            self._take(kind, flags, stream, data[at + HEAD.size : end])
            at = end
        self.rest = data[at:]

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == DATA:
            self.got[stream] += len(payload)
            self._renew(len(payload))
        elif kind == SETTINGS and not flags & ACK:
            self.out.append(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            self.out.append(frame(PING, ACK, 0, payload))
        elif kind in (RESET, GOAWAY):
            raise RuntimeError(f"the server ended stream {stream} with {payload[:60]!r}")
        if kind in (DATA, HEADERS) and flags & END_STREAM:
            seen = self.got.pop(stream)
            if seen != self.body_bytes:
                raise RuntimeError(f"a response over HTTP/2 has {seen} bytes where {self.body_bytes} were asked for")
            self.done += 1
            self.begin()

    def _renew(self, count: int) -> None:
        self.unrenewed += count
        if self.unrenewed > RENEW_BYTES:
            self.out.append(frame(WINDOW, 0, 0, struct.pack(">I", self.unrenewed)))
            self.unrenewed = 0


def rate(sock: socket.socket, address: str, body_bytes: int, open_at_once: int) -> dict[str, Any]:
    """The sustained rate of complete responses with so many requests open; raises RuntimeError, OSError."""
    streams = Streams(sock, address, body_bytes)
    for _ in range(open_at_once):
        streams.begin()
    _drive(streams, WARMUP_S)
    streams.done, cpu_s = 0, time.process_time()
    seconds = _drive(streams, MEASURE_S)
    cpu_s = time.process_time() - cpu_s
    return {
        "capacity_per_s": streams.done / seconds, "requests": streams.done, "seconds": seconds,
        "generator_cpu_s": cpu_s,
    }  # fmt: skip


def _drive(streams: Streams, seconds: float) -> float:
    start = time.perf_counter()
    while (spent_s := time.perf_counter() - start) < seconds:
        streams.turn()
    return spent_s
