"""N4, no session against a session: `requests.get` for each op, which makes a connection and drops it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zlib import crc32

from when_async.bench.model import Kit, Params, Point
from when_async.workloads.http_fetch import HTTP_FETCH, open_requests


def open_nothing(kit: Kit, params: Params) -> Callable[[Any], Any]:
    import requests

    # Outside of a session there is no other way to keep it from asking a proxy for loopback.
    os.environ["NO_PROXY"] = "*"
    base = f"http://{kit.address}"

    def op(item: Any) -> Any:
        response = requests.get(base + item[1])
        return response.status_code, len(response.content), crc32(response.content)

    return op


NO_SESSION_AT_ALL = replace(
    HTTP_FETCH,
    name="no_session_at_all",
    bodies={"sync/requests": open_nothing, "threading/requests": open_requests},
    service=replace(HTTP_FETCH.service, load_module=None),  # type: ignore[type-var]
    grid={"quick": (Point(1, {"n": 4, "delay_s": 0.0, "body_bytes": 64, "tls": 0}),)},
)
