"""The noise ledger of a run: what the machine did while the rounds were timed, in numbers and in one word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from when_async.bench.model import Phase

from ..late import late
from .pairing import bare

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
else:
    np = late("numpy")

STEAL_LIMIT: Final = 0.02
"""Share of the timed seconds that the hypervisor may give to others in a quiet run."""
PRESSURE_LIMIT: Final = 0.20
"""Share of the timed seconds of one-thread contestants in which some task may wait for a CPU in a quiet run."""
OTHERS_LIMIT: Final = 0.25
"""How many cores other programs may keep busy in a quiet run; a quiet machine shows 0.01, a busy core 1."""


WATCHED: Final = ("busy_s", "cpu_user_s", "cpu_system_s", "window_s", "makespan_s", "service_cpu_s")
"""What is read of a round to know what other programs used."""
READ: Final = ("phase", "one_core", "steal_s", "pressure_s", "switches_involuntary", *WATCHED)
"""The columns that the ledger is made of."""


def noise(frame: pd.DataFrame) -> dict[str, float | str | None]:
    """How disturbed the measured rounds of `frame` (results.load) were; None for what was not recorded.

    `steal_share` and `pressure_share` are seconds per timed second, `involuntary_per_s` are switches per timed
    second; `pressure_share_one_core` looks at contestants that use one thread only. `word` is `quiet`,
    `disturbed: 12 % steal` or `not recorded`. Steal, one-thread pressure and `others_cores`, which other programs kept
    busy, decide it against fixed limits; the overall pressure and the involuntary switches do not, because a contestant
    with more processes than cores raises them itself (method.md, R20c).
    """
    frame = bare(frame)
    measured = frame[frame["phase"] == Phase.MEASURE]
    one_core = measured[measured["one_core"].fillna(False)]
    steal = _per_timed_second(measured, "steal_s")
    alone = _per_timed_second(one_core, "pressure_s")
    (others,) = others_cores(measured)
    return {
        "steal_share": steal,
        "pressure_share": _per_timed_second(measured, "pressure_s"),
        "pressure_share_one_core": alone,
        "involuntary_per_s": _per_timed_second(measured, "switches_involuntary"),
        "others_cores": others,
        "word": spoken(steal, alone, others),
    }


def others_cores(
    measured: pd.DataFrame, cells: npt.NDArray[np.int64] | None = None, count: int = 1
) -> list[float | None]:
    """How many cores programs other than the run's kept busy while its rounds were watched; None where unknown.

    One figure for all rounds, or one for each of `count` cells, `cells` having the number of each round's cell.

    Of a round with a helper process nothing is known, as not each of those counts its own. What a worker does before
    and after the timed part of its round, in which it collects its garbage, is taken to be computing.
    """
    busy, user, system, window, makespan, service = (
        measured[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in WATCHED
    )
    others = busy - user - system - (window - makespan)
    known = ~np.isnan(others) & np.isnan(service)
    places = (np.zeros(len(measured), dtype=np.int64) if cells is None else cells)[known]
    watched, used = (np.bincount(places, column[known], count) for column in (window, others))
    return [
        max(0.0, one / long) if long > 0 else None for one, long in zip(used.tolist(), watched.tolist(), strict=True)
    ]


def spoken(steal: float | None, pressure: float | None, others: float | None = None) -> str:
    """`quiet`, `disturbed: 12 % steal` or `not recorded`, from shares of the time that was watched."""
    found = [
        f"{share:.0%} {name}".replace("%", " %")
        for name, share, limit in (("steal", steal, STEAL_LIMIT), ("CPU pressure", pressure, PRESSURE_LIMIT))
        if share is not None and share >= limit
    ]
    if others is not None and others >= OTHERS_LIMIT:
        found.append(f"other programs kept {others:.2g} cores busy")
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
