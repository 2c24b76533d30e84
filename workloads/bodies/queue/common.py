"""What all bodies of `queue` have in common: what goes through the queue, and who puts it there when."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from when_async.bench.model import Params

ROOM = 1000
"""Places in the queue: so many that a producer is held back only where the consumers have lost touch."""

LEAD_S = 0.01
"""The schedule begins so long after everybody is ready, so that producers know it when it does."""

Item = tuple[int, int, float, float]
"""Index, producer, when it is to be put as a share of the schedule's length, and how long its service takes (s)."""

Call = tuple[int, float, float]
"""An item as its producer sees it: index, when it is to be put (s from the start of the schedule), service (s)."""

Parcel = tuple[int, float, float, int, int]
"""What goes through the queue: index, service (s), when to be put by schedule (s) and clock (ns), when put (ns)."""

Result = tuple[int, int, float, int, int, int, int]
"""Index, answer, when to be put by schedule (s) and clock (ns), and when it was put, got and done (ns)."""

Program = Callable[[Sequence[Item]], list[Result]]

AsyncProgram = Callable[[Sequence[Item]], Coroutine[Any, Any, list[Result]]]

clock = time.perf_counter_ns


def answer(index: int) -> int:
    """What the consumer computes for an item."""
    return 5 * index + 2


def done(parcel: Parcel, got_ns: int) -> Result:
    """The result of an item that has been served."""
    index, _, at_s, due_ns, put_ns = parcel
    return index, answer(index), at_s, due_ns, put_ns, got_ns, clock()


def window_s(params: Params, consumers: int) -> float:
    """Seconds from the start of the schedule to its last item."""
    return int(params["n"]) * float(params["service_s"]) / (float(params["load"]) * consumers)


def shares(items: Sequence[Item], params: Params, consumers: int) -> list[list[Call]]:
    """What each producer has to do, in order of time, so that so many consumers have the load that was asked for."""
    length_s = window_s(params, consumers)
    mine: list[list[Call]] = [[] for _ in range(int(params["producers"]))]
    for index, producer, place, service_s in items:
        mine[producer].append((index, place * length_s, service_s))
    return mine


def produce(put: Callable[[Parcel], Any], sleep: Callable[[float], Any], share: Sequence[Call], begin_ns: int) -> None:
    """Put each item of a share when its time has come."""
    for index, at_s, service_s in share:
        due_ns = begin_ns + int(at_s * 1e9)
        early_ns = due_ns - clock()
        if early_ns > 0:
            sleep(early_ns / 1e9)
        put((index, service_s, at_s, due_ns, clock()))


async def produce_async(
    put: Callable[[Parcel], Any], sleep: Callable[[float], Any], share: Sequence[Call], begin_ns: int
) -> None:
    """The same on an event loop."""
    for index, at_s, service_s in share:
        due_ns = begin_ns + int(at_s * 1e9)
        early_ns = due_ns - clock()
        if early_ns > 0:
            await sleep(early_ns / 1e9)
        await put((index, service_s, at_s, due_ns, clock()))


def begin() -> int:
    """When the schedule begins (ns); to be asked for when everybody is ready."""
    return clock() + int(LEAD_S * 1e9)
