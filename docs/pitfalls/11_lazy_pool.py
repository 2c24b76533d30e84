"""What goes wrong: the pool is built before the clock starts, and yet its workers are born inside.

A pool of `concurrent.futures` has no workers when it is made. It starts them as ops come in, one for each op that finds
nobody idle (processes by `fork`: all at the first op). A warm-up of a few quick ops is no cure, for one worker can do
them all, and the others are born in the first round that needs them.
Cure: hold every worker at a barrier until the last has checked in, count who is alive, then start the clock.

What you will see: nobody is alive when the clock of `wrong` starts, and its first round is mostly births.
"""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor

WORKERS = 2
OPS = 20

# `spawn` is named, as a benchmark should: with it a worker starts a new interpreter. What the pool runs comes from the
# standard library, because a spawned worker must be able to import it.


def first_round(pool: ProcessPoolExecutor) -> tuple[float, int, list[int]]:
    """Seconds of a round, how many workers were alive when its clock started, and the results."""
    alive = len(multiprocessing.active_children())
    start = time.perf_counter()
    results = list(pool.map(abs, range(-OPS, 0)))
    return time.perf_counter() - start, alive, results


def wrong() -> tuple[float, int, list[int]]:
    """The first round of a pool that is made and not primed."""
    with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn")) as pool:
        return first_round(pool)


def right() -> tuple[float, int, list[int]]:
    """The first round of a pool whose workers have all checked in."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(WORKERS + 1)
    with ProcessPoolExecutor(WORKERS, context, initializer=barrier.wait) as pool:
        priming = [pool.submit(abs, 0) for _ in range(WORKERS)]  # one each: the first worker is held, so not idle
        barrier.wait()
        for future in priming:
            future.result()
        return first_round(pool)


def main() -> None:
    (wrong_s, wrong_alive, wrong_results), (right_s, right_alive, right_results) = wrong(), right()
    assert wrong_results == right_results
    for name, seconds, alive in (("wrong", wrong_s, wrong_alive), ("right", right_s, right_alive)):
        print(f"{name}: {OPS} ops in {seconds * 1e3:.1f} ms, {alive} of {WORKERS} workers alive when the clock started")
    print(f"both pools were built before the clock; the ratio is {wrong_s / right_s:.0f}")


if __name__ == "__main__":
    main()
