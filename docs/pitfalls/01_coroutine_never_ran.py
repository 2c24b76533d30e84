"""What goes wrong: calling an `async def` function only builds a coroutine; nothing in its body has run yet.

A stopwatch around the call times the building. Ten waits of 2 ms then seem to take microseconds, and the faster the
machine, the better the nonsense looks. Cure: time inside the loop, await the work, and count inside the body.

What you will see: `wrong` is thousands of times faster and has done nothing.
"""

from __future__ import annotations

import asyncio
import time

OPS = 10
WAIT_S = 0.002


async def op(ran: list[int], index: int) -> None:
    ran.append(index)
    await asyncio.sleep(WAIT_S)


def wrong() -> tuple[float, int]:
    """Seconds for ten calls, and how many bodies ran."""
    ran: list[int] = []
    start = time.perf_counter()
    coroutines = [op(ran, index) for index in range(OPS)]
    seconds = time.perf_counter() - start
    for coroutine in coroutines:
        coroutine.close()  # else Python complains that nobody awaited it, and it would be right
    return seconds, len(ran)


def right() -> tuple[float, int]:
    """Seconds for ten awaited ops, one after another, and how many bodies ran."""
    ran: list[int] = []

    async def timed() -> float:
        start = time.perf_counter()
        for index in range(OPS):
            await op(ran, index)
        return time.perf_counter() - start

    return asyncio.run(timed()), len(ran)


def main() -> None:
    (wrong_s, wrong_ran), (right_s, right_ran) = wrong(), right()
    print(f"wrong: {OPS} ops 'took' {wrong_s * 1e6:.1f} us, {wrong_ran} of {OPS} bodies ran")
    print(f"right: {OPS} ops took {right_s * 1e6:.0f} us, {right_ran} of {OPS} bodies ran")
    print(f"the stopwatch was off by a factor of {right_s / wrong_s:,.0f}")


if __name__ == "__main__":
    main()
