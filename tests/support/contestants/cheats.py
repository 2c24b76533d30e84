"""Runners that do less or other work than they are asked for (docs/method.md, N2, N5, N11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from when_async.bench.model import Job, Proof, Round, Runner, Scalar, Session
from when_async.bench.runners.sync import open_sync


class Altered:
    """A serial session whose rounds are falsified before they are handed over."""

    def __init__(self, inner: Session) -> None:
        self.inner = inner
        self.facts: Mapping[str, Scalar] = inner.facts

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        return self.alter(self.inner.run(items, prove=prove))

    def alter(self, done: Round) -> Round:
        return done


class DropsLast(Altered):
    def alter(self, done: Round) -> Round:
        return replace(done, results=done.results[:-1])


class OneTask(Altered):
    """Everything in one op, as `spawn(task, list_of_all_items)` does."""

    def alter(self, done: Round) -> Round:
        return replace(done, proof=done.proof and Proof(1, 1, 1, 1))


class Crowd(Altered):
    """More in flight than was allowed."""

    def alter(self, done: Round) -> Round:
        return replace(done, proof=done.proof and replace(done.proof, peak_in_flight=100))


class TooFast(Altered):
    """Stops its watch before the waits are over."""

    def alter(self, done: Round) -> Round:
        return replace(done, end_ns=done.start_ns + 1000)


def cheat(name: str, kind: type[Altered]) -> Runner:
    @contextmanager
    def open_(job: Job) -> Iterator[Session]:
        with open_sync(job) as session:
            yield kind(session)

    return Runner(name, "not what it says", "threads", ("blocking", "pure"), open_)


DROPS_LAST = cheat("drops_last", DropsLast)
ONE_TASK = cheat("one_task", OneTask)
CROWD = cheat("crowd", Crowd)
TOO_FAST = cheat("too_fast", TooFast)
