"""What the tests of runners share: nobody leaves anything behind, and nobody waits long for a dead process."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator

import pytest

from when_async.bench.runners import multiprocessing_


@pytest.fixture
def nothing_left_behind() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before
    assert multiprocessing.active_children() == []


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiprocessing_, "ALIVE_CHECK_S", 0.02)
