"""What goes wrong: threads share a counter without a lock, updates vanish, and the rate comes from the loop count.

`total = total + 1` reads, adds and writes. When another thread writes in between, its update is gone. The run ends
sooner than one with a lock, and nobody looks at the total, so a wrong answer is published as a fast one.
Cure: let an oracle look at the final state, and give no figure where it is not the one that the work must lead to.

By chance this happens now and then with the GIL and all the time without it. Here a barrier between reading and
writing forces the worst case, so that the count is the same on every machine.

What you will see: half of the updates are lost.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

THREADS = 2
UPDATES = 500


class Counter:
    """The shared state."""

    def __init__(self) -> None:
        self.total = 0


def run(work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def wrong() -> tuple[int, int]:
    """Updates that were claimed, and those that are left in the counter."""
    counter, both_read, both_wrote = Counter(), threading.Barrier(THREADS), threading.Barrier(THREADS)

    def work() -> None:
        for _ in range(UPDATES):
            seen = counter.total
            both_read.wait()  # the switch that chance would make only now and then
            counter.total = seen + 1
            both_wrote.wait()

    run(work)
    return THREADS * UPDATES, counter.total


def right() -> tuple[int, int]:
    """The same with a lock, which holds whatever happens between reading and writing."""
    counter, lock = Counter(), threading.Lock()

    def work() -> None:
        for _ in range(UPDATES):
            with lock:
                seen = counter.total
                time.sleep(0)  # offers the switch, and the lock declines it
                counter.total = seen + 1

    run(work)
    return THREADS * UPDATES, counter.total


def main() -> None:
    for name, (claimed, kept) in (("wrong", wrong()), ("right", right())):
        print(f"{name}: {claimed} updates claimed, {kept} kept, {claimed - kept} lost")


if __name__ == "__main__":
    main()
