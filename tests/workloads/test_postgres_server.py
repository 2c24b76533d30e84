"""The server of `database_postgres`: found or told to be absent, alive for its parent and gone without a trace."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from http_service import ROOT, HttpService
from test_database_sqlite import ENVIRONMENT, close_input, kill_group, lives_and_leaves, started

from support.commands import wait_until
from when_async.workloads.bodies.database import PRIMER, ROWS, row_of
from when_async.workloads.database_postgres import DATABASE, USER
from when_async.workloads.servers import postgres, postgres_programs
from when_async.workloads.servers.postgres_programs import PROGRAMS, Absent, Programs, find, folders

COMMAND = [sys.executable, "-m", "when_async.workloads.servers.postgres"]
NOWHERE = (
    "from when_async.workloads.servers import postgres, postgres_programs as programs\n"
    "programs.INSTALLED, programs.PACKAGES = '/nowhere', ('no_such_package',)\n"
    "postgres.serve()\n"
)


@pytest.fixture(scope="module")
def present() -> Programs:
    """PostgreSQL's programs; skips where there are none, with the reason that a run would show."""
    pytest.importorskip("psycopg")
    try:
        return find()
    except Absent as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def shared(present: Programs) -> Iterator[HttpService]:
    with started(COMMAND) as service:
        yield service


@pytest.fixture
def service(shared: HttpService) -> HttpService:
    """The shared server with an empty book."""
    shared.stats()
    return shared


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without PostgreSQL, and the only place where one may appear."""
    monkeypatch.setattr(postgres_programs, "INSTALLED", str(tmp_path / "lib"))
    monkeypatch.setattr(postgres_programs, "PACKAGES", ("no_such_package",))
    monkeypatch.setattr(postgres_programs, "owner", dict)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    return tmp_path


def put(folder: Path, names: tuple[str, ...] = PROGRAMS, says: str = "postgres (PostgreSQL) 17.2") -> Path:
    """Programs that only say which version they are."""
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text(f"#!/bin/sh\necho '{says}'\n")
        (folder / name).chmod(0o755)
    return folder


def test_where_there_is_none_it_says_what_to_install(bare: Path) -> None:
    with pytest.raises(Absent) as absent:
        find()
    assert str(absent.value) == (
        "there is no PostgreSQL on this machine; apt-get install postgresql, "
        "or pip install 'when-async[postgres]' on Python 3.13 and older"
    )


def test_a_service_without_postgresql_says_hello_with_the_reason_and_ends_well() -> None:
    done = subprocess.run(
        [sys.executable, "-c", NOWHERE], cwd=ROOT, env={**ENVIRONMENT, "PATH": "/nowhere"}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    (hello,) = map(json.loads, done.stdout.splitlines())
    assert list(hello) == ["absent"]
    assert hello["absent"].startswith("there is no PostgreSQL on this machine; apt-get install postgresql")


def test_the_programs_on_path_come_first_and_the_newest_version_before_the_others(bare: Path) -> None:
    for version in ("9.6", "15", "16"):
        put(bare / "lib" / version / "bin")
    assert [folder.parent.name for folder in folders()] == ["16", "15", "9.6"]
    assert find().folder == bare / "lib" / "16" / "bin"
    assert find().version == "17.2"
    on_path = put(bare / "path")
    assert find().folder == on_path


def test_a_package_is_looked_into_and_never_imported(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = bare / "site" / "carries_postgres"
    inside = put(package / "pginstall18" / "bin")
    put(package / "pginstall" / "bin")
    (package / "__init__.py").write_text("raise RuntimeError('it would start a server of its own')\n")
    monkeypatch.syspath_prepend(str(bare / "site"))
    monkeypatch.setattr(postgres_programs, "PACKAGES", ("carries_postgres",))
    assert find().folder == inside


def test_a_place_with_only_a_part_of_the_programs_is_passed_over_and_named(bare: Path) -> None:
    put(bare / "lib" / "15" / "bin", names=("postgres", "pgbench"))
    with pytest.raises(Absent, match=r"/15/bin has no initdb\); apt-get"):
        find()
    whole = put(bare / "lib" / "14" / "bin")
    assert find().folder == whole


def test_programs_that_do_not_run_are_passed_over_and_named(bare: Path) -> None:
    folder = put(bare / "lib" / "15" / "bin")
    (folder / "postgres").write_text("#!/no/such/interpreter\n")
    with pytest.raises(Absent, match=r"/15/bin/postgres does not run for us: No such file or directory\); apt-get"):
        find()


HANGS = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGQUIT, signal.SIG_IGN)
part = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"], start_new_session=True)
print(part.pid, flush=True)
time.sleep(60)
"""


