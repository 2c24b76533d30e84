"""What a round cost: CPU, context switches, memory, collections, read from inside at a price of microseconds."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bench.model import Proof, Round, Usage

try:
    import resource
except ImportError:  # not on Windows
    resource = None  # type: ignore[assignment]

RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


def usage_now() -> Usage:
    """CPU and switches of this process since its start; memory is read apart, since that costs more."""
    if resource is None:
        return Usage()
    read = resource.getrusage(resource.RUSAGE_SELF)
    return Usage(read.ru_utime, read.ru_stime, read.ru_nvcsw, read.ru_nivcsw)


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
    if pid is None and resource is not None:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT_BYTES
    return 0


def collections_now() -> int:
    """Garbage collections of all generations since the process started."""
    return sum(generation["collections"] for generation in gc.get_stats())


def difference(after: Usage, before: Usage) -> Usage:
    """CPU and switches between two readings of one process."""
    return Usage(
        cpu_user_s=max(0.0, after.cpu_user_s - before.cpu_user_s),
        cpu_system_s=max(0.0, after.cpu_system_s - before.cpu_system_s),
        switches_voluntary=after.switches_voluntary - before.switches_voluntary,
        switches_involuntary=after.switches_involuntary - before.switches_involuntary,
    )


def total(parts: list[Usage]) -> Usage:
    """The sum over processes; the sum of peaks counts shared pages once for each process."""
    return Usage(
        cpu_user_s=sum(part.cpu_user_s for part in parts),
        cpu_system_s=sum(part.cpu_system_s for part in parts),
        switches_voluntary=sum(part.switches_voluntary for part in parts),
        switches_involuntary=sum(part.switches_involuntary for part in parts),
        peak_rss_bytes=sum(part.peak_rss_bytes for part in parts),
    )


class Stopwatch:
    """Stamps one round and reads the probes just outside the stamps, where they cost the round nothing."""

    def __init__(self) -> None:
        self._before = Usage()
        self._collections = 0
        self.start_ns = 0

    def start(self) -> None:
        """Call right before the gate opens."""
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
        children: Mapping[int, Usage] | None = None,
        proof: Proof | None = None,
    ) -> Round:
        """Call when the last op is done and `end_ns` was stamped; everything else is read here."""
        used = replace(difference(usage_now(), self._before), peak_rss_bytes=peak_rss_bytes())
        collections = collections_now() - self._collections
        return Round(self.start_ns, end_ns, results, failures, used, collections, stall_max_s, children or {}, proof)


class Children:
    """Turns the cumulative usage that pool children report into what they used in a round.

    A child reports at the end of each chunk, so what it spends on sending its last result is counted in the
    next round. Children that did no work in a round add nothing but their memory.
    """

    def __init__(self, memory: Callable[[int], int] = peak_rss_bytes) -> None:
        self._seen: dict[int, Usage] = {}
        self._memory = memory

    def add(self, own: Usage, reported: Mapping[int, Usage]) -> Usage:
        """Usage of the session's own process with what the children used since they last reported."""
        spent = [difference(usage, self._seen.get(pid, Usage())) for pid, usage in reported.items()]
        self._seen.update(reported)
        held = [Usage(peak_rss_bytes=self._memory(pid)) for pid in self._seen]
        return total([own, *spent, *held])
