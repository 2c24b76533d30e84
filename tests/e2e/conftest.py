"""Every test here has a lock and a cache of its own, so that it neither disturbs nor waits for a real run."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from support.commands import Call, Shell
from when_async.bench.cli.main import main


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WHEN_ASYNC_LOCK", str(tmp_path / "lock"))
    monkeypatch.setenv("WHEN_ASYNC_CACHE", str(tmp_path / "cache"))
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """Commands in processes of their own, for one test."""
    shell = Shell(tmp_path)
    yield shell
    shell.kill()


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """The same for a whole file, so that several tests can look at one run."""
    shell = Shell(tmp_path_factory.mktemp("common"))
    yield shell
    shell.kill()


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Call:
    """The command line inside this process, for what needs no signal and no process of its own."""
    # xdist hands the width of its own terminal on.
    monkeypatch.delenv("COLUMNS", raising=False)

    def called(*arguments: object) -> Result:
        words = [str(argument) for argument in arguments]
        # A run file and a page say by which command they were made.
        monkeypatch.setattr("sys.argv", ["when-async", *words])
        return CliRunner().invoke(main, words)

    return called
