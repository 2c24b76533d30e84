"""How finely each clock counts, and what a look at it costs."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise

from . import Absent, Reading, per_turn_s, reading

BATCH = 200
"""Readings that are taken with nothing between them."""
STEPS = 1000
"""Steps after which the smallest is known well enough."""
PATIENCE_NS = 60_000_000
"""A clock that counts scheduler ticks needs some of 4 or 10 ms to show one."""

Look = Callable[[], float]


def clocks() -> Iterator[Reading]:
    """Smallest step and cost of a call of each clock that the instrument uses."""
    for name in ("perf_counter_ns", "monotonic_ns", "thread_time_ns", "process_time_ns"):
        look = getattr(time, name)
        yield from _clock(f"time.{name}", look, look, 1e-9)
    used = partial(resource.getrusage, resource.RUSAGE_SELF)
    yield from _clock("resource.getrusage", used, _used_us, 1e-6)


def _clock(name: str, look: Callable[[], object], value: Look, unit_s: float) -> Iterator[Reading]:
    """Both readings of one clock; `value` counts in units of `unit_s` seconds."""
    yield reading(name, "smallest step", lambda: smallest_step(value) * unit_s)
    yield reading(name, "cost of a call", lambda: per_turn_s(look))


def _used_us() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return round((used.ru_utime + used.ru_stime) * 1e6)


def smallest_step(look: Look) -> float:
    """The smallest rise between two readings in a row, in the clock's own unit; Absent where it never rises."""
    smallest, seen = 0.0, 0
    deadline = time.perf_counter_ns() + PATIENCE_NS
    last = look()
    while seen < STEPS and time.perf_counter_ns() < deadline:
        taken = [last, *[look() for _ in range(BATCH)]]
        rises = [later - earlier for earlier, later in pairwise(taken) if later > earlier]
        smallest = min([*rises, smallest or float("inf")]) if rises else smallest
        seen += len(rises)
        # What was done with this batch is no step of the clock.
        last = look()
    if not seen:
        raise Absent(f"it did not move within {PATIENCE_NS // 1_000_000} ms of work")
    return smallest
