"""The rule by which the gate decides on one metric of one cell, and its replay on noise.

A value d is one process pair's log(head / base), so d > 0 says that head is slower. The rule looks several times, and
only the last look can raise an alarm; the earlier ones can only end the matter, so they cannot add false alarms:

1. after `first_look` pairs it stops unless the median exceeds half the margin (futility);
2. after `second_look` pairs it stops unless the Hodges-Lehmann estimate does, and otherwise fixes how many pairs the
   test will have, from the spread alone and never from how significant the result looks (as Stein's two-stage
   procedure does; Stein, Ann. Math. Stat. 16, 1945); at each smaller size on the way the same question is asked again;
3. with that many pairs, the exact one-sided signed-rank test of d against the margin must reject, and
   so must the same test on fresh pairs, whose number follows from their own spread.

The margin lies inside the null hypothesis and grows to two standard errors where the pairs are too noisy for the one
that was asked for. Everything here takes arrays of shape (replays, pairs), so the code that decides live is
the code that is replayed 10 000 times to tell its false-alarm rate and power.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from .estimate import signed_rank_cut

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

Z_95 = 1.959964
CHUNK = 2000
"""Replays that are worked on at once, so that the Walsh averages of all fit in memory."""


@dataclass(frozen=True)
class Rule:
    """The constants of the gate; `docs/gate.md` has the evidence they were chosen by.

    `sizes` are the numbers of pairs that the test may have. `alpha` bounds each of the two one-sided tests.
    `reach` is how many standard errors the margin must measure for the planned number of pairs to suffice: 1.96 of them
    are taken by the test, and 3.3 more see a slow-down of twice the margin in 99.9 % of cases.
    """

    first_look: int = 6
    second_look: int = 14
    sizes: tuple[int, ...] = (14, 28, 56, 112)
    alpha: float = 0.025
    reach: float = 5.3

    def __post_init__(self) -> None:
        if not 2 <= self.first_look <= self.second_look <= self.sizes[0]:
            raise ValueError("looks must come in order, the second at the latest with the smallest size")
        if list(self.sizes) != sorted(set(self.sizes)):
            raise ValueError("sizes must rise")
        if signed_rank_cut(self.sizes[0], 1 - 2 * self.alpha) is None:
            raise ValueError(f"{self.sizes[0]} pairs cannot reach p < {self.alpha}")

    @property
    def most(self) -> int:
        """Pairs of the longest test, its confirmation not included."""
        return self.sizes[-1]


DEFAULT = Rule()


@dataclass(frozen=True)
class Replayed:
    """What became of each replay: whether it alarmed, and how many pairs it took."""

    alarmed: Bools
    pairs: Ints

    @property
    def rate(self) -> float:
        """Share of the replays that alarmed."""
        return float(self.alarmed.mean())


def hodges_lehmann(d: Floats) -> tuple[Floats, Floats]:
    """Hodges-Lehmann estimate and its standard error for each row of `d` (replays, pairs).

    The standard error is read off the exact 95 % signed-rank interval, half its width over 1.96: unlike a standard
    deviation it is not ruled by one outlying process, and unlike a MAD it does not forget them.
    """
    n = d.shape[1]
    cut = signed_rank_cut(n, 0.95)
    if cut is None:
        raise ValueError(f"{n} pairs have no 95 % signed-rank interval")
    first, second = np.triu_indices(n)
    point, error = np.empty(len(d)), np.empty(len(d))
    for start in range(0, len(d), CHUNK):
        rows = d[start : start + CHUNK]
        walsh = np.sort(rows[:, first] / 2 + rows[:, second] / 2, axis=1)
        middle = walsh.shape[1] // 2
        odd = walsh.shape[1] % 2
        point[start : start + CHUNK] = walsh[:, middle] if odd else (walsh[:, middle - 1] + walsh[:, middle]) / 2
        error[start : start + CHUNK] = (walsh[:, -1 - cut] - walsh[:, cut]) / (2 * Z_95)
    return point, error


def passes_first_look(d: Floats, margin: float, rule: Rule = DEFAULT) -> Bools:
    """Which rows of `d` still may be a slow-down beyond `margin` (0.03 is 3 %) after the first look."""
    return np.asarray(np.median(d[:, : rule.first_look], axis=1) > np.log1p(margin) / 2)


def passes_look(d: Floats, margin: float, rule: Rule = DEFAULT) -> Bools:
    """Which rows of `d`, all of whose pairs are looked at, still may be a slow-down beyond `margin`."""
    point, _ = hodges_lehmann(d)
    return np.asarray(point > np.log1p(margin) / 2)


def looks_before(size: int, rule: Rule = DEFAULT) -> list[int]:
    """After how many pairs a cell that is to have `size` of them is looked at before its test."""
    return sorted({rule.second_look, *(step for step in rule.sizes if step < size)})


def planned_pairs(d: Floats, margin: float, rule: Rule = DEFAULT) -> Ints:
    """How many pairs the test of each row will have, from the spread of the pairs up to the second look."""
    _, error = hodges_lehmann(d[:, : rule.second_look])
    needed = rule.second_look * (error * rule.reach / np.log1p(margin)) ** 2
    place = np.searchsorted(np.array(rule.sizes), needed)
    sizes: Ints = np.array(rule.sizes)[np.minimum(place, len(rule.sizes) - 1)]
    return sizes


def effective_margin(d: Floats, margin: float) -> Floats:
    """The log margin used for each row: what was asked for, or two standard errors where these are more."""
    _, error = hodges_lehmann(d)
    return np.maximum(np.log1p(margin), 2 * error)


def rejects(d: Floats, margin: float, rule: Rule = DEFAULT) -> Bools:
    """Whether the one-sided signed-rank test finds each row of `d` beyond its effective margin at `rule.alpha`."""
    n = d.shape[1]
    cut = signed_rank_cut(n, 1 - 2 * rule.alpha)
    if cut is None:
        return np.zeros(len(d), dtype=np.bool_)
    shifted = d - effective_margin(d, margin)[:, None]
    return np.asarray((_ranks(np.abs(shifted)) * (shifted <= 0)).sum(axis=1) <= cut)


def _ranks(values: Floats) -> Floats:
    """Ranks within each row from 1 on, equals sharing their mean; `scipy.stats` has it and loads longer than a gate."""
    order = values.argsort(axis=1)
    ranks = order.argsort(axis=1) + 1.0
    ordered = np.take_along_axis(values, order, axis=1)
    for row in np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1)):
        _, place, counts = np.unique(values[row], return_inverse=True, return_counts=True)
        ranks[row] = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return np.asarray(ranks)


def replay(first: Floats, fresh: Floats, margin: float, rule: Rule = DEFAULT) -> Replayed:
    """Apply the whole rule to each row: `first` and `fresh` hold log-ratios, at least `rule.most` in a row.

    Raises ValueError where there are fewer.
    """
    if min(first.shape[1], fresh.shape[1]) < rule.most:
        raise ValueError(f"a replay needs {rule.most} pairs and as many fresh ones")
    count = len(first)
    alarmed = np.zeros(count, dtype=np.bool_)
    confirms = np.zeros(count, dtype=np.bool_)
    pairs = np.full(count, rule.first_look, dtype=np.int64)
    going = np.flatnonzero(passes_first_look(first, margin, rule))
    pairs[going] = rule.second_look
    sizes = planned_pairs(first[going], margin, rule)
    for size in rule.sizes:
        rows = going[sizes == size]
        for look in looks_before(size, rule):
            pairs[rows] = look
            rows = rows[passes_look(first[rows, :look], margin, rule)]
        pairs[rows] = size
        confirms[rows] = rejects(first[rows, :size], margin, rule)
    confirming = np.flatnonzero(confirms)
    sizes = planned_pairs(fresh[confirming], margin, rule)
    for size in rule.sizes:
        rows = confirming[sizes == size]
        pairs[rows] += size
        alarmed[rows] = rejects(fresh[rows, :size], margin, rule)
    return Replayed(alarmed, pairs)
