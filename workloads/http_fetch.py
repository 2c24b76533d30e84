"""GETs against a local server that waits and then answers: what a client costs, not what a network does.

The server (workloads/servers/http_server.py) sleeps `delay_s` and sends `body_bytes`; the oracle knows every body,
because both sides compute it with `body`. Ideal time: every slot of the pool waits for its share of the ops and
nothing else, ceil(n / in_flight) x delay_s.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from hashlib import shake_128
from math import ceil
from typing import Any
from zlib import crc32

from when_async.bench.model import Kit, Param, Params, Point, Service, Unsuited, Workload, WrongAnswer

Item = tuple[int, str]
"""(index, path): the path is ready, so that no op formats anything."""

Reply = tuple[int, int, int]
"""(status, length of the body, CRC-32 of the body).

CRC-32 is computed by every contestant inside the op. It costs 0.4 us for 1 KiB and 17 us for 64 KiB, where
blake2b costs 1.3 and 78 us (2-core VM). Nobody attacks it: what must not slip through is a body that was cut,
mixed up or taken from another op, and that passes once in 4 billion.
"""

VARIANTS = 64
"""Bodies of one size; op i gets number i % VARIANTS, so neighbours in flight differ."""

IDLE_S = 3600.0
"""How long client and server keep an idle connection: longer than any contestant waits for its turn.

