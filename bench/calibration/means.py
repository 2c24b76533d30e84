"""What the machine has left to give: free memory, and its limits on threads, processes and files, in words."""

from __future__ import annotations

import re
from pathlib import Path

from ..machine.fingerprint import ROOT, cgroup_folders, limits

MIB = 2**20


def free_bytes(root: Path = ROOT) -> int | None:
    """Memory that can still be had, the tightest control group counting; None where the system does not tell."""
    known = [_available(root), *_grants(root)]
    return min((one for one in known if one is not None), default=None)


def _available(root: Path) -> int | None:
    found = re.search(r"^MemAvailable:\s+(\d+) kB", _read(root / "proc/meminfo"), re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def _grants(root: Path) -> list[int]:
    """What each control group above us has left; a page that caches a file is given back when it is needed."""
    found = []
    for folder in cgroup_folders("memory", root):
        for most, used in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
            limit, now = _read(folder / most), _read(folder / used)
            if limit.isdigit() and now.isdigit():
                cached = re.search(r"^(?:total_)?inactive_file (\d+)", _read(folder / "memory.stat"), re.MULTILINE)
                found.append(max(0, int(limit) - int(now) + (int(cached[1]) if cached else 0)))
    return found


TASKS = ("can't start new thread", "resource temporarily unavailable", "blockingioerror")
FILES = ("too many open files",)
MEMORY = ("memoryerror", "cannot allocate memory", "sigkill")


def cause_of(words: str) -> str:
    """`limit`, `memory` or `error`: what stands behind the words with which a contestant failed."""
    low = words.lower()
    if any(sign in low for sign in (*TASKS, *FILES)):
        return "limit"
    return "memory" if any(sign in low for sign in MEMORY) else "error"


def explained(words: str, root: Path = ROOT) -> str:
    """The words of a failure, with the limits of this machine that may stand behind it."""
    low = words.lower()
    if any(sign in low for sign in TASKS):
        return f"{words}; limits here: {task_limits(root)}"
    if any(sign in low for sign in FILES):
        return f"{words}; limits here: ulimit -n {limits(root)['nofile'] or 'unlimited'}"
    return f"{words}; the memory may have run out" if "sigkill" in low else words


def task_limits(root: Path = ROOT) -> str:
    """Everything that limits how many threads or processes there can be."""
    known = limits(root)
    named = {
        "ulimit -u (RLIMIT_NPROC)": known["nproc"],
        "pids.max of the container": known["pids_max"],
        "kernel.threads-max": known["threads_max"],
        "kernel.pid_max": _whole(root / "proc/sys/kernel/pid_max"),
        "vm.max_map_count": _whole(root / "proc/sys/vm/max_map_count"),
    }
    told = [f"{name} {value}" for name, value in named.items() if value is not None]
    return ", ".join(told) or "none is known"


def _whole(path: Path) -> int | None:
    text = _read(path)
    return int(text) if text.isdigit() else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
