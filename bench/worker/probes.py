"""What a round cost: CPU, context switches, memory, collections, read from inside at a price of microseconds."""

from __future__ import annotations

import gc
import os
import resource
import sys
import time
from dataclasses import replace
from typing import Any

from ..model import Proof, Round, Usage

RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


def usage_now() -> Usage:
    """CPU, switches and page faults of this process since its start; memory is read apart, since that costs more."""
    read = resource.getrusage(resource.RUSAGE_SELF)
    return Usage(read.ru_utime, read.ru_stime, read.ru_nvcsw, read.ru_nivcsw, page_faults=read.ru_minflt)


def peak_rss_bytes(pid: int | None = None) -> int:
    """Peak resident memory of a live process of ours, by default this one; 0 where it cannot be known.

    `ru_maxrss` will not do on Linux: it survives exec, so a worker would show its parent's peak.
    """
    try:
        with open(f"/proc/{pid or 'self'}/status", "rb") as lines:
            for line in lines:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0 if pid else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT_BYTES


def collections_now() -> int:
    """Garbage collections of all generations since the process started."""
    return sum(generation["collections"] for generation in gc.get_stats())


def difference(after: Usage, before: Usage) -> Usage:
    """What one process used between two readings."""
    # The sum is exact, its parts may be an estimate that moves from one to the other between the readings.
    spent_s = max(0.0, after.cpu_user_s + after.cpu_system_s - before.cpu_user_s - before.cpu_system_s)
    user_s = min(spent_s, max(0.0, after.cpu_user_s - before.cpu_user_s))
    counted = {name: value - vars(before)[name] for name, value in vars(after).items()}
    return Usage(**{**counted, "cpu_user_s": user_s, "cpu_system_s": spent_s - user_s})


def total(parts: list[Usage]) -> Usage:
    """The sum over processes; the sum of peaks counts shared pages once for each process."""
    return Usage(*map(sum, zip(*(vars(part).values() for part in parts), strict=True)))


def below(pid: int | None = None) -> list[int]:
    """Every process below this one (or `pid`), children of children included; empty where the system has no /proc."""
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid or 'self'}/task")
    except OSError:
        return found
    for thread in threads:
        try:
            with open(f"/proc/{pid or 'self'}/task/{thread}/children", encoding="ascii") as text:
                children = [int(child) for child in text.read().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *below(child)]
    return found


SCHED_CLOCK = 2
"""The kind of a process' CPU clock that counts time as scheduled, as clock_getcpuclockid(3) composes it."""


def usage_of(pid: int) -> Usage:
    """CPU, switches and page faults of another process since its start; zeros where it has gone or there is no /proc.

    Its CPU clock is exact to the nanosecond, where /proc counts ticks of 10 ms; the ticks only tell user from system.
    """
    try:
        cpu_s = time.clock_gettime_ns((~pid << 3) | SCHED_CLOCK) / 1e9
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as text:
            told = text.read().rpartition(")")[2].split()
        faults, user, system = int(told[7]), int(told[11]), int(told[12])
        voluntary, involuntary = _switches(pid)
    except (OSError, ValueError, AttributeError):
        return Usage()
    user_s = cpu_s * user / (user + system) if user + system else cpu_s
    return Usage(user_s, cpu_s - user_s, voluntary, involuntary, page_faults=faults)


def _switches(pid: int) -> tuple[int, int]:
    voluntary = involuntary = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{thread}/status", "rb") as lines:
                for line in lines:
                    if line.startswith(b"voluntary_ctxt"):
                        voluntary += int(line.split()[1])
                    elif line.startswith(b"nonvoluntary_ctxt"):
                        involuntary += int(line.split()[1])
        except OSError:
            continue
    return voluntary, involuntary


class Stopwatch:
    """Stamps one round and reads the probes just outside the stamps, where they cost the round nothing.

    With `children` the processes below this one are read too, for runners that have some.
    """

    def __init__(self, *, children: bool = False) -> None:
        self._children = children
        self._before = Usage()
        self._below: dict[int, Usage] = {}
        self._collections = 0
        self.start_ns = 0

    def start(self) -> None:
        """Call right before the gate opens."""
        if self._children:
            self._below = {pid: usage_of(pid) for pid in below()}
        self._collections = collections_now()
        self._before = usage_now()
        self.start_ns = time.perf_counter_ns()

    def round(
        self,
        results: list[Any],
        failures: list[tuple[int, str]],
        end_ns: int,
        *,
        stall_max_s: float | None = None,
        proof: Proof | None = None,
    ) -> Round:
        """Call when the last op is done and `end_ns` was stamped; everything else is read here."""
        used = replace(difference(usage_now(), self._before), peak_rss_bytes=peak_rss_bytes())
        collections = collections_now() - self._collections
        children = self._spent_below() if self._children else {}
        return Round(self.start_ns, end_ns, results, failures, used, collections, stall_max_s, children, proof)

    def _spent_below(self) -> dict[int, Usage]:
        """What each process below used in the round; one that ended meanwhile can no longer tell."""
        return {
            pid: replace(difference(usage_of(pid), self._below.get(pid, Usage())), peak_rss_bytes=peak_rss_bytes(pid))
            for pid in below()
        }
