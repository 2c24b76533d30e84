"""Calls back when something is due: one timer for all messages of a load, and no task or future for any of them."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from math import ceil
from typing import Any

from .alarm import Timerfd


class TimerfdTicker(Timerfd):
    """Late by some 0.1 ms and never early, where loops wait in whole milliseconds."""

    def __init__(self, loop: asyncio.AbstractEventLoop, tick: Callable[[], None]) -> None:
        self.tick = tick
        super().__init__(loop)

    def ring(self) -> None:
        with suppress(BlockingIOError):  # armed anew since the loop saw it ring
            os.read(self.fd, 8)
        self.tick()

    def close(self) -> None:
        self.loop.remove_reader(self.fd)
        os.close(self.fd)


class LoopTicker:
    """The same with the loop's own timers, where there is no timerfd."""

    name = "loop"

    def __init__(self, loop: asyncio.AbstractEventLoop, tick: Callable[[], None]) -> None:
        self.loop = loop
        self.tick = tick
        self.handle: asyncio.Handle | None = None

    def arm(self, due_ns: int) -> None:
        """Call back once `time.monotonic_ns()` has reached `due_ns`."""
        left_ms = ceil((due_ns - time.monotonic_ns()) / 1e6)
        self.handle = self.loop.call_later(max(0, left_ms) / 1e3, self.tick)

    def close(self) -> None:
        if self.handle:
            self.handle.cancel()


def kind_of_ticker() -> Any:
    """The best one that this system has."""
    return TimerfdTicker if sys.platform == "linux" else LoopTicker