Interleaved contestants rest for minutes between rounds; a pool that drops its connections meanwhile (aiohttp
after 15 s, granian after 30 s) would pay for new ones inside a timed round.
"""


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
        return f"the server got {stats['requests']} requests where {n} were asked for"
    if stats["bytes"] != n * int(params["body_bytes"]):
        return f"the server sent {stats['bytes']} body bytes where {n * int(params['body_bytes'])} were asked for"
    if stats["connections"] > concurrency:
        return f"the server saw {stats['connections']} connections where a pool of {concurrency} was allowed"
    if stats["peak_in_flight"] > concurrency:
        return f"the server saw {stats['peak_in_flight']} requests at once where {concurrency} were allowed"
    return None


def open_http_client(kit: Kit, params: Params) -> Callable[[Item], Reply]:
    """The leanest client of the standard library: one kept-alive connection per execution context."""
    from contextlib import closing
    from http.client import HTTPConnection

    # No timeout: it would make the socket non-blocking and add a poll to each read; the harness ends a hang.
    connection = kit.enter(closing(HTTPConnection(str(kit.address))))
    connection.connect()
    # Left to itself it would silently connect again after a drop, and unequal work would look like equal work.
    connection.auto_open = 0
    request, getresponse = connection.request, connection.getresponse

    def op(item: Item) -> Reply:
        request("GET", item[1])
        response = getresponse()
        data = response.read()
        return response.status, len(data), crc32(data)

    return op


def open_requests(kit: Kit, params: Params) -> Callable[[Item], Reply]:
    """One requests.Session per execution context, the way people use it from threads."""
    import requests

    session = kit.enter(requests.Session())
    # A proxy named in the environment must never carry loopback traffic elsewhere. This also spares requests its
    # look at the environment and ~/.netrc on each call, so the row is a little kinder to it than the default.
    session.trust_env = False
    get, base = session.get, f"http://{kit.address}"

    def op(item: Item) -> Reply:
        response = get(base + item[1])
        data = response.content
        return response.status_code, len(data), crc32(data)

    return op


def open_httpx_client(kit: Kit, params: Params) -> Callable[[Item], Reply]:
    """One httpx.Client per execution context, with one connection."""
    import httpx

    client = kit.enter(httpx.Client(**httpx_options()))
    get, base = client.get, f"http://{kit.address}"

    def op(item: Item) -> Reply:
        response = get(base + item[1])
        data = response.content
        return response.status_code, len(data), crc32(data)

    return op


async def open_httpx_async_client(kit: Kit, params: Params) -> Callable[[Item], Awaitable[Reply]]:
    """As many httpx.AsyncClients as ops in flight, one connection each, as the blocking body has in its threads.

    One client for all is what its documentation advises. But its pool looks through all connections for each request
    and hands an idle one to several requests at once (encode/httpcore#1035); at 100 in flight that takes over 10 s for
    500 requests, and would say nothing about the model.
    """
    import httpx

    refuse_eager_tasks()
    options = httpx_options()
    free = [(await kit.enter(httpx.AsyncClient(**options))).get for _ in range(kit.in_flight)]
    base = f"http://{kit.address}"

    async def op(item: Item) -> Reply:
        get = free.pop()
        try:
            response = await get(base + item[1])
        finally:
            free.append(get)
        data = response.content
        return response.status_code, len(data), crc32(data)

    return op


def refuse_eager_tasks() -> None:
    """Raise Unsuited on a loop with eager tasks, where anyio, on which httpx stands, loses track of its cancel scopes.

    Seen with httpx 0.28 and anyio 4.16: "Attempted to exit a cancel scope that isn't the current task's".
    """
    import asyncio

    try:
        factory = asyncio.get_running_loop().get_task_factory()
    except RuntimeError:
        return  # trio's own loop
    if factory is not None:
        raise Unsuited("httpx does not work with eager tasks: anyio, below it, loses track of its cancel scopes")


def httpx_options() -> dict[str, Any]:
    """HTTP/1.1 as by default, no proxy, no time-outs (the harness ends a hang), one connection, kept between rounds.

    No TLS is spoken; a bare context spares each client the loading of certificates, tens of milliseconds.
    """
    from ssl import PROTOCOL_TLS_CLIENT, SSLContext

    from httpx import Limits

    limits = Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=IDLE_S)
    return {"limits": limits, "timeout": None, "trust_env": False, "verify": SSLContext(PROTOCOL_TLS_CLIENT)}


async def open_aiohttp(kit: Kit, params: Params) -> Callable[[Item], Awaitable[Reply]]:
    """One aiohttp.ClientSession per event loop, with as many connections as ops in flight."""
    from aiohttp import ClientSession, TCPConnector

    connector = TCPConnector(limit=kit.in_flight, keepalive_timeout=IDLE_S)
    session = await kit.enter(ClientSession(connector=connector))
    get, base = session.get, f"http://{kit.address}"

    async def op(item: Item) -> Reply:
        async with get(base + item[1]) as response:
            data = await response.read()
            return response.status, len(data), crc32(data)

    return op


def _point(concurrency: int, n: int, delay_s: float = 0.02, body_bytes: int = 4096) -> Point:
    """One point of the grid, by default at the centre of the full one."""
    return Point(concurrency, {"n": n, "delay_s": delay_s, "body_bytes": body_bytes})


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
    },
    params=(
        Param("n", 1, 1_000_000, "how many GETs"),
        Param("delay_s", 0.0, 0.1, "how long the server waits before it answers"),
        Param("body_bytes", 64, 65536, "size of each body"),
    ),
    make_items=make_items,
    check=check,
    grid={
        "smoke": (_point(4, 20, delay_s=0.001, body_bytes=1024),),
        # Sized so that `sync` can do the work of the first in reasonable time; in the second the client weighs.
        "quick": (_point(20, 40, delay_s=0.005, body_bytes=1024), _point(100, 200, body_bytes=1024)),
        "gate": (_point(10, 100, delay_s=0.0, body_bytes=1024),),
        # Few and many in flight with a server that waits, then where the client is all there is. To open a hundred
        # processes for each of the libraries takes longer than the fetches, so there is no point beyond.
        "full": (
            _point(20, 40, delay_s=0.005, body_bytes=1024),
            _point(100, 200, body_bytes=1024),
            _point(10, 100, delay_s=0.0, body_bytes=1024),
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
        "says nothing about DNS, TLS, loss or a slow network."
    ),
)
