"""The noise ledger of a run: what the machine did while the rounds were timed, in numbers and in one word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from when_async.bench.model import Phase

from ..late import late
from .pairing import bare

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
else:
    np = late("numpy")

STEAL_LIMIT: Final = 0.02
"""Share of the timed seconds that the hypervisor may give to others in a quiet run."""
PRESSURE_LIMIT: Final = 0.20
"""Share of the timed seconds of one-thread contestants in which some task may wait for a CPU in a quiet run."""


def noise(frame: pd.DataFrame) -> dict[str, float | str | None]:
    """How disturbed the measured rounds of `frame` (results.load) were; None for what was not recorded.

    `steal_share` and `pressure_share` are seconds per timed second, `involuntary_per_s` are switches per timed
    second; `pressure_share_one_core` looks at contestants that use one thread only. `word` is `quiet`,
    `disturbed: 12 % steal` or `not recorded`. Steal and one-thread pressure decide it against fixed limits;
    the overall pressure and the involuntary switches do not, because a contestant with more processes than cores
    raises them itself (method.md, R20c).
    """
    frame = bare(frame)
    measured = frame[frame["phase"] == Phase.MEASURE]
    one_core = measured[measured["one_core"].fillna(False)]
    steal = _per_timed_second(measured, "steal_s")
    alone = _per_timed_second(one_core, "pressure_s")
    return {
        "steal_share": steal,
        "pressure_share": _per_timed_second(measured, "pressure_s"),
        "pressure_share_one_core": alone,
        "involuntary_per_s": _per_timed_second(measured, "switches_involuntary"),
        "word": spoken(steal, alone),
    }


def spoken(steal: float | None, pressure: float | None) -> str:
    """`quiet`, `disturbed: 12 % steal` or `not recorded`, from shares of the time that was watched."""
    found = [
        f"{share:.0%} {name}".replace("%", " %")
        for name, share, limit in (("steal", steal, STEAL_LIMIT), ("CPU pressure", pressure, PRESSURE_LIMIT))
        if share is not None and share >= limit
    ]
    if found:
        return f"disturbed: {', '.join(found)}"
    return "not recorded" if steal is None and pressure is None else "quiet"


def _per_timed_second(rows: pd.DataFrame, column: str) -> float | None:
    """The sum of `column` per second that was watched, over the rows that recorded it; None where none did.

    A row that does not say how long it was watched is taken to have been watched for its makespan.
    """
    values = rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
    known = ~np.isnan(values)
    if not known.any():
        return None
    seconds = rows["window_s"].fillna(rows["makespan_s"]).to_numpy(dtype=np.float64)[known].sum()
    return float(values[known].sum() / seconds)
