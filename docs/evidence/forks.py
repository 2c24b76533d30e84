"""Runs of made-up processes whose truth is known, judged by the rule of a run that stops when it has decided.

Every part is the logarithm of a quantity in six processes; its truth is 0. Intervals move with their data, so one set
of processes serves any distance between the truth and a bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

from docs.evidence.traces import Trace
from when_async.results.stats.moderated import LOOKS, MOST_FREEDOM, Moderation, Prior, moderation, narrowed, prior

Floats = npt.NDArray[np.float64]
Law = Callable[..., Floats]
"""Values of processes about 0: of a generator, a shape, and the spread of each."""

SIGMAS = (0.003, 0.01, 0.03)
DELTAS = (0.0, 0.01, 0.02, 0.05)
"""How far the truth lies beyond the bound on whose other side it must not be declared."""
PARTS = 107
"""Parts of a run with a recorded variance, as many as the claims have."""
SCATTER = 1.5
"""As variances with so many degrees of freedom scatter, so do recorded variances about the true ones."""
OFF = 0.1
"""Share of processes that are slower for all their lives."""
TIMES, ODD = (1, 2, 3, 5, 9), 10
"""How many times as much as recorded one part in `ODD` scatters where its recording misleads."""
SOME, FAR = (0.05, 0.15), (0.15, 0.5)
"""By how much processes are off: as in the traces of the gate, and worse than that."""


@dataclass(frozen=True)
class Found:
    """The intervals of all parts of all runs after their last look, and what the runs learned of their spread."""

    low: Floats
    high: Floats
    learned: tuple[Moderation | None, ...]

    @property
    def freedom(self) -> float:
        """What a recording counted for on average."""
        return float(np.mean([one.freedom if one else 0.0 for one in self.learned]))


def normal(random: np.random.Generator, shape: tuple[int, ...], sigma: Floats | float) -> Floats:
    """Errors as textbooks have them."""
    return random.normal(0.0, 1.0, shape) * sigma


def student(random: np.random.Generator, shape: tuple[int, ...], sigma: Floats | float) -> Floats:
    """Tails of Student's t with 3 degrees of freedom."""
    return random.standard_t(3, shape) * sigma


def some_off(
    random: np.random.Generator, shape: tuple[int, ...], sigma: Floats | float, by: tuple[float, float]
) -> Floats:
    """Normal, and one process in ten is off to the same side for all its life."""
    off = (random.random(shape) < OFF) * random.uniform(*by, shape)
    return normal(random, shape, sigma) + np.log1p(off)


def resampled(random: np.random.Generator, shape: tuple[int, ...], sigma: Floats | float, residuals: Floats) -> Floats:
    """Recorded errors of pairs of the same program, in units of their spread; which side is head is a coin."""
    side = np.where(random.random((*shape[:-1], 1)) < 0.5, -1.0, 1.0)
    return random.choice(residuals, shape) * side * sigma


def residuals(traces: Mapping[str, Trace]) -> Floats:
    """All pairs of unchanged cells about their cell's median, in units of its robust spread."""
    found = []
    for trace in traces.values():
        about = trace.logs() - np.median(trace.logs())
        found.append(about / (1.4826 * np.median(np.abs(about))))
    return np.concatenate(found)


def laws(traces: Mapping[str, Trace]) -> dict[str, Law]:
    """What the errors of processes are taken to be, by name."""
    return {
        "normal": normal,
        "one in ten off by 5 to 15 %": partial(some_off, by=SOME),
        "t with 3 degrees of freedom": student,
        "one in ten off by 15 to 50 %": partial(some_off, by=FAR),
        "tails of the traces": partial(resampled, residuals=residuals(traces)),
    }


def simulate(law: Law, runs: int, random: np.random.Generator) -> Found:
    """So many runs of `PARTS` parts each, whose spreads take turns (`SIGMAS`), by the rule with recordings."""
    sigma = np.resize(SIGMAS, PARTS)
    values = law(random, (runs, PARTS, LOOKS[-1]), sigma[:, None])
    return judged(values, recordings_of(sigma, runs, random))


