"""`interpreters`: InterpreterPoolExecutor, C interpreters with a GIL of their own in one process (3.14 and later)."""

from __future__ import annotations

import os
import re
import select
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from ..model import Job, Round, Runner, Unsuited
from ..worker import children
from ..worker.children import ChildJob, child_job, close_here, open_process
from ..worker.limits import thread_limit
from ..worker.op_log import op_log
from .multiprocessing_executor import ExecutorSession

ALIVE_CHECK_MS = 500


def check_in(ready: int, gate: int) -> None:
    """Say that this interpreter is up, and keep its thread until all are; both are ends of pipes."""
    os.write(ready, b".")
    os.read(gate, 1)


def leave(ready: int, gate: int) -> None:
    """Close the body in this interpreter, once in each."""
    close_here()
    check_in(ready, gate)


def open_interpreter(job: ChildJob) -> None:
    """Pool initialiser: interpreters share nothing, so each opens the body and hears its finalisers for itself.

    Each call into an interpreter has a thread state of its own, so what is local to a thread would be gone by the next.
    """
    children.PLACE = SimpleNamespace(op=None, kit=None, error="", job=None)  # type: ignore[assignment]
    open_process(job)


OBJECT = re.compile(r"<[^<>]+?(?= at 0x|>)")
UNLOADABLE = re.compile(r"module (\S+) does not support loading in subinterpreters")


class InterpreterSession(ExecutorSession):
    """Names what cannot be sent back, which is in the cause of the error only, among all results of its chunk."""

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        from concurrent.interpreters import NotShareableError  # type: ignore[import-not-found,unused-ignore]

        try:
            return super().run(items, prove=prove)
        except NotShareableError as error:
            culprit = OBJECT.search(str(error.__cause__))
            what = f": {culprit[0]}>" if culprit else ""
            raise RuntimeError(f"a result cannot be sent back from its interpreter{what}") from error
        except Exception as error:
            check_loadable(str(error))
            raise


def check_loadable(words: str) -> None:
    """Raise Unsuited where a library of the body loads in a main interpreter only, as an error's words say."""
    refused = UNLOADABLE.search(words)
    if refused:
        library = refused[1].partition(".")[0]
        raise Unsuited(f"{library} does not load in sub-interpreters (its module {refused[1]} says so)")


def poll_in(descriptor: int, timeout_ms: int) -> bool:
    """Whether there is something to read, or will be in time."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(timeout_ms))


class Roll:
    """Calls something once in each interpreter of a pool, by holding those that are done until all are."""

    def __init__(self, executor: object, count: int) -> None:
        self.executor = executor
        self.count = count

    def call(self, function: object) -> None:
        ready, told = os.pipe()
        gate, opener = os.pipe()
        try:
            waiting = [self.executor.submit(function, told, gate) for _ in range(self.count)]  # type: ignore[attr-defined]
            seen = 0
            while seen < self.count:
                if poll_in(ready, ALIVE_CHECK_MS):
                    seen += len(os.read(ready, self.count - seen))
                elif broken := next((one for one in waiting if one.done()), None):
                    broken.result()
                    raise RuntimeError("an interpreter of the pool did not wait for the others")
            os.write(opener, b"." * self.count)
            for one in waiting:
                one.result()
        finally:
            for end in (ready, told, gate, opener):
                os.close(end)


@contextmanager
def open_interpreters(job: Job) -> Iterator[InterpreterSession]:
    from concurrent.futures import InterpreterPoolExecutor  # type: ignore[attr-defined,unused-ignore]

    executor = InterpreterPoolExecutor(job.concurrency, initializer=open_interpreter, initargs=(child_job(job),))
    try:
        with op_log() as written:
            roll = Roll(executor, job.concurrency)
            roll.call(check_in)
            yield InterpreterSession(executor, written, job.concurrency, {"interpreters": job.concurrency})
            roll.call(leave)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


INTERPRETERS = Runner(
    name="interpreters",
    summary="InterpreterPoolExecutor with C interpreters, each with its own GIL, fed in chunks",
    family="interpreters",
    styles=("interpreters", "blocking", "pure"),
    open=open_interpreters,
    minimum_python=(3, 14),
    limit=thread_limit,
    core=True,
)
