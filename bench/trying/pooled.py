"""Whether a process of a pool can make a call: such a process is forked, and may have no processes of its own."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Any

LEAST_S, TIMES = 3.0, 5
"""A call in a forked process is given up after so long, or after so many times what it took here."""
TICK_S = 0.005


@contextmanager
def children_heard(found: list[str]) -> Iterator[None]:
    """Note the names of the processes of multiprocessing that are started meanwhile."""
    start = BaseProcess.start

    def heard(self: BaseProcess) -> None:
        found.append(self.name)
        start(self)

    BaseProcess.start = heard  # type: ignore[method-assign]
    try:
        yield
    finally:
        BaseProcess.start = start  # type: ignore[method-assign]


def why_not_pooled(
    invoke: Callable[[], Any], seconds: float, children: Collection[str], threads: Collection[threading.Thread]
) -> str:
    """Why a pool of processes cannot make the call; empty where nothing speaks against it.

    One that started `children` cannot; where its module keeps `threads` since its import, which a forked process does
    not have, that is tried.
    """
    if children:
        return "it starts processes of its own, which those of a pool may not"
    if threads and multiprocessing.get_start_method() == "fork" and not _ends_when_forked(invoke, seconds):
        name = sorted(thread.name for thread in threads)[0]
        return f"its module keeps a thread ({name}) that a forked process does not have, and a call there does not end"
    return ""


def _ends_when_forked(invoke: Callable[[], Any], seconds: float) -> bool:
    """Whether a call ends in a forked process."""
    child = os.fork()
    if child == 0:
        try:
            invoke()
        finally:
            os._exit(0)
    until = time.monotonic() + max(LEAST_S, TIMES * seconds)
    while time.monotonic() < until:
        if os.waitpid(child, os.WNOHANG)[0]:
            return True
        time.sleep(TICK_S)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False
