"""Clients that block, one connection for each execution context."""

from __future__ import annotations

from collections.abc import Callable
from zlib import crc32

from when_async.bench.model import Kit, Params

from .common import Item, Reply, place
from .httpx_ import HTTP1, options, spoken


def open_http_client(kit: Kit, params: Params) -> Callable[[Item], Reply]:
    """The leanest client of the standard library: one kept-alive connection per execution context."""
    from contextlib import closing
    from http.client import HTTPConnection, HTTPSConnection

    there = place(kit, params)
    # No timeout: it would make the socket non-blocking and add a poll to each read; the harness ends a hang.
    made = HTTPSConnection(there.address, context=there.context()) if there.cafile else HTTPConnection(there.address)
    connection = kit.enter(closing(made))
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
    there = place(kit, params)
    if there.cafile:
        session.verify = there.cafile
    get, base = session.get, there.base

    def op(item: Item) -> Reply:
        response = get(base + item[1])
        data = response.content
        return response.status_code, len(data), crc32(data)

    return op


def open_httpx_client(kit: Kit, params: Params) -> Callable[[Item], Reply]:
    """One httpx.Client per execution context, with one connection."""
    import httpx

    there = place(kit, params)
    client = kit.enter(httpx.Client(**options(there)))
    get, base = client.get, there.base

    def op(item: Item) -> Reply:
        response = get(base + item[1])
        data = response.content
        if response.http_version != HTTP1:
            spoken(response.http_version, HTTP1)
        return response.status_code, len(data), crc32(data)

    return op
