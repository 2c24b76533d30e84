"""A runner that needs a library which none of ours needs, but which is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from when_async.bench.model import Job, Runner, Session
from when_async.bench.runners.sync import open_sync


@contextmanager
def open_with_library(job: Job) -> Iterator[Session]:
    import psutil

    assert psutil.__name__ == "psutil"
    with open_sync(job) as session:
        yield session


NEEDS_LIBRARY = Runner(
    name="needs_library",
    summary="sync with a library that it has no use for",
    family="sync",
    styles=("blocking", "pure"),
    open=open_with_library,
    requires=("psutil",),
    serial=True,
)
