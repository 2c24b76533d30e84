"""Holm's correction: what a p value is worth when it is the smallest of many."""

from __future__ import annotations

from collections.abc import Sequence


def holm(values: Sequence[float | None]) -> list[float | None]:
    """Adjusted p values in the order of `values`; rejecting those below alpha keeps the family-wise error below alpha.

    None is a cell without a test: it stays None and does not count in the family. Raises ValueError for a value
    outside [0, 1]. Source: Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scand. J. Stat. 1979.
    """
    known = [(p, place) for place, p in enumerate(values) if p is not None]
    if not all(0 <= p <= 1 for p, _ in known):
        raise ValueError("a p value lies between 0 and 1")
    adjusted: list[float | None] = [None] * len(values)
    largest = 0.0
    for rank, (p, place) in enumerate(sorted(known)):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        adjusted[place] = largest
    return adjusted
