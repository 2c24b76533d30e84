"""Counts ops from inside whatever runs them, across threads, processes and interpreters, in one file.

Each op appends one short line when it starts and one when it ends. The system orders appends to one file, so the
highest number of open ops is a fact and not what a pool says of itself (method.md, R8, N2, N5, N11). It costs
microseconds an op and is used in an instrumented warm-up round only.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import get_ident
from time import perf_counter_ns
from typing import Any

from ..model import Proof
from .counting import Count, mark

Op = Callable[[Any], Any]


class OpLog:
    """One instrumented round; `path` is what travels to where the ops run."""

    def __init__(self, path: str) -> None:
        self.path = path

    def reset(self) -> None:
        """Forget what was written."""
        os.truncate(self.path, 0)

    def proof(self) -> Proof:
        """What was seen since the last reset."""
        with open(self.path, encoding="ascii") as lines:
            return read(lines)


def read(lines: Iterable[str]) -> Proof:
    """What the lines tell: starts, most ops open at once, threads and processes that ran any, and how they went."""
    count = Count()
    stamped = True
    for line in lines:
        sign, pid, thread, *more = line.split()
        stamped = stamped and len(more) == 2
        now_ns, about = map(int, more) if len(more) == 2 else (0, 0)
        if sign == "+":
            count.enter((pid, thread), now_ns, about)
        else:
            count.leave(now_ns, finished=bool(about))
    proof = count.proof(len({pid for pid, _ in count.threads}))
    return proof if stamped else replace(proof, course=None)


@contextmanager
def op_log() -> Iterator[OpLog]:
    """A log in a file of its own, gone afterwards."""
    handle, path = tempfile.mkstemp(prefix="when-async-ops-")
    os.close(handle)
    try:
        yield OpLog(path)
    finally:
        os.unlink(path)


def written(op: Op, path: str) -> Op:
    """`op` that writes itself down."""

    def watched(item: Any) -> Any:
        note(path, "+", perf_counter_ns(), mark(item))
        finished = False
        try:
            result = op(item)
            finished = True
        finally:
            note(path, "-", perf_counter_ns(), int(finished))
        return result

    return watched


def written_async(op: Op, path: str) -> Op:
    """The same for an op that is awaited."""

    async def watched(item: Any) -> Any:
        note(path, "+", perf_counter_ns(), mark(item))
        finished = False
        try:
            result = await op(item)
            finished = True
        finally:
            note(path, "-", perf_counter_ns(), int(finished))
        return result

    return watched


def note(path: str, sign: str, *more: int) -> None:
    """Append one line: the sign, this process, this thread, and when and what, where that is to be known."""
    # Opened each time: a descriptor that is kept would have to survive forks, and be closed by somebody.
    line = " ".join(map(str, (sign, os.getpid(), get_ident(), *more)))
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(descriptor, f"{line}\n".encode())
    finally:
        os.close(descriptor)
