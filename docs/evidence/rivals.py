"""Other gates, as functions of recorded rounds: whether each of many comparisons would have alarmed.

All take `base` and `head` of shape (decisions, processes, rounds): base's rounds come from the base processes of some
pairs and head's from the head processes of the pairs that follow, as when one program is run after the other. That is
kinder than their usual use, where the rounds of one side come from another hour or another machine.
Their rules are as their sources have them: pytest-benchmark 5.3 (`--benchmark-compare-fail`, one side's statistic over
all its rounds against a threshold), pyperf 2.10 (`compare_to`: a pooled two-sample t-test over all values at 95 %).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.stats import mannwhitneyu, t

from docs.evidence.traces import Floats

Bools = np.ndarray
PYPERF_VALUES = 3
"""Values that pyperf takes in each process by default; each is the mean of some rounds."""


def _pooled(rounds: Floats) -> Floats:
    return rounds.reshape(len(rounds), -1)


def compare_fail(statistic: Callable[..., Floats], threshold: float) -> Callable[[Floats, Floats], Bools]:
    """`--benchmark-compare-fail=mean:5%`: the statistic of head against that of base."""

    def alarms(base: Floats, head: Floats) -> Bools:
        return np.asarray(statistic(_pooled(head), axis=1) > (1 + threshold) * statistic(_pooled(base), axis=1))

    return alarms


def pyperf_compare(base: Floats, head: Floats) -> Bools:
    """`pyperf compare_to`: slower, and the t-test over all values of all processes calls it significant."""
    a, b = _values(base), _values(head)
    n, m = a.shape[1], b.shape[1]
    pooled = ((n - 1) * a.var(axis=1, ddof=1) + (m - 1) * b.var(axis=1, ddof=1)) / (n + m - 2)
    score = (b.mean(axis=1) - a.mean(axis=1)) / np.sqrt(pooled * (1 / n + 1 / m))
    return np.asarray(score > t.ppf(0.975, n + m - 2))


def _values(rounds: Floats) -> Floats:
    """Each process's rounds as PYPERF_VALUES means."""
    usable = rounds.shape[2] // PYPERF_VALUES * PYPERF_VALUES
    parts = rounds[:, :, :usable].reshape(len(rounds), rounds.shape[1], PYPERF_VALUES, -1)
    return _pooled(parts.mean(axis=3))


def mann_whitney(base: Floats, head: Floats) -> Bools:
    """Mann-Whitney on all rounds, as if they were independent, one-sided at 5 %."""
    return np.asarray(mannwhitneyu(_pooled(head), _pooled(base), axis=1, alternative="greater").pvalue < 0.05)


RIVALS: Mapping[str, Callable[[Floats, Floats], Bools]] = {
    "pytest-benchmark `mean:5%`": compare_fail(np.mean, 0.05),
    "pytest-benchmark `min:5%`": compare_fail(np.min, 0.05),
    "pyperf `compare_to`": pyperf_compare,
    "Mann-Whitney on pooled rounds": mann_whitney,
}
