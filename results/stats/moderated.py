"""Intervals that hold at every look, from two processes on: Student's t with a variance that knows its kind.

Few processes tell little of their own spread. What the same quantity scattered by in earlier recordings tells more, if
it is believed only as far as this run bears it out. So the variance is shrunk towards that of the recordings, times a
factor of this machine; factor and weight are both estimated from all parts of the run (Smyth, "Linear models and
empirical Bayes methods", Statistical Applications in Genetics and Molecular Biology 3, 2004). With recordings that say
nothing the weight falls to about half a process, and the interval is nearly Student's.

An interval is looked at after 2, 3, 4, 5 and 6 processes, so each look is at a level that keeps the error of all of
them at 5 % (Pocock, Biometrika 64, 1977; levels by simulation, docs/method.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import exp, inf, log, log1p
from typing import TYPE_CHECKING

from when_async.bench.model import Estimate

from ..late import late
from .estimate import Floats, finite

if TYPE_CHECKING:
    import numpy as np
    from scipy import special
else:
    np, special = late("numpy"), late("scipy.special")

LOOKS = (2, 3, 4, 5, 6)
"""After so many processes an interval is looked at."""
LEVELS = {2: 0.0142, 3: 0.0186}
"""By the first look the level of each, at which all looks up to the sixth process err in 5 % together."""
GUARD = log1p(0.15)
"""Two processes can both be off alike for all their lives, by up to so much; no interval of two is narrower."""
MOST_FREEDOM = 2.0
"""No recording counts for more than so many degrees of freedom, however well this run bears it out."""
_TAILS = (0.02, 0.98)
"""Where the errors of the recorded variances are cut off, so that a few odd parts do not rule the rest."""
FEWEST_PARTS = 10
"""From fewer parts neither factor nor weight can be estimated."""


@dataclass(frozen=True)
class Moderation:
    """How far the spread of the recordings holds here.

    `shift` is the log of the factor by which variances are larger here, `freedom` the degrees of freedom that a
    recorded variance counts for, `parts` how many parts it was estimated from.
    """

    shift: float
    freedom: float
    parts: int


@dataclass(frozen=True)
class Prior:
    """What is known of a part's variance beforehand: a value, and the degrees of freedom that it counts for.

    Of many parts at once both are arrays that broadcast against the parts.
    """

    variance: float | Floats
    freedom: float | Floats


def log_variance(values: Iterable[float]) -> float | None:
    """Log of the variance of one part over its processes; None for fewer than 2, or where all are equal."""
    data = finite(values)
    spread = float(data.var(ddof=1)) if len(data) > 1 else 0.0
    return log(spread) if spread > 0 else None


def moderation(seen: Sequence[tuple[float, float]]) -> Moderation | None:
    """Factor and weight from pairs of log variances, each of 2 processes here and of the recordings.

    None for fewer than `FEWEST_PARTS` pairs. Smyth 2004, section 6.2, with one freedom for each part and known means.
    """
    if len(seen) < FEWEST_PARTS:
        return None
    here, recorded = np.array(seen, dtype=np.float64).T
    error = here - recorded - float(special.digamma(0.5)) + log(0.5)
    error = np.clip(error, *np.quantile(error, _TAILS))
    beyond = float(error.var(ddof=1)) - float(special.polygamma(1, 0.5))
    freedom = min(MOST_FREEDOM, 2 * inverse_trigamma(beyond)) if beyond > 0 else MOST_FREEDOM
    return Moderation(float(error.mean()), freedom, len(seen))


def inverse_trigamma(value: float) -> float:
    """The x with trigamma(x) = `value`, which is above 0; Newton's steps of Smyth 2004, appendix."""
    x = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(special.polygamma(1, x))
        step = trigamma * (1 - trigamma / value) / float(special.polygamma(2, x))
        x += step
        if -step / x < 1e-8:
            break
    return x


def prior(recorded: float | Floats | None, known: Moderation | None) -> Prior | None:
    """What a recorded log variance, or one for each part, says here; None without a recording or a moderation."""
    if recorded is None or known is None:
        return None
    half = known.freedom / 2
    return Prior(np.exp(recorded + known.shift + float(special.digamma(half)) - log(half)), known.freedom)


def look(values: Floats, known: Prior | None) -> tuple[Floats, Floats, Floats]:
    """Mean of `values` with the interval of one look: (point, low, high).

    Processes are the last axis; those before it are parts, each of which gets its own interval.
    """
    n = values.shape[-1]
    freedom, spread = np.asarray(n - 1.0), values.var(axis=-1, ddof=1)
    if known is not None:
        freedom = np.asarray(known.freedom + n - 1)
        spread = (known.freedom * known.variance + (n - 1) * spread) / freedom
    half = special.stdtrit(freedom, 1 - LEVELS[_first(known)] / 2) * np.sqrt(spread / n)
    mean = values.mean(axis=-1)
    return mean, mean - half, mean + half


def _first(known: Prior | None) -> int:
    """After how many processes looking begins: two tell something only where a variance is known."""
    return 2 if known is not None else 3


def narrowed(values: Floats, known: Prior | None) -> tuple[Floats, Floats]:
    """What all looks at `values` say together, as (low, high) of each part; axes as for `look`.

    Each look narrows the interval of those before it, so that what one of them has decided stays decided. One that
    contradicts them is left out. Infinite before the first look.
    """
    low, high = np.full(values.shape[:-1], -inf), np.full(values.shape[:-1], inf)
    for n in (n for n in LOOKS if _first(known) <= n <= values.shape[-1]):
        mean, bottom, top = look(values[..., :n], known)
        if n == 2:
            bottom, top = np.minimum(bottom, mean - GUARD), np.maximum(top, mean + GUARD)
        bottom, top = np.maximum(low, bottom), np.minimum(high, top)
        fits = bottom <= top
        low, high = np.where(fits, bottom, low), np.where(fits, top, high)
    return low, high


def sequence(values: Iterable[float], known: Prior | None) -> tuple[float, float, float] | None:
    """What all looks at one part say together, its processes in order: (point, low, high).

    None before the first look, which without a `known` variance comes at 3 processes.
    """
    data = finite(values)
    low, high = (float(end) for end in narrowed(data, known))
    if low == -inf:
        return None
    return min(high, max(low, float(data.mean()))), low, high


def log_sequence(logs: Iterable[float], unit: str, known: Prior | None) -> Estimate | None:
    """An estimate from one logarithm per process, with the interval of `sequence`; None before the first look."""
    data = finite(logs)
    found = sequence(data, known)
    if found is None:
        return None
    point, low, high = (exp(x) for x in found)
    return Estimate(point, low, high, unit, len(data))


def linear_sequence(values: Iterable[float], unit: str) -> Estimate | None:
    """An estimate of what may be 0 or negative, looked at from 3 processes on; None before."""
    data = finite(values)
    found = sequence(data, None)
    if found is None:
        return None
    estimate = Estimate(*found, unit, len(data))
    return estimate if (data < 0).any() else replace(estimate, low=max(0.0, estimate.low))
