"""Processes of one contestant that the allocator treats differently for all their life.

Whether the C library hands out the same memory again, or maps it anew and faults it in at every op, hangs on the
layout of a process. Its rounds then are alike among themselves and unlike those of its twins, which no number of rounds
shows.
Two processes are of two regimes where one takes TIMES as many page faults as the other, and those take SHARE of a round
at least. The rule was fixed before a case was seen; neither recording of docs/method.md has one.
"""

from __future__ import annotations

from typing import Final

FAULT_S: Final = 0.5e-6
"""What a minor fault costs at least on a virtual machine: the trap, and a page to clear."""
SHARE: Final = 0.01
TIMES: Final = 2.0


def unlike(one: float, other: float, round_s: float) -> bool:
    """Whether so many faults a round, in one process and in its twin, are of two regimes."""
    few, many = sorted((one, other))
    return many >= TIMES * few and (many - few) * FAULT_S > SHARE * round_s
