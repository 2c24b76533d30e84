"""The server of workloads/database_postgres.py: `python -m when_async.workloads.servers.postgres`.

It makes a PostgreSQL of its own in a temporary folder, from the programs of this machine or of a package, and serves on
a socket in that folder, so there is no port that anybody else could take. Nothing is forced to the disk, nothing runs
in the background, and plans are made once. With ADDRESS and PARAMS_JSON it is the load generator instead, which is
PostgreSQL's own pgbench. Standard output carries the protocol of bench.model.Service and nothing else.
"""

from __future__ import annotations

import os
import platform
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..bodies.database import COLUMNS, COUNTERS, PRIMER, ROWS, row_of
from ..database_postgres import DATABASE, USER
from ..load.parent import leave_ctrl_c, own_stdout, print_capacity, say
from .postgres_programs import Absent, Programs, find
from .sqlite_file import BOOK, COUNTED, STRIKE, TABLES, follow, kept

START_TIMEOUT_S = 15.0
STOP_TIMEOUT_S = 5.0
LOOK_S = 0.01
LOG_LINES = 3

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "2000",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",  # in the folder, so nothing is left in /dev/shm
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "bgwriter_lru_maxpages": "0",
    "checkpoint_timeout": "1d",
    "max_wal_size": "4GB",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",  # planned once, not anew in each of the first five executions
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
}

LOAD_READ = f"\\set id random(1, {{rows}})\nSELECT {COLUMNS} FROM items WHERE id = :id;\n"
LOAD_WRITE = (
    f"\\set counter random(1, {COUNTERS})\n"
    "BEGIN;\n"
    "SELECT value FROM counters WHERE id = :counter FOR UPDATE \\gset\n"
    "UPDATE counters SET value = :value + 1 WHERE id = :counter;\n"
    "INSERT INTO entries (counter, value, op) VALUES (:counter, :value + 1, 0);\n"
    "COMMIT;\n"
)
LOAD_S = 1
LOAD_CONNECTIONS = 16
"""More bring no more; fewer are used where the clients have fewer in flight."""
RATE = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)


@contextmanager
def running(folder: Path, programs: Programs) -> Iterator[dict[str, str]]:
    """A server with its data and its socket in `folder`; raises RuntimeError when it does not start."""
    if programs.owner:
        os.chown(folder, programs.owner["user"], programs.owner["group"])
    data, log = folder / "data", folder / "log"
    environ = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": str(folder)}
    made = subprocess.run(
        [programs.folder / "initdb", "-D", data, "-U", USER, "--auth=trust", "--no-sync", "--locale=C", "-E", "UTF8"],
        capture_output=True, text=True, cwd=folder, env=environ, check=False, **programs.owner,
    )  # fmt: skip
    if made.returncode:
        raise RuntimeError(f"initdb failed: {last_lines(made.stderr)}")
    options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    with log.open("wb") as lines:
        server = subprocess.Popen(
            [programs.folder / "postgres", "-D", data, "-k", folder, *options],
            stdout=lines, stderr=lines, cwd=folder, env=environ, **programs.owner,
        )  # fmt: skip
    try:
        wait_until_ready(server, data, log)
        yield {"address": str(folder)}
    finally:
        stop(server)


def wait_until_ready(server: subprocess.Popen[bytes], data: Path, log: Path) -> None:
    """Return once the server takes connections, which it writes into the last line of its lock file."""
    deadline_s = time.monotonic() + START_TIMEOUT_S
    lock = data / "postmaster.pid"
    while True:
        lines = lock.read_text().splitlines() if lock.exists() else []
        if len(lines) > 7 and lines[7].strip() == "ready":
            return
        if server.poll() is not None:
            raise RuntimeError(f"postgres ended with status {server.returncode}: {last_lines(log.read_text())}")
        if time.monotonic() > deadline_s:
            raise RuntimeError(f"postgres took no connection in {START_TIMEOUT_S:g} s: {last_lines(log.read_text())}")
        time.sleep(LOOK_S)


