"""What `database_sqlite` and `database_postgres` have in common: the rows, the ops, their oracle, and pools.

An op is a read of one row by its primary key, or a transaction that reads a counter, raises it by one and enters what
it did in a book. Both databases hold the same tables, `items`, `counters` and `entries`, which a helper process makes
and fills. The helper reads the book after each round, says what it found there and strikes it out, so that every round
begins alike; the counters run on, so that no entry ever meets an old one. Rows are tuples for all, and statements are
prepared before the clock starts.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from when_async.bench.model import Observed, Param, Params, Point, WrongAnswer

ROWS = 20_000
"""Rows of the table `items`. Their keys fit in two bytes, so that psycopg sends all by one type and prepares once."""

COUNTERS = 64
"""Counters that transactions share. More than ops in flight, so that they seldom wait for each other's counter."""

PRIMER = COUNTERS + 1
"""A counter of its own for the transactions that only prepare statements; nobody reads it."""

COLUMNS = "id, amount, share, name"

Row = tuple[int, int, float, str]
Item = tuple[int, int, int]
"""Number of the op (-1 for one that only prepares), key of the row to read, counter to raise (0 in a read)."""
Result = tuple[tuple[Any, ...], int]
"""A read's row, or the counter and its new value; and the nanoseconds from the query sent to the rows in hand."""

Op = Callable[[Item], Result]
AsyncOp = Callable[[Item], Awaitable[Result]]

PRIMERS: tuple[Item, Item] = ((-1, 1, 0), (-1, 1, PRIMER))
"""A read and a transaction; each connection does them once when it is opened."""


def row_of(key: int) -> Row:
    """The row with this key, as the filler writes it and the oracle expects it; the fraction is exact in binary."""
    return key, key * 2_654_435_761 % 2**40, key / 8, f"row {key * 7919 % 1_000_003:06d}"


def transactions(params: Params) -> int:
    """How many of the ops are transactions."""
    return int(params["n"]) * int(params["writes"]) // 100


def make_items(params: Params, seed: int) -> list[Item]:
    """One item an op, transactions evenly among the reads; keys are drawn by the seed, counters go round in turn.

    Raises ValueError where the parameters contradict each other.
    """
    n, writes, rows = int(params["n"]), int(params["writes"]), int(params["rows"])
    if not 1 <= rows <= ROWS:
        raise ValueError(f"rows counts keys of a table of {ROWS}, got {rows}; write rows={min(max(rows, 1), ROWS)}")
    if not 0 <= writes <= 100:
        raise ValueError(f"writes is a share in percent, got {writes}; write writes={min(max(writes, 0), 100)}")
    if writes and not transactions(params):
        raise ValueError(f"{writes} % of {n} ops is not one transaction; write n={-(-100 // writes)}")
    if writes == 100 and params["query_s"]:
        raise ValueError("a slow query takes the place of a read, and with writes=100 there is none; write query=0s")
    draw = random.Random(seed).randrange
    items = []
    for index in range(n):
        before, after = index * writes // 100, (index + 1) * writes // 100
        items.append((index, 1 + draw(rows), 1 + before % COUNTERS if after > before else 0))
    return items


def observe(params: Params, items: Sequence[Item], results: Sequence[Any]) -> Observed:
    """Take the latencies off, and with them the order in which the transactions came: who raised a counter first.

    What stays of a transaction is the counter and how far it was raised since the round began. The values that one
    counter was given are told to its ops in rising order, so a value that came twice or never still shows.
    """
    if len(results) != len(items):
        raise WrongAnswer(f"{len(results)} results came back for {len(items)} ops")
    told: list[Any] = []
    values: dict[int, list[Any]] = {}
    latencies_ns = []
    for (index, _, counter), result in zip(items, results, strict=True):
        if not isinstance(result, tuple) or len(result) != 2:
            raise WrongAnswer(f"op {index} gave {result!r} instead of a row and its latency")
        answer, latency_ns = result
        if counter:
            if not isinstance(answer, tuple) or len(answer) != 2 or not isinstance(answer[1], int):
                raise WrongAnswer(f"op {index} gave {answer!r} instead of a counter and its value")
            values.setdefault(counter, []).append(answer[1])
        told.append(answer)
        latencies_ns.append(latency_ns)
    rising = {counter: iter(sorted(given)) for counter, given in values.items()}
    lowest = {counter: min(given) for counter, given in values.items()}
    for place, (_, _, counter) in enumerate(items):
        if counter:
            told[place] = (told[place][0], next(rising[counter]) - lowest[counter] + 1)
    return Observed(told, latencies_ns=latencies_ns)


