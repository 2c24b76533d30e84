"""The one discipline of fan-out: C workers pull ops from one prefilled queue until it is empty.

A `SimpleQueue` and not a shared iterator, which may repeat or skip items on a free-threaded build; no Future per
op, which costs 8.7 us against 0.1 us on an empty op, more than most differences between models.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Lock, get_ident
from typing import Any

from bench.model import Proof

Failures = list[tuple[int, str]]
Get = Callable[[], int]

FAILURES_KEPT = 20
"""How many failures keep their words; the rest are counted."""


def prefilled(count: int) -> SimpleQueue[int]:
    """A queue that holds the indices 0 to count - 1."""
    queue: SimpleQueue[int] = SimpleQueue()
    for index in range(count):
        queue.put(index)
    return queue


def note_failure(failures: Failures, index: int, error: BaseException) -> None:
    """Keep the words of the first failures and count all of them."""
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
        except Exception as error:
            note_failure(failures, index, error)


class Tally:
    """Counts ops from inside, in an instrumented warm-up round: starts, peak in flight, threads (N2, N5, N11)."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.started = 0
        self.open = 0
        self.peak = 0
        self.threads: set[int] = set()

    def enter(self) -> None:
        with self._lock:
            self.started += 1
            self.open += 1
            self.peak = max(self.peak, self.open)
            self.threads.add(get_ident())

    def leave(self) -> None:
        with self._lock:
            self.open -= 1

    def proof(self) -> Proof:
        """What was seen, for a session that runs in one process."""
        return Proof(started=self.started, peak_in_flight=self.peak, threads=len(self.threads), processes=1)

    def watch(self, op: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """An op that counts itself and then does the same work."""

        def watched(item: Any) -> Any:
            self.enter()
            try:
                return op(item)
            finally:
                self.leave()

        return watched

    def watch_async(self, op: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
        """The same for an op that is awaited."""

        async def watched(item: Any) -> Any:
            self.enter()
            try:
                return await op(item)
            finally:
                self.leave()

        return watched
