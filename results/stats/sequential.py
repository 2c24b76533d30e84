"""The rule by which the gate decides on one metric of one cell, and its replay on noise.

A value d is one process pair's log(head / base), so d > 0 says that head is slower. The rule looks several times. What
is plain may alarm at any look; else only the last look can, and the earlier ones can only end the matter:

1. after `first_look` pairs it stops unless the median exceeds half the margin (futility);
2. after `second_look` pairs it stops unless the Hodges-Lehmann estimate does, and otherwise fixes how many pairs the
   test will have, from the spread alone and never from how significant the result looks (as Stein's two-stage
   procedure does; Stein, Ann. Math. Stat. 16, 1945); at each smaller size on the way the same question is asked again;
3. with that many pairs, the exact one-sided signed-rank test of d against the margin must reject, and
   so must the same test on fresh pairs, whose number follows from their own spread.

Plain is a slow-down that the same test, at the same level, finds beyond `far`: three margins, and 10 % at least. It
needs 6 pairs, all beyond, and must be as plain in the fresh ones. A program at the margin itself would have to look
three times as slow as it is, in two series; the replays of docs/gate.md count how often that happens.

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
    are taken by the test, and 3.3 more see a slow-down of twice the margin in 99.9 % of cases. `far_margins` and
    `far_least` (0.1 is 10 %) say what is plain.
    """

    first_look: int = 6
    second_look: int = 14
    sizes: tuple[int, ...] = (14, 28, 56, 112)
    alpha: float = 0.025
    reach: float = 5.3
    far_margins: float = 3.0
    far_least: float = 0.10

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
    found = np.zeros(len(d), dtype=np.bool_)
    # So many pairs may fall short at most, and then by the least; the margin that is used is never below the one asked.
    short = int(((8 * cut + 1) ** 0.5 - 1) / 2)
    rows = np.flatnonzero((d <= np.log1p(margin)).sum(axis=1) <= short)
    if len(rows):
        shifted = d[rows] - effective_margin(d[rows], margin)[:, None]
        found[rows] = (_ranks(np.abs(shifted)) * (shifted <= 0)).sum(axis=1) <= cut
    return found


def steps(rule: Rule = DEFAULT) -> list[int]:
    """After how many pairs a series may be found plain."""
    return sorted({rule.first_look, rule.second_look, *rule.sizes})


def plain_at(d: Floats, margin: float, rule: Rule = DEFAULT) -> Bools:
    """Which rows of `d`, all of whose pairs are looked at, are plainly slower."""
    return rejects(d, max(rule.far_least, rule.far_margins * margin), rule)


def plain(d: Floats, margin: float, rule: Rule = DEFAULT) -> Bools:
    """Which rows of `d` were plainly slower at one of the looks that they are long enough for."""
    found = np.zeros(len(d), dtype=np.bool_)
    for look in (step for step in steps(rule) if step <= d.shape[1]):
        found |= plain_at(d[:, :look], margin, rule)
    return found


def _ranks(values: Floats) -> Floats:
    """Ranks within each row from 1 on, equals sharing their mean; `scipy.stats` has it and loads longer than a gate."""
    order = values.argsort(axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    places = np.arange(values.shape[1])
    other = ordered[:, 1:] != ordered[:, :-1]
    edge = np.ones((len(values), 1), dtype=np.bool_)
    # Replays draw from a few pairs, so nearly every row has equals: where a group of them begins, and where it ends.
    first = np.maximum.accumulate(np.where(np.hstack([edge, other]), places, 0), axis=1)
    last = np.where(np.hstack([other, edge]), places, places[-1])
    last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, (first + last) / 2 + 1, axis=1)
    return ranks


def replay(first: Floats, fresh: Floats, margin: float, rule: Rule = DEFAULT) -> Replayed:
    """Apply the whole rule to each row: `first` and `fresh` hold log-ratios, at least `rule.most` in a row.

    Raises ValueError where there are fewer.
    """
    if min(first.shape[1], fresh.shape[1]) < rule.most:
        raise ValueError(f"a replay needs {rule.most} pairs and as many fresh ones")
    seen = _Replay(first, fresh, margin, rule)
    going = seen.after(np.flatnonzero(passes_first_look(first, margin, rule)), rule.first_look)
    planned = planned_pairs(first[going], margin, rule)
    suspects = np.zeros(len(first), dtype=np.bool_)
    for size in rule.sizes:
        rows = going[planned == size]
        for look in looks_before(size, rule):
            rows = seen.after(rows, look)
            rows = rows[passes_look(first[rows, :look], margin, rule)]
        rows = seen.after(rows, size)
        suspects[rows] = rejects(first[rows, :size], margin, rule)
    seen.confirm(np.flatnonzero(suspects))
    return Replayed(seen.alarmed, seen.taken + seen.fresh_taken)


class _Replay:
    """How far each replay is."""

    def __init__(self, first: Floats, fresh: Floats, margin: float, rule: Rule) -> None:
        self.first, self.fresh, self.margin, self.rule = first, fresh, margin, rule
        self.alarmed = np.zeros(len(first), dtype=np.bool_)
        self.plain = np.zeros(len(first), dtype=np.bool_)
        self.taken = np.full(len(first), rule.first_look, dtype=np.int64)
        self.fresh_taken = np.zeros(len(first), dtype=np.int64)

    def after(self, rows: Ints, look: int) -> Ints:
        """Give these rows so many pairs; those that are plain now and at once in fresh pairs alarm and are done."""
        self.taken[rows] = look
        new = rows[~self.plain[rows]]
        new = new[plain_at(self.first[new, :look], self.margin, self.rule)]
        self.plain[new] = True
        self.fresh_taken[new] = self.rule.first_look
        self.alarmed[new] = plain_at(self.fresh[new, : self.rule.first_look], self.margin, self.rule)
        return rows[~self.alarmed[rows]]

    def confirm(self, rows: Ints) -> None:
        """Hold fresh pairs of these rows against the margin, as many as their own spread asks for."""
        planned = planned_pairs(self.fresh[rows], self.margin, self.rule)
        for size in self.rule.sizes:
            asked = rows[planned == size]
            self.fresh_taken[asked] = size
            self.alarmed[asked] = rejects(self.fresh[asked, :size], self.margin, self.rule)
            # The earliest look at which they are plain counts, so it comes last.
            for look in reversed([step for step in steps(self.rule) if self.rule.second_look <= step <= size]):
                plain = asked[self.plain[asked]]
                plain = plain[plain_at(self.fresh[plain, :look], self.margin, self.rule)]
                self.alarmed[plain], self.fresh_taken[plain] = True, look
