"""What the tests of runners and sessions share: nobody leaves anything behind, and nobody waits long."""

from __future__ import annotations

import gc
import multiprocessing
import shutil
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from when_async.bench.environments import provision
from when_async.bench.runners import multiprocessing_


@pytest.fixture(autouse=True, scope="module")
def light() -> Iterator[None]:
    """A session collects garbage around each round; what other tests have left in this process need not be walked."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A session hooks finalisers for the whole process; give the hooks back afterwards."""
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    with warnings.catch_warnings():
        yield


@pytest.fixture
def nothing_left_behind() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before
    assert multiprocessing.active_children() == []


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiprocessing_, "ALIVE_CHECK_S", 0.02)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, on a machine with no interpreter but Python 3.11."""
    monkeypatch.setenv("WHEN_ASYNC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(provision, "default_label", lambda: "3.11")
    return tmp_path / "cache"
