"""What goes wrong: one `asyncio.Semaphore` is to limit the ops of event loops in two threads.

It belongs to the loop on which an op first had to wait, and only an op that has to wait finds out. While places are
free the other loop may take them, so small tests pass; under load its ops fail. In a less lucky order none fails: a
place falls free in one thread, and the loop in the other is not woken and sleeps on. Without a GIL the count itself may
go wrong. A benchmark that counts what was asked shows nothing of all this.
Cure: one loop for all that shares a limit. Where there must be two, a semaphore of `threading`, waited for in a helper
thread so that the loop goes on.

What you will see: half of the ops are refused with `is bound to a different event loop`, then all of them are done.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

LIMIT = 2
OPS = 4
"""In each of the two loops."""
WAIT_S = 0.005


class Gauge:
    """Ops that were let in, and the most that were inside at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.entered = self.open = self.peak = 0

    def __enter__(self) -> None:
        with self.lock:
            self.entered += 1
            self.open += 1
            self.peak = max(self.peak, self.open)

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.open -= 1


def two_loops(place: Callable[[], AbstractAsyncContextManager[Any]]) -> tuple[int, int, int, str]:
    """Ops done, ops refused, the most inside at once, and what a refusal said."""
    gauge = Gauge()
    refusals: list[str] = []
    full, tried = threading.Event(), threading.Event()

    async def op() -> None:
        async with place():
            with gauge:
                await asyncio.sleep(WAIT_S)
                while not tried.is_set():  # a moment of load: nobody leaves before the other loop has tried
                    await asyncio.sleep(WAIT_S)

    async def live(begun: threading.Event) -> None:
        tasks = [asyncio.create_task(op()) for _ in range(OPS)]
        await asyncio.sleep(0)  # by now each of them has a place, or waits for one, or was refused
        begun.set()
        refusals.extend(str(error) for error in await asyncio.gather(*tasks, return_exceptions=True) if error)

    def second() -> None:
        full.wait()
        asyncio.run(live(tried))

    thread = threading.Thread(target=second)
    thread.start()
    asyncio.run(live(full))
    thread.join()
    return gauge.entered, len(refusals), gauge.peak, refusals[0].rpartition("> ")[2] if refusals else "nothing"


def wrong() -> tuple[int, int, int, str]:
    """Both loops share an asyncio.Semaphore."""
    semaphore = asyncio.Semaphore(LIMIT)
    return two_loops(lambda: semaphore)


def right() -> tuple[int, int, int, str]:
    """Both loops share a semaphore of threading."""
    semaphore = threading.BoundedSemaphore(LIMIT)

    @asynccontextmanager
    async def place() -> AsyncIterator[None]:
        await asyncio.to_thread(semaphore.acquire)
        try:
            yield
        finally:
            semaphore.release()

    return two_loops(place)


def main() -> None:
    for name, (done, refused, peak, said) in (("wrong", wrong()), ("right", right())):
        print(f"{name}: {done} of {2 * OPS} ops done, {refused} refused, at most {peak} inside")
        print(f"       what the refusals said: {said}")


if __name__ == "__main__":
    main()
