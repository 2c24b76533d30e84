"""Pairs of which one process is in another regime of the allocator than its twin (stats.regimes)."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from when_async.bench.model import Pair

from ..stats.regimes import unlike

TUNED = "glibc.malloc.mmap_threshold=4194304:glibc.malloc.trim_threshold=16777216"
"""Lets glibc serve blocks up to 4 MiB from its heap and keep them (docs/how-to/page-faults.md)."""


def said(cell: str, pairs: Iterable[Pair]) -> str:
    """How many pairs of a cell are of two regimes, and on which side the faults are; empty where none is."""
    known = [(pair, pair.minor_faults) for pair in pairs if pair.minor_faults is not None]
    split = [
        (pair, base, head) for pair, (base, head) in known if unlike(base, head, min(map(median, pair.rounds["wall"])))
    ]
    if not split:
        return ""
    head = sum(head > base for _, base, head in split)
    most = median(max(base, head) / max(1, pair.ops) for pair, base, head in split)
    sides = "head" if head == len(split) else "base" if not head else f"head in {head}, base in {len(split) - head}"
    return (
        f"{cell}: in {len(split)} of {len(known)} pairs one process takes page faults that its twin does not "
        f"({most:.2g} an op; {sides}): another regime of the allocator for all its life. Where it is always head, "
        f"GLIBC_TUNABLES={TUNED} tells whether that is all"
    )
