"""The servers that docs/evidence/against_wrk.py puts under load, and how their processes are started and bound.

As `python -m docs.evidence.http_servers BODY ADDRESS CONNECTIONS` this is the server of one case.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import uvloop

from when_async.workloads.bodies.steering import listen
from when_async.workloads.http_server import HTTP_SERVER, make_items

SPARE_CONNECTIONS = 2
"""wrk leaves requests behind when its time is up; a server of ours that still answers them needs room for the next."""
HELLO_S = 20.0


@dataclass(frozen=True)
class Case:
    """A server and how it is loaded; `body` names a server of workloads/http_server.py, else it is granian."""

    name: str
    path: str
    connections: int
    body: str = ""


CASES = (
    Case("granian, 1 KiB", "/0/1024/0", 10),
    Case("granian, 1 KiB", "/0/1024/0", 100),
    Case("granian, 1 KiB after 20 ms", "/20000/1024/0", 100),
    Case("aiohttp, asks a backend", "/wait/0", 10, "asyncio/aiohttp"),
    Case("aiohttp, asks a backend", "/wait/20", 100, "asyncio/aiohttp"),
)


@contextmanager
def bound(cores: Sequence[int]) -> Iterator[None]:
    """Processes started inside keep to `cores`, with all their threads; an empty list binds nothing."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def divided() -> tuple[list[int], list[int]]:
    """(cores of the server, core of the generators); empty where there is only one or the system binds none."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return (cores[:-1], cores[-1:]) if len(cores) > 1 else ([], [])


@contextmanager
def child(module: str, *arguments: str, cores: Sequence[int]) -> Iterator[subprocess.Popen[str]]:
    """A process of ours that ends when its standard input closes."""
    with bound(cores):
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    with process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def service(module: str, cores: Sequence[int]) -> Iterator[str]:
    """A helper process as the suite has it; its address."""
    with child(module, cores=cores) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["address"]


@contextmanager
def served(case: Case, load: str, cores: Sequence[int]) -> Iterator[int]:
    """The port of the case's server."""
    if not case.body:
        with service("when_async.workloads.servers.http_server", cores) as address:
            yield int(address.rpartition(":")[2])
        return
    # The body asks its load generator for a load and serves until there is a report. We take the order in its place.
    with listen() as listener:
        listener.settimeout(HELLO_S)
        address = f"127.0.0.1:{listener.getsockname()[1]},{load.partition(',')[2]}"
        with child(__spec__.name, case.body, address, str(case.connections), cores=cores):
            steered, _ = listener.accept()
            with steered, steered.makefile("rb") as orders:
                yield json.loads(orders.readline())["port"]


def host(body: str, address: str, connections: int) -> None:
    """Be the server of a case, under the runner that its name begins with, until somebody ends it."""
    params = {"n": 1, "rate_per_s": 0, "wait_s": 0.02}
    runner, _, server = body.partition("/")
    if runner == "threading":
        with ExitStack() as stack:
            blocking = HTTP_SERVER.bodies[body](HostKit(stack.enter_context, address, connections), params)
            blocking(make_items(params, seed=1))
        return

    async def main() -> None:
        async with AsyncExitStack() as stack:
            kit = HostKit(stack.enter_async_context, address, connections)
            op = await HTTP_SERVER.bodies[f"asyncio/{server}"](kit, params)
            await op(make_items(params, seed=1))

    if runner == "uvloop":
        uvloop.run(main())
    else:
        asyncio.run(main())


class HostKit:
    """The kit of a body that no runner has opened; `enter` keeps what is to be closed with it."""

    def __init__(self, enter: Callable[[Any], Any], address: str | None, connections: int) -> None:
        self.enter = enter
        self.address = address
        self.in_flight = SPARE_CONNECTIONS * connections
        self.sleep = asyncio.sleep


if __name__ == "__main__":
    host(sys.argv[1], sys.argv[2], int(sys.argv[3]))
