"""How much later than asked a wait ends: time.sleep, asyncio.sleep, select and epoll."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter_ns, sleep

from . import Absent, Reading, reading

WAITS = (("50 µs", 50e-6, 30), ("1 ms", 1e-3, 15), ("10 ms", 10e-3, 5))
"""Name, seconds, and repeats within a process."""

Wait = Callable[[float], object]


def waits() -> Iterator[Reading]:
    """Median overshoot of each kind of wait at each length; it may be negative where a timer fires early."""
    for name, late in (("time.sleep", late_sleep), ("asyncio.sleep", late_asyncio),
                       ("select.select", late_select), ("select.epoll", late_epoll)):  # fmt: skip
        for length, wait_s, repeats in WAITS:
            yield reading(name, length, lambda late=late, s=wait_s, n=repeats: late(s, n), scale="linear")  # type: ignore[misc]


def late_by_s(wait: Wait, wait_s: float, repeats: int) -> float:
    """Median seconds by which `wait(wait_s)` ends too late."""
    taken = []
    for _ in range(repeats + 1):
        start = perf_counter_ns()
        wait(wait_s)
        taken.append((perf_counter_ns() - start) / 1e9 - wait_s)
    return median(taken[1:])


def late_sleep(wait_s: float, repeats: int) -> float:
    return late_by_s(sleep, wait_s, repeats)


def late_select(wait_s: float, repeats: int) -> float:
    return late_by_s(lambda seconds: select.select([], [], [], seconds), wait_s, repeats)


def late_epoll(wait_s: float, repeats: int) -> float:
    if not hasattr(select, "epoll"):
        raise Absent("this system has no epoll")
    with select.epoll() as poll:
        return late_by_s(poll.poll, wait_s, repeats)


def late_asyncio(wait_s: float, repeats: int) -> float:
    async def main() -> float:
        taken = []
        for _ in range(repeats + 1):
            start = perf_counter_ns()
            await asyncio.sleep(wait_s)
            taken.append((perf_counter_ns() - start) / 1e9 - wait_s)
        return median(taken[1:])

    return asyncio.run(main())
