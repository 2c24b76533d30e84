"""Clients of our HTTP server that are unfair to it, or kill it (docs/method.md, N3, N4)."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from when_async.bench.model import Kit, Params, Point
from when_async.workloads import http_fetch as ours

POINT = Point(1, {"n": 4, "delay_s": 0.001, "body_bytes": 64, "tls": 0})


def open_without_session(kit: Kit, params: Params) -> Callable[[Any], Any]:
    """A connection per op, where the others have a pool."""
    from http.client import HTTPConnection
    from zlib import crc32

    def op(item: Any) -> Any:
        connection = HTTPConnection(str(kit.address))
        try:
            connection.request("GET", item[1])
            response = connection.getresponse()
            data = response.read()
            return response.status, len(data), crc32(data)
        finally:
            connection.close()

    return op


def open_killer(kit: Kit, params: Params) -> Callable[[Any], Any]:
    """Kills the server in the second round, in the middle of its work."""
    import psutil

    fetch, calls = ours.open_http_client(kit, params), [0]

    def op(item: Any) -> Any:
        calls[0] += 1
        if calls[0] > int(params["n"]) + 1:
            for process in psutil.Process(os.getppid()).children():
                if "when_async.workloads.servers.http_server" in process.cmdline():
                    process.kill()
        return fetch(item)

    return op


def client(name: str, bodies: dict[str, Any]) -> Any:
    # Without the load generator, which needs most of a second.
    service = replace(ours.HTTP_FETCH.service, load_module=None)  # type: ignore[type-var]
    return replace(ours.HTTP_FETCH, name=name, bodies=bodies, service=service, grid={"quick": (POINT,)})


NO_SESSION = client("no_session", {"sync": open_without_session, "threading": ours.open_http_client})
KILLER = client("killer", {"sync": open_killer, "threading": ours.open_http_client})
