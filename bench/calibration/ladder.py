"""Climbs from 10 in flight tenfold by tenfold until something stops it, and says what that was.

Whether a rung was reached is a fact and is asked of one process. What the next one will take in memory and time is
foreseen from the last two, so that no rung is begun that cannot end well.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..processes.worker import ProcessFailed, ProcessTimedOut
from .means import MIB, cause_of, explained
from .rung import LEAST_HOLD_S, Held, TooMuchMemory

FIRST = 10
STEEPER = 1.3
"""A rung is reckoned to take this much more than a straight line through the last two says."""
WORTHWHILE = 2.0
"""A rung in between is tried where it is at least so many times the last."""
LEAST_TIMEOUT_S = 120.0
"""Ten thousand threads that fight for the GIL may take tens of seconds before the last of them has begun."""
PATIENCE = 5.0
"""A rung may take so many times as long as foreseen."""


@dataclass(frozen=True)
class Stop:
    """What ended the climb: `top`, `limit`, `memory`, `budget`, `error` or `interrupted`, and the reason in words."""

    cause: str
    reason: str


@dataclass(frozen=True)
class Ladder:
    """The rungs that were reached, and what stopped the climb."""

    rungs: tuple[Held, ...]
    stop: Stop

    @property
    def reached(self) -> int:
        """The most in flight that was seen; 0 where not even the first rung was reached."""
        return self.rungs[-1].in_flight if self.rungs else 0


class Take(Protocol):
    """Holds so many in flight in a fresh process; raises ProcessFailed or ProcessTimedOut."""

    def __call__(self, in_flight: int, *, hold_s: float, timeout_s: float, most_bytes: int | None) -> Held: ...


@dataclass(frozen=True)
class Reach:
    """How far a climb may go: most in flight, seconds, what the machine gives this runner, and its free memory."""

    top: int
    budget_s: float
    most: tuple[int, str] | None
    free_bytes: Callable[[], int | None]


def climb(
    take: Take,
    reach: Reach,
    on_rung: Callable[[int], None] = lambda in_flight: None,
    clock: Callable[[], float] = time.monotonic,
) -> Ladder:
    """Climb until the top or until something stops it; never raises for what a contestant does."""
    deadline = clock() + reach.budget_s
    rungs: list[Held] = []

    def attempt(in_flight: int, room_bytes: int | None) -> Stop | None:
        on_rung(in_flight)
        timeout_s = max(1.0, min(deadline - clock(), max(LEAST_TIMEOUT_S, patience_s(rungs, in_flight))))
        try:
            rungs.append(
                take(in_flight, hold_s=hold_for(rungs, in_flight), timeout_s=timeout_s, most_bytes=room_bytes)
            )
        except (ProcessFailed, ProcessTimedOut) as error:
            return stopped(in_flight, error)
        return None

    while True:
        free = reach.free_bytes()
        room = None if free is None else free // 2
        wanted, last = plan(rungs, reach, room, deadline - clock())
        if wanted is None:
            assert last is not None
            return Ladder(tuple(rungs), last)
        failure = attempt(wanted, room)
        if failure is not None:
            between = middle(rungs[-1].in_flight, wanted) if rungs else None
            if between is not None and clock() < deadline:
                attempt(between, room)
            return Ladder(tuple(rungs), failure)
        if last is not None:
            return Ladder(tuple(rungs), last)


def plan(
    rungs: list[Held], reach: Reach, room_bytes: int | None, left_s: float
) -> tuple[int | None, Stop | None]:
    """The next rung, None where there is none; and what will stop the climb after it, None where nothing is known."""
    here = rungs[-1].in_flight if rungs else 0
    wanted = min(here * 10 or FIRST, reach.top)
    stop = Stop("top", "no more were asked for") if wanted == reach.top else None
    if here >= reach.top:
        return None, stop
    if reach.most is not None and reach.most[0] <= wanted:
        wanted, stop = reach.most[0], Stop("limit", reach.most[1])
        if here >= wanted:
            return None, stop
    for fits, narrower in (_memory(rungs, wanted, room_bytes), _time(rungs, wanted, left_s)):
        if narrower is not None:
            wanted, stop = min(wanted, fits), narrower
    if here and wanted < WORTHWHILE * here and stop is not None and stop.cause in ("memory", "budget"):
        return None, stop
    return wanted, stop


def _memory(rungs: list[Held], wanted: int, room_bytes: int | None) -> tuple[int, Stop | None]:
    """How many fit into the memory, and the stop that this means where that is fewer than wanted."""
    known = [(one.in_flight, float(one.peak_bytes)) for one in rungs if one.peak_bytes is not None]
    needed = ahead(known, wanted)
    if needed is None or room_bytes is None or needed <= room_bytes:
        return wanted, None
    free = f"half of the {mib(2 * room_bytes)} that are free"
    words = f"{number(wanted)} would take about {mib(needed)}, more than {free}"
    return within(known, room_bytes), Stop("memory", words)


def _time(rungs: list[Held], wanted: int, left_s: float) -> tuple[int, Stop | None]:
    """The same for the time."""
    known = [(one.in_flight, one.seconds) for one in rungs]
    needed = ahead(known, wanted)
    if needed is None:
        return wanted, Stop("budget", "the time for this runner was up") if left_s <= 0 else None
    if needed <= left_s:
        return wanted, None
    words = f"{number(wanted)} would take about {needed:.0f} s, and {max(0.0, left_s):.0f} s were left for this runner"
    return within(known, left_s), Stop("budget", words)


def slope(known: list[tuple[int, float]]) -> float:
    """What one more took from the last rung but one to the last."""
    (fewer, less), (more, much) = known[-2:]
    return max(0.0, (much - less) / (more - fewer))


def ahead(known: list[tuple[int, float]], wanted: int) -> float | None:
    """What a rung will take, foreseen from the last two; None as long as there are no two."""
    if len(known) < 2:
        return None
    last, value = known[-1]
    return value + STEEPER * slope(known) * (wanted - last)


def patience_s(rungs: list[Held], in_flight: int) -> float:
    """How long a rung may take before it counts as hanging."""
    if not rungs:
        return 2 * LEAST_TIMEOUT_S
    last = rungs[-1]
    straight_s = last.seconds * in_flight / last.in_flight
    return PATIENCE * (ahead([(one.in_flight, one.seconds) for one in rungs], in_flight) or straight_s)


def within(known: list[tuple[int, float]], room: float) -> int:
    """The largest round number of ops that is foreseen to fit into so much."""
    last, value = known[-1]
    each = STEEPER * slope(known)
    more = (room - value) / each if each > 0 else 0.0
    return round_down(last + max(0.0, more))


def hold_for(rungs: list[Held], in_flight: int) -> float:
    """Seconds for which an op has to be held so that all are open before the first ends."""
    if not rungs:
        return LEAST_HOLD_S
    # The spread holds the opening and the ending, each about one half, so this is twice what is needed.
    return LEAST_HOLD_S + rungs[-1].spread_s * in_flight / rungs[-1].in_flight


def stopped(in_flight: int, error: ProcessFailed | ProcessTimedOut) -> Stop:
    """What an unreached rung says of the limit that it met."""
    if isinstance(error, ProcessTimedOut):
        return Stop("budget", f"at {number(in_flight)}: {error}")
    if isinstance(error, TooMuchMemory):
        return Stop("memory", f"at {number(in_flight)}: {error}")
    return Stop(cause_of(str(error)), f"at {number(in_flight)}: {explained(str(error))}")


def middle(reached: int, failed: int) -> int | None:
    """A round number in the middle of the two on a scale of factors; None where they are too close for one."""
    found = max(round_down(math.sqrt(reached * failed)), round(WORTHWHILE * reached))
    return found if found < failed else None


def round_down(value: float) -> int:
    """With its first digit only: 31 622 gives 30 000."""
    if value < 1:
        return 0
    unit = 10 ** math.floor(math.log10(value))
    return int(value // unit * unit)


def number(value: int) -> str:
    """1 000 000 rather than 1000000."""
    return f"{value:,}".replace(",", " ")


def mib(size: float) -> str:
    return f"{number(round(size / MIB))} MiB"
