"""Section "When and Why": clients as they are used, over TLS and HTTP/2, of a service that is slow, and with httpx."""

from __future__ import annotations

from ..verdicts.claim import Bound, Claim, Part
from ..verdicts.measures import Ratio, speedup

SECTION = "When and Why Is Async IO the Right Choice?"
WHICH = "Async IO It Is, but Which One?"
PLAIN = "http_fetch[delay=20ms,body=1KiB,n=200,c=100]"
SECURE = "http_fetch[delay=20ms,body=1KiB,tls=1,n=200,c=100]"
FAR = "http_fetch[delay=300ms,body=1KiB,n=100,c=50]"
LEANEST = (("asyncio", "asyncio/aiohttp"), ("threads", "threading/http.client"))

TLS = Claim(
    name="tls",
    section=SECTION,
    today=True,
    link="https://www.feistyduck.com/library/bulletproof-tls-guide/online/configuration/performance/"
    "optimize-connection-management.html",
    statement="TLS on connections that are kept open costs a client little.",
    scope=(
        "CPU of the client for a call over TLS 1.3 against one without, by the leanest client of each model. Little "
        "means a quarter more at most. Handshakes are over before the clock starts. The two ran in turns of whole "
        "processes and not of rounds, so the ratio is of processes and not formed in pairs of rounds."
    ),
    parts=tuple(
        Part(
            where=f"with {name.partition('/')[2]}",
            measure=Ratio((SECURE, name), (PLAIN, name), "cpu_per_op"),
            bound=Bound(high=1.25),
            says=f"{model} used {{}} the CPU over TLS",
        )
        for model, name in LEANEST
    ),
)

HTTP2 = Claim(
    name="http2",
    section=SECTION,
    today=True,
    link="https://www.python-httpx.org/http2/",
    statement="HTTP/2 makes many calls at once cheaper than HTTP/1.1.",
    scope=(
        "httpx on asyncio with 100 calls in flight over TLS, to one server that speaks both protocols. HTTP/2 has one "
        "connection. HTTP/1.1 has one for each call, in a client of its own, which spares it the search in httpx's "
        "pool. Cheaper means a tenth less. Over loopback no time is saved by fewer handshakes."
    ),
    parts=(
        Part(
            where="for each call",
            measure=Ratio((SECURE, "asyncio/httpx_http2"), (SECURE, "asyncio/httpx"), "cpu_per_op"),
            bound=Bound(high=0.9),
            says="HTTP/2 used {} the CPU of HTTP/1.1",
        ),
        Part(
            where="for all calls",
            measure=Ratio((SECURE, "asyncio/httpx_http2"), (SECURE, "asyncio/httpx"), "makespan"),
            bound=Bound(high=0.9),
            says="HTTP/2 took {} the time of HTTP/1.1",
        ),
    ),
)

FAR_SERVICE = Claim(
    name="far-service",
    section=SECTION,
    today=True,
    link="https://dev.to/_eb7f2a654e97a60ae9f96e/"
    "is-asyncio-really-better-than-multithreading-i-tested-100-concurrent-requests-and-the-difference-4hc5",
    statement="When a service answers after 300 ms, threads are as fast as an event loop.",
    scope=(
        "50 calls in flight, on connections that are kept. As fast means within a twentieth either way. The link is to "
        "a test that found the opposite with 100 calls of 200 ms."
    ),
    parts=(
        Part(
            where="with the leanest client of each",
            measure=speedup(FAR, "asyncio/aiohttp", "threading/http.client"),
            bound=Bound(low=0.95, high=1.05),
            says="asyncio was {} as fast as threads",
        ),
        Part(
            where="with httpx on both sides",
            measure=speedup(FAR, "asyncio/httpx", "threading/httpx"),
            bound=Bound(low=0.95, high=1.05),
            says="asyncio was {} as fast as threads",
        ),
    ),
)

HTTPX_COST = Claim(
    name="httpx-cost",
    section=WHICH,
    today=True,
    link="https://github.com/encode/httpx/issues/3215",
    statement="A call with httpx costs several times what it costs with a lean client.",
    scope=(
        "CPU of the client for a call, over HTTP/1.1 without TLS, with 100 calls in flight: httpx against aiohttp on "
        "asyncio, and against http.client in threads. Several means three. Each connection of httpx has a client of "
        "its own, which spares it the search in its pool."
    ),
    parts=(
        Part(
            where="on asyncio",
            measure=Ratio((PLAIN, "asyncio/httpx"), (PLAIN, "asyncio/aiohttp"), "cpu_per_op"),
            bound=Bound(low=3.0),
            says="a call with httpx used {} the CPU of one with aiohttp",
        ),
        Part(
            where="in threads",
            measure=Ratio((PLAIN, "threading/httpx"), (PLAIN, "threading/http.client"), "cpu_per_op"),
            bound=Bound(low=3.0),
            says="a call with httpx used {} the CPU of one with http.client",
        ),
    ),
)
