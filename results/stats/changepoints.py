"""Where the level of a series changed: E-divisive with a permutation test, on the log scale.

Matteson & James, "A Nonparametric Approach for Multiple Change Point Analysis of Multivariate Data", JASA 109 (2014):
split where the energy distance between both sides is largest, believe the split if few permutations of the values do
as well, go on inside the parts. MongoDB finds changes in its benchmark history so (Daly et al., ICPE 2020), and so
does Apache Otava. It assumes no distribution, but that values without a change could have come in any order: a slow
drift breaks that and shows as a staircase.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from when_async.bench.model import Estimate

from .estimate import Floats, log_interval
from .unpaired import welch

LEAST = 3
"""Values on each side of a change: one or two wild values are no new level."""
ENOUGH = 8
"""From so many values on a step can pass the test at 5 %: of 6 values 1 order in 10 parts them as 3 and 3."""


@dataclass(frozen=True)
class ChangePoint:
    """A change of level: `index` is the place of the first value after it, `p` of the permutation test.

    `before` and `after` are the levels on both sides, up to the neighbouring changes; `ratio` is after / before with
    the interval of Welch's t test on logs. Their `n` counts values. None of them makes up for having been searched for.
    """

    index: int
    p: float
    before: Estimate
    after: Estimate
    ratio: Estimate


def change_points(
    values: Iterable[float], *, p: float = 0.05, permutations: int = 199, seed: int, unit: str = ""
) -> list[ChangePoint]:
    """The changes of level in `values`, which are above 0 and in order of time; the same seed gives the same answer.

    A series without a change gives one or more with probability `p` at most. Raises ValueError for values that are not
    finite or not above 0.
    """
    data = np.fromiter(values, dtype=np.float64)
    if not (np.isfinite(data).all() and (data > 0).all()):
        raise ValueError("change points are looked for on the log scale, which needs finite values above 0")
    found = _divide(np.log(data), p, permutations, np.random.default_rng(seed))
    edges = [0, *sorted(found), len(data)]
    parts = {first: data[first:last] for first, last in pairwise(edges)}
    return [
        ChangePoint(index, found[index], _level(parts[left], unit), _level(parts[index], unit),
                    ratio(parts[left], parts[index]))
        for left, index in pairwise(edges[:-1])
    ]  # fmt: skip


def ratio(before: Floats, after: Floats) -> Estimate:
    """After / before as a ratio of geometric means with Welch's 95 % interval; both sides hold 2 values or more."""
    point, low, high = (float(np.exp(x)) for x in welch(np.log(after), np.log(before), 0.95))
    return Estimate(point, low, high, "x", len(before) + len(after))


def _level(values: Floats, unit: str) -> Estimate:
    level = log_interval(values, unit)
    assert level is not None, f"a part has {LEAST} values or more"
    return level


def _divide(logs: Floats, p: float, permutations: int, random: np.random.Generator) -> dict[int, float]:
    """Index of each change -> its p; the parts that were found are divided again until a split is not believed."""
    apart = np.abs(logs[:, None] - logs[None, :])
    found: dict[int, float] = {}
    while True:
        parts = list(pairwise([0, *sorted(found), len(logs)]))
        best, index = _best(apart, parts)
        if index < 0:
            return found
        as_good = 0
        for _ in range(permutations):
            order = np.concatenate([first + random.permutation(last - first) for first, last in parts])
            as_good += _best(apart[np.ix_(order, order)], parts)[0] >= best * (1 - 1e-12)
            # What was drawn for the rest cannot make the split believable again.
            if (1 + as_good) / (1 + permutations) > p:
                return found
        found[index] = (1 + as_good) / (1 + permutations)


def _best(apart: Floats, parts: Sequence[tuple[int, int]]) -> tuple[float, int]:
    """The largest energy statistic of a split inside any of the parts and where it is; (-inf, -1) where none fits."""
    best, index = -np.inf, -1
    for first, last in parts:
        if last - first >= 2 * LEAST:
            value, place = best_split(apart[first:last, first:last])
            if value > best:
                best, index = value, first + place
    return best, index


def best_split(apart: Floats) -> tuple[float, int]:
    """The best split of one part from the distances between its values: its statistic, and how many are left of it.

    The right side may end before the part does (kappa in the paper), so that a level which comes and goes is seen.
    Prefix sums of the distances make it O(n^2) for all pairs of ends.
    """
    n = len(apart)
    sums = np.zeros((n + 1, n + 1))
    sums[1:, 1:] = apart.cumsum(axis=0).cumsum(axis=1)
    left = np.arange(LEAST, n - LEAST + 1)
    end = np.arange(2 * LEAST, n + 1)
    right: npt.NDArray[np.intp] = end[None, :] - left[:, None]
    within_left = sums[left, left][:, None]
    to_end = sums[np.ix_(left, end)]
    across = to_end - within_left
    within_right = sums[end, end][None, :] - 2 * to_end + within_left
    sizes = left[:, None].astype(np.float64)
    rights = np.maximum(right, LEAST).astype(np.float64)
    distance = (
        2 * across / (sizes * rights) - within_left / (sizes * (sizes - 1)) - within_right / (rights * (rights - 1))
    )
    weighed = np.where(right >= LEAST, sizes * rights / (sizes + rights) * distance, -np.inf)
    place = int(np.argmax(weighed))
    return float(weighed.flat[place]), int(left[place // len(end)])
