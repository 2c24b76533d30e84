"""Opens the connections of a load, in batches, and says what stopped it where it could not open them all."""

from __future__ import annotations

import asyncio
import errno
import resource
import socket
import sys
from collections.abc import Callable

from .clients import Client
from .order import Order

BATCH = 100
"""Connections that are asked for at once."""
TIMEOUT_S = 10.0
"""For one batch."""

PORTS_OF_ONE_ADDRESS = 25_000
"""One source address has about 28 000 ports to a server, and some of them may be in use."""
ADDRESSES = 240
BIND_ADDRESS_NO_PORT = 24
"""Linux: the port is chosen when it connects, and then only needs to be free towards that server."""

FILES = (errno.EMFILE, errno.ENFILE)


async def connect(
    order: Order, make: Callable[[socket.socket], Client], clients: list[Client], turn: int
) -> str | None:
    """Add a client for each connection that could be made; returns what stopped it, in words, or None.

    `turn` counts orders, so that of many with many connections each comes from other addresses than the one before.
    """
    asked = order.connections
    for first in range(0, asked, BATCH):
        places = range(first, min(first + BATCH, asked))
        batch = [_connect_one(order, make, clients, source(order, turn, place)) for place in places]
        try:
            async with asyncio.timeout(TIMEOUT_S):
                outcomes = await asyncio.gather(*batch, return_exceptions=True)
        except TimeoutError:
            return f"connecting stopped at {len(clients)} of {asked}: nothing was accepted for {TIMEOUT_S:g} s"
        failed = next((outcome for outcome in outcomes if isinstance(outcome, BaseException)), None)
        if failed is not None:
            return f"connecting stopped at {len(clients)} of {asked}: {words_for(failed)}"
    return None


async def _connect_one(
    order: Order, make: Callable[[socket.socket], Client], clients: list[Client], address: str | None
) -> None:
    loop = asyncio.get_running_loop()
    sock = socket.socket()
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if address is not None:
            sock.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
            sock.bind((address, 0))
        await loop.sock_connect(sock, (order.host, order.port))
        client = make(sock)
        await loop.create_connection(lambda: client, sock=sock)
    except BaseException:
        sock.close()
        raise
    clients.append(client)


def source(order: Order, turn: int, place: int) -> str | None:
    """Another loopback address where there are more connections than one has ports for; Linux has them all."""
    if order.connections <= PORTS_OF_ONE_ADDRESS or sys.platform != "linux":
        return None
    blocks = -(-order.connections // PORTS_OF_ONE_ADDRESS)
    return f"127.0.0.{2 + (turn * blocks + place // PORTS_OF_ONE_ADDRESS) % ADDRESSES}"


def words_for(error: BaseException) -> str:
    """The error, and the limit that it ran into where that is the number of open files."""
    if isinstance(error, OSError) and error.errno in FILES:
        return f"{error.strerror}, the load generator may have {resource.getrlimit(resource.RLIMIT_NOFILE)[0]}"
    return str(error) or type(error).__name__
