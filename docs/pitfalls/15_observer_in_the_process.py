"""What goes wrong: a thread of the measured process samples its memory, and its CPU time is booked as the program's.

The sampler takes turns with what it watches, under one GIL and often on one core. The program becomes slower and
costs more for being looked at. The samples suffer as well: a thread that wants the GIL from one that computes has to
wait some milliseconds for it, so they come late, and at moments that the program chose.
Cure: the sampler is a process of its own and reads from outside. What can be seen from inside only, such as the
heartbeat of a loop, stays, and is kept to the least.

What you will see: some of the CPU time is the observer's, and with a GIL its samples are few; then none of it is, and
there are more of them where a core is free.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

WORK = 120
PERIOD_S = 0.001

Figures = tuple[float, float, int, int]
"""CPU seconds booked for the work, those of other threads than the worker's, samples taken, threads alive."""


def look(pid: int) -> None:
    """One sample of a process: the sizes of its mappings, or where there is no /proc, its resident size."""
    try:
        lines = Path(f"/proc/{pid}/smaps").read_text().splitlines()
    except FileNotFoundError:
        subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], stdout=subprocess.DEVNULL, check=True)
    else:
        sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def work() -> int:
    return sum(number * number % 7 for _ in range(WORK) for number in range(20_000))


def booked() -> tuple[float, float]:
    """CPU seconds of the process and of other threads than this one, while this one works."""
    process_s, own_s = time.process_time(), time.thread_time()
    work()
    own_s = time.thread_time() - own_s
    process_s = time.process_time() - process_s
    return process_s, process_s - own_s


def wrong() -> Figures:
    """The figures with the observer in a thread."""
    samples = 0
    begun, enough = threading.Event(), threading.Event()

    def observe() -> None:
        nonlocal samples
        while not enough.wait(PERIOD_S):
            look(os.getpid())
            samples += 1
            begun.set()

    observer = threading.Thread(target=observe)
    observer.start()
    begun.wait()
    try:
        before, cpu, after = samples, booked(), samples
        return *cpu, after - before, threading.active_count()
    finally:
        enough.set()
        observer.join()


def right() -> Figures:
    """The figures with the observer in another process: this file, told whom to look at."""
    command = [sys.executable, "-I", __file__, str(os.getpid())]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as observer:
        assert observer.stdout is not None
        observer.stdout.read(1)  # it has begun
        try:
            cpu = booked()
        finally:
            observer.terminate()
        return *cpu, len(observer.stdout.read()), threading.active_count()


def observe_from_outside(pid: int) -> None:
    """Look until terminated, and write a dot for each sample."""
    while True:
        look(pid)
        print(end=".", flush=True)
        time.sleep(PERIOD_S)


def main() -> None:
    for name, (cpu_s, others_s, samples, threads) in (("wrong", wrong()), ("right", right())):
        print(
            f"{name}: {cpu_s * 1e3:.0f} ms of CPU booked, {others_s / cpu_s:.1%} of it by others than the worker, "
            f"samples: {samples}, threads: {threads}"
        )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        observe_from_outside(int(sys.argv[1]))
    else:
        main()
