"""What goes wrong: two models are compared with different numbers of ops in flight.

Ten threads against a hundred tasks is the usual case, because those are the sizes people reach for. On work that waits
the ratio is then decided by the two numbers and says nothing about threads or tasks.
Cure: one limit for all, and a count from inside the op to see whether it held.

What you will see: a ratio near the ratio of the pool sizes, then one near 1.
"""

from __future__ import annotations

import asyncio
import threading
import time
from queue import Empty, SimpleQueue

OPS = 200
WAIT_S = 0.01


class Gauge:
    """The most ops that were open at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.open = self.peak = 0

    def __enter__(self) -> None:
        with self.lock:
            self.open += 1
            self.peak = max(self.peak, self.open)

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.open -= 1


def filled() -> SimpleQueue[int]:
    queue: SimpleQueue[int] = SimpleQueue()
    for index in range(OPS):
        queue.put(index)
    return queue


def by_threads(size: int) -> tuple[float, int]:
    """Seconds and peak in flight for `size` threads."""
    gauge, queue, ready = Gauge(), filled(), threading.Barrier(size + 1)
    gate = threading.Event()

    def work() -> None:
        ready.wait()
        gate.wait()  # else a thread that passes the barrier first works before the clock starts
        while True:
            try:
                queue.get_nowait()
            except Empty:
                return
            with gauge:
                time.sleep(WAIT_S)

    threads = [threading.Thread(target=work) for _ in range(size)]
    for thread in threads:
        thread.start()
    ready.wait()
    start = time.perf_counter()
    gate.set()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start, gauge.peak


def by_tasks(size: int) -> tuple[float, int]:
    """Seconds and peak in flight for `size` tasks."""
    gauge, queue = Gauge(), filled()

    async def work() -> None:
        while True:
            try:
                queue.get_nowait()
            except Empty:
                return
            with gauge:
                await asyncio.sleep(WAIT_S)

    async def timed() -> float:
        start = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(size)))
        return time.perf_counter() - start

    return asyncio.run(timed()), gauge.peak


def wrong() -> tuple[float, int, int]:
    """Threads' seconds over tasks' seconds, and both peaks; each side has the size its users like."""
    (threads_s, threads_peak), (tasks_s, tasks_peak) = by_threads(10), by_tasks(100)
    return threads_s / tasks_s, threads_peak, tasks_peak


def right() -> tuple[float, int, int]:
    """The same with equal sizes."""
    (threads_s, threads_peak), (tasks_s, tasks_peak) = by_threads(20), by_tasks(20)
    return threads_s / tasks_s, threads_peak, tasks_peak


def main() -> None:
    for name, (ratio, threads_peak, tasks_peak) in (("wrong", wrong()), ("right", right())):
        print(f"{name}: tasks {ratio:.2f} times as fast, with {threads_peak} threads and {tasks_peak} tasks in flight")


if __name__ == "__main__":
    main()
