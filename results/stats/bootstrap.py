"""The hierarchical bootstrap: processes are drawn again, and inside each of them its rounds.

For quantities that a signed-rank interval does not serve, such as a p99 per process, or where what a few rounds leave
open about their process must widen the interval (Kalibera & Jones, ISMM 2013, do the same). The percentiles are those
of Student's t and not of the normal curve, and are corrected for bias: with 6 processes the plain percentile interval
held the truth in 87 of 100 cases, this one in 93 (Hesterberg, "What Teachers Should Know About the Bootstrap", 2015,
expanded percentiles; Efron 1981, bias correction). Where rounds scatter more than processes it is on the safe side,
because the scatter of rounds is drawn into the spread between processes twice.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from bench.model import Estimate
from results.stats.estimate import RANK_FORKS
from results.stats.samples import Floats, Processes

Reducer = Callable[[Floats], Floats]
"""Reduces the last axis of an array of rounds to one number per process."""

DRAWS = 2000
_BATCH = 1_000_000
"""Redrawn rounds held in memory at once."""


def quantile(share: float) -> Reducer:
    """The reducer that takes this quantile of the rounds of a process: 0.5 is the median, 0.99 the p99.

    The quantile of fewer rounds than 1 / (1 - share) is little more than the largest of them, and no bootstrap can
    tell how far beyond it the truth lies. Raises ValueError for a share outside [0, 1].
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a quantile lies between 0 and 1, got {share}")

    def reduce(rounds: Floats) -> Floats:
        return np.asarray(np.quantile(rounds, share, axis=-1))

    return reduce


MEDIAN = quantile(0.5)


def bootstrap_interval(
    processes: Processes,
    unit: str,
    reducer: Reducer = MEDIAN,
    *,
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate | None:
    """Estimate the geometric mean over processes of what `reducer` makes of their rounds.

    None for fewer than `RANK_FORKS` processes: redrawing 3 of them never leaves their range, which misses the truth in
    one case of four.
    """
    if len(processes) < RANK_FORKS:
        return None
    rng = np.random.default_rng(seed)
    point = float(_logs(processes, reducer).mean())
    low, high = _bounds(point, _redrawn(processes, reducer, draws, rng), len(processes), confidence)
    return _estimate(point, low, high, unit, len(processes), confidence)


def bootstrap_ratio(
    over: Processes,
    under: Processes,
    reducer: Reducer = MEDIAN,
    *,
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate | None:
    """Estimate the ratio over / under of two sets of processes that never met, in unit `x`.

    `n` of the estimate is the smaller number of processes; None where that is below `RANK_FORKS`.
    """
    fewest = min(len(over), len(under))
    if fewest < RANK_FORKS:
        return None
    rng = np.random.default_rng(seed)
    point = float(_logs(over, reducer).mean() - _logs(under, reducer).mean())
    redrawn = _redrawn(over, reducer, draws, rng) - _redrawn(under, reducer, draws, rng)
    low, high = _bounds(point, redrawn, fewest, confidence)
    return _estimate(point, low, high, "x", fewest, confidence)


def _logs(processes: Processes, reducer: Reducer) -> Floats:
    """The logarithm of what `reducer` makes of each process."""
    return processes.logs(lambda rounds: float(reducer(rounds)))


def _redrawn(processes: Processes, reducer: Reducer, draws: int, rng: np.random.Generator) -> Floats:
    """The mean log over redrawn processes, each with its rounds redrawn, `draws` times."""
    n = len(processes)
    inner = np.array([_redrawn_rounds(rounds, reducer, draws, rng) for rounds in processes.rounds])
    # A process that is drawn twice brings two different draws of its rounds.
    picked, which = rng.integers(0, n, (draws, n)), rng.integers(0, draws, (draws, n))
    return np.asarray(inner[picked, which].mean(axis=1))


def _redrawn_rounds(rounds: Floats, reducer: Reducer, draws: int, rng: np.random.Generator) -> Floats:
    """The log of what `reducer` makes of the rounds of one process, redrawn `draws` times."""
    size = len(rounds)
    step = max(1, _BATCH // size)
    parts = [
        np.log(reducer(rounds[rng.integers(0, size, (min(step, draws - start), size))]))
        for start in range(0, draws, step)
    ]
    return np.concatenate(parts)


def _bounds(point: float, redrawn: Floats, n: int, confidence: float) -> tuple[float, float]:
    """Expanded and bias-corrected percentiles of what was redrawn around `point`."""
    reach = float(stdtrit(n - 1, (1 + confidence) / 2)) * (n / (n - 1)) ** 0.5
    # Values that differ from the point by rounding alone are no bias.
    near = np.isclose(redrawn, point, rtol=0, atol=1e-12)
    below = float((np.where(near, 0.5, redrawn < point)).mean())
    share = min(max(below, 1 / len(redrawn)), 1 - 1 / len(redrawn))
    bias = 2 * float(ndtri(share))
    low, high = np.quantile(redrawn, [float(ndtr(bias - reach)), float(ndtr(bias + reach))])
    return float(low), float(high)


def _estimate(point: float, low: float, high: float, unit: str, n: int, confidence: float) -> Estimate:
    """Back from logarithms; a reducer that is pulled to one side by redrawing must not push the point outside."""
    point, low, high = (float(np.exp(x)) for x in (point, min(low, point), max(high, point)))
    return Estimate(point, low, high, unit, n, confidence)
