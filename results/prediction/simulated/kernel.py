"""What Linux makes of a wait: whole milliseconds where epoll is asked, timer slack, and the way back from deep idle.

epoll_wait takes whole milliseconds. Python rounds up, so that no wait is too short: trio hands it seconds, which are
rounded once (Python/pytime.c); asyncio rounds to milliseconds itself (`selectors.EpollSelector.select`), and of the
product that this gives the next rounding may make one more: 9 ms becomes 10, and 13 becomes 14.
A thread that sleeps asks for nanoseconds, and is woken after its timer slack of 50 us (prctl(2), PR_SET_TIMERSLACK).
"""

from __future__ import annotations

from math import ceil

MS = 1e-3
IDLE_SHARE = 0.0085
"""A core that has idled longer than a millisecond wakes later by this share of it (seen on the reference)."""


def idle_s(seconds: float) -> float:
    """By how much a core wakes later that has idled for so long."""
    return IDLE_SHARE * max(0.0, seconds - MS)


def slept_s(wait_s: float, late_s: float) -> float:
    """How long a thread is away that sleeps by itself."""
    return wait_s + late_s + idle_s(wait_s)


def epoll_s(seconds: float) -> float:
    """What epoll makes of a timeout that is rounded up once."""
    return ceil(seconds / MS - 1e-9) * MS


def selector_s(seconds: float) -> float:
    """What it makes of one that asyncio's selector has rounded before."""
    asked_s = ceil(seconds * 1e3) * 1e-3
    return ceil(ceil(asked_s * 1e9) / 1e6) * MS
