"""What was measured, held to its invariants once, and the reducers that make one number of one pair.

The process is the unit of replication, and so is the pair of processes (method.md, R5; Kalibera & Jones, ISMM 2013).
Rounds stay inside `PairedRounds`, which no interval takes: the way out of it is a reducer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PairedRounds:
    """The rounds of one pair of live processes: `base[k]` and `head[k]` ran beside each other, in one unit.

    Raises ValueError where the sides differ in length, are empty, or hold a value that is not finite and above 0.
    """

    base: Floats
    head: Floats

    def __post_init__(self) -> None:
        for side in ("base", "head"):
            object.__setattr__(self, side, positive_rounds(getattr(self, side)))
        if len(self.base) != len(self.head):
            raise ValueError(f"paired rounds need equal counts, got {len(self.base)} and {len(self.head)}")

    def median_log_ratio(self) -> float:
        """Median over rounds of log(head / base) of neighbours: what slows both for a moment cancels (method.md, R6a).

        Above 0 where head took longer, as with every reducer here.
        """
        return float(np.median(np.log(self.head) - np.log(self.base)))

    def midmean_log_ratio(self) -> float:
        """Mean of the middle half of the log(head / base) of neighbours: steadier than the median."""
        logs = np.sort(np.log(self.head) - np.log(self.base))
        cut = len(logs) // 4
        return float(logs[cut : len(logs) - cut].mean())

    def ratio_of_medians(self) -> float:
        """Log of median(head) / median(base); that rounds are neighbours is not used."""
        return self._log_ratio(np.median)

    def lower_quartile_ratio(self) -> float:
        """Log of the ratio of the lower quartiles: hides what happens in the tail, contention among it."""
        return self._log_ratio(lambda values: float(np.quantile(values, 0.25)))

    def min_ratio(self) -> float:
        """Log of min(head) / min(base), for single-threaded CPU work only (Chen & Revels 2016)."""
        return self._log_ratio(np.min)

    def mean_ratio(self) -> float:
        """Log of mean(head) / mean(base): never gated, as one disturbed round moves it (method.md, section 2)."""
        return self._log_ratio(np.mean)

    def _log_ratio(self, reducer: Callable[[Floats], float]) -> float:
        return float(np.log(reducer(self.head)) - np.log(reducer(self.base)))


REDUCERS: Mapping[str, Callable[[PairedRounds], float]] = {
    "median_log_ratio": PairedRounds.median_log_ratio,
    "midmean_log_ratio": PairedRounds.midmean_log_ratio,
    "ratio_of_medians": PairedRounds.ratio_of_medians,
    "lower_quartile_ratio": PairedRounds.lower_quartile_ratio,
    "min_ratio": PairedRounds.min_ratio,
    "mean_ratio": PairedRounds.mean_ratio,
}
"""All ways to make one log-ratio of one pair, by name, so that they can be tried on the same recorded noise."""


def positive_rounds(values: npt.ArrayLike) -> Floats:
    """`values` as an array of its own that nobody can write to; ValueError unless all are finite and above 0."""
    data = np.array(values, dtype=np.float64)
    if data.ndim != 1 or not len(data):
        raise ValueError("a process needs a row of at least one round")
    if not np.isfinite(data).all() or (data <= 0).any():
        raise ValueError("rounds must be finite and above 0")
    data.flags.writeable = False
    return data
