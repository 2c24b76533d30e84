"""Every quantity that is said of a cell: how a round comes to it, and how rounds and forks are reduced.

What stands in a column as it is was declared on its field (bench/model/measured.py) and follows from there; here is
only what is computed from several columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from when_async.bench.model import Estimate, Sample, Trial

from ..columns import quantities
from ..late import late
from ..stats.estimate import linear_interval, positive

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]
else:
    np, pd, Floats = late("numpy"), late("pandas"), Any

Forks = Mapping[str, "Floats"]
"""By quantity one number per process of a cell."""

OVER_FORKS: Mapping[str, Callable[[Floats, str], Estimate | None]] = {
    "positive": positive,
    "linear": lambda values, unit: linear_interval(values[~np.isnan(values)], unit),
}
"""How an estimate is made of one number per fork, NaN where a fork has none, and the unit."""


class Numbers:
    """The columns of a frame as numbers, NaN for NA; each is turned into them once."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        self._known: dict[str, Floats] = {}

    def __getitem__(self, column: str) -> Floats:
        if column not in self._known:
            self._known[column] = self._frame[column].to_numpy(dtype=np.float64, na_value=np.nan)
        return self._known[column]


class Summed(NamedTuple):
    """A quantity of each round, and how it is reduced; no estimate is made where `over_forks` is empty."""

    unit: str
    of: Callable[[Numbers], Floats]
    over_rounds: str = "median"
    over_forks: str = "positive"


def _as_it_stands(column: str) -> Callable[[Numbers], Floats]:
    return lambda rounds: rounds[column]


def _cpu_s(rounds: Numbers) -> Floats:
    """In both modes, pool children included."""
    return rounds["cpu_user_s"] + rounds["cpu_system_s"]


def _ideal_s(rounds: Numbers) -> Floats:
    """Where nothing waits there is no ideal time to stand above."""
    return np.where(rounds["ideal_s"] > 0, rounds["ideal_s"], np.nan)


def _switches(rounds: Numbers) -> Floats:
    return rounds["switches_voluntary"] + rounds["switches_involuntary"]


SUMMED: Mapping[str, Summed] = {
    **{
        one.summary: Summed(one.unit, _as_it_stands(column), one.over_rounds, one.over_forks)
        for cls in (Sample, Trial)
        for column, one in quantities(cls).items()
        if one.summary
    },
    "throughput": Summed("op/s", lambda rounds: rounds["ops_ok"] / rounds["makespan_s"]),
    "overhead": Summed("fraction", lambda rounds: rounds["makespan_s"] / _ideal_s(rounds) - 1),
    "overhead_per_op": Summed("s", lambda rounds: (rounds["makespan_s"] - _ideal_s(rounds)) / rounds["ops"]),
    "cpu_per_op": Summed("s", lambda rounds: _cpu_s(rounds) / rounds["ops"]),
    "parallelism": Summed("cores", lambda rounds: _cpu_s(rounds) / rounds["makespan_s"]),
    "switches_per_op": Summed("switches", lambda rounds: _switches(rounds) / rounds["ops"]),
    # None at all is the common case, and has no logarithm.
    "faults_per_op": Summed("faults", lambda rounds: rounds["page_faults"] / rounds["ops"], over_forks="linear"),
    "capacity": Summed("op/s", _as_it_stands("service_capacity_per_s"), over_forks=""),
    "service_share": Summed("", lambda rounds: rounds["service_cpu_s"] / rounds["makespan_s"], over_forks=""),
}
"""By the name that a summary has for it; those of the field declarations first."""


FORK = "fork"


def per_fork(measured: pd.DataFrame, cells: npt.NDArray[np.int64]) -> list[Forks]:
    """For each cell, by its number in `cells`, every quantity with one number per process; NaN where unknown.

    `FORK` has the numbers of the processes.
    """
    rounds = Numbers(measured)
    fork = measured["fork"].to_numpy(dtype=np.int64)
    most = int(fork.max(initial=0)) + 1
    process = cells * most + fork
    named = pd.DataFrame({name: one.of(rounds) for name, one in SUMMED.items()})
    reduced = named.groupby(process).agg({name: one.over_rounds for name, one in SUMMED.items()})
    columns = {name: reduced[name].to_numpy(dtype=np.float64) for name in SUMMED}
    owners, columns[FORK] = np.divmod(reduced.index.to_numpy(dtype=np.int64), most)
    ends = np.searchsorted(owners, np.arange(1, int(cells.max(initial=-1)) + 2)).tolist()
    return [
        {name: column[start:end] for name, column in columns.items()}
        for start, end in zip([0, *ends], ends, strict=False)
    ]


def estimates(forks: Forks | None) -> dict[str, Estimate | None]:
    """Of one cell of `per_fork` the estimate of every quantity that gets one; None in all for no cell."""
    wanted = {name: one for name, one in SUMMED.items() if one.over_forks}
    if forks is None:
        return dict.fromkeys(wanted)
    return {name: OVER_FORKS[one.over_forks](forks[name], one.unit) for name, one in wanted.items()}
