"""From one number per process to an estimate with its interval.

Callers reduce every process (fork) to one number first: rounds of one process share its memory layout, hash seed
and core, so the process is the unit of replication (Kalibera & Jones, "Rigorous Benchmarking in Reasonable Time",
ISMM 2013). Few processes get Student's t interval. From `RANK_FORKS` on, the Hodges-Lehmann median with the exact
interval of the signed-rank test, read off the ordered Walsh averages, takes over: it does not assume normal errors
(Hollander & Wolfe, "Nonparametric Statistical Methods", chapter 3, estimator 3.23 and interval 3.28).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from bench.model import Estimate

Floats = npt.NDArray[np.float64]

RANK_FORKS = 6
"""From 6 values on a 95 % signed-rank interval exists: 2 / 2**6 is below 5 %, 2 / 2**5 is not."""


def log_interval(values: Iterable[float], unit: str, confidence: float = 0.95) -> Estimate | None:
    """Estimate a time, rate, size or ratio, whose errors multiply: the interval is formed on the log scale.

    `values` holds one number above 0 per fork; the point is a geometric mean (t) or the exponential of the
    Hodges-Lehmann median of the logs. None for fewer than 2 forks. Raises ValueError for a value that is 0,
    negative or not finite.
    """
    data = _finite(values)
    if (data <= 0).any():
        raise ValueError("a log interval needs values above 0; use linear_interval for differences")
    if len(data) < 2:
        return None
    point, low, high = (float(np.exp(x)) for x in _interval(np.log(data), confidence))
    return Estimate(point, low, high, unit, len(data), confidence)


def linear_interval(values: Iterable[float], unit: str, confidence: float = 0.95) -> Estimate | None:
    """Estimate a number that may be 0 or negative, such as an overhead, a stall or a difference.

    `values` holds one number per fork; None for fewer than 2. Raises ValueError for a value that is not finite.
    """
    data = _finite(values)
    if len(data) < 2:
        return None
    point, low, high = _interval(data, confidence)
    return Estimate(point, low, high, unit, len(data), confidence)


def t_interval(data: Floats, confidence: float) -> tuple[float, float, float]:
    """Mean of `data` with Student's t interval: (point, low, high)."""
    n = len(data)
    mean = float(data.mean())
    error = float(data.std(ddof=1)) / n**0.5
    half = float(stdtrit(n - 1, (1 + confidence) / 2)) * error
    return mean, mean - half, mean + half


def walsh_averages(data: Floats) -> Floats:
    """The n(n+1)/2 means of all pairs of `data`, each value with itself included, in rising order."""
    first, second = np.triu_indices(len(data))
    # Halves are added, not the sum halved, so that equal values average to exactly themselves.
    averages: Floats = np.sort(data[first] / 2 + data[second] / 2)
    return averages


def rank_interval(data: Floats, confidence: float) -> tuple[float, float, float] | None:
    """Hodges-Lehmann median of `data` with its exact, conservative interval, or None where n is too small for it."""
    averages = walsh_averages(data)
    cut = signed_rank_cut(len(data), confidence)
    if cut is None:
        return None
    return float(np.median(averages)), float(averages[cut]), float(averages[len(averages) - 1 - cut])


@lru_cache(maxsize=256)
def signed_rank_cut(n: int, confidence: float) -> int | None:
    """How many Walsh averages to leave out at each end: the largest k with P(T+ <= k) <= (1 - confidence) / 2.

    T+ is the signed-rank statistic of n values without ties. None where even k = 0 is too likely.
    """
    chances = np.ones(1)
    for rank in range(1, n + 1):
        gap = np.zeros(rank)
        chances = (np.concatenate([chances, gap]) + np.concatenate([gap, chances])) / 2
    # A tail that equals its limit in exact arithmetic must not be lost to rounding.
    limit = (1 - confidence) / 2 * (1 + 1e-12)
    cut = int(np.searchsorted(np.cumsum(chances), limit, side="right")) - 1
    return cut if cut >= 0 else None


def _interval(data: Floats, confidence: float) -> tuple[float, float, float]:
    """(point, low, high) by signed ranks where there are enough values for it, else by Student's t."""
    ranked = rank_interval(data, confidence) if len(data) >= RANK_FORKS else None
    return ranked or t_interval(data, confidence)


def _finite(values: Iterable[float]) -> Floats:
    """`values` as an array; a ValueError where one of them is no finite number."""
    data: Floats = np.fromiter(values, dtype=np.float64)
    if not np.isfinite(data).all():
        raise ValueError("an estimate needs finite values")
    return data
