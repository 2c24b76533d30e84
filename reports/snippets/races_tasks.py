"""Shows whether tasks lose updates between two awaits.

How: ten tasks read a counter, add one and write it back, with a pause in between that lets any other thread run but is
no await. To see that updates could be lost at all, the same is done with an await between reading and writing.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

TASKS, UPDATES = 10, 50


class Counter:
    """The shared state."""

    total = 0


async def without_await(counter: Counter) -> None:
    for _ in range(UPDATES):
        seen = counter.total
        time.sleep(0)
        counter.total = seen + 1
        await asyncio.sleep(0)


async def across_await(counter: Counter) -> None:
    for _ in range(UPDATES):
        seen = counter.total
        await asyncio.sleep(0)
        counter.total = seen + 1


async def lost(work: Callable[[Counter], Awaitable[None]]) -> int:
    """How many updates of all tasks together are missing."""
    counter = Counter()
    await asyncio.gather(*(work(counter) for _ in range(TASKS)))
    return TASKS * UPDATES - counter.total


def look() -> dict[str, object]:
    between, across = asyncio.run(lost(without_await)), asyncio.run(lost(across_await))
    return {
        "shown": between == 0 and across > 0,
        "said": (
            f"of {TASKS * UPDATES} updates by {TASKS} tasks {between or 'none'} were lost without an await between "
            f"reading and writing, and {across or 'none'} with one"
        ),
    }


if __name__ == "__main__":
    print(json.dumps(look()))
