"""A callable as it is called: at once, or on the event loop that it was written for.

Which loops can run an async callable is found by trying one call on each. All calls are made on one loop that lives
on, as in a program, so that what the callable keeps (a session, a lock) stays of use.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from time import perf_counter
from typing import Any

from .target import Call, Untried, words

BEAT_S = 0.001
"""So often a loop is looked after while it runs a call."""


@contextmanager
def asyncio_loop(gaps: list[float]) -> Iterator[Callable[[Callable[[], Awaitable[Any]]], Any]]:
    """Runs awaitables on one loop of asyncio's; `gaps` gets for each the longest time in which nothing else ran."""
    import asyncio

    async def watched(make: Callable[[], Awaitable[Any]]) -> Any:
        longest, last = 0.0, perf_counter()

        async def beat() -> None:
            nonlocal longest, last
            while True:
                await asyncio.sleep(BEAT_S)
                now = perf_counter()
                longest, last = max(longest, now - last - BEAT_S), now

        task = asyncio.ensure_future(beat())
        await asyncio.sleep(0)
        last = perf_counter()
        try:
            return await make()
        finally:
            gaps.append(max(longest, perf_counter() - last - BEAT_S))
            task.cancel()

    with asyncio.Runner() as runner:
        yield lambda make: runner.run(watched(make))


def on_trio(make: Callable[[], Awaitable[Any]]) -> Any:
    """One awaitable on trio."""
    import trio

    async def main() -> Any:
        return await make()

    return trio.run(main)


def on_curio(make: Callable[[], Awaitable[Any]]) -> Any:
    """One awaitable on curio."""
    import curio

    async def main() -> Any:
        return await make()

    return curio.run(main)


RUNS: dict[str, Callable[[Callable[[], Awaitable[Any]]], Any]] = {"trio": on_trio, "curio": on_curio}
"""How one awaitable is run by each library beside asyncio."""


def others(make: Callable[[], Awaitable[Any]]) -> dict[str, str]:
    """What came of one call on each library beside asyncio that is installed: empty where it ran, else why not."""
    found: dict[str, str] = {}
    for name, run in RUNS.items():
        if find_spec(name) is None:
            continue
        try:
            run(make)
        except BaseException as error:
            found[name] = words(error)
        else:
            found[name] = ""
    return found


def awaited(call: Call, result: Any) -> bool:
    """Whether calling it has only made something to await; a coroutine that nobody awaits is closed."""
    if inspect.iscoroutine(result):
        result.close()
        return True
    if inspect.isasyncgen(result):
        raise Untried(
            f"{call.short} returns an asynchronous generator; name a coroutine that does the work", usage=True
        )
    return inspect.isawaitable(result)
