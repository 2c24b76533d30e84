"""What workloads report beside the common figures: reduced to one number per process, then estimated over processes."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pandas as pd

from bench.model import Estimate, unit_of
from results.stats.estimate import positive

Key = tuple[str, str]
"""Run and cell."""


def figures(measured: pd.DataFrame) -> dict[Key, Mapping[str, Estimate]]:
    """By run and cell the estimate of each figure; `measured` are the analysed rounds of OK cells.

    A process is reduced to the median of its rounds. Cells without figures, or with one process, are left out.
    """
    told = measured[measured["figures"].fillna("") != ""]
    found: dict[Key, Mapping[str, Estimate]] = {}
    for (run, cell), rows in told.groupby(["run", "cell"], sort=False):
        values = pd.DataFrame([json.loads(text) for text in rows["figures"]], index=rows["fork"].to_numpy())
        forks = values.astype(float).groupby(level=0).median()
        estimates = {str(name): estimated(str(name), forks[name].dropna()) for name in forks.columns}
        known = {name: estimate for name, estimate in estimates.items() if estimate is not None}
        if known:
            found[str(run), str(cell)] = known
    return found


def estimated(name: str, values: pd.Series[float]) -> Estimate | None:
    """The estimate of one figure from one value per process, in the unit that its name carries."""
    return positive(values, unit_of(name)[1])
