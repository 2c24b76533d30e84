"""Shows whether consumers of a queue wait for ever unless they are cancelled once `join` has returned.

How: the loop's selector is watched. A loop that goes to sleep with no timer, while no other thread and no socket could
wake it, sleeps for ever; that is seen at once and needs no clock. Each way to end is tried on a loop of its own.
"""

from __future__ import annotations

import asyncio
import json
import selectors

CONSUMERS, ITEMS = 3, 9


class AsleepForEverError(Exception):
    """The loop has nothing to run, no timer and nobody to wake it."""


class Watched(selectors.DefaultSelector):
    """Raises where the loop would begin a sleep without an end."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AsleepForEverError
        return super().select(timeout)


async def consume(queue: asyncio.Queue[int], processed: list[int]) -> None:
    while True:
        processed.append(await queue.get())
        queue.task_done()


async def room(processed: list[int], join: bool = False, cancel: bool = False, shutdown: bool = False) -> None:
    """Fill the queue, bring it to its end in the given way, and wait for the consumers."""
    queue: asyncio.Queue[int] = asyncio.Queue()
    consumers = [asyncio.create_task(consume(queue, processed)) for _ in range(CONSUMERS)]
    for item in range(ITEMS):
        await queue.put(item)
    if join:
        await queue.join()
    if shutdown:
        queue.shutdown()  # type: ignore[attr-defined]
    for consumer in consumers if cancel else ():
        consumer.cancel()
    await asyncio.gather(*consumers, return_exceptions=True)


def hangs(**way: bool) -> tuple[bool, int]:
    """Whether it sleeps for ever, and how many items were processed by then."""
    processed: list[int] = []
    try:
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(Watched())) as runner:
            runner.run(room(processed, **way))
    except AsleepForEverError:
        return True, len(processed)
    return False, len(processed)


def look() -> dict[str, object]:
    bare, joined, cancelled = hangs(), hangs(join=True), hangs(join=True, cancel=True)
    words = {True: "never ended", False: "ended"}
    other = "Queue.shutdown is not there before 3.13"
    if hasattr(asyncio.Queue, "shutdown"):
        other = f"with Queue.shutdown it {words[hangs(shutdown=True)[0]]}"
    return {
        "shown": (bare, joined, cancelled) == ((True, ITEMS), (True, ITEMS), (False, ITEMS)),
        "said": (
            f"with {bare[1]} of {ITEMS} items processed the wait for the consumers {words[bare[0]]}, with join alone "
            f"it {words[joined[0]]}, and with join and cancel it {words[cancelled[0]]}; {other}"
        ),
    }


if __name__ == "__main__":
    print(json.dumps(look()))
