"""GETs against a local server that waits and then answers: what a client costs, not what a network does.

The server (workloads/servers/http_server.py) sleeps `delay_s` and sends `body_bytes`, with `tls` over TLS; the oracle
knows every body, because both sides compute it with `body`. Ideal time: every slot of the pool waits for its share of
the ops and nothing else, ceil(n / in_flight) x delay_s.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import shake_128
from math import ceil
from typing import Any
from zlib import crc32

from when_async.bench.model import Param, Params, Point, Service, Workload, WrongAnswer

from .bodies.fetch.blocking import open_http_client, open_httpx_client, open_requests
from .bodies.fetch.common import Item, Reply
from .bodies.fetch.httpx_ import H2, NEEDS_TLS
from .bodies.fetch.loops import open_aiohttp, open_httpx_async_client, open_httpx_http2

VARIANTS = 64
"""Bodies of one size; op i gets number i % VARIANTS, so neighbours in flight differ."""


def body(body_bytes: int, variant: int) -> bytes:
    """The `body_bytes` bytes that the server sends for `variant`, 0 to VARIANTS - 1."""
    return shake_128(b"%d/%d" % (body_bytes, variant)).digest(body_bytes)


@lru_cache(maxsize=16)
def expected_replies(body_bytes: int) -> tuple[Reply, ...]:
    """The right reply for each variant; the bodies are not kept, so that they do not count as a contestant's memory."""
    return tuple((200, body_bytes, crc32(body(body_bytes, variant))) for variant in range(VARIANTS))


def make_items(params: Params, seed: int) -> list[Item]:
    """`n` items; the seed is unused, because all ops are alike and nothing is drawn."""
    prefix = f"/{round(float(params['delay_s']) * 1e6)}/{int(params['body_bytes'])}/"
    return [(index, f"{prefix}{index}") for index in range(int(params["n"]))]


def check(params: Params, items: Sequence[Item], results: Sequence[Any]) -> str:
    """Compare every reply with the one computed here; raises WrongAnswer that names the first wrong op."""
    if len(results) != len(items):
        raise WrongAnswer(f"{len(results)} replies came back for {len(items)} requests")
    body_bytes = int(params["body_bytes"])
    expected = expected_replies(body_bytes)
    for (index, path), reply in zip(items, results, strict=True):
        if reply != expected[index % VARIANTS]:
            raise WrongAnswer(f"op {index} (GET {path}): {_difference(expected[index % VARIANTS], reply)}")
    return f"{len(items)} bodies of {body_bytes} B"


def _difference(expected: Reply, reply: Any) -> str:
    """Say in words what is wrong with `reply`."""
    if not isinstance(reply, (tuple, list)) or len(reply) != len(expected):
        return f"no reply, got {type(reply).__name__}"
    for name, want, got in zip(("status", "length", "CRC-32 of the body"), expected, reply, strict=True):
        if want != got:
            return f"{name} is {got}, expected {want}"
    return f"got {type(reply).__name__}, expected tuple"


def ideal_s(params: Params, in_flight: int) -> float:
    """Each of `in_flight` slots waits for its share of the ops; 0.0 where the server does not wait."""
    return ceil(int(params["n"]) / in_flight) * float(params["delay_s"])


def expect(params: Params, concurrency: int, stats: Mapping[str, Any]) -> str | None:
    """Complain unless the server saw each op once, over no more connections and no more at once than allowed."""
    n = int(params["n"])
    if stats["requests"] != n:
        by = f" ({stats['tls']} over TLS, {stats['http2']} of them HTTP/2)" if "tls" in stats else ""
        return f"the server got {stats['requests']} requests{by} where {n} were asked for"
    if stats["bytes"] != n * int(params["body_bytes"]):
        return f"the server sent {stats['bytes']} body bytes where {n * int(params['body_bytes'])} were asked for"
    if stats["connections"] > concurrency:
        return f"the server saw {stats['connections']} connections where a pool of {concurrency} was allowed"
    if stats["peak_in_flight"] > concurrency:
        return f"the server saw {stats['peak_in_flight']} requests at once where {concurrency} were allowed"
    return _other_protocol(params, concurrency, stats)


