"""Section "When and Why": work that waits for a network, as a client and as a server, and for a database."""

from __future__ import annotations

from .. import words
from ..verdicts.claim import Axis, Bound, Claim, Part
from ..verdicts.measures import Ratio, Value, speedup

SECTION = "When and Why Is Async IO the Right Choice?"
FEW = "http_fetch[delay=5ms,body=1KiB,n=40,c=20]"
MANY = "http_fetch[delay=20ms,body=1KiB,n=200,c=100]"
SLEEPS = "sleep[wait=10ms,n=1000,c=100]"
HTTP = "http_server[rate=500/s,wait=5ms,n=60,c=50]"
PACED = "echo_server[size=64B,rate=3000/s,heap={},n=300,c=100]"
LOOPED = "echo_server[size=1000B,heap={},n=3000,c=3]"
"""A closed loop: each connection sends its next message when the reply is there."""

IO_BOUND = Claim(
    name="io-bound",
    section=SECTION,
    statement="Async pays where tasks would mostly wait for input and output.",
    scope=(
        "To pay means 1.5 times as fast, or two thirds of the CPU. Any overlap of waits beats a plain loop; what "
        "async has to beat is as many threads, with the same client library and without."
    ),
    parts=(
        Part(
            where="with 20 calls in flight",
            measure=speedup(FEW, "asyncio/aiohttp", "sync/http.client"),
            bound=Bound(low=1.5),
            says="asyncio with aiohttp was {} as fast as a plain loop",
        ),
        Part(
            where="with httpx on both sides",
            measure=speedup(MANY, "asyncio/httpx", "threading/httpx"),
            bound=Bound(low=1.5),
            says="asyncio was {} as fast as threads",
        ),
        Part(
            where="with requests",
            measure=speedup(MANY, "asyncio/aiohttp", "threading/requests"),
            bound=Bound(low=1.5),
            says="asyncio with aiohttp was {} as fast as threads",
        ),
        Part(
            where="with http.client",
            measure=speedup(MANY, "asyncio/aiohttp", "threading/http.client"),
            bound=Bound(low=1.5),
            says="asyncio with aiohttp was {} as fast as threads",
        ),
        Part(
            where="for bare waits",
            measure=Ratio((SLEEPS, "asyncio"), (SLEEPS, "threading"), "cpu_per_op"),
            bound=Bound(high=2 / 3),
            says="asyncio used {} the CPU of threads",
        ),
    ),
)

SERVER_SIDE = Claim(
    name="server-side",
    section=SECTION,
    statement="Async helps the server side of a network as it helps the client side.",
    scope=(
        "CPU of the server for a message or a request, against threads that serve the same. To help means a tenth "
        "less. No handler computes. Bare messages come at a rate far below what any of them can serve, and in a "
        "closed loop. Each is tried with memory kept and with memory given back at each read."
    ),
    parts=tuple(
        Part(
            where=where,
            measure=Ratio((place, loop), (place, threads), figure),
            bound=Bound(high=0.9),
            says=f"{loop.partition('/')[0]} used {{}} the CPU of threads",
        )
        for where, place, figure, loop, threads in (
            ("for HTTP, aiohttp against waitress", HTTP, "cpu_per_request_s", "asyncio/aiohttp", "threading/waitress"),
            ("for HTTP, uvicorn against waitress", HTTP, "cpu_per_request_s", "asyncio/uvicorn", "threading/waitress"),
            (
                "for HTTP, aiohttp on uvloop against waitress",
                HTTP,
                "cpu_per_request_s",
                "uvloop/aiohttp",
                "threading/waitress",
            ),
            *(
                (f"to echo {pace} by {how} {regime}", place.format(heap), "cpu_per_message_s", loop, "threading")
                for pace, place in (("at 3 000 messages a second", PACED), ("in a closed loop", LOOPED))
                for heap, regime in words.REGIMES.items()
                for how, loop in (
                    ("protocols", "asyncio/protocol"),
                    ("streams", "asyncio/streams"),
                    ("uvloop's protocols", "uvloop/protocol"),
                )
            ),
        )
    ),
)

CHAT = Claim(
    name="chat",
    section=SECTION,
    statement="A chat room with many members is a case for async.",
    scope=(
        "CPU of the server for each line delivered: asyncio's protocols against a thread for each member, at 100 "
        "lines a second, with memory kept and given back. A case for async means a tenth less."
    ),
    parts=tuple(
        Part(
            where=f"{regime} and {members} members",
            measure=Ratio((place, "asyncio/protocol"), (place, "threading"), "cpu_per_line_s"),
            bound=Bound(high=0.9),
            says="asyncio used {} the CPU of threads for a line",
            axis=members,
        )
        for heap, regime in words.REGIMES.items()
        for members, place in (
            (n, f"chat[gap=10ms,size=64B,heap={heap},n={n * lines},c={n}]")
            for n, lines in ((10, 12), (50, 12), (200, 12), (500, 8), (2000, 8))
        )
    ),
    axis=Axis("number of members"),
)

QUERY = "database_postgres[query=10ms,rows=20000,n=10,c=10]"
SQLITE = "database_sqlite[writes=5,rows=20000,n=400,c=10]"

DB_DRIVER = Claim(
    name="db-driver",
    section=SECTION,
    statement="Reading from a database in coroutines takes an async driver; a blocking one stops the loop.",
    scope=(
        "Ten queries of 10 ms at once on a PostgreSQL server of the run's own, by an async driver and by a "
        "blocking one. On SQLite a query is work of the caller's own process and nothing waits."
    ),
    parts=(
        *(
            Part(
                where=f"on PostgreSQL with {library}",
                measure=speedup(QUERY, f"asyncio/{library}", "asyncio/psycopg_sync"),
                bound=Bound(low=3.0),
                says="in coroutines an async driver was {} as fast as a blocking one",
            )
            for library in ("asyncpg", "psycopg")
        ),
        Part(
            where="on PostgreSQL",
            measure=Value((QUERY, "asyncio/psycopg_sync"), "stall"),
            bound=Bound(low=0.05),
            says="a blocking driver stopped the loop for {}",
        ),
        Part(
            where="on short SQLite queries",
            measure=speedup(SQLITE, "asyncio/aiosqlite", "asyncio/sqlite3"),
            bound=Bound(low=1.0),
            says="aiosqlite was {} as fast as sqlite3 in coroutines",
        ),
    ),
)
