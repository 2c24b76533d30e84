"""How much later than asked a wait ends: time.sleep, asyncio.sleep, select and epoll."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter_ns, sleep

from . import Absent, Reading, fewer, reading

WAITS = (("50 µs", 50e-6, 60), ("1 ms", 1e-3, 30), ("10 ms", 10e-3, 10))
"""Name, seconds, and repeats within a process."""

Wait = Callable[[float], object]


def waits(share: float) -> Iterator[Reading]:
    """Median overshoot of each kind of wait at each length; it may be negative where a timer fires early."""
    for name, late in (("time.sleep", late_sleep), ("asyncio.sleep", late_asyncio),
                       ("select.select", late_select), ("select.epoll", late_epoll)):  # fmt: skip
        for length, wait_s, repeats in WAITS:
            many = fewer(repeats, share, 5)
            yield reading(name, length, lambda late=late, s=wait_s, n=many: late(s, n), scale="linear")  # type: ignore[misc]


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
    import select

    return late_by_s(lambda seconds: select.select([], [], [], seconds), wait_s, repeats)


def late_epoll(wait_s: float, repeats: int) -> float:
    import select

    if not hasattr(select, "epoll"):
        raise Absent("this system has no epoll")
    with select.epoll() as poll:
        return late_by_s(poll.poll, wait_s, repeats)


def late_asyncio(wait_s: float, repeats: int) -> float:
    import asyncio

    async def main() -> float:
        taken = []
        for _ in range(repeats + 1):
            start = perf_counter_ns()
            await asyncio.sleep(wait_s)
            taken.append((perf_counter_ns() - start) / 1e9 - wait_s)
        return median(taken[1:])

    return asyncio.run(main())
