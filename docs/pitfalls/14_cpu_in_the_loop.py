"""What goes wrong: an op that computes runs in the event loop, and only its own time is looked at.

The computation takes as long there as anywhere else, and while it lasts nobody else gets a turn. All who wait for
something small wait for it too, and a benchmark that runs one kind of op at a time never meets them.
`asyncio.to_thread` cures a call that waits (pitfall 06), but not one that computes: with a GIL, Python code in a thread
gives way every few milliseconds, and a long call into C that keeps the GIL, as `sum` here, gives way not at all.
Cure: another process, started before the clock; and beside the computation, the time of those who are not to notice it.

What you will see: no neighbour is answered while the loop computes, and hardly one while a thread does, if there is a
GIL; with a process many are, and the slowest of them waits for a fraction of the time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

NUMBERS = range(4_000_000)
TOTAL = NUMBERS[-1] * len(NUMBERS) // 2
WAIT_S = 0.002


async def beside(compute: Callable[[], Awaitable[int]]) -> tuple[float, int, float]:
    """Seconds of the computation, neighbours answered meanwhile, and seconds of the slowest neighbour.

    One neighbour after the other asks for something that takes 2 ms.
    """
    waited: list[float] = []

    async def neighbours() -> None:
        while True:
            start = time.perf_counter()
            await asyncio.sleep(WAIT_S)
            waited.append(time.perf_counter() - start)

    asking = asyncio.create_task(neighbours())
    await asyncio.sleep(0)  # the first has asked
    start = time.perf_counter()
    total = await compute()
    seconds, answered = time.perf_counter() - start, len(waited)
    assert total == TOTAL
    await asyncio.sleep(2 * WAIT_S)  # whoever still waits gets an answer
    asking.cancel()
    return seconds, answered, max(waited)


async def here() -> int:
    return sum(NUMBERS)


def in_a(pool: Executor) -> tuple[float, int, float]:
    """The same figures with the computation in a pool of one, which is alive before the clock starts."""

    async def there() -> int:
        return await asyncio.get_running_loop().run_in_executor(pool, sum, NUMBERS)

    with pool:
        pool.submit(sum, ()).result()
        return asyncio.run(beside(there))


def wrong() -> tuple[float, int, float]:
    """The figures with the computation in the loop."""
    return asyncio.run(beside(here))


def half_right() -> tuple[float, int, float]:
    """The figures with the computation in a thread."""
    return in_a(ThreadPoolExecutor(1))


def right() -> tuple[float, int, float]:
    """The figures with the computation in a process."""
    return in_a(ProcessPoolExecutor(1, get_context("spawn")))


def main() -> None:
    for name, place, (seconds, answered, slowest) in (
        ("wrong", "the loop", wrong()),
        ("still wrong", "a thread", half_right()),
        ("right", "a process", right()),
    ):
        print(
            f"{name}: {seconds * 1e3:.0f} ms of computing in {place}, neighbours answered meanwhile: {answered}, "
            f"the slowest after {slowest * 1e3:.0f} ms"
        )


if __name__ == "__main__":
    main()
