"""Sees which threads and child processes are at work in a round, from the system and not from what a runner says.

A runner counts the ops where it calls them. Whether they run there it cannot see: an op that an event loop hands to a
thread is counted on the loop (method.md, N2).
"""

from __future__ import annotations

import threading
from collections.abc import Collection

from .probes import below, usage_of

ASKING_AND_ANSWERING = 2
"""Threads that a model of one thread may have: the one that asks for a round, and the one that does the work."""

SHARE = 0.25
"""Work counts as spread when threads beside the two busiest did this part of it; a client's helper does less."""


class ActivityWatch:
    """Made before a round; asked once after it."""

    def __init__(self) -> None:
        self._threads = thread_switches()
        self._children = child_switches()

    def crowd(self, known: Collection[int | None] = (), *, children: bool = True) -> str:
        """Who shared the work, in words; empty where one thread did it, and where the system does not tell.

        Threads that are `known` by their native ids do not count, nor do processes without `children`.
        """
        after = {thread: count for thread, count in thread_switches().items() if thread not in known}
        below = child_switches() if children else {}
        threads = sharing([after[thread] - self._threads.get(thread, 0) for thread in after])
        processes = sum(count > self._children.get(child, 0) for child, count in below.items())
        told = [f"{threads} threads"] if threads > ASKING_AND_ANSWERING else []
        return " and ".join(told + ([f"{processes} other process(es)"] if processes else []))


def sharing(turns: list[int]) -> int:
    """How many shared a piece of work, given how often each slept in it; two where the others hardly had any."""
    busy = sorted((count for count in turns if count > 0), reverse=True)
    others = sum(busy[ASKING_AND_ANSWERING:])
    return len(busy) if others >= SHARE * sum(busy) else min(len(busy), ASKING_AND_ANSWERING)


def thread_switches() -> dict[int, int]:
    """How often each thread that runs Python here has gone to sleep; empty where the system has no /proc.

    An op that waits puts its thread to sleep, and so does one that has to have the GIL; a busy machine does not.
    A library's own threads run no op: uvloop, for one, looks up addresses in four of them.
    """
    found: dict[int, int] = {}
    for thread in (each.native_id for each in threading.enumerate()):
        try:
            with open(f"/proc/self/task/{thread}/status", "rb") as lines:
                found[thread or 0] = sum(int(line.split()[1]) for line in lines if line.startswith(b"voluntary"))
        except OSError:
            continue
    return found


def child_switches() -> dict[int, int]:
    """The same for the processes below this one."""
    used = {child: usage_of(child) for child in below()}
    return {child: each.switches_voluntary + each.switches_involuntary for child, each in used.items()}
