"""The cells of a run whose processes are of two regimes of the allocator (stats.regimes)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from when_async.bench.model import Phase

from ..stats.regimes import unlike

if TYPE_CHECKING:
    import pandas as pd


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
