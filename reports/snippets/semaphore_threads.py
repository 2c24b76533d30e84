"""Shows what goes wrong with an `asyncio.Semaphore` that is used by loops or code in several threads.

How: three ways, each made certain by a barrier or by watching, none by time. (1) Two threads look whether there is a
place, and only then does either take it. (2) A loop in a second thread asks for a place while a task of the first loop
waits for one. (3) A loop is asleep until its task gets a place, another thread gives one back, and the loop's selector
is asked whether that woke it; to see that it can be woken, the same is done by `call_soon_threadsafe`.
"""

from __future__ import annotations

import asyncio
import json
import selectors
import threading
from collections.abc import Callable
from contextlib import suppress

PATIENCE_S = 5
"""Only a semaphore that has learnt to share would make anyone wait that long."""


def let_in() -> int:
    """How many of two threads are inside at once, where the limit is one."""
    both_looked = threading.Barrier(2, timeout=PATIENCE_S)
    inside: list[bool] = []

    class Slow(asyncio.Semaphore):
        """The switch of threads comes between looking and taking."""

        def locked(self) -> bool:
            found = super().locked()
            both_looked.wait()
            return found

    semaphore = Slow(1)

    async def enter() -> None:
        await asyncio.wait_for(semaphore.acquire(), PATIENCE_S)
        inside.append(True)  # and it never leaves

    def work() -> None:
        with suppress(threading.BrokenBarrierError, TimeoutError, RuntimeError):
            asyncio.run(enter())

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(inside)


def refusal() -> str:
    """What a second loop is told that asks while a task of the first loop waits; empty where it is told nothing."""
    semaphore = asyncio.Semaphore(1)

    async def ask() -> None:
        await asyncio.wait_for(semaphore.acquire(), PATIENCE_S)

    def second() -> str:
        try:
            asyncio.run(ask())
        except RuntimeError as error:
            return str(error).rpartition("> ")[2]
        except TimeoutError:
            pass
        return ""

    async def first() -> str:
        await semaphore.acquire()
        waiting = asyncio.create_task(semaphore.acquire())
        await asyncio.sleep(0)
        said = await asyncio.to_thread(second)
        waiting.cancel()
        return said

    return asyncio.run(first())


class Dozing(selectors.DefaultSelector):
    """Where the loop would begin a sleep without an end, another thread acts, and it is noted whether that woke it."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self.act = act
        self.woken: list[bool] = []

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None:
            return super().select(timeout)
        thread = threading.Thread(target=self.act)
        thread.start()
        thread.join()
        events = super().select(0)
        self.woken.append(bool(events))
        return events


def woken(safely: bool) -> bool:
    """Whether a loop that sleeps until there is a place is woken by a release in another thread."""
    semaphore = asyncio.Semaphore(1)

    def release() -> None:
        if safely:
            loop.call_soon_threadsafe(semaphore.release)
        else:
            semaphore.release()

    async def wait() -> None:
        await semaphore.acquire()
        await semaphore.acquire()

    dozing = Dozing(release)
    loop = asyncio.SelectorEventLoop(dozing)
    with asyncio.Runner(loop_factory=lambda: loop, debug=False) as runner:
        runner.run(wait())
    return dozing.woken[0]


def look() -> dict[str, object]:
    inside, said = let_in(), refusal()
    overslept = woken(safely=True) and not woken(safely=False)
    seen = {
        f"{inside} threads were inside where the limit was 1": inside > 1,
        f"a second loop was refused with RuntimeError, {said!r}": bool(said),
        "a release in another thread did not wake the loop that slept on it": overslept,
    }
    found = [what for what, happened in seen.items() if happened]
    return {"shown": bool(found), "said": "; ".join(found) or "the limit held, no loop was refused and each was woken"}


if __name__ == "__main__":
    print(json.dumps(look()))
