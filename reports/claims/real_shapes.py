"""Section "When and Why": a service as most are, which asks its database a few times and computes a little."""

from __future__ import annotations

from ..verdicts.claim import Bound, Claim, Part
from ..verdicts.measures import Ratio

SECTION = "When and Why Is Async IO the Right Choice?"
WHICH = "Async IO It Is, but Which One?"
NOT_FASTER = "https://calpaterson.com/async-python-is-not-faster.html"
GRANIAN = "https://github.com/emmett-framework/granian/blob/master/benchmarks/README.md"
FASTAPI = "https://fastapi.tiangolo.com/deployment/manually/"

SERVICE = "http_server[rate=200/s,wait=5ms,queries=3,cpu=2ms,n=500,c=50]"
SHAPE = (
    "Requests come at 200 a second. Each makes three queries of 5 ms, one after another. Then it computes for 2 ms in "
    "Python. One process serves, on one loop or with as many threads as connections, which are 50."
)
UVICORN = "Uvicorn parses with h11, as it does without its extra `standard`."
LOOP = "asyncio/uvicorn"
"""What most serve ASGI with."""


def threads(figure: str, *, high: float, says: str, at: str = "") -> tuple[Part, ...]:
    """A figure of each server on threads over that of uvicorn at the place of the service."""
    return tuple(
        Part(
            where=f"{at}with {server} against uvicorn",
            measure=Ratio((SERVICE, f"threading/{server}"), (SERVICE, LOOP), figure),
            bound=Bound(high=high),
            says=says,
        )
        for server in ("waitress", "gunicorn")
    )


SERVICE_LATENCY = Claim(
    name="service-latency",
    section=SECTION,
    today=True,
    link=NOT_FASTER,
    statement="A service that queries a database three times and computes a little answers as soon from threads.",
    scope=f"{SHAPE} As soon means that the median and the 99th percentile are at most a fifth longer.",
    parts=tuple(
        part
        for name, at in (("p50", "at the median "), ("p99", "at the 99th percentile "))
        for part in threads(name, high=1.2, says="threads took {} as long as asyncio", at=at)
    ),
)

SERVICE_CPU = Claim(
    name="service-cpu",
    section=SECTION,
    today=True,
    link=NOT_FASTER,
    statement="A service that queries a database three times and computes a little takes no more CPU on threads.",
    scope=f"{SHAPE} CPU of the server for a request; no more means at most a tenth more.",
    parts=threads("cpu_per_request_s", high=1.1, says="threads used {} the CPU of asyncio for a request"),
)

SERVICE_MEMORY = Claim(
    name="service-memory",
    section=SECTION,
    today=True,
    link=NOT_FASTER,
    statement="A service that queries a database three times and computes a little takes no more memory on threads.",
    scope=(
        f"{SHAPE} Resident memory of the process when the load is over, interpreter and library included; no more "
        "means at most a tenth more."
    ),
    parts=threads("resident_bytes", high=1.1, says="threads held {} the memory of asyncio"),
)

RUST_SERVER = Claim(
    name="rust-server",
    section=WHICH,
    today=True,
    link=GRANIAN,
    statement="A server written in Rust makes a service on asyncio cheaper and no slower.",
    scope=f"{SHAPE} {UVICORN} Cheaper means a tenth less CPU for a request; no slower, no longer a 99th percentile.",
    parts=(
        Part(
            where="for a request",
            measure=Ratio((SERVICE, "asyncio/granian"), (SERVICE, LOOP), "cpu_per_request_s"),
            bound=Bound(high=0.9),
            says="granian used {} the CPU of uvicorn",
        ),
        Part(
            where="at the 99th percentile",
            measure=Ratio((SERVICE, "asyncio/granian"), (SERVICE, LOOP), "p99"),
            bound=Bound(high=1.0),
            says="granian took {} as long as uvicorn",
        ),
    ),
)

ASGI_SERVER = Claim(
    name="asgi-server",
    section=WHICH,
    today=True,
    link=FASTAPI,
    statement="Of the ASGI servers in Python, uvicorn is the fast one.",
    scope=f"{SHAPE} {UVICORN} Fast means that hypercorn takes at least a tenth more CPU for a request.",
    parts=tuple(
        Part(
            where=f"on {loop}",
            measure=Ratio((SERVICE, f"{loop}/hypercorn"), (SERVICE, LOOP), "cpu_per_request_s"),
            bound=Bound(low=1.1),
            says="hypercorn used {} the CPU of uvicorn for a request",
        )
        for loop in ("asyncio", "trio")
    ),
)
