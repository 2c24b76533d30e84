"""Shows whether threads without a lock can lose updates.

How: two threads read a counter, add one and write it back. A barrier forces the switch between reading and writing that
chance would make only now and then, so the outcome is the same on every machine. With a lock around both the switch is
offered too, and the lock must decline it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable

THREADS, UPDATES = 2, 100


class Counter:
    """The shared state."""

    total = 0


def run(work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def unlocked() -> int:
    counter, both_read, both_wrote = Counter(), threading.Barrier(THREADS), threading.Barrier(THREADS)

    def work() -> None:
        for _ in range(UPDATES):
            seen = counter.total
            both_read.wait()
            counter.total = seen + 1
            both_wrote.wait()

    run(work)
    return counter.total


def locked() -> int:
    counter, lock = Counter(), threading.Lock()

    def work() -> None:
        for _ in range(UPDATES):
            with lock:
                seen = counter.total
                time.sleep(0)
                counter.total = seen + 1

    run(work)
    return counter.total


def look() -> dict[str, object]:
    made = THREADS * UPDATES
    lost, kept = made - unlocked(), locked()
    return {
        "shown": lost > 0 and kept == made,
        "said": (
            f"of {made} updates by {THREADS} threads {lost or 'none'} were lost where both read before either wrote, "
            f"and with a lock {made - kept or 'none'}"
        ),
    }


if __name__ == "__main__":
    print(json.dumps(look()))
