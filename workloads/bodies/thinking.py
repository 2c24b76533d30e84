"""CPU work for the workloads that also wait: so much of it by amount (`churn`), or by the thread's own clock (`think`).

An amount takes longer on a slower core or interpreter and must give the same number everywhere; it is what real code
does. CPU time is the same on every machine, so that bounds which contain it are arithmetic.
"""

from __future__ import annotations

import time

FACTOR, MODULUS = 48_271, 2_147_483_647
"""The minimal standard generator of Park and Miller: one multiplication and one remainder a turn, never 0."""

TURNS_PER_S = 11_000_000
"""Turns that make one nominal second, so that it is one of `grid_search` too: measured beside it, to about 20 %."""

SLICE = 50
"""Turns between two readings of the CPU clock: some 5 us, because a reading is a system call and takes about 1 us."""


def turns_of(cpu_s: float) -> int:
    """How many turns a nominal length has; no clock is asked."""
    return round(cpu_s * TURNS_PER_S)


def churn(value: int, turns: int) -> int:
    """Turn the generator on from `value`, in plain Python."""
    for _ in range(turns):
        value = value * FACTOR % MODULUS
    return value


def churned(value: int, turns: int) -> int:
    """Where `churn` must arrive, found in a few steps and not turn by turn: for an oracle."""
    return value * pow(FACTOR, turns, MODULUS) % MODULUS


def think(cpu_ns: int) -> int:
    """Use at least so much CPU of the calling thread; returns how much it was, in nanoseconds.

    Threads that share a core or a GIL do not think at the same time, though their wall clocks run on.
    """
    clock = time.thread_time_ns
    start = clock()
    value = 1
    while (used := clock() - start) < cpu_ns:
        value = churn(value, SLICE)
    return used
