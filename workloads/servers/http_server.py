"""The HTTP server of workloads/http_fetch.py: `python -m when_async.workloads.servers.http_server`.

`GET /DELAY_US/BODY_BYTES/INDEX` waits DELAY_US microseconds and answers with `body(BODY_BYTES, INDEX % VARIANTS)`.
`GET /tls` answers where the same is served over TLS, by HTTP/1.1 or HTTP/2 as each client likes; the listener for it
opens when that is asked for the first time, so that nothing of it is there where nobody asks. Standard output carries
the protocol of bench.model.Service and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from functools import lru_cache
from typing import Any, BinaryIO

import granian

from ..bodies.fetch.common import DOOR, IDLE_S, STREAMS
from ..bodies.granian_ import bound_server
from ..bodies.steering import listen
from ..http_fetch import VARIANTS, body
from ..load.alarm import make_alarm
from ..load.parent import introduce, own_stdout, run
from .certificate import ABSENT, Certificate, make

MAX_DELAY_US = 10_000_000
MAX_BODY_BYTES = 1 << 20
PATH = re.compile(r"/(\d{1,9})/(\d{1,9})")
HEADERS = [("content-type", "application/octet-stream")]

Route = tuple[int, int, tuple[bytes, ...]]
"""(delay in nanoseconds, body size in bytes, the bodies by variant)."""


@lru_cache(maxsize=64)
def route(prefix: str) -> Route | None:
    """What `/DELAY_US/BODY_BYTES` asks for, with all bodies made, or None where it asks for nothing we serve."""
    match = PATH.fullmatch(prefix)
    if match is None:
        return None
    delay_us, size = int(match[1]), int(match[2])
    if delay_us > MAX_DELAY_US or size > MAX_BODY_BYTES:
        return None
    return delay_us * 1000, size, tuple(body(size, variant) for variant in range(VARIANTS))


class App:
    """The RSGI application: answers requests and counts them for the parent.

    A request is in flight from the moment Python sees it; those that wait in granian's queue are not counted, so
    without a delay the peak stays at 1. A connection is told by the address it comes from, which may come again after a
    second; so where each op connects anew a few are missed, and far more than a pool holds are left.
    """

    def __init__(self, alarm: Any, door: Door | None = None) -> None:
        self.alarm = alarm
        self.door = door
        self.open_now = 0
        self.reset()

    def reset(self) -> None:
        """Begin a new window of counts; requests still open count towards its peak."""
        self.requests = self.sent_bytes = 0
        self.peak = self.open_now
        self.late_ns = 0
        self.secure = self.multiplexed = 0
        self.clients: set[str] = set()
        self.cpu_from_s = time.process_time()

    def stats(self) -> dict[str, Any]:
        """The counts of this window; `late_s` is by how much waits overran their delay, on average.

        Where there was TLS, `tls` counts requests over it, and `http2` those of HTTP/2, of which a connection carries
        several (`streams`).
        """
        tls = {"tls": self.secure, "http2": self.multiplexed} if self.secure else {}
        return {
            **tls,
            **({"streams": STREAMS} if self.multiplexed else {}),
            "requests": self.requests,
            "connections": len(self.clients),
            "peak_in_flight": self.peak,
            "bytes": self.sent_bytes,
            "cpu_s": time.process_time() - self.cpu_from_s,
            "late_s": self.late_ns / self.requests / 1e9 if self.requests else 0.0,
        }

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one request; all counting is done before the reply leaves, so a client that has it is counted."""
        path = scope.path
        if path == DOOR and self.door is not None:
            protocol.response_bytes(200, HEADERS, self.door.tell(self))
            return
        self.requests += 1
        self.clients.add(scope.client)
        self.open_now += 1
        if self.open_now > self.peak:
            self.peak = self.open_now
        try:
            prefix, _, index = path.rpartition("/")
            found = route(prefix) if index.isdecimal() and len(index) < 10 else None
            if found is not None and found[0]:
                await self.wait(found[0])
        finally:
            self.open_now -= 1
        if found is None:
            protocol.response_empty(404, [])
            return
        self.sent_bytes += found[1]
        protocol.response_bytes(200, HEADERS, found[2][int(index) % VARIANTS])

    async def wait(self, delay_ns: int) -> None:
        """Return not before `delay_ns` has passed."""
        due_ns = time.monotonic_ns() + delay_ns
        await self.alarm.wait(due_ns)
        self.late_ns += time.monotonic_ns() - due_ns


class SecureApp:
    """The same application over TLS, which counts that it was, and by which protocol."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        self.app.secure += 1
        if scope.http_version == "2":
            self.app.multiplexed += 1
        await self.app.__rsgi__(scope, protocol)


class Door:
    """Opens the listener that speaks TLS when it is asked for the first time."""

    def __init__(self) -> None:
        self.said = b""
        self.serving: asyncio.Task[None] | None = None

    def tell(self, app: App) -> bytes:
        """One JSON object, as bodies.fetch.common.DOOR has it."""
        if not self.said:
            certificate = make()
            told = {"absent": ABSENT} if certificate is None else self._open(app, certificate)
            self.said = json.dumps(told).encode()
        return self.said

    def _open(self, app: App, certificate: Certificate) -> dict[str, str]:
        listener = listen()
        address = "{}:{}".format(*listener.getsockname())
        # Whoever connects before granian accepts waits in the listener's backlog.
        secure = (certificate.chain, certificate.key, STREAMS)
        self.serving = asyncio.create_task(bound_server(SecureApp(app), listener, "rsgi", IDLE_S, secure).serve())
        return {"address": address, "cafile": str(certificate.authority)}


async def probe(address: str) -> None:
    """Fetch one body over the wire; raises RuntimeError unless our own server answers it."""
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET /0/64/1 HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    if not answer.startswith(b"HTTP/1.1 200 ") or not answer.endswith(body(64, 1)):
        raise RuntimeError(f"the server on {address} answered its probe with {answer[:80]!r}")


async def serve(channel: BinaryIO) -> None:
    """Serve until the parent closes standard input; raises RuntimeError if granian ends before."""
    loop = asyncio.get_running_loop()
    alarm, listener = make_alarm(loop), listen()
    app = App(alarm, Door())
    address = "{}:{}".format(*listener.getsockname())
    serving = asyncio.create_task(bound_server(app, listener, "rsgi", IDLE_S).serve())
    probing = asyncio.create_task(probe(address))
    for task in (await asyncio.wait({serving, probing}, return_when=asyncio.FIRST_COMPLETED))[0]:
        task.result()
    if serving.done() or app.requests != 1:
        raise RuntimeError(f"the server on {address} did not start, {app.requests} of 1 probes arrived")
    facts = {
        "server": f"granian {granian.__version__}",
        "loop": type(loop).__module__.partition(".")[0],
        "timer": alarm.name,
    }
    introduce(channel, address, facts, app.stats, app.reset)
    await serving
    raise RuntimeError("granian ended although the parent is still there")


if __name__ == "__main__":
    run(serve(own_stdout()))
