"""N1, wrong byte count: an echo server that answers 1000 bytes with 4096, so that a client needs fewer round trips.

Run as a module this file is the two servers, the wrong one and its honest twin; imported it is the workloads.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any
from zlib import crc32

from when_async.bench.model import Kit, Param, Params, Point, Service, Workload, WrongAnswer

SENT_BYTES = 1000
PADDED_BYTES = 4096


class Counts:
    """Bytes that came in and went out since they were last asked for, at both servers."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.bytes_in = self.bytes_out = 0

    def add(self, received: int, sent: int) -> None:
        with self.lock:
            self.bytes_in, self.bytes_out = self.bytes_in + received, self.bytes_out + sent

    def take(self) -> dict[str, int]:
        with self.lock:
            taken = {"bytes_in": self.bytes_in, "bytes_out": self.bytes_out}
            self.bytes_in = self.bytes_out = 0
        return taken


def echo(connection: socket.socket, counts: Counts, at_least: int) -> None:
    """Send each line back, made longer with blanks where it is shorter than `at_least`."""
    with connection, connection.makefile("rb") as lines:
        for line in lines:
            reply = line[:-1].ljust(at_least - 1) + b"\n"
            counts.add(len(line), len(reply))
            connection.sendall(reply)


def listen(counts: Counts, at_least: int) -> str:
    """Serve on a port that the kernel picks, a thread for each connection; returns the port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=echo, args=(connection, counts, at_least), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return str(listener.getsockname()[1])


def serve() -> None:
    counts = Counts()
    ports = [listen(counts, at_least) for at_least in (PADDED_BYTES, 0)]
    print(json.dumps({"address": " ".join(ports)}), flush=True)
    for _ in sys.stdin:
        print(json.dumps(counts.take()), flush=True)


def message(index: int) -> bytes:
    return f"{index:06d} ".encode().ljust(SENT_BYTES - 1, b"x") + b"\n"


def client(which: int, *, careful: bool) -> Callable[[Kit, Params], Callable[[int], Any]]:
    """A client of one of the servers, which looks at what comes back or only waits for it."""

    def body(kit: Kit, params: Params) -> Callable[[int], Any]:
        port = int(str(kit.address).split()[which])
        connection = kit.enter(closing(socket.create_connection(("127.0.0.1", port))))
        lines = kit.enter(closing(connection.makefile("rb")))

        def op(item: int) -> Any:
            connection.sendall(message(item))
            reply = lines.readline()
            return (len(reply), crc32(reply)) if careful else item

        return op

    return body


def check_replies(params: Params, items: Sequence[int], results: Sequence[Any]) -> str:
    for item, (size, digest) in zip(items, results, strict=True):
        if size != SENT_BYTES:
            raise WrongAnswer(f"message {item} had {SENT_BYTES} bytes and its reply has {size}")
        if digest != crc32(message(item)):
            raise WrongAnswer(f"the reply to message {item} is another message")
    return f"{len(results)} echoes"


def check_count(params: Params, items: Sequence[int], results: Sequence[Any]) -> str:
    return f"{len(results)} echoes"


def expect(params: Params, concurrency: int, stats: Mapping[str, Any]) -> str | None:
    if stats["bytes_in"] == stats["bytes_out"]:
        return None
    return f"{stats['bytes_in']} bytes went in and {stats['bytes_out']} came out"


def echoes(name: str, check: Callable[[Params, Sequence[int], Sequence[Any]], str], *, careful: bool) -> Workload:
    return Workload(
        name=name,
        summary="lines that come back",
        bodies={"sync": client(0, careful=careful), "threading": client(1, careful=careful)},
        params=(Param("n", 1, 1000, "how many lines"),),
        make_items=lambda params, seed: list(range(int(params["n"]))),
        check=check,
        grid={"quick": (Point(1, {"n": 4}),)},
        service=Service(name="echo", module="n01_wrong_byte_count", expect=expect),
    )


ECHO = echoes("echo", check_replies, careful=True)
CARELESS_ECHO = echoes("careless_echo", check_count, careful=False)

if __name__ == "__main__":
    serve()
