"""`database_sqlite`: reads by key, small transactions and slow queries on one SQLite file, by way of Python's drivers.

SQLite has no server: a query is work of the process that asks. `sqlite3` does it in the calling thread and lets the GIL
go meanwhile; `aiosqlite` hands each statement to a thread of the connection's own; `sqlite3` inside a coroutine is the
bad example, for the loop stands still until the rows are there. The slow query counts up inside SQLite (a recursive
common table expression), because that is what a slow query of SQLite is: CPU used in C without the GIL. A function of
Python's that sleeps would wait like a server, which SQLite cannot, and would need the GIL twice. So its length is
nominal, how many run at once is bounded by the cores, and there is no ideal time.

All wait for the one writer as SQLite has it: by trying again after 1 to 100 ms. The file is in WAL mode; nothing is
forced to the disk (`synchronous=OFF`), and the log is written back between rounds, never in one.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from time import perf_counter_ns
from typing import Any

from when_async.bench.model import Body, Kit, Params, Service, Workload

from .bodies.database import (
    COLUMNS,
    PARAMS,
    PRIMERS,
    AsyncOp,
    Item,
    Op,
    Result,
    check,
    expect,
    make_items,
    observe,
    point,
    pooled_blocking,
    primed,
)

STEPS_PER_S = 3_500_000
"""Steps of the slow query that make one nominal second: SQLite 3.40 on a 2-core virtual machine, to about 20 %."""

BUSY_S = 60.0
"""How long a connection tries to get the write lock before it gives up, which would fail the op."""

LEAVE_S = 10.0

PRAGMAS = ("PRAGMA synchronous=OFF", "PRAGMA wal_autocheckpoint=0")

READ = f"SELECT {COLUMNS} FROM items WHERE id = ?"
SLOW = (
    "WITH RECURSIVE up(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM up WHERE x < {steps}) "
    f"SELECT {COLUMNS} FROM items WHERE id = ? AND (SELECT count(*) FROM up)"
)
BEGIN = "BEGIN IMMEDIATE"
LOOK = "SELECT value FROM counters WHERE id = ?"
RAISE = "UPDATE counters SET value = ? WHERE id = ?"
ENTER = "INSERT INTO entries (counter, value, op) VALUES (?, ?, ?)"


def read_statement(params: Params) -> str:
    """The query of a read: by key, and as slow as was asked for."""
    query_s = float(params["query_s"])
    return SLOW.format(steps=max(1, round(query_s * STEPS_PER_S))) if query_s else READ


def open_connection(kit: Kit, params: Params) -> Op:
    """The op of one connection of the standard library's driver, with its statements prepared."""
    import sqlite3

    # Some runners open a connection in one thread and use it in another, though never in two at once.
    connection = kit.enter(
        closing(sqlite3.connect(str(kit.address), timeout=BUSY_S, isolation_level=None, check_same_thread=False))
    )
    execute, read = connection.execute, read_statement(params)
    for pragma in PRAGMAS:
        execute(pragma)

    def op(item: Item) -> Result:
        index, key, counter = item
        sent_ns = perf_counter_ns()
        if not counter:
            row = execute(read, (key,)).fetchone()
            return row, perf_counter_ns() - sent_ns
        with connection:
            execute(BEGIN)
            value = execute(LOOK, (counter,)).fetchone()[0] + 1
            execute(RAISE, (value, counter))
            execute(ENTER, (counter, value, index))
        return (counter, value), perf_counter_ns() - sent_ns

    for item in PRIMERS:
        op(item)
    return op


async def open_in_coroutines(kit: Kit, params: Params) -> AsyncOp:
    """The bad example: the blocking driver inside coroutines, with a connection for each op in flight."""
    return pooled_blocking([open_connection(kit, params) for _ in range(kit.in_flight)])


@asynccontextmanager
async def connections(address: str, count: int) -> AsyncIterator[list[Any]]:
    """Open connections of aiosqlite; at the end their threads are gone too, which aiosqlite itself does not see to."""
    import aiosqlite

    # Only what is there when all are connected is ours: a pool's own threads begin later, and live on.
    before, own = set(threading.enumerate()), set[threading.Thread]()
    try:
        async with AsyncExitStack() as stack:
            opened = []
            for _ in range(count):
                connection = await stack.enter_async_context(
                    aiosqlite.connect(address, timeout=BUSY_S, isolation_level=None)
                )
                for pragma in PRAGMAS:
                    await connection.execute(pragma)
                opened.append(connection)
            own = set(threading.enumerate()) - before
            yield opened
    finally:
        for thread in own:
            thread.join(LEAVE_S)


def op_of(connection: Any, read: str) -> AsyncOp:
    """The op of one connection of aiosqlite: one hop to its thread for a read, five for a transaction."""
    execute, execute_fetchall = connection.execute, connection.execute_fetchall

    async def op(item: Item) -> Result:
        index, key, counter = item
        sent_ns = perf_counter_ns()
        if not counter:
            rows = await execute_fetchall(read, (key,))
            return rows[0], perf_counter_ns() - sent_ns
        try:
            await execute(BEGIN)
            value = (await execute_fetchall(LOOK, (counter,)))[0][0] + 1
            await execute(RAISE, (value, counter))
            await execute(ENTER, (counter, value, index))
            await connection.commit()
        except BaseException:
            await connection.rollback()
            raise
        return (counter, value), perf_counter_ns() - sent_ns

    return op


async def open_aiosqlite(kit: Kit, params: Params) -> AsyncOp:
    """aiosqlite with a connection, and so a thread, for each op in flight."""
    opened = await kit.enter(connections(str(kit.address), kit.in_flight))
    return await primed([op_of(connection, read_statement(params)) for connection in opened])


bodies: dict[str, Body] = {
    "blocking/sqlite3": open_connection,
    "asyncio/aiosqlite": open_aiosqlite,
    "async/sqlite3": open_in_coroutines,
}

DATABASE_SQLITE = Workload(
    name="database_sqlite",
    summary="reads by key, small transactions and slow queries on one SQLite file",
    bodies=bodies,
    params=PARAMS,
    make_items=make_items,
    check=check,
    observe=observe,
    latency="query sent to rows in hand",
    threaded=("aiosqlite",),
    grid={
        "smoke": (point(4, 20, writes=20),),
        "quick": (point(10, 400, writes=5),),
        "full": (
            point(10, 400),
            point(10, 400, writes=5),
            point(10, 100, writes=100),
            # A slow query is bounded by the cores, so more of them in flight would tell nothing new.
            point(10, 6, query_s=0.02),
        ),
    },
    service=Service(name="sqlite", module="when_async.workloads.servers.sqlite_file", expect=expect),
    learn=(
        "What a thread hop per statement costs and when it pays: rows under asyncio differ in the driver, `sqlite3` "
        "being the blocking one inside coroutines; SQLite works in the caller's own process, so nothing here speaks "
        "for a database across a network, and transactions measure SQLite's single writer as much as the driver."
    ),
)
