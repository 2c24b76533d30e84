"""What goes wrong: the headline is the speed-up of sleeps that overlap.

A hundred sleeps, twenty at a time, take a twentieth of what they take one by one. That is arithmetic: known before the
run, the same on every machine, and the same for every model that can overlap waits at all. It is a property of the
number twenty, and with more in flight it can be as large as one likes.
Cure: take the arithmetic off and publish what is left, (makespan - ideal) / ops with ideal = ceil(ops / in flight) x
sleep. That is what the model costs, and there models differ.

What you will see: two models with about the same headline, then what each of them costs per op.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from queue import Empty, SimpleQueue

OPS = 100
IN_FLIGHT = 20
SLEEP_S = 0.004
ROUNDS = 5
IDEAL_S = math.ceil(OPS / IN_FLIGHT) * SLEEP_S
ARITHMETIC = OPS * SLEEP_S / IDEAL_S


def filled() -> SimpleQueue[int]:
    queue: SimpleQueue[int] = SimpleQueue()
    for index in range(OPS):
        queue.put(index)
    return queue


def one_by_one() -> float:
    """Seconds of all sleeps in a row."""
    start = time.perf_counter()
    for _ in range(OPS):
        time.sleep(SLEEP_S)
    return time.perf_counter() - start


def by_threads() -> float:
    """Seconds with twenty threads, which are alive before the clock starts."""
    queue, ready, gate = filled(), threading.Barrier(IN_FLIGHT + 1), threading.Event()

    def work() -> None:
        ready.wait()
        gate.wait()
        while True:
            try:
                queue.get_nowait()
            except Empty:
                return
            time.sleep(SLEEP_S)

    threads = [threading.Thread(target=work) for _ in range(IN_FLIGHT)]
    for thread in threads:
        thread.start()
    ready.wait()
    start = time.perf_counter()
    gate.set()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start


def by_tasks() -> float:
    """Seconds with twenty tasks, timed inside their loop."""
    queue = filled()

    async def work() -> None:
        while True:
            try:
                queue.get_nowait()
            except Empty:
                return
            await asyncio.sleep(SLEEP_S)

    async def timed() -> float:
        start = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
        return time.perf_counter() - start

    return asyncio.run(timed())


def models() -> dict[str, float]:
    """The makespan of each model, the best of a few rounds, taken in turns."""
    rounds = [(by_threads(), by_tasks()) for _ in range(ROUNDS)]
    return {name: min(side) for name, side in zip(("threads", "tasks"), zip(*rounds, strict=True), strict=True)}


def wrong() -> dict[str, float]:
    """The speed-up of each model over sleeping one by one."""
    serial_s = one_by_one()
    return {name: serial_s / seconds for name, seconds in models().items()}


def right() -> dict[str, float]:
    """The overhead of each model over the ideal, in microseconds per op."""
    return {name: (seconds - IDEAL_S) / OPS * 1e6 for name, seconds in models().items()}


def main() -> None:
    print(f"before the run: {OPS} sleeps, {IN_FLIGHT} at a time, are {ARITHMETIC:.0f} times as fast as one by one")
    print("wrong: " + ", ".join(f"{name} are {ratio:.1f} times as fast" for name, ratio in wrong().items()))
    print("right: " + ", ".join(f"{name} cost {us:.0f} us per op over the ideal" for name, us in right().items()))


if __name__ == "__main__":
    main()