def _other_protocol(params: Params, concurrency: int, stats: Mapping[str, Any]) -> str | None:
    """Complain unless all came by one protocol, with TLS where it was asked for, HTTP/2 over one connection (N10).

    That it is the protocol of the contestant's name each op sees for itself. A runner may have a loop on each core,
    and then has a connection for each.
    """
    n = int(params["n"])
    wanted, secure, multiplexed = (n if params.get("tls") else 0), stats.get("tls", 0), stats.get("http2", 0)
    if secure != wanted:
        return f"the server got {secure} requests over TLS where {wanted} were asked for"
    if multiplexed not in (0, n):
        return f"the server got {multiplexed} of {n} requests over HTTP/2"
    most = max(1, min(os.cpu_count() or 1, concurrency // 2))
    if multiplexed and stats["connections"] > most:
        return f"the server saw {stats['connections']} connections where HTTP/2 takes {most} at most"
    return None


def refuses(params: Params, body_key: str) -> str | None:
    """Why a body has no part at a point: there is no HTTP/2 without TLS."""
    return NEEDS_TLS if body_key.endswith(f"/{H2}") and not params.get("tls") else None


def _point(concurrency: int, n: int, delay_s: float = 0.02, body_bytes: int = 4096, tls: int = 0) -> Point:
    """One point of the grid, by default at the centre of the full one."""
    return Point(concurrency, {"n": n, "delay_s": delay_s, "body_bytes": body_bytes, "tls": tls})


HTTP_FETCH = Workload(
    name="http_fetch",
    summary="GET n bodies from a local server that waits before each answer",
    bodies={
        "blocking/http.client": open_http_client,
        "blocking/requests": open_requests,
        "blocking/httpx": open_httpx_client,
        "asyncio/aiohttp": open_aiohttp,
        # Not `async/httpx`, which curio would take too: httpx knows asyncio and trio only.
        "asyncio/httpx": open_httpx_async_client,
        "trio/httpx": open_httpx_async_client,
        f"asyncio/{H2}": open_httpx_http2,
        f"trio/{H2}": open_httpx_http2,
    },
    faces={H2: "httpx over HTTP/2: one connection for all ops in flight"},
    needs={H2: ("h2", "httpx")},
    refuses=refuses,
    params=(
        Param("n", 1, 1_000_000, "how many GETs"),
        Param("delay_s", 0.0, 1.0, "how long the server waits before it answers"),
        Param("body_bytes", 64, 65536, "size of each body"),
        Param("tls", 0, 1, "1 where the server speaks TLS and clients verify it, 0 without"),
    ),
    make_items=make_items,
    check=check,
    grid={
        "smoke": (_point(4, 20, delay_s=0.001, body_bytes=1024),),
        # Sized so that `sync` can do the work of the first in reasonable time; in the second the client weighs.
        "quick": (_point(20, 40, delay_s=0.005, body_bytes=1024), _point(100, 200, body_bytes=1024)),
        "gate": (_point(10, 100, delay_s=0.0, body_bytes=1024),),
        # Few and many in flight with a server that waits, then where the client is all there is. To open a hundred
        # processes for each of the libraries takes longer than the fetches, so there is no point beyond. Then
        # TLS, where HTTP/2 takes part, and a service that is slow or far away.
        "full": (
            _point(20, 40, delay_s=0.005, body_bytes=1024),
            _point(100, 200, body_bytes=1024),
            _point(10, 100, delay_s=0.0, body_bytes=1024),
            _point(100, 200, body_bytes=1024, tls=1),
            _point(50, 100, delay_s=0.3, body_bytes=1024),
        ),
    },
    ideal_s=ideal_s,
    service=Service(
        name="http",
        module="when_async.workloads.servers.http_server",
        requires=("granian", "uvloop"),
        load_module="when_async.workloads.load.http",
        expect=expect,
    ),
    headline="throughput",
    core=True,
    learn=(
        "How many requests per second a concurrency model reaches with a named client library while the server only "
        "waits; rows with different libraries differ in the library as well as in the model, and a loopback server "
        "says nothing about DNS, loss or a slow network. With tls=1 handshakes are over before the clock starts."
    ),
)
