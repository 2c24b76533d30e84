"""The one discipline of fan-out: C workers pull ops from one prefilled queue until it is empty.

A `SimpleQueue` and not a shared iterator, which may repeat or skip items on a free-threaded build; no Future per
op, which costs 8.7 us against 0.1 us on an empty op, more than most differences between models.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Lock, active_count, get_ident
from time import perf_counter_ns
from typing import Any

from .counting import Count, mark

Failures = list[tuple[int, str]]
Get = Callable[[], int]

MISSING: Any = object()
"""Stands where no result has come yet; None may be a result."""

FAILURES_KEPT = 20
"""How many failures keep their words; the rest are counted."""


def prefilled(count: int) -> SimpleQueue[int]:
    """A queue that holds the indices 0 to count - 1."""
    queue: SimpleQueue[int] = SimpleQueue()
    for index in range(count):
        queue.put(index)
    return queue


def note_failure(failures: Failures, index: int, error: BaseException) -> None:
    """Keep the words of the first failures and count all of them; a group of errors is told by its first."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    words = f"{type(error).__name__}: {error}" if len(failures) < FAILURES_KEPT else ""
    failures.append((index, words))


def pull(op: Callable[[Any], Any], get: Get, items: Sequence[Any], results: list[Any], failures: Failures) -> None:
    """Run ops in this thread until the queue is empty."""
    while True:
        try:
            index = get()
        except Empty:
            return
        try:
            results[index] = op(items[index])
        except BaseException as error:  # an op that calls sys.exit must not end a thread that others wait for
            note_failure(failures, index, error)


async def pull_async(
    op: Callable[[Any], Awaitable[Any]], get: Get, items: Sequence[Any], results: list[Any], failures: Failures
) -> None:
    """Run ops in this task until the queue is empty."""
    while True:
        try:
            index = get()
        except Empty:
            return
        try:
            results[index] = await op(items[index])
        except (Exception, SystemExit) as error:  # what else there is belongs to the loop, such as being cancelled
            note_failure(failures, index, error)


class Tally(Count):
    """Counts ops from inside, in an instrumented warm-up round, for a session that runs in one process (R8)."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()

    def _enter(self, item: Any) -> None:
        item_mark = mark(item)
        with self._lock:
            self.enter(get_ident(), perf_counter_ns(), item_mark)

    def _leave(self, *, finished: bool) -> None:
        alive = active_count()
        with self._lock:
            self.alive = max(self.alive, alive)
            self.leave(perf_counter_ns(), finished=finished)

    def watch(self, op: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """An op that counts itself and then does the same work."""

        def watched(item: Any) -> Any:
            self._enter(item)
            finished = False
            try:
                result = op(item)
                finished = True
            finally:
                self._leave(finished=finished)
            return result

        return watched

    def watch_async(self, op: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
        """The same for an op that is awaited."""

        async def watched(item: Any) -> Any:
            self._enter(item)
            finished = False
            try:
                result = await op(item)
                finished = True
            finally:
                self._leave(finished=finished)
            return result

        return watched
