"""What goes wrong: throughput is computed from the number of ops that were sent, not from those that came back right.

A refused request returns at once, so a contestant that fails often looks fast. `gather(return_exceptions=True)` makes
it easy to miss: the list has the full length, and exceptions are among the results.
Cure: look at every result, count the good ones, and give no figure at all for a round in which one failed.

What you will see: two ops in three failed, and `wrong` reports three times the true throughput.
"""

from __future__ import annotations

import asyncio
import time

OPS = 90
WAIT_S = 0.005


async def fetch(index: int) -> int:
    """A server that refuses two requests in three."""
    if index % 3:
        raise ConnectionRefusedError(f"request {index} was refused")
    await asyncio.sleep(WAIT_S)
    return index


async def burst() -> tuple[list[int | BaseException], float]:
    start = time.perf_counter()
    replies = await asyncio.gather(*(fetch(index) for index in range(OPS)), return_exceptions=True)
    return replies, time.perf_counter() - start


def wrong() -> tuple[int, float]:
    """Ops and seconds, by what was asked."""
    replies, seconds = asyncio.run(burst())
    return len(replies), seconds


def right() -> tuple[int, float]:
    """Ops and seconds, by what came back and is correct."""
    replies, seconds = asyncio.run(burst())
    return sum(reply == index for index, reply in enumerate(replies)), seconds


def main() -> None:
    (asked, wrong_s), (good, right_s) = wrong(), right()
    print(f"wrong: {asked} ops, {asked / wrong_s:,.0f} per second")
    print(f"right: {good} ops, {good / right_s:,.0f} per second, and {asked - good} failures: this round is void")
    print(f"counted {asked / good:.1f} times too many")


if __name__ == "__main__":
    main()
