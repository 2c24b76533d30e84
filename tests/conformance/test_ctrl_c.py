"""Ctrl-C in the middle of an op ends a run of any family at once and leaves nothing running (docs/method.md, R14)."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import psutil
import pytest
from conformance_driver import ENDS_WITHIN_S, PATIENCE_S, survivors
from conformance_field import CACHE

from support.commands import CONTESTANTS, Shell, finish, wait_until
from support.contestants.conformance import HANG, log_of


@pytest.fixture
def shell(tmp_path_factory: pytest.TempPathFactory, cache_folder: str) -> Iterator[Shell]:
    # A short path: some pools put sockets into the folder for temporary files, and those may not have long names.
    folder = tmp_path_factory.mktemp("i")
    shell = Shell(folder, {CACHE: cache_folder, "TMPDIR": str(folder)})
    yield shell
    shell.kill()


def test_ctrl_c_ends_a_run_whose_ops_hang_and_nothing_outlives_it(shell: Shell, member: str) -> None:
    (shell.folder / "order").write_text(f"1 {HANG}", encoding="ascii")
    log = log_of(shell.folder, 1)
    run = shell.start("run", "--profile", "smoke", "-w", CONTESTANTS / "conformance.py", "-r", member, "-o", "a.jsonl")
    wait_until(lambda: run.poll() is not None or (log.exists() and log.stat().st_size > 0), PATIENCE_S)
    assert run.poll() is None, finish(run).stderr
    started = [psutil.Process(run.pid), *psutil.Process(run.pid).children(recursive=True)]
    run.send_signal(signal.SIGINT)
    assert survivors(started, ENDS_WITHIN_S) == []
    done = finish(run)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert shell.left_behind() == []
