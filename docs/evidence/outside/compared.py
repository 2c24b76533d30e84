"""Hold the ratios of an outside script against ours: their direction, and whether the intervals have them both."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from when_async.bench.model import Estimate
from when_async.results.stats.estimate import paired_interval
from when_async.results.stats.unpaired import unpaired_interval

from .groups import GROUPS, RATE, Comparison, Group

AGREES, MEETS, DIFFERS = "agrees", "intervals meet", "differs"
Segment = Mapping[str, Any]
"""One turn of both sides of a group: theirs in some blocks, ours in as many processes."""


@dataclass(frozen=True)
class Held:
    """One comparison on both sides; `apart` is our ratio over theirs."""

    group: Group
    comparison: Comparison
    theirs: Estimate
    ours: Estimate
    apart: Estimate

    @property
    def directed(self) -> bool:
        return same_direction(self.theirs, self.ours)

    @property
    def word(self) -> str:
        return word(self.theirs, self.ours)


def same_direction(one: Estimate, other: Estimate) -> bool:
    """Whether both ratios lie on one side of 1, or either cannot be told from it."""
    undecided = any(each.low <= 1 <= each.high for each in (one, other))
    return undecided or (one.point > 1) == (other.point > 1)


def within(one: Estimate, other: Estimate) -> bool:
    """Whether the figure of either lies in the interval of the other."""
    return other.low <= one.point <= other.high or one.low <= other.point <= one.high


def meet(one: Estimate, other: Estimate) -> bool:
    """Whether the intervals have a value in common."""
    return max(one.low, other.low) <= min(one.high, other.high)


def word(one: Estimate, other: Estimate) -> str:
    """AGREES asks for one direction and a figure within the other's interval, MEETS for intervals that only meet."""
    if not same_direction(one, other):
        return DIFFERS
    if within(one, other):
        return AGREES
    return MEETS if meet(one, other) else DIFFERS


def logs(comparison: Comparison, segments: Iterable[Segment], side: str) -> list[float]:
    """By process, or block of processes, the log of how many times as fast the first contestant was as the second."""
    found = []
    for segment in segments:
        values: dict[int, dict[str, float]] = {}
        for reading in segment[side]:
            if comparison.quantity in reading:
                values.setdefault(reading["process"], {})[reading["contestant"]] = reading[comparison.quantity]
        for both in values.values():
            if comparison.first in both and comparison.second in both:
                ratio = math.log(both[comparison.first] / both[comparison.second])
                found.append(ratio if comparison.quantity == RATE else -ratio)
    return found


def held(group: Group, segments: Sequence[Segment]) -> list[Held]:
    """Every comparison of a group that both sides have measured in two processes or more."""
    found = []
    for comparison in group.comparisons:
        theirs, ours = (logs(comparison, segments, side) for side in ("theirs", "ours"))
        estimates = paired_interval(theirs), paired_interval(ours), unpaired_interval(ours, theirs)
        if all(estimates):
            found.append(Held(group, comparison, *estimates))  # type: ignore[arg-type]
    return found


def all_held(segments: Sequence[Segment]) -> list[Held]:
    """The same of all groups, in order."""
    return [one for group in GROUPS for one in held(group, [each for each in segments if each["group"] == group.name])]


def medians(segments: Sequence[Segment], group: str, name: str) -> list[tuple[str, float | None, float | None]]:
    """The median over processes of a reading, by contestant: theirs and ours."""
    found: dict[str, dict[str, list[float]]] = {}
    for segment in (each for each in segments if each["group"] == group):
        for side in ("theirs", "ours"):
            for reading in segment[side]:
                if name in reading:
                    found.setdefault(reading["contestant"], {}).setdefault(side, []).append(reading[name])
    return [(contestant, _middle(by.get("theirs")), _middle(by.get("ours"))) for contestant, by in found.items()]


def _middle(values: Sequence[float] | None) -> float | None:
    return sorted(values)[len(values) // 2] if values else None
