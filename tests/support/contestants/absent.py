"""A runner that needs a library which nobody has."""

from __future__ import annotations

from when_async.bench.model import Runner
from when_async.bench.runners.sync import open_sync

ABSENT = Runner(
    name="absent",
    summary="runs on a library that does not exist",
    family="asyncio",
    styles=("blocking", "pure"),
    open=open_sync,
    requires=("library_that_nobody_has",),
)
