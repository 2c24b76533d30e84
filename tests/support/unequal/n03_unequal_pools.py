"""N3, unequal connection pools: one client has three connections for each op in flight, another one for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from typing import Any

from when_async.bench.model import Kit, Params, Point, Workload
from when_async.workloads.http_fetch import HTTP_FETCH, open_http_client

CONCURRENCY = 4
SHARED: list[Callable[[Any], Any]] = []
OPENING, USING = threading.Lock(), threading.Lock()
TOGETHER = threading.Barrier(CONCURRENCY)


def open_three(kit: Kit, params: Params) -> Callable[[Any], Any]:
    """Three connections for a thread that has one op in flight."""
    fetches = cycle([open_http_client(kit, params) for _ in range(3)])
    return lambda item: next(fetches)(item)


def open_shared(kit: Kit, params: Params) -> Callable[[Any], Any]:
    """One connection for all threads, behind a lock: their ops wait for each other."""
    with OPENING:
        if not SHARED:
            SHARED.append(open_http_client(kit, params))
    fetch = SHARED[0]

    def op(item: Any) -> Any:
        TOGETHER.wait()  # all ops of a turn are in flight
        with USING:
            return fetch(item)

    return op


def pools(name: str, concurrency: int, threading_body: Callable[[Kit, Params], Any]) -> Workload:
    return replace(
        HTTP_FETCH,
        name=name,
        bodies={"threading": threading_body, "blocking": open_http_client},
        # Without the load generator, which needs most of a second.
        service=replace(HTTP_FETCH.service, load_module=None),  # type: ignore[type-var]
        grid={"quick": (Point(concurrency, {"n": 8, "delay_s": 0.001, "body_bytes": 64, "tls": 0}),)},
    )


LARGER_POOL = pools("larger_pool", 2, open_three)
SMALLER_POOL = pools("smaller_pool", CONCURRENCY, open_shared)
