"""What the kernel says of the machine: quota, throttling, siblings, clock source, load; None is what it keeps quiet.

Only facts are gathered here. What they mean, and what to do about it, is said by `reports`.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..machine.fingerprint import ROOT, cgroup_folders, read

CPU = Path("sys/devices/system/cpu")


def surroundings(root: Path = ROOT, cores: Iterable[int] = ()) -> dict[str, Any]:
    """Facts that do not change while the probes run, but for the load; `cores` are those we may use."""
    usable = sorted(cores)
    return {
        "cores_usable": usable,
        "cores_online": len(cpu_list(read(root / CPU / "online") or "")) or None,
        "quota_cores": quota_cores(root),
        "governors": governors(root, usable),
        "siblings": siblings(root, usable),
        "clock_source": read(root / "sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "perf_paranoid": _whole(root / "proc/sys/kernel/perf_event_paranoid"),
        "perf_hardware": (root / "sys/bus/event_source/devices/cpu").exists(),
        "load": _load(),
    }


def governors(root: Path, cores: Iterable[int]) -> list[str]:
    """The frequency governors of these cores, each once; none where they are not visible."""
    found = (read(root / CPU / f"cpu{core}/cpufreq/scaling_governor") for core in cores)
    return sorted({one for one in found if one})


def quota_cores(root: Path = ROOT) -> float | None:
    """Cores' worth of CPU time that the control groups grant, the tightest counting; None where none limits it."""
    granted = []
    for folder in cgroup_folders("cpu", root):
        share, _, period = (read(folder / "cpu.max") or "").partition(" ")
        if not share:
            share = read(folder / "cpu.cfs_quota_us") or ""
            period = read(folder / "cpu.cfs_period_us") or ""
        # Version 2 writes `max` and version 1 a number below 0 for no limit.
        if share.isdigit() and period.isdigit() and int(period) > 0:
            granted.append(int(share) / int(period))
    return min(granted, default=None)


def siblings(root: Path, cores: Iterable[int]) -> list[list[int]] | None:
    """Groups of cores that are hyperthreads of one physical core; None where the kernel does not tell."""
    groups: list[list[int]] = []
    for core in cores:
        text = read(root / CPU / f"cpu{core}/topology/thread_siblings_list")
        if text is None:
            return None
        group = cpu_list(text)
        if group not in groups:
            groups.append(group)
    return groups or None


def cpu_list(text: str) -> list[int]:
    """`0-2,5` as [0, 1, 2, 5]; what is no such list gives an empty one."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            return []
        found += range(int(first), int(last if dash else first) + 1)
    return found


def _load() -> list[float] | None:
    with contextlib.suppress(AttributeError, OSError):
        return [round(one, 2) for one in os.getloadavg()]
    return None


def _whole(path: Path) -> int | None:
    text = read(path) or ""
    return int(text) if re.fullmatch(r"-?\d+", text) else None
