"""How many threads or processes this machine will give us, and which of its limits says so (method.md, R14)."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator

RESERVE = 64
"""Places left to the rest of the system when a limit is read as a budget."""

PROCESS_BYTES = 24 * 2**20
"""What one pool process is reckoned to need before it does any work."""

PROCESSES_PER_CORE = 64
"""Beyond this a pool of processes measures the scheduler and the memory, not the model."""


def thread_limit() -> tuple[int, str]:
    """The most threads that may be started, and the reason in words."""
    return min(_task_limits(), default=(1_000_000, "no limit of the machine is known"))


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def divided(concurrency: int) -> tuple[int, int]:
    """Processes and places in each that give exactly `concurrency`, as many processes as cores if that divides it."""
    processes = next(count for count in range(min(cores(), concurrency), 0, -1) if concurrency % count == 0)
    return processes, concurrency // processes


def process_limit() -> tuple[int, str]:
    """The most pool processes that are sensible here, and the reason in words."""
    limits = list(_task_limits())
    limits.append(
        (PROCESSES_PER_CORE * cores(), f"{PROCESSES_PER_CORE} processes a core on {cores()} cores is the most we start")
    )
    available = _available_bytes()
    if available is not None:
        count = max(1, available // 2 // PROCESS_BYTES)
        limits.append((count, f"half of the {available // 2**20} MiB of free memory holds {count} processes"))
    return min(limits)


def _task_limits() -> Iterator[tuple[int, str]]:
    for name, path in (
        ("pids.max of the container", _cgroup_pids()),
        ("kernel.threads-max", "/proc/sys/kernel/threads-max"),
        ("kernel.pid_max", "/proc/sys/kernel/pid_max"),
    ):
        value = _number(path)
        if value is not None:
            yield max(1, value - RESERVE), f"{name} is {value}"
    value = _number("/proc/sys/vm/max_map_count")
    if value is not None:
        # A thread's stack takes two mappings: the stack and its guard page.
        yield max(1, value // 2 - 1000), f"vm.max_map_count is {value} and a thread takes two mappings"
    soft, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    if soft != resource.RLIM_INFINITY and os.geteuid() != 0:
        yield max(1, soft - RESERVE), f"ulimit -u is {soft}"


def _cgroup_pids() -> str:
    try:
        with open("/proc/self/cgroup", encoding="ascii") as lines:
            for line in lines:
                if line.startswith("0::"):
                    return os.path.join("/sys/fs/cgroup", line[3:].strip().lstrip("/"), "pids.max")
    except OSError:
        pass
    return "/sys/fs/cgroup/pids.max"


def _number(path: str | os.PathLike[str]) -> int | None:
    try:
        with open(path, encoding="ascii") as text:
            return int(text.read())
    except (OSError, ValueError):
        return None


def _available_bytes() -> int | None:
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None
