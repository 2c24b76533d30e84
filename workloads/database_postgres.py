"""`database_postgres`: reads by key, small transactions and slow queries on a PostgreSQL of our own, over its socket.

psycopg has a blocking and an asynchronous face, so its rows tell the models apart; asyncpg against psycopg tells the
drivers apart; blocking psycopg inside coroutines is the bad example. All are given the same: one connection for each op
in flight, statements that the server has prepared before the clock starts, results in the binary format, rows as
tuples, BEGIN, three statements and COMMIT one after the other. A slow query sleeps in the server (`pg_sleep`), so it
uses no CPU of anybody's and may overlap without limit. Ideal time: every connection waits for its share of the slow
queries and nothing else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import ceil
from time import perf_counter_ns
from typing import Any

from when_async.bench.model import Body, Kit, Params, Service, Unsuited, Workload

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
    transactions,
)

USER, DATABASE = "when_async", "postgres"

SLEPT = 0.99
"""The server's sleep goes by the wall clock, which may be drawn slower or faster while it is set."""

READ = f"SELECT {COLUMNS} FROM items WHERE id = %s"
SLOW = f"SELECT {COLUMNS} FROM items, pg_sleep({{query_s!r}}) WHERE id = %s"
LOOK = "SELECT value FROM counters WHERE id = %s FOR UPDATE"
RAISE = "UPDATE counters SET value = %s WHERE id = %s"
ENTER = "INSERT INTO entries (counter, value, op) VALUES (%s, %s, %s)"


def read_statement(params: Params) -> str:
    """The query of a read: by key, and as slow as was asked for."""
    query_s = float(params["query_s"])
    return SLOW.format(query_s=query_s) if query_s else READ


def numbered(statement: str) -> str:
    """The same statement with `$1`, `$2` for its values, as PostgreSQL and asyncpg write them."""
    first, *rest = statement.split("%s")
    return first + "".join(f"${place}{text}" for place, text in enumerate(rest, 1))


def ideal_s(params: Params, in_flight: int) -> float:
    """Each connection waits for its share of the slow queries; transactions are not counted."""
    reads = int(params["n"]) - transactions(params)
    return ceil(reads / in_flight) * float(params["query_s"]) * SLEPT


def open_connection(kit: Kit, params: Params) -> Op:
    """The op of one blocking connection of psycopg, with its statements prepared."""
    import psycopg

    connection: Any = kit.enter(
        psycopg.connect(host=kit.address, user=USER, dbname=DATABASE, autocommit=True, prepare_threshold=0)
    )
    execute, transaction, read = connection.execute, connection.transaction, read_statement(params)

    def op(item: Item) -> Result:
        index, key, counter = item
        sent_ns = perf_counter_ns()
        if not counter:
            row = execute(read, (key,), binary=True).fetchone()
            return row, perf_counter_ns() - sent_ns
        with transaction():
            value = execute(LOOK, (counter,), binary=True).fetchone()[0] + 1
            execute(RAISE, (value, counter))
            execute(ENTER, (counter, value, index))
        return (counter, value), perf_counter_ns() - sent_ns

    for item in PRIMERS:
        op(item)
    return op


async def open_in_coroutines(kit: Kit, params: Params) -> AsyncOp:
    """The bad example: the blocking driver inside coroutines, with a connection for each op in flight."""
    try:
        import psycopg  # noqa: F401 - the body's name is no module, so nobody has looked for it
    except ImportError as error:
        raise Unsuited(f"psycopg does not import ({error}); pip install 'when-async[postgres]'") from error
    return pooled_blocking([open_connection(kit, params) for _ in range(kit.in_flight)])


def psycopg_op(connection: Any, read: str) -> AsyncOp:
    """The op of one asynchronous connection of psycopg."""
    execute, transaction = connection.execute, connection.transaction

    async def op(item: Item) -> Result:
        index, key, counter = item
        sent_ns = perf_counter_ns()
        if not counter:
            row = await (await execute(read, (key,), binary=True)).fetchone()
            return row, perf_counter_ns() - sent_ns
        async with transaction():
            value = (await (await execute(LOOK, (counter,), binary=True)).fetchone())[0] + 1
            await execute(RAISE, (value, counter))
            await execute(ENTER, (counter, value, index))
        return (counter, value), perf_counter_ns() - sent_ns

    return op