def misled(times: int, runs: int, random: np.random.Generator) -> tuple[list[float], float, float]:
    """Normal runs in which one part in ten scatters so many times as much as its recording has it.

    Shares of these parts told from a bound that they lie on, and from one that lies 2 % off and that they are declared
    to be beyond; the first share of the other parts; and what a recording counted for.
    """
    odd = np.arange(PARTS) % ODD == 0
    sigma = np.resize(SIGMAS, PARTS)
    values = normal(random, (runs, PARTS, LOOKS[-1]), (sigma * np.where(odd, times, 1))[:, None])
    found = judged(values, recordings_of(sigma, runs, random))
    out = (found.low > 0) | (found.high < 0)
    beyond = np.log1p(DELTAS[2])
    far = max((found.low[:, odd] > beyond).mean(), (found.high[:, odd] < -beyond).mean())
    return [float(out[:, odd].mean()), float(far)], float(out[:, ~odd].mean()), found.freedom


def recordings_of(sigma: Floats, runs: int, random: np.random.Generator) -> Floats:
    """Log variances as each run has them recorded, scattered about those of parts of this spread."""
    return np.log(np.square(sigma)) - np.log(SCATTER / random.chisquare(SCATTER, (runs, len(sigma))))


def judged(values: Floats, recorded: Floats) -> Found:
    """Intervals of `values` (run, part, process), each run learning from `recorded` (run, part) as the product does."""
    learned = [_learned(own[:, :2].var(axis=-1, ddof=1), known) for own, known in zip(values, recorded, strict=True)]
    priors = [_known(prior(one, found)) for one, found in zip(recorded, learned, strict=True)]
    variance = np.stack([np.asarray(one.variance) for one in priors])
    freedom = np.array([[one.freedom] for one in priors])
    low, high = narrowed(values, Prior(variance, freedom))
    return Found(low, high, tuple(learned))


def _learned(variances: Floats, recorded: Floats) -> Moderation | None:
    """What one run learns; two processes that agree to the last digit have no variance to learn from."""
    there = variances > 0
    return moderation(list(zip(np.log(variances[there]).tolist(), recorded[there].tolist(), strict=True)))


def _known(found: Prior | None) -> Prior:
    assert found is not None, f"a run needs more parts than that to learn from, and at most {MOST_FREEDOM}"
    return found


def without_recordings(law: Law, runs: int, random: np.random.Generator) -> Found:
    """The same by Student's t from three processes on, which is the rule for parts that no recording has."""
    sigma = np.resize(SIGMAS, PARTS)[:, None]
    low, high = narrowed(law(random, (runs, PARTS, LOOKS[-1]), sigma), None)
    return Found(low, high, ())


def wrong(found: Found, delta: float) -> Iterator[tuple[float, float]]:
    """By spread the share of parts declared above, and of those declared below, a bound at `delta` to that side."""
    for index in range(len(SIGMAS)):
        own = np.resize(np.arange(len(SIGMAS)), found.low.shape[-1]) == index
        beyond = np.log1p(delta)
        yield float((found.low[:, own] > beyond).mean()), float((found.high[:, own] < -beyond).mean())


def least_p(values: Floats, first: int) -> Floats:
    """The least p value of Student's t test against 0 at the looks from `first` processes on."""
    found = np.ones(values.shape[:-1])
    for n in (n for n in LOOKS if n >= first):
        own = values[..., :n]
        t = own.mean(axis=-1) / (own.std(axis=-1, ddof=1) / np.sqrt(n))
        found = np.minimum(found, 2 * stdtr(n - 1, -np.abs(t)))
    return found


def level(least: Floats, whole: float = 0.05) -> float:
    """The level of each look at which all of them err in `whole` together."""
    return float(np.quantile(least, whole))
