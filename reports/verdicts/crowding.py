"""Whether other programs had the cores that a part of a claim is about, so that its figure says nothing of it.

Two threads that gain nothing show something only where the second core was free. So a part that holds several cores
against one, or speaks of several alone, is left open where others kept a quarter of a core busy meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable

from when_async.results.cells.noise import OTHERS_LIMIT

from .lookup import Hole, Lookup

OF_SPEED = ("makespan", "throughput", "parallelism")
"""The quantities that a core more or less changes."""


def crowded(cells: Iterable[tuple[str, str]], quantity: str, proof: Lookup) -> float | None:
    """How many cores others kept busy meanwhile, where that leaves a quantity of these cells open; else None."""
    if quantity not in OF_SPEED:
        return None
    rows = [row for row in map(proof.row, cells) if not isinstance(row, Hole)]
    kinds = {row.one_core for row in rows}
    # Several against several share what is left of the cores.
    if kinds != {True, False} and not (kinds == {False} and len(rows) == 1):
        return None
    place = {row.comparison for row in rows}
    known = [row.others for row in proof.scene.rows if row.comparison in place and row.others is not None]
    busy = sum(known) / len(known) if known else 0.0
    return busy if busy >= OTHERS_LIMIT else None