async def open_psycopg(kit: Kit, params: Params) -> AsyncOp:
    """psycopg's AsyncConnection, one for each op in flight."""
    from psycopg import AsyncConnection

    async def opened() -> Any:
        return await AsyncConnection.connect(
            host=kit.address, user=USER, dbname=DATABASE, autocommit=True, prepare_threshold=0
        )

    read = read_statement(params)
    ops = [psycopg_op(await kit.enter(await opened()), read) for _ in range(kit.in_flight)]
    return await primed(ops)


@asynccontextmanager
async def asyncpg_connection(address: str) -> AsyncIterator[Any]:
    """A connection of asyncpg that keeps what it prepared: by default it forgets it after five minutes."""
    import asyncpg

    try:
        connection = await asyncpg.connect(host=address, user=USER, database=DATABASE, max_cached_statement_lifetime=0)
    except NotImplementedError:
        raise Unsuited("this event loop has no Unix sockets, by which asyncpg talks to this server") from None
    try:
        yield connection
    finally:
        await connection.close()


def asyncpg_op(connection: Any, read: str) -> AsyncOp:
    """The op of one connection of asyncpg; its records are made tuples, as psycopg's rows are."""
    fetchrow, execute, transaction = connection.fetchrow, connection.execute, connection.transaction
    look, raise_, enter = numbered(LOOK), numbered(RAISE), numbered(ENTER)

    async def op(item: Item) -> Result:
        index, key, counter = item
        sent_ns = perf_counter_ns()
        if not counter:
            row = tuple(await fetchrow(read, key))
            return row, perf_counter_ns() - sent_ns
        async with transaction():
            value = (await fetchrow(look, counter))[0] + 1
            await execute(raise_, value, counter)
            await execute(enter, counter, value, index)
        return (counter, value), perf_counter_ns() - sent_ns

    return op


async def open_asyncpg(kit: Kit, params: Params) -> AsyncOp:
    """asyncpg, with a connection for each op in flight."""
    read = numbered(read_statement(params))
    ops = [asyncpg_op(await kit.enter(asyncpg_connection(str(kit.address))), read) for _ in range(kit.in_flight)]
    return await primed(ops)


bodies: dict[str, Body] = {
    "blocking/psycopg": open_connection,
    "asyncio/psycopg": open_psycopg,
    "asyncio/asyncpg": open_asyncpg,
    "async/psycopg_sync": open_in_coroutines,
}

DATABASE_POSTGRES = Workload(
    name="database_postgres",
    summary="reads by key, small transactions and slow queries on a PostgreSQL over its socket",
    bodies=bodies,
    faces={"psycopg_sync": "the bad example: psycopg's blocking connections inside coroutines"},
    params=PARAMS,
    make_items=make_items,
    check=check,
    observe=observe,
    latency="query sent to rows in hand",
    ideal_s=ideal_s,
    grid={
        "smoke": (point(4, 20, writes=20),),
        "quick": (point(10, 10, query_s=0.01),),
        # A server is started for each, which takes longer than its queries.
        "full": (
            point(10, 200),
            point(10, 50, writes=100),
            point(10, 10, query_s=0.01),
        ),
    },
    service=Service(
        name="postgres",
        module="when_async.workloads.servers.postgres",
        requires=("psycopg",),
        load_module="when_async.workloads.servers.postgres",
        expect=expect,
    ),
    learn=(
        "Whether waiting for a database overlaps, and what each driver costs per query: asyncio/psycopg against "
        "threading/psycopg differs in the model, asyncio/asyncpg in the driver too, and asyncio/psycopg_sync shows "
        "a blocking driver inside coroutines; a server on this machine without a disk to wait for says nothing about "
        "a network or about how PostgreSQL itself scales."
    ),
)
