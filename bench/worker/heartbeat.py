"""How late a loop was for its timers: each loop sets a timer in its own way, the reckoning is the same for all."""

from __future__ import annotations

import time

HEARTBEAT_S = 0.01
"""Period of the heartbeat that sees stalls; its own cost is about 0.1 % of a loop that is not idle."""


class Lateness:
    """Notes the longest time by which a loop was late for a timer of `HEARTBEAT_S`."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self.last = time.perf_counter()

    def note(self) -> None:
        """A beat has come."""
        now = time.perf_counter()
        self.longest_s = max(self.longest_s, now - self.last - HEARTBEAT_S)
        self.last = now

    def end_s(self) -> float:
        """Seconds of the longest stall, the one that is still going on included."""
        self.note()
        return max(0.0, self.longest_s)
