"""N7, a fast wrong answer: threads that read, add and write without a lock lose updates, and are the faster for it.

Without a GIL they do so by chance; here they meet between reading and writing, so that every pair loses one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from when_async.bench.model import Kit, Param, Params, Point, Workload, WrongAnswer

CONCURRENCY = 2
MEETING = threading.Barrier(CONCURRENCY)
LOCK = threading.Lock()


class Counter:
    """What all ops of a round share."""

    def __init__(self) -> None:
        self.value = 0


Item = tuple[int, Counter]


def unlocked(kit: Kit, params: Params) -> Callable[[Item], int]:
    def op(item: Item) -> int:
        index, counter = item
        seen = counter.value
        MEETING.wait()
        counter.value = seen + 1
        return index

    return op


def locked(kit: Kit, params: Params) -> Callable[[Item], int]:
    def op(item: Item) -> int:
        index, counter = item
        with LOCK:
            counter.value += 1
        return index

    return op


def make_items(params: Params, seed: int) -> list[Item]:
    """A new counter for each round, in the hands of every op."""
    counter = Counter()
    return [(index, counter) for index in range(int(params["n"]))]


def check(params: Params, items: Sequence[Item], results: Sequence[Any]) -> str:
    """The oracle asks for the final state and not for what the ops say."""
    asked, value = len(items), items[0][1].value
    if value != asked:
        raise WrongAnswer(f"the counter stands at {value} after {asked} increments, {asked - value} were lost")
    return f"the counter stands at {value}"


LOST_UPDATES = Workload(
    name="lost_updates",
    summary="increments of one counter",
    bodies={"threading": unlocked, "sync": locked},
    params=(Param("n", 2, 1000, "how many increments; an even number"),),
    make_items=make_items,
    check=check,
    grid={"quick": (Point(CONCURRENCY, {"n": 8}),)},
)
