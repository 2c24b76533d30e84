"""What workloads report beside the common figures: reduced to one number per process, then estimated over processes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from statistics import median
from typing import TYPE_CHECKING

from when_async.bench.model import Estimate, unit_of

from ..stats.estimate import positive

if TYPE_CHECKING:
    import pandas as pd

Key = tuple[str, str]
"""Run and cell."""
_TOLD = ("run", "cell", "fork", "figures")


def figures(measured: pd.DataFrame) -> dict[Key, Mapping[str, Estimate]]:
    """By run and cell the estimate of each figure; `measured` are the analysed rounds of OK cells.

    A process is reduced to the median of its rounds. Cells without figures, or with one process, are left out.
    """
    told = measured[measured["figures"].fillna("") != ""]
    found: dict[Key, Mapping[str, Estimate]] = {}
    # A frame for each cell would take most of the time of a page of many runs.
    rounds: dict[Key, dict[str, dict[int, list[float]]]] = {}
    for run, cell, fork, text in zip(*(told[name].tolist() for name in _TOLD), strict=True):
        own = rounds.setdefault((str(run), str(cell)), {})
        for name, value in json.loads(text).items():
            if value is not None:
                own.setdefault(name, {}).setdefault(fork, []).append(float(value))
    for key, named in rounds.items():
        estimates = {name: estimated(name, [median(own) for own in forks.values()]) for name, forks in named.items()}
        known = {name: estimate for name, estimate in estimates.items() if estimate is not None}
        if known:
            found[key] = known
    return found


def estimated(name: str, values: Iterable[float]) -> Estimate | None:
    """The estimate of one figure from one value per process, in the unit that its name carries."""
    return positive(values, unit_of(name)[1])
