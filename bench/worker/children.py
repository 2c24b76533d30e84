"""What runs inside the processes, threads or interpreters of a pool: open the body once there, then run ops.

A pool sends names and numbers, never the workload itself; where it arrives it is found again (`ChildJob`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import CoroutineType
from typing import Any

from ..model import Job, Scalar
from .fanout import Failures, note_failure
from .kits import BlockingKit, Op, open_blocking
from .op_log import note, written
from .trap import FinaliserTrap

CHUNKS_PER_WORKER = 4
"""`Pool.map`'s own heuristic: about four chunks for each worker."""


@dataclass(frozen=True)
class ChildJob:
    """A job as it is sent to a pool: where the workload is found, and what of it is to be run."""

    ref: str
    workload: str
    body_key: str
    params: Mapping[str, Scalar]
    address: str | None
    extra_loops: int | None
    in_flight: int = 1
    trace: str = ""

    def job(self) -> Job:
        """The job again; imports the workload. Raises RegistryError."""
        from ..registry import find_workload

        workload = find_workload(self.ref, self.workload)
        return Job(
            workload, self.body_key, self.params, self.in_flight, self.address, self.ref, self.extra_loops,
            trace=self.trace,
        )  # fmt: skip


def child_job(job: Job, in_flight: int = 1) -> ChildJob:
    """What to send of a job; each execution context is to have `in_flight` ops in flight."""
    return ChildJob(
        job.workload_ref, job.workload.name, job.body_key, dict(job.params), job.address, job.extra_loops, in_flight,
        job.trace,
    )  # fmt: skip


class Place(threading.local):
    """What one thread of a pool keeps between ops: the opened op, or why it could not be opened."""

    op: Op | None = None
    kit: BlockingKit | None = None
    error: str = ""
    job: ChildJob | None = None


PLACE = Place()
TRAP = FinaliserTrap()


def open_here(job: ChildJob) -> None:
    """Open the body in this thread. It does not raise: a pool replaces a child that dies here, for ever."""
    try:
        PLACE.op, PLACE.kit = open_blocking(job.job())
    except Exception as error:
        PLACE.error = f"{type(error).__name__}: {error}"


def listen() -> None:
    """Hear what finalisers say in this process; a bound method of the trap would be sent with a copy of it."""
    TRAP.install()


def open_process(job: ChildJob) -> None:
    """Open the body in the one thread of a process that the pool owns, and hear what its finalisers say."""
    listen()
    open_here(job)


def close_here() -> None:
    """Close what `open_here` opened in this thread."""
    if PLACE.kit is not None:
        PLACE.kit.close()
    PLACE.op = PLACE.kit = None


def opened_op() -> Op:
    """The op of this thread; raises RuntimeError with the reason why there is none."""
    if PLACE.op is None:
        raise RuntimeError(PLACE.error or "the body was never opened here")
    return PLACE.op


def unopened(_: Any) -> Any:
    """Stands for the op where there is none: raises RuntimeError with the reason."""
    return opened_op()


def call_op(item: Any) -> Any:
    """The bare op of this thread, which raises what it raises."""
    return opened_op()(item)


Chunk = tuple[int, Sequence[Any], str]
"""Index of the first item, items, and the path of a log or nothing."""
ChunkDone = tuple[int, list[Any], Failures]


def run_chunk(chunk: Chunk) -> ChunkDone:
    """Run one chunk in a pool's process or interpreter; returns where it starts, its results and failures."""
    first, items, path = chunk
    op = opened_op()
    if path:
        op = written(op, path)
    results: list[Any] = []
    failures: Failures = []
    for item in items:
        try:
            results.append(op(item))
        except BaseException as error:  # an op that calls sys.exit must not end a process that others wait for
            note_failure(failures, first + len(results), error)
            results.append(None)
    heard, TRAP.heard = TRAP.heard, []
    failures += [(first, words) for words in heard]
    return first, results, failures


def chunks(items: Sequence[Any], size: int, path: str) -> list[Chunk]:
    """The items in slices, each with the index of its first."""
    return [(first, items[first : first + size], path) for first in range(0, len(items), size)]


def put_together(parts: Iterable[ChunkDone], results: list[Any], failures: Failures) -> None:
    """Put the results of chunks in their places."""
    for first, part, failed in parts:
        results[first : first + len(part)] = part
        failures.extend(failed)


def even_chunk(ops: int, workers: int) -> int:
    """The chunk size of `Pool.map`, or the next smaller one that divides a worker's share.

    A size that does not divide it leaves some workers with a chunk more than the others: 100 waits in chunks of 3
    over 10 workers take 12 waits and not 10.
    """
    usual = max(1, -(-ops // (workers * CHUNKS_PER_WORKER)))
    if ops % workers:
        return usual
    share = ops // workers
    return next(size for size in range(min(usual, share), 0, -1) if share % size == 0)


@dataclass(frozen=True)
class Failed:
    """Comes back from a pool in place of a result; the text is the reason."""

    words: str


OPENED: list[BlockingKit] = []
"""Kits of this process whose threads nobody can ask to close them."""


def call(item: Any) -> Any:
    """Run one op where a pool sends items one by one; a failure comes back as Failed."""
    return _settled(PLACE.op or unopened, item)


def call_written(item: Any, path: str) -> Any:
    """The same, written down in a log."""
    return _settled(written(opened_op(), path), item)


def call_opening(item: Any, job: ChildJob) -> Any:
    """The same where nobody can be primed: the body is opened with the first op of each thread."""
    ensure_open(job)
    return call(item)


def _settled(op: Op, item: Any) -> Any:
    try:
        result = op(item)
    except BaseException as error:  # as in `run_chunk`
        return Failed(f"{type(error).__name__}: {error}")
    return sendable(result)


def sendable(result: Any) -> Any:
    """A result as it is sent back, or Failed: to send a coroutine would break the pool, or hang it."""
    if isinstance(result, CoroutineType):
        result.close()
        return Failed("it returned a coroutine that nobody awaited: no work was done")
    if TRAP.heard:
        heard, TRAP.heard = TRAP.heard, []
        return Failed(heard[0])
    return result


def ensure_open(job: ChildJob) -> None:
    """Open the body in this thread unless it is open, or that was tried.

    The threads of a far cluster outlive a session: what an earlier one has opened is of another job, or closed.
    """
    if PLACE.job == job and (PLACE.error or PLACE.kit in OPENED):
        return
    PLACE.job, PLACE.op, PLACE.kit, PLACE.error = job, None, None, ""
    open_here(job)
    if PLACE.kit is not None:
        OPENED.append(PLACE.kit)


def close_all() -> None:
    """Close the kits of all threads of this process."""
    while OPENED:
        OPENED.pop().close()


def check_in(_: int, job: ChildJob, path: str, count: int, timeout_s: float) -> str:
    """Open the body in this thread, and keep it until `count` threads or processes have done so; says what is wrong.

    `path` is a file in which everybody writes one line.
    """
    ensure_open(job)
    note(path, "+")
    deadline = time.monotonic() + timeout_s
    while not PLACE.error and time.monotonic() < deadline:
        with open(path, encoding="ascii") as lines:
            if len(set(lines)) >= count:
                return ""
        time.sleep(0.005)
    return PLACE.error or "the others did not check in"


def settle(results: list[Any]) -> Failures:
    """Take the failures out of the results of `call`, in place."""
    failures: Failures = []
    for index, result in enumerate(results):
        if isinstance(result, Failed):
            failures.append((index, result.words))
            results[index] = None
    return failures
