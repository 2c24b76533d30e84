"""N8, harness arithmetic: clocks that stop early, start late, divide once too often, or run at another speed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from when_async.bench.model import Job, Kit, Param, Params, Point, Round, Runner, Scalar, Session, Workload
from when_async.bench.runners.sync import SYNC, open_sync

OP_S = 0.01


def busy(kit: Kit, params: Params) -> Callable[[int], int]:
    """So much CPU time by a clock that no contestant here tampers with; there is no ideal to hold it against."""

    def op(item: int) -> int:
        end = time.thread_time() + OP_S
        while time.thread_time() < end:
            pass
        return item

    return op


BUSY = Workload(
    name="busy",
    summary="ops that compute for a set time",
    bodies={"pure": busy},
    params=(Param("n", 1, 1000, "how many ops"),),
    make_items=lambda params, seed: list(range(int(params["n"]))),
    check=lambda params, items, results: f"{len(results)} came back",
    grid={"quick": (Point(1, {"n": 8}),)},
)


class Altered:
    """A session whose stamps are changed before they are handed over."""

    def __init__(self, inner: Session, alter: Callable[[Round], Round]) -> None:
        self.inner = inner
        self.alter = alter
        self.facts: Mapping[str, Scalar] = inner.facts

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        return self.alter(self.inner.run(items, prove=prove))


def altered(name: str, alter: Callable[[Round], Round]) -> Runner:
    @contextmanager
    def open_(job: Job) -> Iterator[Session]:
        with open_sync(job) as session:
            yield Altered(session, alter)

    return replace(SYNC, name=name, open=open_)


def taken_ns(done: Round) -> int:
    return done.end_ns - done.start_ns


def divided(done: Round, by: int) -> Round:
    """The number of iterations divided out once more than there is reason to."""
    return replace(done, end_ns=done.start_ns + taken_ns(done) // by)


DIVIDES = altered("divides", lambda done: divided(done, len(done.results)))
# Nobody counts its ops, so all that speaks against it is the CPU that it used.
DIVIDES_UNSEEN = altered("divides_unseen", lambda done: replace(divided(done, 1000), proof=None))
STARTS_LATE = altered("starts_late", lambda done: replace(done, start_ns=done.end_ns - taken_ns(done) // 2))
MULTIPLIES = altered("multiplies", lambda done: replace(done, end_ns=done.start_ns + 1000 * taken_ns(done)))


def speeded(name: str, speed: float) -> Runner:
    """The clock of the whole process is replaced, as test tools do, and never put back."""

    @contextmanager
    def open_(job: Job) -> Iterator[Session]:
        real = time.perf_counter_ns
        time.perf_counter_ns = lambda: int(real() * speed)
        with open_sync(job) as session:
            yield session

    return replace(SYNC, name=name, open=open_)


FAST_CLOCK = speeded("fast_clock", 1000)
SLOW_CLOCK = speeded("slow_clock", 0.001)
