"""Answers on databases and files."""

from __future__ import annotations

from when_async.results.stats.estimate import inverse

from .. import words
from .answer import Evidence, Standing, decided, standing
from .said import Said, joined

DB, FILES = "db-driver", "file-writes"
DRIVERS = ((DB, "on PostgreSQL with psycopg"), (DB, "on PostgreSQL with asyncpg"))


def database(seen: Evidence) -> Said | None:
    """Reading from a database inside coroutines."""
    found = seen.first_decided(*DRIVERS)
    if found is None:
        return None
    wins = standing(found) is Standing.AHEAD
    stall = seen.estimate(DB, "on PostgreSQL")
    return Said(
        answer="in coroutines, an async driver" if wins else "either driver alike",
        sentence="Inside coroutines use an async driver: ten queries at once were "
        f"{words.times(found)} as fast as with a blocking one."
        if wins
        else f"An async driver was {words.times(found)} as fast as a blocking one inside coroutines.",
        figure=found,
        compares="async driver over blocking driver, both in coroutines, PostgreSQL",
        decides="a blocking driver stops the loop" + (f": {words.with_unit(stall, 's')}" if stall else ""),
        advice="In coroutines take psycopg's async side or asyncpg, and keep a blocking driver out of them.",
        limits=joined(_sqlite(seen), "Measured with ten queries of 10 ms at once."),
        claims=(DB,),
    )


def _sqlite(seen: Evidence) -> str:
    found = seen.estimate(DB, "on short SQLite queries")
    if found is None or standing(found) is not Standing.BEHIND:
        return ""
    return f"SQLite has nobody to wait for: plain sqlite3 was {words.times(inverse(found))} as fast as aiosqlite."


def files(seen: Evidence) -> Said | None:
    """Appending to files."""
    small, large = (seen.estimate(FILES, f"for records of {size}") for size in ("128 B", "1 MiB"))
    if small is None or not decided(small):
        return None
    ratio = inverse(small)
    wins = standing(ratio) is Standing.AHEAD
    return Said(
        answer="plain writes" if wins else "aiofiles" if standing(ratio) is Standing.BEHIND else "either alike",
        sentence=f"Write to files plainly: for records of 128 B that was {words.times(ratio)} as fast as aiofiles."
        if wins
        else f"Plain writes were {words.times(ratio)} as fast as aiofiles for records of 128 B.",
        figure=ratio,
        compares="plain writes over aiofiles, records of 128 B",
        decides=f"the size of a record: {words.times(inverse(large))} at 1 MiB" if large else "the size of a record",
        advice="Collect small records and write them in one go; hand a long write to asyncio.to_thread.",
        limits=joined(_stall(seen), "Writes went to the system's cache; a slow disk was not measured."),
        claims=(FILES,),
    )


def _stall(seen: Evidence) -> str:
    found = seen.estimate(FILES, "with records of 1 MiB")
    return f"With aiofiles a write of 1 MiB stops the loop for {words.with_unit(found, 's')}." if found else ""
