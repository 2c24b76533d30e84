"""Threads and processes that a user's own code keeps: a pool at the top of its module, one that a library reuses.

They are the work's own and not left behind by a runner, so they are told and not refused. Who started a thread is seen
from the stack at its start, while the workload is opened and in the instrumented warm-up round; in no other round is
anything of this in the way. For workloads of ours nothing is kept.
"""

from __future__ import annotations

import inspect
import os
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from types import FrameType
from typing import Any

from ..model import Job, Runner
from . import fanout
from .activity import ActivityWatch
from .trap import Refused

PACKAGE = __name__.partition(".bench.")[0]
OURS = tuple(
    os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(fanout.__file__))), room, "")
    for room in ("bench", "workloads")
)
STDLIB = os.path.join(os.path.dirname(os.__file__), "")
INSTALLED = ("site-packages", "dist-packages")
SESSION = os.path.join(os.path.dirname(fanout.__file__), "session.py")
"""Whoever has called it is not part of what it opens and runs."""
TRIED = os.path.join("bench", "trying", "")
"""Whatever lies here imports and calls a user's function in the name of the workload."""


@cache
def outside(file: str) -> bool:
    """Whether a file is of the user: neither ours, nor of the standard library, nor installed."""
    if TRIED in file:
        return True
    known = file.startswith(("<", *OURS, STDLIB)) or any(f"{os.sep}{part}{os.sep}" in file for part in INSTALLED)
    return not known


class Keeping:
    """Knows the threads and processes that the code of one workload has started and keeps."""

    def __init__(self, runner: Runner, job: Job) -> None:
        self.threads: set[threading.Thread] = set()
        self._started: list[Any] = []
        self._users = not job.workload_ref.startswith(f"{PACKAGE}.workloads")
        honest = str(getattr(runner.open, "__module__", "")).startswith(f"{PACKAGE}.bench.runners")
        self._runner_file = "" if honest else _file_of(inspect.unwrap(runner.open))
        self.alone = honest and runner.one_core
        """Whether whatever works beside its one thread is the work's own."""

    def adopt(self, threads: Collection[threading.Thread]) -> None:
        """Take in what was started while the workload was imported; no runner has been opened yet."""
        if self._users:
            self.threads |= set(threads)
            self._started += active_children()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """See who starts threads and processes meanwhile."""
        if not self._users:
            yield
            return
        loaded = sys.modules.get("multiprocessing.process")
        with ExitStack() as stack:
            stack.enter_context(_heard(threading.Thread, self._thread_starts))
            if loaded is not None:
                stack.enter_context(_heard(loaded.BaseProcess, self._process_starts))
            yield
        if loaded is None:
            # Whoever runs the ops has got along without it, so these are not the runner's.
            self._started += active_children()

    def _thread_starts(self, thread: threading.Thread) -> None:
        if threading.current_thread() in self.threads or self._theirs(sys._getframe(2)):
            self.threads.add(thread)

    def _process_starts(self, process: Any) -> None:
        if threading.current_thread() in self.threads or self._theirs(sys._getframe(2)):
            self._started.append(process)

    def _theirs(self, frame: FrameType | None) -> bool:
        """Whether the workload's code is what made this call: an op, or its module or body while they are opened."""
        while frame is not None:
            file = frame.f_code.co_filename
            if file in (self._runner_file, SESSION):
                return False
            if outside(file) or (file == fanout.__file__ and frame.f_code.co_name == "watched"):
                return True
            frame = frame.f_back
        return False

    def threads_here(self) -> set[threading.Thread]:
        """Those that are alive, with what a pool among them has started since."""
        families = {family(thread.name) for thread in self.threads if "_" in thread.name}
        return {each for each in threading.enumerate() if each in self.threads or family(each.name) in families}

    def processes_here(self) -> list[Any]:
        """Children that are alive."""
        return [each for each in active_children() if each in self._started]

    def accounts_for(self, activity: ActivityWatch) -> bool:
        """Whether those who shared the work of a round are all of the workload's own code."""
        threads = {thread.native_id for thread in self.threads_here()}
        children = self._users and (self.alone or bool(self.processes_here()))
        return (bool(threads) or children) and not activity.crowd(threads, children=not children)

    def words(self) -> str:
        """How many there are, and one by its name; empty where there are none."""
        threads, processes = self.threads_here(), self.processes_here()
        told = [f"{len(threads)} thread(s)"] if threads else []
        told += [f"{len(processes)} process(es)"] if processes else []
        names = sorted(each.name for each in (*threads, *processes))
        return f"{' and '.join(told)}, such as {names[0]}" if told else ""


def _file_of(function: Any) -> str:
    return str(getattr(getattr(function, "__code__", None), "co_filename", ""))


@contextmanager
def starts_heard(found: list[threading.Thread]) -> Iterator[None]:
    """Note the threads that a user's module starts while it is imported."""

    def hear(thread: threading.Thread) -> None:
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and not outside(frame.f_code.co_filename):
            frame = frame.f_back
        if frame is not None:
            found.append(thread)

    with _heard(threading.Thread, hear):
        yield


def family(name: str) -> str:
    """What the names of threads of one pool begin with: `ThreadPoolExecutor-0` of `ThreadPoolExecutor-0_3`."""
    head, _, number = name.rpartition("_")
    return head if number.isdigit() else name


def active_children() -> list[Any]:
    """Live processes that multiprocessing has started here."""
    multiprocessing = sys.modules.get("multiprocessing")
    return list(multiprocessing.active_children()) if multiprocessing is not None else []


def check_leftovers(threads: set[threading.Thread], keeping: Keeping) -> None:
    """Refuse a session that closed and left threads or child processes behind (method.md, R13).

    What the code of the workload keeps from round to round is its own affair.
    """
    kept = {*threads, *keeping.threads_here()}
    left = [thread.name for thread in threading.enumerate() if thread not in kept]
    own = keeping.processes_here()
    left += [child.name for child in active_children() if child not in own]
    if left:
        raise Refused(f"{len(left)} thread(s) or process(es) were left behind, such as {left[0]}")


@contextmanager
def _heard(kind: Any, hear: Callable[[Any], None]) -> Iterator[None]:
    """Have every start of this kind heard first."""
    start = kind.start

    def heard(started: Any) -> None:
        hear(started)
        start(started)

    kind.start = heard
    try:
        yield
    finally:
        kind.start = start
