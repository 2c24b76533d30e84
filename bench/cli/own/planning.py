"""How many calls a round of a callable has, how many are in flight, and whether that ends in reasonable time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from when_async.reports import words

from ...plan import BUDGET_S
from ...trying.look import Seen
from ...trying.target import Call, Untried

ROUND_S = 0.2
MOST = 10_000
LEAST_WAIT = 0.05
"""A call waits where that takes this share of it; less is the noise of two clocks."""
LONG_WAIT, LONG_WAIT_S = 0.01, 1e-3
"""A smaller share is a wait too where it is so long."""
TICK_S = 10e-6
"""Below this the clocks of wall and CPU time say nothing of waiting."""
IN_FLIGHT = 8
"""Calls in flight where nobody says how many and the call waits."""
MOST_S = 900.0
"""The least plan of a callable may take so long."""
LONG_S = 2.0
"""A round longer than this is told of beforehand, for there will be several."""
SLOW_S = 1.0
"""Of a call longer than this two are in flight where nobody says how many, and one round of a process counts."""
ROUNDS, FORKS = 2, 3
"""The rounds that count in each process beside its warm-up round, and the processes that a verdict takes at least."""


def waits(seen: Seen) -> bool:
    """Whether a call truly waits, and does not just queue for a CPU or suffer the rounding of two clocks."""
    share = seen.waits_s / seen.seconds
    return seen.waits_s >= TICK_S and (share >= LEAST_WAIT or (share >= LONG_WAIT and seen.waits_s >= LONG_WAIT_S))


def in_flight(seen: Sequence[Seen], cores: int) -> tuple[int, ...]:
    """How many calls are in flight where nobody says it: the cores where nothing waits; of async alone one too."""
    many = IN_FLIGHT if any(map(waits, seen)) else max(2, cores)
    if max(one.seconds for one in seen) > SLOW_S:
        many = 2
    return (1, many) if all(one.awaits for one in seen) else (many,)


def ops_for(seconds: float, concurrency: int, round_s: float = ROUND_S) -> int:
    """Calls a round has one after another: an equal share for each place in flight, one at least."""
    wanted = min(MOST, round_s / max(seconds, 1e-9))
    return max(1, int(wanted) // concurrency) * concurrency


@dataclass(frozen=True)
class Shape:
    """How many calls a round has and how many are in flight, for each place of the curve; and what that takes.

    `seconds` is what one call takes, `round_s` the longest round, `least_s` the least plan of all contestants.
    """

    points: tuple[tuple[int, int], ...]
    rounds: int
    seconds: float
    round_s: float
    least_s: float


def shape(seen: Seen, ops: int | None, flights: Sequence[int], runners: Sequence[str]) -> Shape:
    """The rounds of a callable under these runners; only a plain loop makes all calls one after another."""
    points = tuple((ops or ops_for(seen.seconds, c), c) for c in flights)
    rounds_s = [
        n * seen.seconds if runner == "sync" else max(n * seen.cpu_s, -(-n // c) * seen.seconds)
        for n, c in points
        for runner in runners
    ]
    rounds = 1 if seen.seconds > SLOW_S else ROUNDS
    return Shape(points, rounds, seen.seconds, max(rounds_s), sum(rounds_s) * (1 + rounds) * FORKS)


def refuse_endless(call: Call, planned: Shape, command: str) -> None:
    """Refuse before the first round what would take a quarter of an hour at least; raises Untried."""
    if planned.least_s <= MOST_S:
        return
    each = words.scalar(planned.seconds, "s")
    minutes = planned.least_s / 60
    small = "name a function that does a smaller part of the work"
    cure = small if planned.points == ((2, 2),) else f"try {command} -n 2 -c 2, or {small}"
    raise Untried(
        f"a call of {call.short} takes {each}, so this plan would take {minutes:.0f} minutes; {cure}", usage=True
    )


def refuse_late(call: Call, planned: Shape, limit_s: float) -> None:
    """Refuse before the first round what cannot end within the limit that somebody named; raises Untried."""
    if planned.round_s <= limit_s:
        return
    raise Untried(
        f"a call of {call.short} takes {words.scalar(planned.seconds, 's')} and a round of {planned.points[0][0]} "
        f"{words.scalar(planned.round_s, 's')}, which is more than --timeout {limit_s:g}; leave that out, and the plan "
        "sets a limit that fits, or make fewer calls with -n",
        usage=True,
    )


def budget_s(planned: Shape) -> float:
    """How long the run may take: as any other that decides, or what the least plan takes where that is longer."""
    return max(BUDGET_S, 1.3 * planned.least_s)


def limit_s(planned: Shape, asked_s: float) -> float:
    """After how long a round is given up: as asked, unless the plan itself takes that long."""
    return max(asked_s, 3 * planned.round_s)
