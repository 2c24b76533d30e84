"""N6, failures counted as results: a server that answers 500 as fast as it can, and a gather that keeps exceptions.

Run as a module this file is the server; imported it is the workloads and the runner.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from when_async.bench.model import Kit, Param, Params, Point, Service, Workload
from when_async.bench.runners.asyncio_ import ASYNCIO, LoopSession, Order, open_loop
from when_async.workloads.http_fetch import HTTP_FETCH, body, open_http_client


class Broken(BaseHTTPRequestHandler):
    """Fails for odd requests."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        _, _, size, index = self.path.split("/")
        found = body(int(size), int(index))
        self.send_response(500 if int(index) % 2 else 200)
        self.send_header("Content-Length", str(len(found)))
        self.end_headers()
        self.wfile.write(found)

    def log_message(self, *_: Any) -> None:
        return


def serve() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Broken)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"address": f"127.0.0.1:{server.server_port}"}), flush=True)
    for _ in sys.stdin:
        print("{}", flush=True)


def open_hopeful(kit: Kit, params: Params) -> Callable[[Any], Any]:
    """Asks only for what the server can do."""
    fetch = open_http_client(kit, params)
    return lambda item: fetch((item[0], item[1].rpartition("/")[0] + f"/{item[0] // 2 * 2}"))


def check_even(params: Params, items: Sequence[Any], results: Sequence[Any]) -> str:
    """The oracle of http_fetch for a twin that fetches each even body twice."""
    twice = [(index // 2 * 2, path) for index, path in items]
    return HTTP_FETCH.check(params, twice, results)


FIVE_HUNDRED = replace(
    HTTP_FETCH,
    name="five_hundred",
    bodies={"blocking": open_http_client},
    service=Service(name="broken", module="n06_failures_counted"),
    grid={"quick": (Point(1, {"n": 4, "delay_s": 0.0, "body_bytes": 64, "tls": 0}),)},
)
TWO_HUNDRED = replace(FIVE_HUNDRED, name="two_hundred", bodies={"blocking": open_hopeful}, check=check_even)


async def failing(kit: Kit, params: Params) -> Callable[[int], Any]:
    async def op(item: int) -> int:
        if item % 2:
            raise ConnectionRefusedError("nobody listens")
        return item

    return op


async def sound(kit: Kit, params: Params) -> Callable[[int], Any]:
    async def op(item: int) -> int:
        return item

    return op


def counted(name: str, given: Callable[[Kit, Params], Any]) -> Workload:
    """Its oracle counts results, as many do."""
    return Workload(
        name=name,
        summary="ops that may fail",
        bodies={"async": given},
        params=(Param("n", 1, 1000, "how many ops"),),
        make_items=lambda params, seed: list(range(int(params["n"]))),
        check=lambda params, items, results: f"{len(results)} came back",
        grid={"quick": (Point(2, {"n": 4}),)},
    )


HALF_FAIL = counted("half_fail", failing)
NONE_FAIL = counted("none_fail", sound)


async def keep_exceptions(order: Order) -> tuple[int, float]:
    order.watch.start()
    order.results[:] = await asyncio.gather(*map(order.op, order.items), return_exceptions=True)
    return time.perf_counter_ns(), 0.0


@contextmanager
def open_keeping(job: Any) -> Iterator[LoopSession]:
    with open_loop(job, fan_out=keep_exceptions) as session:
        yield session


KEEPS_EXCEPTIONS = replace(ASYNCIO, name="keeps_exceptions", open=open_keeping)

if __name__ == "__main__":
    serve()
