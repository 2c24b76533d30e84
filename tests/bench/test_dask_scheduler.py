"""`run --dask-scheduler`: the address reaches the workers, wrong use is one line, and a far cluster keeps nothing."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from support import fakes
from when_async.bench.cli.main import main
from when_async.bench.cli.run import command as cli_run
from when_async.bench.cli.run.cluster import far_cluster
from when_async.bench.cli.run.starting import Started
from when_async.bench.environments.provision import child_environ
from when_async.bench.model import Job, Workload
from when_async.bench.runners.dask_ import CONNECT_TIMEOUT_S, SCHEDULER, connected
from when_async.bench.worker import children
from when_async.bench.worker.children import PLACE, ChildJob, Failed, call_opening, child_job, close_all

ADDRESS = "tcp://127.0.0.1:8786"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WHEN_ASYNC_LOCK", str(tmp_path / "lock"))
    monkeypatch.setenv("WHEN_ASYNC_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(SCHEDULER, raising=False)
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def environs(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The variables that the workers of each run get; nothing is measured."""
    found: list[dict[str, str]] = []

    def walk(started: Started, began_s: float) -> None:
        found.append(child_environ())
        started.journal.close()

    monkeypatch.setattr(cli_run, "execute", walk)
    monkeypatch.setattr(cli_run, "print_run", lambda path, as_json: False)
    return found


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["run", *arguments])


def measure(*arguments: str, path: str = "run.jsonl") -> dict[str, Any]:
    """The header of a run that `run ARGUMENTS` began."""
    done = run("-w", "sleep", "--profile", "smoke", "-o", path, *arguments)
    assert done.exit_code == 0, done.output
    header: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8").partition("\n")[0])
    return header


@pytest.mark.parametrize(
    "address",
    ["", "localhost:8786", "http://localhost:8786", "tcp://localhost", "tcp://localhost:0", "tcp://localhost:65536",
     "tcp://localhost:8786/x", "tcp://me:secret@localhost:8786", "tcp://:8786"],
)  # fmt: skip
def test_what_is_no_address_is_told_in_one_line_with_an_example(address: str) -> None:
    done = run("-w", "sleep", "-r", "dask", "--dask-scheduler", address)
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(
        "when-async: --dask-scheduler takes the address of a scheduler, such as tcp://127.0.0.1:8786"
    )


@pytest.mark.parametrize("address", [ADDRESS, "tls://cluster-1.example:65535", "tcp://[::1]:8786"])
def test_the_address_reaches_the_workers_and_nobody_after_them(environs: list[dict[str, str]], address: str) -> None:
    assert measure("-r", "dask", "--dask-scheduler", address)["asked_cluster"] is True
    assert [environ[SCHEDULER] for environ in environs] == [address]
    assert SCHEDULER not in os.environ


def test_without_the_option_the_workers_make_a_cluster_of_their_own(environs: list[dict[str, str]]) -> None:
    assert measure("-r", "dask")["asked_cluster"] is False
    assert [SCHEDULER in environ for environ in environs] == [False]


def test_an_address_in_the_environment_counts_and_stays(
    environs: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SCHEDULER, "tcp://127.0.0.1:1111")
    assert measure("-r", "dask", path="first.jsonl")["asked_cluster"] is True
    measure("-r", "dask", "--dask-scheduler", ADDRESS, path="second.jsonl")
    assert [environ[SCHEDULER] for environ in environs] == ["tcp://127.0.0.1:1111", ADDRESS]
    assert os.environ[SCHEDULER] == "tcp://127.0.0.1:1111"


def test_an_address_in_the_environment_is_nothing_to_a_run_without_dask(
    environs: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SCHEDULER, ADDRESS)
    assert measure("-r", "asyncio")["asked_cluster"] is False


def test_a_cluster_that_no_runner_would_use_is_wrong_use(environs: list[dict[str, str]]) -> None:
    done = run("-w", "sleep", "-r", "asyncio", "--dask-scheduler", ADDRESS)
    assert (done.exit_code, environs) == (2, [])
    assert "--dask-scheduler is for runners on Dask, and none was asked for; add -r dask" in done.stderr
    assert list(Path().rglob("*.jsonl")) == []


def test_an_interruption_takes_the_address_back_too() -> None:
    with pytest.raises(KeyboardInterrupt), far_cluster(ADDRESS):
        raise KeyboardInterrupt
    assert SCHEDULER not in os.environ


def test_a_run_on_a_cluster_is_gone_on_with_on_a_cluster(environs: list[dict[str, str]]) -> None:
    measure("-r", "dask", "--dask-scheduler", ADDRESS)
    refused = run("--resume", "run.jsonl")
    assert refused.exit_code == 2
    assert "name it with --dask-scheduler" in refused.stderr
    assert run("--resume", "run.jsonl", "--dask-scheduler", ADDRESS).exit_code == 0
    assert [environ[SCHEDULER] for environ in environs] == [ADDRESS, ADDRESS]


def test_a_run_on_its_own_cluster_is_not_gone_on_with_elsewhere(environs: list[dict[str, str]]) -> None:
    measure("-r", "dask")
    refused = run("--resume", "run.jsonl", "--dask-scheduler", ADDRESS)
    assert refused.exit_code == 2
    assert "go on without --dask-scheduler" in refused.stderr
    assert run("--resume", "run.jsonl").exit_code == 0


def test_a_scheduler_that_does_not_answer_is_told_by_its_address() -> None:
    def client(address: str, **options: Any) -> None:
        raise OSError(f"Timed out trying to connect to {address} after {options['timeout']} s")

    with pytest.raises(RuntimeError, match=f"^no Dask scheduler answers at {ADDRESS} within {CONNECT_TIMEOUT_S:g} s$"):
        connected(client, ADDRESS)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Names of the workloads that this thread, which plays one of a far cluster, has opened."""
    names: list[str] = []
    opening = children.open_blocking

    def open_blocking(job: Job) -> Any:
        names.append(job.workload.name)
        return opening(job)

    monkeypatch.setattr(children, "open_blocking", open_blocking)
    yield names
    close_all()
    PLACE.op = PLACE.kit = PLACE.job = None
    PLACE.error = ""


def sent(workload: Workload) -> ChildJob:
    return child_job(replace(fakes.job(workload), workload_ref=fakes.REF))


def test_a_thread_that_outlives_a_session_opens_the_body_of_the_next(opened: list[str]) -> None:
    assert [call_opening(3, sent(fakes.TINY)) for _ in range(2)] == [6, 6]
    assert call_opening(3, sent(fakes.FAILING)) == Failed("LookupError: no item 3")
    assert opened == ["tiny", "failing"]


def test_a_body_that_was_closed_with_its_session_is_opened_anew_by_the_next(opened: list[str]) -> None:
    for _ in range(2):
        assert [call_opening(item, sent(fakes.TINY)) for item in (1, 2)] == [2, 4]
        close_all()
    assert opened == ["tiny", "tiny"]


def test_a_body_that_did_not_open_says_nothing_of_the_next(opened: list[str]) -> None:
    assert call_opening(3, sent(fakes.UNOPENED)) == Failed("RuntimeError: ValueError: no server at this address")
    assert call_opening(3, sent(fakes.TINY)) == 6
