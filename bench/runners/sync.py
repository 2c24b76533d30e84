"""`sync`: a plain loop, the serial reference that every ratio starts from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..model import Job, Runner
from ..worker.kits import open_blocking
from ..worker.program import open_program
from ..worker.serial import SyncSession


@contextmanager
def open_sync(job: Job) -> Iterator[SyncSession]:
    op, kit = open_blocking(job)
    try:
        yield SyncSession(op)
    finally:
        kit.close()


SYNC = Runner(
    name="sync",
    summary="a plain loop: one op after another in one thread",
    family="sync",
    styles=("sync", "blocking", "pure"),
    open=open_sync,
    program=open_program,
    one_core=True,
    serial=True,
    core=True,
)
