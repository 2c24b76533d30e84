"""What goes wrong: each op is timed as `asyncio.run(op())`, so each pays for the making and closing of a loop.

It is the natural way to call a coroutine from a benchmark that knows functions only. A new loop means a selector, a
pair of sockets to wake it, and, at the end, the shut-down of its generators and threads. A program does that once.
Cure: one loop, and the stopwatch inside it, around the awaits. `run_until_complete` on a loop that is kept saves the
making, but still charges each op for starting and stopping the loop.

What you will see: three boundaries for the same op, each at least several times cheaper than the one before.
"""

from __future__ import annotations

import asyncio
import time

OPS = 200

Loops = list[asyncio.AbstractEventLoop]


async def op(loops: Loops) -> None:
    """Notes the loop that it ran on, if that is a new one; the list keeps it, so no other can have its place."""
    loop = asyncio.get_running_loop()
    if not loops or loops[-1] is not loop:
        loops.append(loop)


def wrong() -> tuple[float, int]:
    """Microseconds per op and how many loops there were, with a loop for each op."""
    loops: Loops = []
    start = time.perf_counter()
    for _ in range(OPS):
        asyncio.run(op(loops))
    return (time.perf_counter() - start) / OPS * 1e6, len(loops)


def half_right() -> tuple[float, int]:
    """The same with one loop that starts and stops for each op."""
    loops: Loops = []
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        start = time.perf_counter()
        for _ in range(OPS):
            loop.run_until_complete(op(loops))
        seconds = time.perf_counter() - start
    return seconds / OPS * 1e6, len(loops)


def right() -> tuple[float, int]:
    """The same with one loop that runs, and the stopwatch inside."""
    loops: Loops = []

    async def timed() -> float:
        start = time.perf_counter()
        for _ in range(OPS):
            await op(loops)
        return time.perf_counter() - start

    return asyncio.run(timed()) / OPS * 1e6, len(loops)


def main() -> None:
    (wrong_us, wrong_loops), (half_us, half_loops), (right_us, right_loops) = wrong(), half_right(), right()
    print(f"wrong: asyncio.run for each op, {wrong_us:.1f} us per op, {wrong_loops} loops")
    print(f"still wrong: run_until_complete for each op, {half_us:.1f} us per op, {half_loops} loop")
    print(f"right: timed inside the loop, {right_us:.2f} us per op, {right_loops} loop")
    print(f"the boundary alone is worth a factor of {wrong_us / right_us:,.0f}")


if __name__ == "__main__":
    main()
