"""What all bodies of `ladder` have in common: their rows, their connections and how memory is read."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from socket import socket, socketpair
from typing import Any

from when_async.bench.model import Params

Row = tuple[int, int, int]
"""(unit, began, ended), nanoseconds of the monotonic clock; the last row is (TOP, bytes before, bytes at the top)."""

AsyncProgram = Callable[[Sequence[int]], Coroutine[Any, Any, list[Row]]]

TOP = -1


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


def connection(params: Params) -> tuple[socket | None, socket | None]:
    """The two ends of a unit's connection, its own first; None where it is to have none."""
    return socketpair() if params["connected"] else (None, None)


def open_gate(far: Sequence[socket | None]) -> None:
    """Send each unit the byte it waits for."""
    for one in far:
        if one is not None:
            one.sendall(b"x")
            one.close()
