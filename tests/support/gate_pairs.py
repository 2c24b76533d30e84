"""Pairs that were never measured, and a taker of such pairs: chosen ratios with noise from a seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from when_async.bench.gate.pairs import Looked, PairedCell
from when_async.bench.model import Pair
from when_async.results.gate.deciding import CellTest

ROUND_S = 0.01
OPS = 20
LOOP_S = 20e-9


def pair(
    log_ratio: float = 0.0, series: str = "first", index: int = 0, *, cpu: float | None = None, **changes: Any
) -> Pair:
    """One pair with this log(head / base) in wall time and, unless said otherwise, in CPU time."""
    cpu = log_ratio if cpu is None else cpu
    known: dict[str, Any] = {
        "cell": "tiny[n=20,c=4]-sync",
        "rounds": {
            "wall": ([ROUND_S] * 4, [ROUND_S * math.exp(log_ratio)] * 4),
            "cpu": ([ROUND_S / 2] * 4, [ROUND_S / 2 * math.exp(cpu)] * 4),
        },
        "series": series,
        "index": index,
    }
    plain = {"head_first": False, "cores": (0,), "ops": OPS, "digest": "d1", "start_ns": 0, "seconds": 0.5}
    return Pair(**{**plain, **known, **changes})


def fill(cell_test: CellTest, log_ratio: Callable[[str, int], float], most: int = 1000) -> CellTest:
    """Give the test of a cell what it wants, up to `most` pairs; `log_ratio` gets the series and the number in it."""
    for _ in range(most):
        wanted = cell_test.wants()
        if wanted is None:
            break
        series = wanted[0]
        cell_test.add(pair(log_ratio(series, len(cell_test.pairs[series])), series))
    return cell_test


def noisy(effect: float = 0.0, spread: float = 0.008, seed: int = 1) -> Callable[[str, int], float]:
    """A source of log-ratios around a slow-down (0.10 is 10 %)."""
    random = np.random.default_rng(seed)
    return lambda series, index: float(random.normal(math.log1p(effect), spread))


class ChosenPairs:
    """Stands in for bench.gate.pairs.Pairs; a cell that is base on both sides is unchanged but for loops put into it.

    `slowdown` gives the effect in head by cell, or raises what a pair raises.
    """

    def __init__(
        self, slowdown: Callable[[str], float] = lambda cell: 0.0, spread: float = 0.006, seed: int = 11
    ) -> None:
        self.slowdown = slowdown
        self.spread = spread
        self.random = np.random.default_rng(seed)
        self.taken: list[tuple[str, str, int]] = []
        self.closed = False

    def __call__(self, host: object) -> ChosenPairs:
        return self

    def take(self, paired: PairedCell, series: str, index: int) -> Pair:
        control = paired.base.workload.ref == paired.head.workload.ref
        effect = 0.0 if control else self.slowdown(paired.cell)
        loops = (paired.head.extra_loops or 0) * OPS * LOOP_S / ROUND_S
        self.taken.append((paired.cell, series, index))
        noise = float(self.random.normal(0, self.spread))
        return pair(math.log1p(effect) + math.log1p(loops) + noise, series, index, cell=paired.cell)

    def look(self, paired: PairedCell) -> Looked:
        """Nothing was run, so nothing was imported."""
        return Looked({}, {})

    def close(self) -> None:
        self.closed = True


def series_of(cell_test: CellTest) -> Sequence[Pair]:
    """Every pair that the test of a cell was given, in one row."""
    return [each for series in cell_test.pairs.values() for each in series]
