"""What both faces of httpx share: its options, where it does not work, and proof of the protocol that it spoke."""

from __future__ import annotations

from typing import Any

from when_async.bench.model import Unsuited, WrongAnswer

from .common import IDLE_S, STREAMS, Place

HTTP1, HTTP2 = "HTTP/1.1", "HTTP/2"
H2 = "httpx_http2"
"""The word after the slash of a body that speaks HTTP/2."""
NEEDS_TLS = "httpx speaks HTTP/2 over TLS only, and falls back to HTTP/1.1 without a word; ask for tls=1"


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


def options(there: Place) -> dict[str, Any]:
    """HTTP/1.1 as by default, no proxy, no time-outs (the harness ends a hang), one connection, kept between rounds.

    Without TLS a bare context spares each client the loading of certificates, tens of milliseconds.
    """
    from ssl import PROTOCOL_TLS_CLIENT, SSLContext

    from httpx import Limits

    limits = Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=IDLE_S)
    context = there.context() if there.cafile else SSLContext(PROTOCOL_TLS_CLIENT)
    return {"limits": limits, "timeout": None, "trust_env": False, "verify": context}


def refuse_http2(there: Place, in_flight: int) -> None:
    """Raise Unsuited where httpx would not speak HTTP/2, or where one connection would not do for `in_flight`."""
    if not there.cafile:
        raise Unsuited(NEEDS_TLS)
    if in_flight > STREAMS:
        raise Unsuited(f"httpx has at most {STREAMS} requests open on an HTTP/2 connection, not {in_flight}")


def spoken(seen: str, wanted: str) -> None:
    """Raise WrongAnswer unless an answer came by the protocol that was asked for."""
    if seen != wanted:
        raise WrongAnswer(f"the answer came by {seen}, asked for was {wanted}")
