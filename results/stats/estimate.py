"""From one number per process to an estimate with its interval.

Callers reduce every process (fork) to one number first: rounds of one process share its memory layout, hash seed
and core, so the process is the unit of replication (Kalibera & Jones, "Rigorous Benchmarking in Reasonable Time",
ISMM 2013). Few processes get Student's t interval. From `RANK_FORKS` on, the Hodges-Lehmann median with the exact
interval of the signed-rank test, read off the ordered Walsh averages, takes over: it does not assume normal errors
(Hollander & Wolfe, "Nonparametric Statistical Methods", chapter 3, estimator 3.23 and interval 3.28). The test itself
is `signed_rank_p`; test and interval come from one distribution and so never contradict each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from when_async.bench.model import Estimate

from ..late import late

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from scipy import special

    Floats = npt.NDArray[np.float64]
else:
    np, special, Floats = late("numpy"), late("scipy.special"), Any

Alternative = Literal["greater", "less", "two-sided"]

RANK_FORKS = 6
"""From 6 values on a 95 % signed-rank interval exists: 2 / 2**6 is below 5 %, 2 / 2**5 is not."""


def log_interval(values: Iterable[float], unit: str, confidence: float = 0.95) -> Estimate | None:
    """Estimate a time, rate, size or ratio, whose errors multiply: the interval is formed on the log scale.

    `values` holds one number above 0 per fork; the point is a geometric mean (t) or the exponential of the
    Hodges-Lehmann median of the logs. None for fewer than 2 forks. Raises ValueError for a value that is 0,
    negative or not finite.
    """
    data = finite(values)
    if (data <= 0).any():
        raise ValueError("a log interval needs values above 0; use linear_interval for differences")
    return _of_logs(np.log(data), unit, confidence)


def paired_interval(log_ratios: Iterable[float], confidence: float = 0.95) -> Estimate | None:
    """Estimate a ratio from one log-ratio per process pair (results/stats/samples.py reduces its rounds to that).

    The estimate has the unit `x`; None for fewer than 2 pairs. Raises ValueError for a value that is not finite.
    """
    return _of_logs(finite(log_ratios), "x", confidence)


def linear_interval(values: Iterable[float], unit: str, confidence: float = 0.95) -> Estimate | None:
    """Estimate a number that may be 0 or negative, such as an overhead, a stall or a difference.

    `values` holds one number per fork; None for fewer than 2. Raises ValueError for a value that is not finite.
    """
    data = finite(values)
    if len(data) < 2:
        return None
    point, low, high = _interval(data, confidence)
    return Estimate(point, low, high, unit, len(data), confidence)


def positive(values: Iterable[float], unit: str) -> Estimate | None:
    """A log interval, or a linear one where there are values that have no logarithm.

    These come from a clock or counter too coarse for the round, and from timers that fire early. Where no value is
    negative, none can be, and the linear interval ends at 0.
    """
    known = _array(values)
    known = known[~np.isnan(known)]
    if (known > 0).all():
        return log_interval(known, unit)
    estimate = linear_interval(known, unit)
    if estimate is None or (known < 0).any():
        return estimate
    return replace(estimate, low=max(0.0, estimate.low))


def share(shown: int, tried: int, confidence: float = 0.95) -> Estimate | None:
    """The share of processes that showed something, None for fewer than 2 of them.

    The interval is the exact one of Clopper and Pearson (Biometrika 26, 1934).
    """
    low, high = share_limits(shown, tried, confidence)
    return Estimate(shown / tried, low, high, "share", tried, confidence) if tried > 1 else None


def share_limits(shown: int, tried: int, confidence: float = 0.95) -> tuple[float, float]:
    """Both limits of a share; the upper one is the one-sided limit at (1 + `confidence`) / 2."""
    tail = (1 - confidence) / 2
    low = float(special.betaincinv(shown, tried - shown + 1, tail)) if shown else 0.0
    return low, float(special.betaincinv(shown + 1, tried - shown, 1 - tail)) if shown < tried else 1.0


def scaled(found: Estimate, by: Callable[[float], float], unit: str) -> Estimate:
    """An estimate in another unit or over a constant; `by` must rise."""
    return Estimate(by(found.point), by(found.low), by(found.high), unit, found.n, found.confidence)


def inverse(found: Estimate) -> Estimate:
    """1 / `found`, which is above 0."""
    return replace(found, point=1 / found.point, low=1 / found.high, high=1 / found.low)


def quotient(over: Estimate, under: Estimate) -> Estimate | None:
    """The ratio of two estimates with the widest interval that their intervals allow; None near zero."""
    if under.low <= 0 or over.low <= 0:
        return None
    return Estimate(
        point=over.point / under.point,
        low=over.low / under.high,
        high=over.high / under.low,
        unit="",
        n=min(over.n, under.n),
        confidence=min(over.confidence, under.confidence),
    )


def difference(first: Estimate, second: Estimate) -> Estimate:
    """The difference of two estimates with the widest interval that their intervals allow."""
    return Estimate(
        point=first.point - second.point,
        low=first.low - second.high,
        high=first.high - second.low,
        unit=first.unit,
        n=min(first.n, second.n),
        confidence=min(first.confidence, second.confidence),
    )


def t_interval(data: Floats, confidence: float) -> tuple[float, float, float]:
    """Mean of `data` with Student's t interval: (point, low, high)."""
    n = len(data)
    mean = float(data.mean())
    error = float(data.std(ddof=1)) / n**0.5
    half = float(special.stdtrit(n - 1, (1 + confidence) / 2)) * error
    return mean, mean - half, mean + half


