"""Labels for processes that lie apart from the others; nothing is ever dropped by its value (method.md, R19)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING

from ..late import late

if TYPE_CHECKING:
    import numpy as np
else:
    np = late("numpy")

MILD_FENCE, SEVERE_FENCE = 1.5, 3.0
"""Interquartile ranges beyond the quartiles (Tukey, "Exploratory Data Analysis", 1977; criterion.rs does the same)."""


class Outlier(StrEnum):
    """On which side of the others a process lies, and how far."""

    NONE = "none"
    LOW_MILD = "low mild"
    LOW_SEVERE = "low severe"
    HIGH_MILD = "high mild"
    HIGH_SEVERE = "high severe"


def label_outliers(values: Iterable[float]) -> list[Outlier]:
    """One label for each process from its one number, in order, by Tukey's fences on the log scale.

    The logarithm makes twice as slow and twice as fast equally far. Fewer than 4 processes have no quartiles to speak
    of and get no label. Raises ValueError for a value that is not finite and above 0.
    """
    data = np.fromiter(values, dtype=np.float64)
    if not np.isfinite(data).all() or (data <= 0).any():
        raise ValueError("outliers are labelled among finite values above 0")
    if len(data) < 4:
        return [Outlier.NONE] * len(data)
    logs = np.log(data)
    lower, upper = np.quantile(logs, [0.25, 0.75])
    # Where half of the values are equal the range is 0, and rounding alone would make an outlier.
    spread = max(float(upper - lower), 1e-12)
    return [_label(float((lower - x) / spread), float((x - upper) / spread)) for x in logs]


def count_outliers(labels: Iterable[Outlier]) -> dict[Outlier, int]:
    """How many processes carry each label, without those that carry none."""
    counts = Counter(labels)
    return {label: counts[label] for label in Outlier if label is not Outlier.NONE and counts[label]}


def _label(below: float, above: float) -> Outlier:
    """The label of a value that lies so many interquartile ranges below the lower or above the upper quartile."""
    for distance, mild, severe in (
        (below, Outlier.LOW_MILD, Outlier.LOW_SEVERE),
        (above, Outlier.HIGH_MILD, Outlier.HIGH_SEVERE),
    ):
        if distance > MILD_FENCE:
            return severe if distance > SEVERE_FENCE else mild
    return Outlier.NONE
