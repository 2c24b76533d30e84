"""How much memory a program holds at a moment: its own process and those below it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def resident_bytes() -> int:
    """Memory of this process and of its children; pages that several of them share count in parts. 0 if not known."""
    try:
        own = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        children = Path("/proc/thread-self/children").read_text(encoding="ascii").split()
        return int(own) * os.sysconf("SC_PAGE_SIZE") + sum(map(proportional_bytes, children))
    except (OSError, ValueError, IndexError):
        return 0


def proportional_bytes(pid: str) -> int:
    """Proportional memory of another process; 0 where it has gone."""
    with suppress(OSError), open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return 0
