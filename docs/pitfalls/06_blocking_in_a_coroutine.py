"""What goes wrong: a coroutine makes a blocking call, and the loop stands still for everybody until it returns.

The call itself is no slower, so a stopwatch around it shows nothing. What suffers is all the rest: timers, other
connections, cancellation. Only a heartbeat on the same loop can see it.
Cure: await something that waits with the loop, or hand the call to a thread. A thread helps a call that waits; it does
not help pure Python that computes under the GIL.

What you will see: the call takes equally long; no heartbeat comes in the first, many come in the second.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

CALL_S = 0.1
BEAT_S = 0.005


async def beats_during(call: Callable[[], Awaitable[None]]) -> tuple[float, int]:
    """Seconds that `call` took, and how often the loop's heartbeat came meanwhile."""
    beats = 0

    async def heart() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(BEAT_S)
            beats += 1

    beating = asyncio.create_task(heart())
    await asyncio.sleep(2 * BEAT_S)
    before, start = beats, time.perf_counter()
    await call()
    seconds, after = time.perf_counter() - start, beats
    beating.cancel()
    return seconds, after - before


async def blocking() -> None:
    time.sleep(CALL_S)


async def in_a_thread() -> None:
    await asyncio.to_thread(time.sleep, CALL_S)


def wrong() -> tuple[float, int]:
    """Seconds and heartbeats while the call blocks the loop."""
    return asyncio.run(beats_during(blocking))


def right() -> tuple[float, int]:
    """Seconds and heartbeats while a thread makes the call."""
    return asyncio.run(beats_during(in_a_thread))


def main() -> None:
    (wrong_s, wrong_beats), (right_s, right_beats) = wrong(), right()
    print(f"wrong: a call of {wrong_s * 1e3:.0f} ms, {wrong_beats} heartbeats")
    print(f"right: a call of {right_s * 1e3:.0f} ms, {right_beats} heartbeats")


if __name__ == "__main__":
    main()
