"""From the rounds of a pair to one number, and from pairs to what is said of a side."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np

from when_async.bench.model import Estimate, Pair

from ..stats.samples import PairedRounds
from .report import MetricResult

PERCENTILES = ("p50", "p99")


def log_ratio(pair: Pair, metric: str) -> float:
    """log(head / base) of one pair."""
    return reduce_pair(*pair.rounds[metric])


def reduce_pair(base: Sequence[float], head: Sequence[float]) -> float:
    """log(head / base) from the rounds of a pair: the median over neighbouring rounds (docs/gate.md, estimators)."""
    return PairedRounds(np.array(base), np.array(head)).median_log_ratio()


def usable(pair: Pair, metric: str) -> bool:
    """Whether a pair has this metric in every round; a clock too coarse for the round reads 0."""
    return metric in pair.rounds and all(value > 0 for side in pair.rounds[metric] for value in side)


def per_op(pairs: Sequence[Pair], metric: str, side: int) -> float | None:
    """Median seconds of base (0) or head (1): per op, or of one op where the metric is a percentile of latencies."""
    values = [median(pair.rounds[metric][side]) / (1 if metric in PERCENTILES else pair.ops) for pair in pairs]
    return median(values) if values else None


def inside(metric: MetricResult) -> bool:
    """Whether the whole interval lies within the margin, to either side."""
    ratio: Estimate | None = metric.ratio
    return ratio is not None and 1 / (1 + metric.margin) <= ratio.low and ratio.high <= 1 + metric.margin
