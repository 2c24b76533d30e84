"""A PROGRAM of the blocking models: its one op runs in the main thread and starts the threads or processes it needs.

A pool will not do for it: the processes of a pool may have no children, and an op that is itself the whole program
needs no second thread to run in.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..model import Job
from .kits import open_blocking
from .serial import SyncSession


@contextmanager
def open_program(job: Job) -> Iterator[SyncSession]:
    """Open the body in this thread; what it entered is closed with the session.

    The processes that it starts are counted with it; what they are is the program's affair.
    """
    op, kit = open_blocking(job)
    try:
        yield SyncSession(op, children=True)
    finally:
        kit.close()
