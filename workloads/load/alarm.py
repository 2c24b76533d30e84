"""A wait for a server's handlers that is never early and late by about 0.1 ms.

Event loops wait in whole milliseconds: uvloop may wake 1 ms early, asyncio 1 ms late. On a delay of 10 ms that would
be a tenth of what is measured, so Linux's timerfd (nanoseconds, 0.05 ms slack) wakes the loop instead.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from heapq import heappop, heappush
from math import ceil
from typing import Any

TFD_TIMER_ABSTIME = 1


class _Timespec(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]


class _Itimerspec(ctypes.Structure):
    _fields_ = [("interval", _Timespec), ("value", _Timespec)]


class Timerfd:
    """Wakes handlers of one loop from one timer; `os.timerfd_create` does the same from Python 3.13 on."""

    name = "timerfd"

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self.settime = libc.timerfd_settime
        self.fd = libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed")
        self.spec = _Itimerspec()
        self.pointer = ctypes.byref(self.spec)
        self.loop = loop
        self.sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self.count = 0
        loop.add_reader(self.fd, self.ring)

    def wait(self, due_ns: int) -> asyncio.Future[None]:
        """A future that is done once `time.monotonic_ns()` has reached `due_ns`."""
        future = self.loop.create_future()
        self.count += 1  # settles ties, futures have no order
        entry = (due_ns, self.count, future)
        heappush(self.sleepers, entry)
        if self.sleepers[0] is entry:
            self.arm(due_ns)
        return future

    def arm(self, due_ns: int) -> None:
        """Let the descriptor become readable at `due_ns`, at once if that has passed."""
        value = self.spec.value
        value.seconds, value.nanoseconds = divmod(due_ns, 1_000_000_000)
        if self.settime(self.fd, TFD_TIMER_ABSTIME, self.pointer, None):
            raise OSError(ctypes.get_errno(), "timerfd_settime failed")

    def ring(self) -> None:
        """Wake all whose time has come and set the timer for the next."""
        with suppress(BlockingIOError):  # armed anew since the loop saw it ring
            os.read(self.fd, 8)
        sleepers, now_ns = self.sleepers, time.monotonic_ns()
        while sleepers and sleepers[0][0] <= now_ns:
            future = heappop(sleepers)[2]
            if not future.done():  # its handler was cancelled
                future.set_result(None)
        if sleepers:
            self.arm(sleepers[0][0])


class Ticker(Timerfd):
    """Calls back when something is due: one timer for all messages of a load, and no task or future for any of them."""

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


class LoopTimer:
    """The same with the loop's own timers, where there is no timerfd: up to 2 ms late, never early."""

    name = "loop"

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    async def wait(self, due_ns: int) -> None:
        """Return once `time.monotonic_ns()` has reached `due_ns`."""
        while (left_ns := due_ns - time.monotonic_ns()) > 0:
            await asyncio.sleep(ceil(left_ns / 1e6) / 1e3)


def make_alarm(loop: asyncio.AbstractEventLoop) -> Any:
    """The best alarm this system has; `await alarm.wait(due_ns)`."""
    return Timerfd(loop) if sys.platform == "linux" else LoopTimer(loop)
