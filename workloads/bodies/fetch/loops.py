"""Clients on an event loop: aiohttp, and httpx over HTTP/1.1 and HTTP/2."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from zlib import crc32

from when_async.bench.model import Kit, Params, Unsuited

from .common import IDLE_S, Item, Place, Reply, place
from .httpx_ import HTTP1, HTTP2, options, refuse_eager_tasks, refuse_http2, spoken


async def open_httpx_async_client(kit: Kit, params: Params) -> Callable[[Item], Awaitable[Reply]]:
    """As many httpx.AsyncClients as ops in flight, one connection each, as the blocking body has in its threads.

    One client for all is what its documentation advises. But its pool looks through all connections for each request
    and hands an idle one to several requests at once (encode/httpcore#1035); at 100 in flight that takes over 10 s for
    500 requests, and would say nothing about the model.
    """
    import httpx

    refuse_eager_tasks()
    there = place(kit, params)
    shared = options(there)
    free = [(await kit.enter(httpx.AsyncClient(**shared))).get for _ in range(kit.in_flight)]
    base = there.base

    async def op(item: Item) -> Reply:
        get = free.pop()
        try:
            response = await get(base + item[1])
        finally:
            free.append(get)
        data = response.content
        if response.http_version != HTTP1:
            spoken(response.http_version, HTTP1)
        return response.status_code, len(data), crc32(data)

    return op


async def open_httpx_http2(kit: Kit, params: Params) -> Callable[[Item], Awaitable[Reply]]:
    """One httpx.AsyncClient per event loop with one HTTP/2 connection, which carries all ops in flight."""
    import httpx

    refuse_eager_tasks()
    there = place(kit, params)
    refuse_http2(there, kit.in_flight)
    client = await kit.enter(httpx.AsyncClient(http2=True, **options(there)))
    get, base = client.get, there.base

    async def op(item: Item) -> Reply:
        response = await get(base + item[1])
        data = response.content
        if response.http_version != HTTP2:
            spoken(response.http_version, HTTP2)
        return response.status_code, len(data), crc32(data)

    return op


async def refuse_loop_without_tls(there: Place) -> None:
    """Raise Unsuited on a loop that has no TLS of its own, which aiohttp builds on; rloop 0.3 is one."""
    from asyncio import Protocol, get_running_loop

    loop = get_running_loop()
    host, _, port = there.address.rpartition(":")
    try:
        transport, _ = await loop.create_connection(Protocol, host, int(port), ssl=there.context())
    except NotImplementedError:
        raise Unsuited(f"aiohttp takes TLS from its loop, and {type(loop).__module__} has none") from None
    transport.abort()


async def open_aiohttp(kit: Kit, params: Params) -> Callable[[Item], Awaitable[Reply]]:
    """One aiohttp.ClientSession per event loop, with as many connections as ops in flight."""
    from aiohttp import ClientSession, TCPConnector

    there = place(kit, params)
    if there.cafile:
        await refuse_loop_without_tls(there)
    # True is aiohttp's default, which plain HTTP makes no use of.
    context = there.context() if there.cafile else True
    connector = TCPConnector(limit=kit.in_flight, keepalive_timeout=IDLE_S, ssl=context)
    session = await kit.enter(ClientSession(connector=connector))
    get, base = session.get, there.base

    async def op(item: Item) -> Reply:
        async with get(base + item[1]) as response:
            data = await response.read()
            return response.status, len(data), crc32(data)

    return op