def walsh_averages(data: Floats) -> Floats:
    """The n(n+1)/2 means of all pairs of `data`, each value with itself included, in rising order."""
    first, second = _pairs(len(data))
    # Halves are added, not the sum halved, so that equal values average to exactly themselves.
    halves = data / 2
    averages: Floats = halves[first] + halves[second]
    averages.sort()
    return averages


@lru_cache(maxsize=256)
def _pairs(n: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The places of both values of all pairs of n."""
    return np.triu_indices(n)


def rank_interval(data: Floats, confidence: float) -> tuple[float, float, float] | None:
    """Hodges-Lehmann median of `data` with its exact, conservative interval, or None where n is too small for it."""
    averages = walsh_averages(data)
    cut = signed_rank_cut(len(data), confidence)
    if cut is None:
        return None
    # They are in order: a library's median would take most of the time of a page.
    middle = averages[(len(averages) - 1) // 2 : len(averages) // 2 + 1].tolist()
    return sum(middle) / len(middle), float(averages[cut]), float(averages[len(averages) - 1 - cut])


@lru_cache(maxsize=256)
def signed_rank_cut(n: int, confidence: float) -> int | None:
    """How many Walsh averages to leave out at each end: the largest k with P(T+ <= k) <= (1 - confidence) / 2.

    T+ is the signed-rank statistic of n values without ties. None where even k = 0 is too likely.
    """
    # A tail that equals its limit in exact arithmetic must not be lost to rounding.
    limit = (1 - confidence) / 2 * (1 + 1e-12)
    cut = int(np.searchsorted(_signed_rank_tail(n), limit, side="right")) - 1
    return cut if cut >= 0 else None


def signed_rank_p(d: Iterable[float], shift: float, alternative: Alternative) -> float:
    """Exact p of Wilcoxon's signed-rank test that the values `d`, one per process pair, lie around `shift`.

    `greater` asks whether they lie above it. Exact for any n up to 1000; there is no normal approximation. A value
    that equals `shift`, and a tie between two on either side of it, count against the alternative, so that p is never
    too small (scipy.stats.wilcoxon drops such values, which shrinks n). Raises ValueError for an empty `d`, a value
    that is not finite or an unknown alternative.
    """
    return float(signed_rank_ps(finite(d)[np.newaxis], shift, alternative)[0])


def signed_rank_ps(rows: npt.ArrayLike, shift: float, alternative: Alternative) -> Floats:
    """`signed_rank_p` of each row of a matrix, all at once: for simulations."""
    data = np.asarray(rows, dtype=np.float64) - shift
    if data.ndim != 2 or not data.shape[1] or not np.isfinite(data).all():
        raise ValueError("a signed-rank test needs at least one value, all of them finite")
    if alternative == "greater":
        return _greater(data)
    if alternative == "less":
        return _greater(-data)
    if alternative == "two-sided":
        return np.asarray(np.minimum(1.0, 2 * np.minimum(_greater(data), _greater(-data))))
    raise ValueError(f"there is no alternative {alternative!r}; use greater, less or two-sided")


def _greater(data: Floats) -> Floats:
    """P(T+ >= what was seen) for each row; T+ counts the Walsh averages that are strictly above 0."""
    n = data.shape[1]
    # Of equal distances the positive come first and so get the lower ranks: that is what makes ties count against.
    order = np.lexsort((data <= 0, np.abs(data)), axis=-1)
    positive = np.take_along_axis(data > 0, order, axis=-1)
    statistic = (positive * np.arange(1, n + 1)).sum(axis=1)
    return np.asarray(_signed_rank_tail(n)[n * (n + 1) // 2 - statistic])


@lru_cache(maxsize=256)
def _signed_rank_tail(n: int) -> Floats:
    """P(T+ <= k) for k = 0, 1, ..., n(n+1)/2; by symmetry also P(T+ >= n(n+1)/2 - k). Added up from the rare end."""
    chances = np.ones(1)
    for rank in range(1, n + 1):
        gap = np.zeros(rank)
        chances = (np.concatenate([chances, gap]) + np.concatenate([gap, chances])) / 2
    tail: Floats = np.minimum(np.cumsum(chances), 1.0)
    tail.flags.writeable = False
    return tail


def _of_logs(logs: Floats, unit: str, confidence: float) -> Estimate | None:
    """The estimate of what `logs` are logarithms of; None for fewer than 2."""
    if len(logs) < 2:
        return None
    point, low, high = np.exp(_interval(logs, confidence)).tolist()
    return Estimate(point, low, high, unit, len(logs), confidence)


def _interval(data: Floats, confidence: float) -> tuple[float, float, float]:
    """(point, low, high) by signed ranks where there are enough values for it, else by Student's t."""
    ranked = rank_interval(data, confidence) if len(data) >= RANK_FORKS else None
    return ranked or t_interval(data, confidence)


def finite(values: Iterable[float]) -> Floats:
    """`values` as an array; a ValueError where one of them is no finite number."""
    data = _array(values)
    if not np.isfinite(data).all():
        raise ValueError("an estimate needs finite values")
    return data


def _array(values: Iterable[float]) -> Floats:
    """`values` as an array, itself where it is one: to go through that takes half of the time of an estimate."""
    return np.asarray(values if isinstance(values, np.ndarray) else list(values), dtype=np.float64)
