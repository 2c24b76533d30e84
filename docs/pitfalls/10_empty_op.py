"""What goes wrong: two ways of running ops are compared on an op that does nothing, and the ratio is published.

With an empty op all that is left is the hand-out. Its ratio compares a small number with one near zero, so it can be
made as large as one likes, and it holds for no program that does something. The difference is the fact: so many
microseconds an op, whatever the op.
Cure: run the empty op as a row of its own, read it as the price of handing out an op, and form ratios on ops that work.
The price is shown, never subtracted.

What you will see: a ratio with two digits on nothing, and one near 1 on an op of some dozen microseconds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

OPS = 500
ROUNDS = 5
WORK = 4_000


async def empty(number: int) -> int:
    return number


async def busy(number: int) -> int:
    return number + sum(range(WORK))


Op = Callable[[int], Coroutine[Any, Any, int]]
Way = Callable[[Op], Coroutine[Any, Any, list[int]]]


async def one_by_one(op: Op) -> list[int]:
    return [await op(number) for number in range(OPS)]


async def a_task_each(op: Op) -> list[int]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(op(number)) for number in range(OPS)]
    return [task.result() for task in tasks]


def both_ways(op: Op) -> tuple[float, float]:
    """Microseconds per op one by one and with a task for each: the best of a few rounds, taken in turns."""

    async def timed() -> tuple[float, float]:
        best: dict[Way, float] = {}
        for _ in range(ROUNDS):
            answers = []
            for way in (one_by_one, a_task_each):
                start = time.perf_counter()
                answers.append(await way(op))
                best[way] = min(best.get(way, 1e9), time.perf_counter() - start)
            assert answers[0] == answers[1]
        return best[one_by_one] / OPS * 1e6, best[a_task_each] / OPS * 1e6

    return asyncio.run(timed())


def wrong() -> tuple[float, float]:
    """Both figures for an op that does nothing."""
    return both_ways(empty)


def right() -> tuple[float, float]:
    """Both figures for an op that does something."""
    return both_ways(busy)


def main() -> None:
    (empty_us, empty_task_us), (busy_us, busy_task_us) = wrong(), right()
    for name, op, one_us, task_us in (
        ("wrong", "an empty op", empty_us, empty_task_us),
        ("right", "an op that works", busy_us, busy_task_us),
    ):
        print(f"{name}: {op}, {one_us:.2f} us, with a task {task_us:.2f} us: {task_us / one_us:.2f} times as long")
    print(f"what the empty row does tell: to hand out an op as a task costs {empty_task_us - empty_us:.1f} us")


if __name__ == "__main__":
    main()
