"""What goes wrong: every contestant is reached through one portable wrapper, and the wrapper is awaited for each op.

It looks fair, because all pay the same. But a constant that is added to both sides of a ratio pulls it towards 1: the
faster a contestant is, the more of its time is wrapper. What is published is then a mixture, and part of the difference
that was asked about is gone.
Cure: bind the native primitive of each contestant before the clock starts. Wrap what is called once per worker; never
what is called per op. The wrapper is worth measuring too, as a contestant with a name of its own.

The contestants here are asyncio and a scheduler of ten lines; the op gives way once to whoever else is ready.

What you will see: the same two schedulers, closer together through the wrapper than they are.
"""

from __future__ import annotations

import asyncio
import time
import types
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from contextvars import ContextVar
from functools import partial

TASKS = 10
OPS = 300
"""In each task."""
ROUNDS = 5

GiveWay = Callable[[], Awaitable[None]]


@types.coroutine
def bare_yield() -> Generator[None, None, None]:
    """How an op gives way under `tiny`."""
    yield


NATIVE: dict[str, GiveWay] = {"asyncio": partial(asyncio.sleep, 0), "tiny": bare_yield}
RUNNING: ContextVar[str] = ContextVar("running")


def running() -> GiveWay:
    """The primitive of whoever runs this op."""
    try:
        return NATIVE[RUNNING.get()]
    except LookupError:
        raise RuntimeError("no known scheduler is running") from None


async def portable() -> None:
    """One face for all, as portability layers have it: look up who is running, then pass the call on."""
    await running()()


async def work(give_way: GiveWay, done: list[int]) -> None:
    for number in range(OPS):
        await give_way()
        done.append(number)


def by_asyncio(give_way: GiveWay) -> tuple[float, int]:
    """Seconds, and ops done."""
    done: list[int] = []

    async def timed() -> float:
        RUNNING.set("asyncio")
        start = time.perf_counter()
        await asyncio.gather(*(work(give_way, done) for _ in range(TASKS)))
        return time.perf_counter() - start

    return asyncio.run(timed()), len(done)


def by_tiny(give_way: GiveWay) -> tuple[float, int]:
    """Seconds, and ops done."""
    done: list[int] = []
    token = RUNNING.set("tiny")
    start = time.perf_counter()
    ready = deque(work(give_way, done) for _ in range(TASKS))
    while ready:
        task = ready.popleft()
        try:
            task.send(None)
        except StopIteration:
            continue
        ready.append(task)
    seconds = time.perf_counter() - start
    RUNNING.reset(token)
    return seconds, len(done)


def compared(for_asyncio: GiveWay, for_tiny: GiveWay) -> tuple[float, float, int]:
    """Microseconds per op of asyncio and of tiny, the best of a few rounds in turns, and the ops of each round."""
    rounds = [(by_asyncio(for_asyncio), by_tiny(for_tiny)) for _ in range(ROUNDS)]
    counts = {ops for both in rounds for _, ops in both}
    assert len(counts) == 1
    ops = counts.pop()
    slow, fast = (min(seconds for seconds, _ in side) / ops * 1e6 for side in zip(*rounds, strict=True))
    return slow, fast, ops


def wrong() -> tuple[float, float, int]:
    """Both through the wrapper."""
    return compared(portable, portable)


def right() -> tuple[float, float, int]:
    """Each by its own primitive, bound beforehand."""
    return compared(NATIVE["asyncio"], NATIVE["tiny"])


def main() -> None:
    for name, (slow, fast, _) in (("wrong", wrong()), ("right", right())):
        print(f"{name}: asyncio {slow:.2f} us per op, tiny {fast:.2f} us: {slow / fast:.1f} times as long")


if __name__ == "__main__":
    main()
