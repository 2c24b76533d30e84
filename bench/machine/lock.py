"""One measuring run at a time on a machine: two would spoil each other."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from ..model import WhenAsyncError


class Busy(WhenAsyncError):
    """Another run holds the machine; the text says what to do."""


def lock_path() -> Path:
    """The file that is locked; WHEN_ASYNC_LOCK names another one, for tests of the suite itself."""
    return Path(os.environ.get("WHEN_ASYNC_LOCK") or Path(tempfile.gettempdir()) / "when-async.lock")


@contextlib.contextmanager
def machine(*, wait: bool, say: Callable[[str], None] = lambda text: None) -> Iterator[None]:
    """Hold the machine; where another run has it, wait after saying so, or raise Busy."""
    held = FileLock(lock_path(), mode=0o666)
    try:
        held.acquire(timeout=0)
    except Timeout:
        if not wait:
            raise Busy(
                "another when-async run is measuring on this machine, and both would be spoiled; "
                "try later, or wait for it with --queue"
            ) from None
        say("waiting for another run on this machine to end")
        held.acquire()
    try:
        yield
    finally:
        held.release()
