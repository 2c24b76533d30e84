"""What a process used of the machine, and whether a call lets other threads run while it computes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from time import perf_counter, process_time, sleep
from typing import Any

BLOCK_S = 0.03
"""So long a thread computes when two are held against one."""
LOOKS, LOOK_S = 3, 0.005
"""So often, and so far apart, threads are counted before one is believed to be nobody's."""
LONG_S = 2.0
"""A call that takes longer is not made another dozen times to be looked at."""
COMPUTES = 0.5
"""A call that computes for less than this share of its time says too little of the GIL."""


def cpu_s() -> float:
    """CPU time that this process and its ended children have used."""
    spent = os.times()
    return process_time() + spent.children_user + spent.children_system


def queued_s(pid: int | str = "self") -> float | None:
    """How long the threads of a process, by default this one, have waited for a CPU; None where nothing tells.

    In schedstat the time on a run queue stands second, in nanoseconds (Documentation/scheduler/sched-stats.rst).
    """
    try:
        names = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return None
    known, total_ns = False, 0
    for name in names:
        try:
            with open(f"/proc/{pid}/task/{name}/schedstat", "rb") as file:
                total_ns += int(file.read().split()[1])
            known = True
        except (OSError, IndexError, ValueError):
            continue
    return total_ns / 1e9 if known else None


def native_threads() -> int:
    """How many threads of this process Python does not know of: those of BLAS, OpenMP or a codec."""
    found = 0
    for _ in range(LOOKS):
        try:
            found = len(os.listdir("/proc/self/task")) - len(threading.enumerate())
        except OSError:
            return 0
        if found <= 0:
            return 0
        # A thread that has just ended is there for a moment without Python knowing of it.
        sleep(LOOK_S)
    return found


def gil_free(invoke: Callable[[], Any], seconds: float, used_s: float) -> float | None:
    """The share of a call's computing in which another thread can run: 0 for pure Python, 1 for most of NumPy.

    Two threads make the same calls that one has made; with the lock they take twice as long. None where a call hardly
    computes, is long, uses several cores by itself, or there is one core only or none free.
    """
    if seconds > LONG_S or not COMPUTES <= used_s / max(seconds, 1e-9) <= 1.2 or (os.cpu_count() or 1) < 2:
        return None
    calls = max(1, round(BLOCK_S / max(seconds, 1e-7)))
    calls = min(calls, 100_000)

    def block() -> None:
        for _ in range(calls):
            invoke()

    queued, began = queued_s() or 0.0, perf_counter()
    # In turn, so that a machine that slows down slows both.
    takes = [(_taken_s(block, 1), _taken_s(block, 2)) for _ in range(3)]
    if ((queued_s() or 0.0) - queued) > 0.3 * (perf_counter() - began) and min(b / a for a, b in takes) > 1.8:
        # Two threads that queue for the lock do not queue for a CPU; these did, so no core was free.
        return None
    one, two = min(a for a, _ in takes), min(b for _, b in takes)
    return min(1.0, max(0.0, 2 - two / one))


def _taken_s(block: Callable[[], None], count: int) -> float:
    """How long so many threads take that each run the block."""
    threads = [threading.Thread(target=block) for _ in range(count)]
    began = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return perf_counter() - began
