"""Section "When and Why": work that waits for a network, as a client and as a server, and for a database."""

from __future__ import annotations

from ..verdicts.claim import Axis, Bound, Claim, Part
from ..verdicts.measures import Ratio, Value, speedup

SECTION = "When and Why Is Async IO the Right Choice?"
FEW = "http_fetch[delay=5ms,body=1KiB,n=40,c=20]"
MANY = "http_fetch[delay=20ms,body=1KiB,n=200,c=100]"
SLEEPS = "sleep[wait=10ms,n=1000,c=100]"
HTTP = "http_server[rate=500/s,wait=5ms,n=60,c=50]"
ECHO = "echo_server[size=64B,rate=3000/s,n=300,c=100]"

IO_BOUND = Claim(
    name="io-bound",
    section=SECTION,
    statement="Async shines where several tasks would otherwise be dominated by waiting for input and output.",
    scope=(
        "Shining is taken as half as fast again, or two thirds of the CPU. Against a plain loop overlapping waits are "
        "arithmetic; the question is what is left against as many threads, with the same client library and without."
    ),
    parts=(
        Part(
            where="against a plain loop, 20 in flight",
            measure=speedup(FEW, "asyncio/aiohttp", "sync/http.client"),
            bound=Bound(low=1.5),
            says="asyncio with aiohttp was {} as fast as a plain loop",
        ),
        Part(
            where="against threads with the same library, 100 in flight",
            measure=speedup(MANY, "asyncio/httpx", "threading/httpx"),
            bound=Bound(low=1.5),
            says="asyncio was {} as fast as threads, both with httpx",
        ),
        Part(
            where="against threads with requests, 100 in flight",
            measure=speedup(MANY, "asyncio/aiohttp", "threading/requests"),
            bound=Bound(low=1.5),
            says="asyncio with aiohttp was {} as fast as threads with requests",
        ),
        Part(
            where="against threads with http.client, 100 in flight",
            measure=speedup(MANY, "asyncio/aiohttp", "threading/http.client"),
            bound=Bound(low=1.5),
            says="asyncio with aiohttp was {} as fast as threads with http.client",
        ),
        Part(
            where="bare waits against threads, 100 in flight, CPU",
            measure=Ratio((SLEEPS, "asyncio"), (SLEEPS, "threading"), "cpu_per_op"),
            bound=Bound(high=2 / 3),
            says="asyncio used {} the CPU of threads",
        ),
    ),
)

SERVER_SIDE = Claim(
    name="server-side",
    section=SECTION,
    statement="What async does for the client side of a network it does for the server side as well.",
    scope=(
        "CPU of the server for a message or a request at a fixed rate, against threads that serve the same; better is "
        "taken as a tenth less. No handler computes, and the rates are far below what any of them can serve."
    ),
    parts=tuple(
        Part(
            where=where,
            measure=Ratio((place, loop), (place, threads), figure),
            bound=Bound(high=0.9),
            says=f"{loop} used {{}} the CPU of {threads}",
        )
        for where, place, figure, loop, threads in (
            ("HTTP, asyncio against waitress", HTTP, "cpu_per_request_s", "asyncio/aiohttp", "threading/waitress"),
            ("HTTP, uvicorn against waitress", HTTP, "cpu_per_request_s", "asyncio/uvicorn", "threading/waitress"),
            ("HTTP, uvloop against waitress", HTTP, "cpu_per_request_s", "uvloop/aiohttp", "threading/waitress"),
            ("echo, asyncio's protocols", ECHO, "cpu_per_message_s", "asyncio/protocol", "threading"),
            ("echo, asyncio's streams", ECHO, "cpu_per_message_s", "asyncio/streams", "threading"),
            ("echo, uvloop's protocols", ECHO, "cpu_per_message_s", "uvloop/protocol", "threading"),
        )
    ),
)

CHAT = Claim(
    name="chat",
    section=SECTION,
    statement="A chat room with many members is a case for async.",
    scope=(
        "CPU of the server for each line delivered, asyncio's protocols against a thread for each member, 100 lines a "
        "second whatever the room; a case is taken as a tenth less."
    ),
    parts=tuple(
        Part(
            where=f"{members} members",
            measure=Ratio((place, "asyncio/protocol"), (place, "threading"), "cpu_per_line_s"),
            bound=Bound(high=0.9),
            says="asyncio used {} the CPU of threads for each line delivered",
            axis=members,
        )
        for members, place in (
            (n, f"chat[gap=10ms,size=64B,n={n * lines},c={n}]")
            for n, lines in ((10, 12), (50, 12), (200, 12), (500, 8))
        )
    ),
    axis=Axis("members of the room"),
)

QUERY = "database_postgres[query=10ms,rows=20000,n=10,c=10]"
SQLITE = "database_sqlite[writes=5,rows=20000,n=400,c=10]"

DB_DRIVER = Claim(
    name="db-driver",
    section=SECTION,
    statement=(
        "To read from a database asynchronously takes a driver that is async itself; a blocking one stops the loop."
    ),
    scope=(
        "Ten queries of 10 ms at once on a PostgreSQL server of the run's own: an async driver, and a blocking one "
        "called inside coroutines. On SQLite a query is work of the caller's own process and nothing waits."
    ),
    parts=(
        *(
            Part(
                where=f"PostgreSQL, {library}",
                measure=speedup(QUERY, f"asyncio/{library}", "asyncio/psycopg_sync"),
                bound=Bound(low=3.0),
                says=f"{library} was {{}} as fast as the blocking driver inside coroutines",
            )
            for library in ("asyncpg", "psycopg")
        ),
        Part(
            where="PostgreSQL, stall of the blocking driver",
            measure=Value((QUERY, "asyncio/psycopg_sync"), "stall"),
            bound=Bound(low=0.05),
            says="the loop stood still for {} with the blocking driver",
        ),
        Part(
            where="SQLite, short queries",
            measure=speedup(SQLITE, "asyncio/aiosqlite", "asyncio/sqlite3"),
            bound=Bound(low=1.0),
            says="aiosqlite was {} as fast as sqlite3 inside coroutines",
        ),
    ),
)
