"""A live helper process as its parent sees it: what it counts, and why it does not answer any more."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from support.fakes import FakeReaper
from when_async.bench.model import Service
from when_async.bench.processes import service as services
from when_async.bench.processes import worker as process
from when_async.bench.processes.service import RunningService, ServiceAbsent, ServiceFailed

HELPER = """
import json, os, sys
print(json.dumps({"address": "nowhere", "facts": {"pid": os.getpid()}}), flush=True)
for line in sys.stdin:
    print(json.dumps({"requests": 3}), flush=True)
"""
LOAD = "import time\ntime.sleep(60)\n"


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningService]:
    """A helper that answers, and whose load generator does not end."""
    monkeypatch.setattr(process, "STACK_WAIT_S", 0.0)
    (tmp_path / "odd_server.py").write_text(HELPER, encoding="ascii")
    (tmp_path / "odd_load.py").write_text(LOAD, encoding="ascii")
    service = Service(name="odd", module="odd_server", load_module="odd_load")
    reaper: Any = FakeReaper()
    running = RunningService(service, environ={"PYTHONPATH": str(tmp_path)}, reaper=reaper, affinity=None)
    yield running
    with suppress(ProcessLookupError):
        os.kill(running.facts["pid"], signal.SIGCONT)
    running.stop()


def why(helper: RunningService) -> str:
    with pytest.raises(ServiceFailed) as failed:
        helper.stats(0.05)
    return str(failed.value)


def test_a_helper_that_stands_still_is_told_from_one_that_died(helper: RunningService) -> None:
    assert helper.stats() == {"requests": 3}
    os.kill(helper.facts["pid"], signal.SIGSTOP)
    assert why(helper) == "the odd server does not answer any more: no answer within 0.05 s"


def test_a_helper_that_died_is_told_as_such(helper: RunningService) -> None:
    os.kill(helper.facts["pid"], signal.SIGKILL)
    assert why(helper) == "the odd server is gone: the process died with signal 9 (SIGKILL)"


def test_a_helper_that_was_silent_once_is_not_asked_again(helper: RunningService) -> None:
    os.kill(helper.facts["pid"], signal.SIGSTOP)
    first = why(helper)
    os.kill(helper.facts["pid"], signal.SIGCONT)
    assert why(helper) == first


def test_a_load_that_does_not_end_is_told_without_its_command(
    helper: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "LOAD_TIMEOUT_S", 0.05)
    with pytest.raises(ServiceFailed, match=r"^the load generator of the odd server had not ended after 0.05 s$"):
        helper.capacity_per_s({}, 1, None)


def test_what_the_machine_lacks_for_these_parameters_the_load_may_say(helper: RunningService, tmp_path: Path) -> None:
    said = """print('{"absent": "TLS needs trustme"}')\n"""
    (tmp_path / "odd_load.py").write_text(said, encoding="ascii")
    with pytest.raises(ServiceAbsent, match=r"^TLS needs trustme$"):
        helper.capacity_per_s({}, 1, None)
