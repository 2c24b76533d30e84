"""Whether the cores that we may use differ in speed: one fixed piece of work on each in turn."""

from __future__ import annotations

import os
from collections.abc import Iterator
from statistics import median
from time import perf_counter_ns

from . import Absent, Reading, reading

MOST = 8
"""On a larger machine so many cores, evenly spread, stand for all."""
TURNS = 40_000
ROUNDS = 6
AGAINST = "time against the first core"


def cores() -> Iterator[Reading]:
    """Median over rounds of the time that each core takes, divided by that of the first one in the same round."""
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(usable) < 2:
        why = "only one core may be used" if usable else "this system cannot bind a process to a core"
        yield reading("second core", AGAINST, lambda: _absent(why), unit="x")
        return
    first, *others = spread(usable, MOST)
    try:
        rounds = [_round([first, *others], turn) for turn in range(ROUNDS)]
    finally:
        os.sched_setaffinity(0, usable)
    for core in others:
        ratio = median(taken[core] / taken[first] for taken in rounds)
        yield reading(f"core {core} against core {first}", AGAINST, lambda ratio=ratio: ratio, unit="x")  # type: ignore[misc]


def spread(usable: list[int], most: int) -> list[int]:
    """At most so many of them, from the first to the last in even steps."""
    if len(usable) <= most:
        return usable
    return [usable[place * (len(usable) - 1) // (most - 1)] for place in range(most)]


def _round(chosen: list[int], turn: int) -> dict[int, int]:
    taken = {}
    # Forwards and backwards in turn, so that a drift favours neither end.
    for core in chosen if turn % 2 == 0 else reversed(chosen):
        os.sched_setaffinity(0, [core])
        kernel(TURNS // 10)
        start = perf_counter_ns()
        kernel(TURNS)
        taken[core] = perf_counter_ns() - start
    return taken


def kernel(turns: int) -> float:
    """Some arithmetic that takes a few milliseconds and allocates nothing to speak of."""
    total = 0.0
    for number in range(turns):
        total += number * 0.5
    return total


def _absent(why: str) -> float:
    raise Absent(why)