def stop(server: subprocess.Popen[bytes]) -> None:
    """End it at once; its data is thrown away, so it need not write them down."""
    server.send_signal(signal.SIGQUIT)
    try:
        server.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        # Each of its parts is in a session of its own, and one that stands still does not see that it is alone.
        parts = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        server.kill()
        server.wait()
        for part in parts:
            with suppress(ProcessLookupError):
                os.kill(int(part), signal.SIGKILL)


def last_lines(text: str) -> str:
    return " | ".join([line for line in text.splitlines() if line.strip()][-LOG_LINES:])


class Book:
    """The database as this process sees it: makes the tables, and tells and strikes out what rounds entered."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.counted = 0
        self.since = None

    def fill(self) -> None:
        """Make the tables and their rows, and begin the first window of counts."""
        for table in TABLES:
            self.connection.execute(table.format(big="BIGINT", float="DOUBLE PRECISION"))
        with self.connection.cursor() as cursor, cursor.copy(f"COPY items ({COLUMNS}) FROM STDIN") as copy:
            for key in range(1, ROWS + 1):
                copy.write_row(row_of(key))
        self.connection.execute(f"INSERT INTO counters SELECT at, 0 FROM generate_series(1, {PRIMER}) AS at")
        self.connection.execute("ANALYZE")
        self.stats()

    def stats(self) -> dict[str, Any]:
        """Counts since the last call: entries, ops that made them, by how much the counters went up, and on how many
        connections anything was asked.
        """
        one = self._one
        (connections,) = one(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' "
            "AND pid <> pg_backend_pid() AND query_start >= %s",
            (self.since,),
        )
        entries, ops = one(BOOK)
        (total,) = one(COUNTED)
        counted, self.counted = total - self.counted, total
        self.connection.execute(STRIKE)
        (self.since,) = one("SELECT clock_timestamp()")
        return {"entries": entries, "ops": ops, "counted": counted, "connections": connections}

    def _one(self, statement: str, values: tuple[Any, ...] = ()) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self.connection.execute(statement, values).fetchone()
        return row


def serve() -> None:
    """Start the server and look after it until the parent closes standard input."""
    leave_ctrl_c()
    channel = own_stdout()
    try:
        programs = find()
        if find_spec("psycopg") is None:
            raise Absent("psycopg is not installed, which fills the tables; pip install 'when-async[postgres]'")
    except Absent as error:
        say(channel, {"absent": str(error)})
        return
    with kept("postgres", partial(running, programs=programs)) as told:
        import psycopg

        with psycopg.connect(host=told["address"], user=USER, dbname=DATABASE, autocommit=True) as connection:
            book = Book(connection)
            book.fill()
            facts = {
                "server": f"PostgreSQL {programs.version}",
                "programs": str(programs.folder),
                "fsync": "off",
                "socket": "unix",
                "plans": "generic",
                "python": platform.python_version(),
            }
            follow(channel, {"address": told["address"], "facts": facts}, book.stats)


def measure(address: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Ops per second of pgbench with the same mix and no slow queries; raises RuntimeError."""
    programs = find()
    clients = min(int(params.get("concurrency", LOAD_CONNECTIONS)), LOAD_CONNECTIONS)
    writes = int(params["writes"])
    with TemporaryDirectory(prefix="when-async-pgbench-") as folder:
        command: list[Any] = [programs.folder / "pgbench", "-n", "-M", "prepared", "-c", clients, "-T", LOAD_S]
        for name, text, weight in (
            ("read", LOAD_READ.format(rows=params["rows"]), 100 - writes),
            ("write", LOAD_WRITE, writes),
        ):
            if weight:
                path = Path(folder, name)
                path.write_text(text)
                command += ["-f", f"{path}@{weight}"]
        command += ["-h", address, "-U", USER, DATABASE]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    rate = RATE.search(done.stdout)
    if done.returncode or rate is None:
        raise RuntimeError(f"pgbench failed: {last_lines(done.stderr)}")
    return {"capacity_per_s": float(rate[1])}


if __name__ == "__main__":
    if sys.argv[1:]:
        print_capacity(measure)
    else:
        serve()
