"""What goes wrong: the pool is built inside the timed call, so the figure is the price of starting processes.

Users build a pool once and feed it for hours. A benchmark that builds it per round charges every round for it. A pool
that is merely constructed beforehand is not enough either: its workers may still be starting when the clock does.
Cure: every worker checks in at a barrier, then the clock starts; start-up is a figure of its own.

What you will see: most of `wrong` is start-up.
"""

from __future__ import annotations

import multiprocessing
import time
from typing import Any

WORKERS = 2
OPS = 20


def check_in(barrier: Any) -> None:
    """Pool initialiser: tell the parent that this worker is alive."""
    barrier.wait()


def op(number: int) -> int:
    return number * number


def wrong() -> tuple[float, list[int]]:
    """Seconds and results, pool construction included."""
    start = time.perf_counter()
    with multiprocessing.Pool(WORKERS) as pool:
        results = pool.map(op, range(OPS))
        seconds = time.perf_counter() - start
    return seconds, results


def right() -> tuple[float, list[int]]:
    """Seconds and results of a pool whose workers have all checked in."""
    context = multiprocessing.get_context()
    barrier = context.Barrier(WORKERS + 1)
    with context.Pool(WORKERS, initializer=check_in, initargs=(barrier,)) as pool:
        barrier.wait()
        start = time.perf_counter()
        results = pool.map(op, range(OPS))
        seconds = time.perf_counter() - start
    return seconds, results


def main() -> None:
    (wrong_s, wrong_results), (right_s, right_results) = wrong(), right()
    assert wrong_results == right_results
    print(f"wrong: {OPS} ops and the birth of the pool, {wrong_s * 1e3:.2f} ms")
    print(f"right: {OPS} ops, {right_s * 1e3:.2f} ms")
    print(f"the same work, a ratio of {wrong_s / right_s:.1f}")


if __name__ == "__main__":
    main()
