"""Rankings that base and head answer differently: time alone does not show that asyncio no longer beats threads.

Within one pass of the gate the cells of a comparison are measured one after the other, so the ratio of two runners is
formed inside a pass, on each side for itself; the intervals are formed over passes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import median

import numpy as np

from when_async.bench.model import Estimate, Pair

from ..stats.estimate import paired_interval
from .reducing import usable
from .report import Flip

MINIMUM_PASSES = 6
"""Below this no interval of the signed-rank test exists, and a ranking is not judged."""


def flips(cells: Mapping[str, tuple[str, str]], pairs: Mapping[str, Sequence[Pair]], margin: float) -> tuple[Flip, ...]:
    """Every ranking that is conclusive on one side and not answered alike on the other.

    `cells` maps a cell to its comparison and contestant, `pairs` to its first series in order. A ranking is conclusive
    where the interval of second / first lies outside the margin (0.03 is 3 %), so that two that are nearly equal
    do not change places by chance.
    """
    found = []
    comparisons: dict[str, list[str]] = {}
    for cell, (comparison, _) in cells.items():
        taken = pairs.get(cell, ())
        if len(taken) >= MINIMUM_PASSES and all(usable(pair, "wall") for pair in taken):
            comparisons.setdefault(comparison, []).append(cell)
    for comparison, members in comparisons.items():
        for first, second in combinations(members, 2):
            base = _ratio(pairs[first], pairs[second], 0)
            head = _ratio(pairs[first], pairs[second], 1)
            before, after = _winner(base, margin), _winner(head, margin)
            if before and before != after:
                names = cells[first][1], cells[second][1]
                changed = after != 0
                found.append(
                    Flip(comparison, *names, base, head, changed, _sentence(comparison, names, before, changed))
                )
    return tuple(found)


def _ratio(first: Sequence[Pair], second: Sequence[Pair], side: int) -> Estimate:
    """second / first on one side, per op, over the passes that both have."""
    logs = [
        np.log(median(b.rounds["wall"][side]) / b.ops) - np.log(median(a.rounds["wall"][side]) / a.ops)
        for a, b in zip(first, second, strict=False)
    ]
    estimate = paired_interval(logs)
    assert estimate is not None, "there are at least MINIMUM_PASSES"
    return estimate


def _winner(ratio: Estimate, margin: float) -> int:
    """1 where the first of two is faster beyond the margin, -1 where the second is, 0 where nobody can say."""
    if ratio.low > 1 + margin:
        return 1
    return -1 if ratio.high < 1 / (1 + margin) else 0


def _sentence(comparison: str, names: tuple[str, str], before: int, changed: bool) -> str:
    faster, slower = names if before > 0 else names[::-1]
    if changed:
        return f"{faster} beat {slower} in {comparison}; in head {slower} is the faster one"
    return f"{faster} beat {slower} in {comparison}; in head the two can no longer be told apart"
