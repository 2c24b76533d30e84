"""Rounds of two cells that ran beside each other, and what they say: one number per process.

A ratio or difference is formed inside a block of the same fork, where both saw the same minute of the same machine
(method.md, R6), and a process is reduced to the median over its blocks. This is the only place where it is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from math import exp
from operator import itemgetter
from statistics import median
from typing import TYPE_CHECKING

from when_async.bench.model import Estimate, Phase, Status

from ..late import late
from ..stats.estimate import linear_interval, paired_interval
from .quantities import SUMMED, Floats, Numbers

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
else:
    np, pd = late("numpy"), late("pandas")

Key = tuple[str, str]
"""Run and cell."""
_PLACE = ("fork", "attempt", "block")
"""What two rounds of a comparison must share to be neighbours. A block that an interruption tore apart is no pair: its
halves may lie hours apart, and so the attempt is part of it."""


@dataclass(frozen=True)
class CellRounds:
    """The analysed rounds of one cell, in order of `places`, which tells equal (fork, attempt, block) of a frame.

    `values` holds by quantity the number of each round, NaN where it has none.
    """

    run: str = ""
    comparison: str = ""
    places: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    forks: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    values: Mapping[str, Floats] = field(default_factory=dict)

    def processes(self, quantity: str) -> tuple[Floats, ...]:
        """The known values of each process."""
        if quantity not in self.values:
            return ()
        known = ~np.isnan(self.values[quantity])
        return tuple(map(np.array, _by_fork(self.forks[known], self.values[quantity][known])))

    def medians(self, quantity: str) -> list[float]:
        """The median of each process."""
        return [median(own.tolist()) for own in self.processes(quantity)]


@cache
def nothing() -> CellRounds:
    """Of a cell without an analysed round."""
    return CellRounds()


def bare(frame: pd.DataFrame) -> pd.DataFrame:
    """The same rows without `attrs`, which pandas copies to the last header at every step that makes a frame."""
    return pd.DataFrame(frame)


def measured(frame: pd.DataFrame) -> pd.DataFrame:
    """The analysed rounds of OK cells, without `attrs`."""
    frame = bare(frame)
    return frame[(frame["phase"] == Phase.MEASURE) & (frame["status"] == Status.OK)]


def cell_codes(rounds: pd.DataFrame) -> tuple[npt.NDArray[np.int64], list[Key]]:
    """The number of each row's cell, in order of appearance, and the cells by their number."""
    codes: npt.NDArray[np.int64] = np.asarray(rounds.groupby(["run", "cell"], sort=False).ngroup(), dtype=np.int64)
    _, first = np.unique(codes, return_index=True)
    who = rounds[["run", "cell"]].iloc[first]
    return codes, list(zip(who["run"].tolist(), who["cell"].tolist(), strict=True))


def cell_rounds(rounds: pd.DataFrame, names: Iterable[str]) -> dict[Key, CellRounds]:
    """By run and cell the analysed `rounds` (see `measured`) with these quantities of the summary."""
    if rounds.empty:
        return {}
    cells, keys = cell_codes(rounds)
    fork, attempt, block = (rounds[name].to_numpy(dtype=np.int64) for name in _PLACE)
    places = (fork * (attempt.max() + 1) + attempt) * (block.max() + 1) + block
    order = np.lexsort((places, cells))
    numbers = Numbers(rounds)
    values = {name: SUMMED[name].of(numbers)[order] for name in names}
    cells, places, fork = cells[order], places[order], fork[order]
    starts = np.flatnonzero(np.diff(cells, prepend=-1))
    compared = rounds["comparison"].iloc[order[starts]].tolist()
    found = {}
    for key, comparison, start, end in zip(keys, compared, starts, [*starts[1:], len(cells)], strict=True):
        own = {name: column[start:end] for name, column in values.items()}
        found[key] = CellRounds(key[0], comparison, places[start:end], fork[start:end], own)
    return found


def log_ratios(over: CellRounds, under: CellRounds, quantity: str) -> list[float]:
    """log(over / under) of each process in which the two met; empty where a value has no logarithm."""
    forks, first, second = _met(over, under, quantity)
    if not ((first > 0).all() and (second > 0).all()):
        return []
    return [median(own) for own in _by_fork(forks, np.log(first) - np.log(second))]


def ratios(over: CellRounds, under: CellRounds, quantity: str) -> list[float]:
    """`over` / `under` of each process in which the two met."""
    return [exp(one) for one in log_ratios(over, under, quantity)]


def ratio(over: CellRounds, under: CellRounds, quantity: str) -> Estimate | None:
    """`over` / `under`; None where they met in fewer than 2 processes, or a value is not above 0."""
    return paired_interval(log_ratios(over, under, quantity))


def difference(first: CellRounds, second: CellRounds, quantity: str, unit: str) -> Estimate | None:
    """`first` - `second`; None where they met in fewer than 2 processes."""
    forks, one, other = _met(first, second, quantity)
    return linear_interval([median(own) for own in _by_fork(forks, one - other)], unit)


def _met(a: CellRounds, b: CellRounds, quantity: str) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
    """Fork and both values of the blocks in which both have one.

    All interpreters of a run take their turns in the same blocks, so the two may differ in theirs.
    """
    if (a.run, a.comparison) != (b.run, b.comparison) or quantity not in a.values or quantity not in b.values:
        return nothing().forks, np.empty(0), np.empty(0)
    _, at_a, at_b = np.intersect1d(a.places, b.places, assume_unique=True, return_indices=True)
    one, other = a.values[quantity][at_a], b.values[quantity][at_b]
    known = ~(np.isnan(one) | np.isnan(other))
    return a.forks[at_a][known], one[known], other[known]


def _by_fork(forks: npt.NDArray[np.int64], values: Floats) -> list[list[float]]:
    """The values of each fork; those of one fork stand together."""
    pairs = zip(forks.tolist(), values.tolist(), strict=True)
    return [[value for _, value in own] for _, own in groupby(pairs, key=itemgetter(0))]
