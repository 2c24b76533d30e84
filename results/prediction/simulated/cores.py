"""Who computes where: who is ready first gets the core that is free first, and after a slice the next one has it.

A kernel's scheduler knows more than this: who wakes goes first, and slices are longer where few are ready. Such a slice
stands for both: bursts that are shorter run to their end, long ones are done about evenly.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heappop, heappush, heapreplace
from typing import Protocol

SLICE_S = 0.25e-3
Event = tuple[float, int]
"""When somebody is ready to compute, and who."""


class Crowd(Protocol):
    """Those who compute on the cores, by their number."""

    def begin(self, who: int, now_s: float) -> float | None:
        """For how long somebody computes who is ready now; None where nothing is left to do."""

    def ended(self, who: int, now_s: float) -> float | None:
        """When somebody is ready again who has computed; None where that was all."""


def last_s(cores: int, ready: Iterable[Event], crowd: Crowd) -> float:
    """When the last one has computed its last."""
    # The third is what is left of a burst, and nought before it begins.
    coming = [(when_s, who, 0.0) for when_s, who in ready]
    heapify(coming)
    free_s, end_s = [0.0] * max(1, cores), 0.0
    while coming:
        ready_s, who, left_s = heappop(coming)
        if not left_s:
            seconds = crowd.begin(who, ready_s)
            if seconds is None:
                continue
            left_s = seconds
        part_s = left_s if left_s < 1.5 * SLICE_S else SLICE_S
        until_s = max(ready_s, free_s[0]) + part_s
        heapreplace(free_s, until_s)
        end_s = max(end_s, until_s)
        if part_s < left_s:
            heappush(coming, (until_s, who, left_s - part_s))
        elif (again_s := crowd.ended(who, until_s)) is not None:
            heappush(coming, (again_s, who, 0.0))
    return end_s
