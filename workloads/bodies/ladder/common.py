"""What all bodies of `ladder` have in common: their rows and their connections."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from socket import socket, socketpair
from typing import Any

from when_async.bench.model import Params

Row = tuple[int, int, int]
"""(unit, began, ended), nanoseconds of the monotonic clock; the last row is (TOP, bytes before, bytes at the top)."""

AsyncProgram = Callable[[Sequence[int]], Coroutine[Any, Any, list[Row]]]

TOP = -1


def connection(params: Params) -> tuple[socket | None, socket | None]:
    """The two ends of a unit's connection, its own first; None where it is to have none."""
    return socketpair() if params["connected"] else (None, None)


def open_gate(far: Sequence[socket | None]) -> None:
    """Send each unit the byte it waits for."""
    for one in far:
        if one is not None:
            one.sendall(b"x")
            one.close()