def test_a_server_that_does_not_end_is_killed_with_all_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "STOP_TIMEOUT_S", 0.05)
    with subprocess.Popen([sys.executable, "-S", "-c", HANGS], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        part = psutil.Process(int(server.stdout.readline()))
        postgres.stop(server)
        assert server.returncode == -signal.SIGKILL
    wait_until(lambda: not part.is_running() or part.status() == psutil.STATUS_ZOMBIE)


def test_as_root_it_runs_as_nobody_and_says_so_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert postgres_programs.owner() == {}
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    def nobody_there(name: str) -> Any:
        raise KeyError(name)

    monkeypatch.setattr("pwd.getpwnam", nobody_there)
    with pytest.raises(Absent, match="refuses to run as root and there is no user nobody"):
        postgres_programs.owner()


def test_it_serves_the_rows_that_the_oracle_expects_and_tells_what_it_is(service: HttpService) -> None:
    import psycopg

    assert service.facts["server"].startswith("PostgreSQL ")
    assert service.facts["fsync"] == "off"
    with psycopg.connect(host=service.address, user=USER, dbname=DATABASE) as connection:
        rows = connection.execute("SELECT * FROM items ORDER BY id").fetchall()
        assert rows == list(map(row_of, range(1, ROWS + 1)))
        assert connection.execute("SELECT count(*), max(id) FROM counters").fetchone() == (PRIMER, PRIMER)
        assert connection.execute("SHOW fsync").fetchone() == ("off",)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_stats_count_and_strike_out_what_was_entered_and_who_asked_since_the_last_stats(service: HttpService) -> None:
    import psycopg

    with psycopg.connect(host=service.address, user=USER, dbname=DATABASE, autocommit=True) as connection:
        service.stats()
        assert service.stats() == {"entries": 0, "ops": 0, "counted": 0, "connections": 0}
        connection.execute("UPDATE counters SET value = value + 2 WHERE id = 1")
        connection.execute("INSERT INTO entries VALUES (1, 1, 7), (1, 2, 7)")
        # What only prepares is no transaction of anybody's.
        connection.execute(f"UPDATE counters SET value = value + 1 WHERE id = {PRIMER}")
        connection.execute(f"INSERT INTO entries VALUES ({PRIMER}, 1, -1)")
        assert service.stats() == {"entries": 2, "ops": 1, "counted": 2, "connections": 1}
        assert service.stats() == {"entries": 0, "ops": 0, "counted": 0, "connections": 0}


def test_the_load_generator_reports_a_capacity_and_its_entries_are_struck_out(service: HttpService) -> None:
    load = json.dumps({"n": 10, "writes": 50, "query_s": 0.02, "rows": 100, "concurrency": 2})
    done = subprocess.run(
        [*COMMAND, service.address, load], cwd=ROOT, env=ENVIRONMENT, capture_output=True, check=True, timeout=60
    )
    assert json.loads(done.stdout)["capacity_per_s"] > 0
    assert service.stats()["entries"] > 0
    assert service.stats()["entries"] == 0


def test_the_load_generator_fails_in_one_line_where_nobody_serves(present: Programs, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"^pgbench failed: ") as failed:
        postgres.measure(str(tmp_path), {"writes": 0, "rows": 10})
    assert "\n" not in str(failed.value)


@pytest.mark.usefixtures("present")
def test_the_end_of_its_input_ends_it_and_its_folder() -> None:
    lives_and_leaves(COMMAND, close_input)


@pytest.mark.usefixtures("present")
def test_server_and_folder_go_when_its_whole_group_is_killed() -> None:
    found: list[int] = []

    def note_and_kill(process: subprocess.Popen[bytes], folder: Path) -> None:
        found.append(int((folder / "data" / "postmaster.pid").read_text().splitlines()[0]))
        kill_group(process, folder)

    lives_and_leaves(COMMAND, note_and_kill)
    with pytest.raises(ProcessLookupError):
        os.kill(found[0], 0)
