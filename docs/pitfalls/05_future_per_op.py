"""What goes wrong: ops are handed out in two ways, and the difference is taken for one between models.

`executor.submit` makes a future, a work item and two hand-overs for each op. Workers that pull indices from one filled
queue need none of them. On small ops the hand-out is most of the time, so comparing a pool that is fed by futures with
tasks that pull from a queue compares hand-outs.
Cure: one way of handing out for every contestant; the other way is a contestant of its own, with a name of its own.

What you will see: the same ops in the same number of threads, many times slower with a future for each.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue

OPS = 10_000
WORKERS = 4


def op(number: int) -> int:
    return number


def wrong() -> tuple[float, list[int]]:
    """Microseconds per op and the results, one future per op; the pool is warm."""
    with ThreadPoolExecutor(WORKERS) as pool:
        ready = threading.Barrier(WORKERS)
        for _ in range(WORKERS):
            pool.submit(ready.wait)
        start = time.perf_counter()
        futures = [pool.submit(op, number) for number in range(OPS)]
        results = [future.result() for future in futures]
        seconds = time.perf_counter() - start
    return seconds / OPS * 1e6, results


def right() -> tuple[float, list[int]]:
    """Microseconds per op and the results, workers pulling from one queue."""
    queue: SimpleQueue[int] = SimpleQueue()
    for number in range(OPS):
        queue.put(number)
    results = [-1] * OPS
    ready, gate = threading.Barrier(WORKERS + 1), threading.Event()

    def work() -> None:
        get = queue.get_nowait
        ready.wait()
        gate.wait()  # else a thread that passes the barrier first works before the clock starts
        while True:
            try:
                number = get()
            except Empty:
                return
            results[number] = op(number)

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    ready.wait()
    start = time.perf_counter()
    gate.set()
    for thread in threads:
        thread.join()
    return (time.perf_counter() - start) / OPS * 1e6, results


def main() -> None:
    (wrong_us, wrong_results), (right_us, right_results) = wrong(), right()
    assert wrong_results == right_results
    print(f"wrong: a future per op, {wrong_us:.2f} us per op")
    print(f"right: pulled from a queue, {right_us:.2f} us per op")
    print(f"the hand-out alone is worth a factor of {wrong_us / right_us:.0f}")


if __name__ == "__main__":
    main()
