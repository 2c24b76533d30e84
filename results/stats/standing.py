"""The verdict of a comparison: how B stands to A, given a ratio with its interval and a margin that matters.

The ratio is time of A / time of B, so above 1 B is faster. Each process (pair) has been reduced to one number before
(results/stats/samples.py). What is called equivalent is so within the margin only, and 'not significant' is
never called equivalent (method.md, verdicts of the gate).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from when_async.bench.model import Estimate

from .estimate import RANK_FORKS, Floats, paired_interval, signed_rank_p
from .moderated import LEVELS, log_sequence
from .unpaired import unpaired_interval, unpaired_p

FEWEST = 3
"""From so many forks on there is a verdict: by the looks of results.stats.moderated, and from 6 on by ranks."""
MOST_FORKS = 1000
"""A comparison that would take more forks than this is not worth promising."""
PLANNED_POWER = 0.8
"""The forks that are asked for settle a comparison in 4 of 5 runs, if what was seen so far is the truth."""
_INNER = 2 / 3
"""Confidence of the narrower interval that the spread is read off: one outlying process in 6 rules the 95 % interval
but not this one, and so the forks that it asks for came out nearer to those that were needed (simulated)."""


class Outcome(StrEnum):
    """What may be said of B against A."""

    FASTER = "faster"
    """The whole interval lies above 1."""
    SLOWER = "slower"
    """The whole interval lies below 1."""
    EQUIVALENT = "equivalent"
    """The interval holds 1 and lies within the margin."""
    INCONCLUSIVE = "inconclusive"
    """None of these, or too few forks for any of them."""


class Extent(StrEnum):
    """Where the whole interval lies against the margin, [1 / (1 + margin), 1 + margin]."""

    BEYOND = "beyond the margin"
    WITHIN = "within the margin"
    OPEN = "on both sides of the margin's edge"


@dataclass(frozen=True)
class Standing:
    """How B stands to A.

    `ratio` is time of A / time of B with the unit `x` and `n` counting forks; None for fewer than 2. `margin` is the
    difference that does not matter (0.03 is 3 %) and `extent` where the interval lies against it; a difference can be
    beyond doubt and still lie within the margin. `p` is two-sided against a ratio of 1, None for fewer than 6 forks
    and where the run looked as it went.
    `forks_needed` is how many forks in all (in each run, where `paired` is false) would make it conclusive, None where
    it is or where more than `MOST_FORKS` would be needed.
    """

    ratio: Estimate | None
    verdict: Outcome
    margin: float
    extent: Extent
    p: float | None
    forks_needed: int | None
    paired: bool = True


def judge(log_ratios: Iterable[float], margin: float, confidence: float = 0.95, *, looked: bool = False) -> Standing:
    """The verdict from one log(time of A / time of B) per fork, both measured beside each other in that fork.

    `looked` says that the run looked at them as it went, so that the interval has to hold at every look. Raises
    ValueError for a margin outside (0, 1] or a value that is not finite.
    """
    values = list(log_ratios)
    p = signed_rank_p(values, 0.0, "two-sided") if len(values) >= RANK_FORKS and not looked else None
    few = len(values) >= FEWEST and (looked or len(values) < RANK_FORKS)
    ratio = log_sequence(values, "x", None) if few else paired_interval(values, confidence)
    found = ratio, paired_interval(values, _INNER)
    return _judged(*found, len(values), p, margin, paired=True)


def judge_unpaired(
    logs_a: Iterable[float], logs_b: Iterable[float], margin: float, confidence: float = 0.95
) -> Standing:
    """The verdict from one log(time) per fork of A and of B, which were measured apart from each other.

    Raises ValueError for a margin outside (0, 1] or a value that is not finite.
    """
    first, second = list(logs_a), list(logs_b)
    forks = min(len(first), len(second))
    p = unpaired_p(first, second) if forks >= RANK_FORKS else None
    # The level of one of several looks, as few processes get when they met.
    level = confidence if forks >= RANK_FORKS else 1 - LEVELS[FEWEST]
    ratio = unpaired_interval(first, second, level)
    found = ratio and replace(ratio, confidence=confidence), unpaired_interval(first, second, _INNER)
    return _judged(*found, forks, p, margin, paired=False)


def extent_of(ratio: Estimate, margin: float) -> Extent:
    """Where the whole interval of a ratio lies against the margin."""
    low, high = 1 / (1 + margin), 1 + margin
    if low <= ratio.low and ratio.high <= high:
        return Extent.WITHIN
    return Extent.BEYOND if ratio.low > high or ratio.high < low else Extent.OPEN


def forks_needed(ratio: Estimate, spread: float, margin: float) -> int | None:
    """How many forks in all would exclude 1, or fit the interval into the margin, whichever takes fewer.

    Taken for the truth are the point of `ratio` and `spread`, the standard deviation of one fork's log-ratio; wanted
    is a chance of `PLANNED_POWER`. As both are estimates the answer is good to a factor of 2 or 3. None where more
    than `MOST_FORKS` would be needed.
    """
    forks = np.arange(max(RANK_FORKS, ratio.n + 1), MOST_FORKS + 1)
    reach = float(ndtri((1 + ratio.confidence) / 2))
    # A spread of 0 would divide by 0, and any number of forks would do.
    error = max(spread, 1e-12) / np.sqrt(forks)
    effect, edge = float(np.log(ratio.point)), float(np.log1p(margin))
    tells_apart: Floats = ndtr(abs(effect) / error - reach)
    fits: Floats = ndtr((edge - effect) / error - reach) + ndtr((edge + effect) / error - reach) - 1
    enough = np.flatnonzero(np.maximum(tells_apart, fits) >= PLANNED_POWER)
    return int(forks[enough[0]]) if len(enough) else None


def spread_of(ratio: Estimate) -> float:
    """Standard deviation of one fork's log-ratio, read off the interval that was formed from all of them.

    Unlike a standard deviation it is not ruled by one outlying process (Lehmann, Ann. Math. Stat. 34, 1963).
    """
    upper = (1 + ratio.confidence) / 2
    reach = ndtri(upper) if ratio.n >= RANK_FORKS else stdtrit(ratio.n - 1, upper)
    return float(np.log(ratio.high / ratio.low) / 2 / reach * ratio.n**0.5)


def _judged(
    ratio: Estimate | None, inner: Estimate | None, forks: int, p: float | None, margin: float, *, paired: bool
) -> Standing:
    if not 0 < margin <= 1:
        raise ValueError(f"a margin lies above 0 and at 1 or below (0.03 is 3 %), got {margin}")
    if ratio is None or inner is None:
        return Standing(None, Outcome.INCONCLUSIVE, margin, Extent.OPEN, None, FEWEST, paired)
    extent = extent_of(ratio, margin)
    needed = forks_needed(ratio, spread_of(inner), margin)
    if forks < FEWEST:
        return Standing(ratio, Outcome.INCONCLUSIVE, margin, extent, p, needed, paired)
    verdict = _outcome(ratio, extent)
    return Standing(ratio, verdict, margin, extent, p, needed if verdict is Outcome.INCONCLUSIVE else None, paired)


def _outcome(ratio: Estimate, extent: Extent) -> Outcome:
    if ratio.low > 1:
        return Outcome.FASTER
    if ratio.high < 1:
        return Outcome.SLOWER
    return Outcome.EQUIVALENT if extent is Extent.WITHIN else Outcome.INCONCLUSIVE
