"""The database file of workloads/database_sqlite.py: `python -m when_async.workloads.servers.sqlite_file`.

SQLite has no server, so this process makes and fills a file in a temporary folder, gives its path as the address, and
between rounds reads the book of transactions, strikes it out and writes the log back. Standard output carries the
protocol of bench.model.Service and nothing else. `kept` is also what workloads/servers/postgres.py lives in.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any, BinaryIO, NoReturn

from ..bodies.database import COUNTERS, PRIMER, ROWS, row_of
from ..load.parent import leave_ctrl_c, own_stdout, say

SHORT = 50
"""A path of a socket has about 100 characters at most, so a temporary folder with a longer name than this will not do
for a server that puts one there."""

TABLES = (
    "CREATE TABLE items (id INTEGER PRIMARY KEY, amount {big} NOT NULL, share {float} NOT NULL, name TEXT NOT NULL)",
    "CREATE TABLE counters (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)",
    "CREATE TABLE entries (counter INTEGER, value INTEGER, op INTEGER NOT NULL, PRIMARY KEY (counter, value))",
)

BOOK = "SELECT count(*), count(DISTINCT op) FROM entries WHERE op >= 0"
COUNTED = f"SELECT sum(value) FROM counters WHERE id <= {COUNTERS}"
STRIKE = "DELETE FROM entries"

Live = Callable[[Path], AbstractContextManager[Mapping[str, Any]]]
"""What goes on in a folder: entered once, left when the folder is to go; gives what there is to tell of it."""


@contextmanager
def kept(name: str, live: Live) -> Iterator[Mapping[str, Any]]:
    """Have `live` go on in a temporary folder of a keeper, a process in a session of its own.

    The keeper ends what it started and removes the folder when we leave, and also when we are killed with our whole
    group, for a pipe tells it. Raises RuntimeError when it could not begin; its standard error says why.
    """
    told, tell = os.pipe()
    life, hold = os.pipe()
    keeper = os.fork()
    if keeper == 0:
        os.close(told)
        os.close(hold)
        keep(name, live, tell, life)
    os.close(tell)
    os.close(life)
    try:
        with open(told, "rb") as lines:
            line = lines.readline()
        if not line:
            raise RuntimeError(f"the keeper of the {name} folder ended without a word")
        yield json.loads(line)
    finally:
        os.close(hold)
        os.waitpid(keeper, 0)


def keep(name: str, live: Live, tell: int, life: int) -> NoReturn:
    """The keeper: no signal for our group reaches it, and it holds neither the parent's line nor its standard input."""
    status = 1
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        place = None if len(gettempdir()) <= SHORT else "/tmp"
        with TemporaryDirectory(prefix=f"when-async-{name}-", dir=place) as folder, live(Path(folder)) as news:
            os.write(tell, json.dumps(news).encode() + b"\n")
            os.read(life, 1)  # comes back at the end of its other end
        status = 0
    except BrokenPipeError:
        status = 0  # whom we would have told is gone, and everything is cleared
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def follow(channel: BinaryIO, hello: Mapping[str, Any], stats: Callable[[], Mapping[str, Any]]) -> None:
    """Say hello, then answer each `stats` line on standard input until it ends."""
    say(channel, hello)
    for line in sys.stdin.buffer:
        if line.strip() == b"stats":
            say(channel, stats())


class Book:
    """The database as this process sees it: makes the tables, and tells and strikes out what rounds entered."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.counted = 0

    def fill(self) -> None:
        """Make the tables and their rows; from here on the file is in WAL mode."""
        execute = self.connection.execute
        execute("PRAGMA journal_mode=WAL")
        execute("PRAGMA synchronous=OFF")
        execute("BEGIN")
        for table in TABLES:
            execute(table.format(big="INTEGER", float="REAL"))
        self.connection.executemany("INSERT INTO items VALUES (?, ?, ?, ?)", map(row_of, range(1, ROWS + 1)))
        self.connection.executemany("INSERT INTO counters VALUES (?, 0)", ((at,) for at in range(1, PRIMER + 1)))
        execute("COMMIT")
        self.write_back()

    def stats(self) -> dict[str, Any]:
        """What was entered since the last call: entries, ops that made them, and by how much the counters went up."""
        entries, ops = self.connection.execute(BOOK).fetchone()
        (total,) = self.connection.execute(COUNTED).fetchone()
        counted, self.counted = total - self.counted, total
        self.connection.execute(STRIKE)
        self.write_back()
        return {"entries": entries, "ops": ops, "counted": counted}

    def write_back(self) -> None:
        """Empty the log into the file, so that every round begins with none."""
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


@contextmanager
def named(folder: Path) -> Iterator[dict[str, str]]:
    """Only a place for a file."""
    yield {"address": str(folder / "database.sqlite")}


def main() -> None:
    """Make the file and look after it until the parent closes standard input."""
    leave_ctrl_c()
    channel = own_stdout()
    with kept("sqlite", named) as told, closing(sqlite3.connect(told["address"], isolation_level=None)) as connection:
        book = Book(connection)
        book.fill()
        facts = {
            "server": f"SQLite {sqlite3.sqlite_version}",
            "journal": "WAL",
            "synchronous": "off",
            "python": platform.python_version(),
        }
        follow(channel, {"address": told["address"], "facts": facts}, book.stats)


if __name__ == "__main__":
    main()
