"""Processes of one contestant that the allocator treats differently for all their life.

Whether the C library keeps the end of the heap, or gives it back and faults it in again at every op, hangs on the
layout of a process. Its rounds then are alike among themselves and unlike those of its twins, which no number of rounds
shows.
Two processes are of two regimes where one takes TIMES as many page faults as the other, and those take SHARE of a round
at least. The rule was fixed before a case was seen; neither recording of docs/method.md has one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from when_async.bench.model import Phase

if TYPE_CHECKING:
    import pandas as pd

FAULT_S: Final = 0.5e-6
"""What a minor fault costs at least on a virtual machine: the trap, and a page to clear."""
SHARE: Final = 0.01
TIMES: Final = 2.0


def unlike(one: float, other: float, round_s: float) -> bool:
    """Whether so many faults a round, in one process and in its twin, are of two regimes."""
    few, many = sorted((one, other))
    return many >= TIMES * few and (many - few) * FAULT_S > SHARE * round_s


def said(frame: pd.DataFrame) -> list[str]:
    """A sentence for each cell of a run whose processes are of two regimes."""
    rows = frame[(frame["phase"] == Phase.MEASURE) & frame["minor_faults"].notna() & frame["window_s"].notna()]
    if rows.empty:
        return []
    by_fork = rows.groupby([rows["cell"].astype("string"), "fork"], sort=False)
    processes = by_fork[["minor_faults", "window_s", "ops_ok"]].median()
    found = []
    for cell, own in processes.groupby(level=0, sort=False):
        least = own["minor_faults"].min()
        many = own[[unlike(least, faults, own["window_s"].min()) for faults in own["minor_faults"]]]
        if len(many):
            most = (many["minor_faults"] / many["ops_ok"]).median()
            found.append(
                f"{cell}: {len(many)} of {len(own)} processes took {most:.2g} page faults an op, and another "
                f"{least / own['ops_ok'].iloc[0]:.2g}: another regime of the allocator for all their life, and the "
                "interval holds both"
            )
    return found