def check(params: Params, items: Sequence[Item], results: Sequence[Any]) -> str:
    """Compare every row with the one that arithmetic gives, and see that each counter went up by one at a time."""
    if len(results) != len(items):
        raise WrongAnswer(f"{len(results)} results came back for {len(items)} ops")
    done: dict[int, int] = {}
    for (index, key, counter), result in zip(items, results, strict=True):
        if not counter:
            if result != row_of(key):
                raise WrongAnswer(f"op {index} read {result!r} for key {key}, expected {row_of(key)!r}")
            continue
        done[counter] = done.get(counter, 0) + 1
        if result != (counter, done[counter]):
            raise WrongAnswer(
                f"op {index} left counter {counter} at {result!r}, expected {(counter, done[counter])!r}: "
                "a transaction was lost or done twice"
            )
    writes = sum(done.values())
    return f"{len(items) - writes} rows and {writes} transactions" if writes else f"{len(items)} rows"


def expect(params: Params, concurrency: int, stats: Mapping[str, Any]) -> str | None:
    """Complain unless the database holds each transaction once and saw no more connections than allowed."""
    due = transactions(params)
    if stats["entries"] != due:
        return f"{stats['entries']} transactions are in its book where {due} were asked for"
    if stats["ops"] != due:
        return f"{due - stats['ops']} of {due} transactions are in its book under the number of another op"
    if stats["counted"] != due:
        return f"its counters went up by {stats['counted']} where {due} transactions were asked for"
    if stats.get("connections", 0) > concurrency:
        return f"it saw {stats['connections']} connections at work where a pool of {concurrency} was allowed"
    return None


def pooled(ops: Sequence[AsyncOp]) -> AsyncOp:
    """An op that borrows a connection, given one op bound to each; the same list for every client library.

    The libraries' own pools do unlike work: asyncpg's sends a query of its own each time a connection comes back.
    """
    free = list(ops)

    async def op(item: Item) -> Result:
        mine = free.pop()
        try:
            return await mine(item)
        finally:
            free.append(mine)

    return op


async def primed(ops: Sequence[AsyncOp]) -> AsyncOp:
    """A pool of these connections, each with its statements prepared."""
    for op in ops:
        for item in PRIMERS:
            await op(item)
    return pooled(ops)


def pooled_blocking(ops: Sequence[Op]) -> AsyncOp:
    """The bad example: a coroutine that calls the blocking driver, and so keeps the loop until the rows are there."""
    free = list(ops)

    async def op(item: Item) -> Result:
        mine = free.pop()
        try:
            return mine(item)
        finally:
            free.append(mine)

    return op


PARAMS = (
    Param("n", 1, 30_000, "how many ops"),
    Param("writes", 0, 100, "share of the ops that are transactions, in percent"),
    Param("query_s", 0.0, 1.0, "how long the database works on each read; 0 for a plain read by key"),
    Param("rows", 1, ROWS, "from how many rows the keys are drawn"),
)


def point(concurrency: int, n: int, writes: int = 0, query_s: float = 0.0, rows: int = ROWS) -> Point:
    """One point of a grid; by default it reads from the whole table."""
    return Point(concurrency, {"n": n, "writes": writes, "query_s": query_s, "rows": rows})
