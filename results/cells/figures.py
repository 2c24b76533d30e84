"""What workloads report beside the common figures: reduced to one number per process, then estimated over processes."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import TYPE_CHECKING

from when_async.bench.model import Estimate, unit_of

from ..late import late
from ..stats.estimate import positive

if TYPE_CHECKING:
    import msgspec
    import pandas as pd
else:
    msgspec = late("msgspec")

Key = tuple[str, str]
"""Run and cell."""
_TOLD = ("run", "cell", "fork", "figures")


def processes(measured: pd.DataFrame) -> dict[Key, dict[str, dict[int, float]]]:
    """By run and cell the median of each figure over the rounds of each process, by fork.

    `measured` are the analysed rounds of OK cells; cells without figures are left out.
    """
    told = measured[measured["figures"].fillna("") != ""]
    # A frame for each cell would take most of the time of a page of many runs.
    rounds: dict[Key, dict[str, dict[int, list[float]]]] = {}
    read = msgspec.json.Decoder(dict[str, float | None]).decode
    for run, cell, fork, text in zip(*(told[name].tolist() for name in _TOLD), strict=True):
        own = rounds.setdefault((str(run), str(cell)), {})
        for name, value in read(text).items():
            if value is not None:
                own.setdefault(name, {}).setdefault(int(fork), []).append(value)
    return {
        key: {name: {fork: median(own[fork]) for fork in sorted(own)} for name, own in named.items()}
        for key, named in rounds.items()
    }


def estimates(named: Mapping[str, Mapping[int, float]]) -> dict[str, Estimate]:
    """Of one cell the estimate of each figure, in the unit that its name carries; none for what one process said."""
    found = {name: positive(own.values(), unit_of(name)[1]) for name, own in named.items()}
    return {name: estimate for name, estimate in found.items() if estimate is not None}
