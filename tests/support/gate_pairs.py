"""Pairs that were never measured, and a taker of such pairs: chosen ratios with noise from a seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from when_async.bench.gate.pairs import Duel
from when_async.bench.model import Pair
from when_async.results.gate.deciding import Docket

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


def fill(docket: Docket, log_ratio: Callable[[str, int], float], most: int = 1000) -> Docket:
    """Give a docket what it wants, up to `most` pairs; `log_ratio` gets the series and the number within it."""
    for _ in range(most):
        wanted = docket.wants()
        if wanted is None:
            break
        series = wanted[0]
        docket.add(pair(log_ratio(series, len(docket.pairs[series])), series))
    return docket


def noisy(effect: float = 0.0, spread: float = 0.008, seed: int = 1) -> Callable[[str, int], float]:
    """A source of log-ratios around a slow-down (0.10 is 10 %)."""
    random = np.random.default_rng(seed)
    return lambda series, index: float(random.normal(math.log1p(effect), spread))


class ChosenPairs:
    """Stands in for bench.pairs.Pairs; a duel of base with itself is unchanged but for the loops put into it.

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

    def take(self, duel: Duel, series: str, index: int) -> Pair:
        control = duel.base.workload.ref == duel.head.workload.ref
        effect = 0.0 if control else self.slowdown(duel.cell)
        loops = (duel.head.extra_loops or 0) * OPS * LOOP_S / ROUND_S
        self.taken.append((duel.cell, series, index))
        noise = float(self.random.normal(0, self.spread))
        return pair(math.log1p(effect) + math.log1p(loops) + noise, series, index, cell=duel.cell)

    def close(self) -> None:
        self.closed = True


def series_of(docket: Docket) -> Sequence[Pair]:
    """Every pair that a docket was given, in one row."""
    return [each for series in docket.pairs.values() for each in series]
