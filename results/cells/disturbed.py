"""Which rounds the machine disturbed, and what is left out with them.

A round is disturbed where a one-thread contestant waited for its core longer than it usually does, or where the
hypervisor or a control group withheld time, for more than SHARE of the time that was watched. What a cell's rounds wait
in the median is of its own making: a helper thread of its library takes turns with it on its core. A contestant with
more threads than cores queues by its own doing altogether, so of it only the latter two count.

With a disturbed round goes its whole block: all contestants of the comparison, so that none is judged in another minute
than the others. Nothing is measured again in its place; a process that would lose more than half of its rounds keeps
them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from when_async.bench.model import Phase

from ..late import late

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
else:
    np, pd = late("numpy"), late("pandas")

SHARE: Final = 0.05
"""Of the time in which a round was watched."""
LEAST_S: Final = 0.5e-3
"""Less than this in the queue is the kernel's own work on any machine."""
TICK_S: Final = 0.02
"""Stolen and withheld time is counted in ticks of 10 ms; one of them may be an accident of counting."""
KEPT: Final = 0.5
"""A process that keeps less than this share of its rounds keeps all of them."""
BLOCK: Final = ("comparison", "fork", "attempt", "block")
READ: Final = ("phase", "one_core", "queued_s", "steal_s", "throttled_s", "window_s", "cell", *BLOCK)


def leave_out(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame of one run with the phase of every round of a disturbed block set to `disturbed`."""
    found = disturbed(frame)
    if not found.any():
        return frame
    keys = frame[list(BLOCK)].astype({"comparison": "string"})
    blocks = pd.MultiIndex.from_frame(keys)
    gone = blocks.isin(blocks[found]) & _measured(frame)
    gone &= ~_too_few(frame, gone)
    frame = frame.copy()
    frame.loc[gone, "phase"] = str(Phase.DISTURBED)
    return frame


def said(frame: pd.DataFrame) -> str:
    """How many rounds were left out and of how many, in a sentence; empty where none was."""
    rows = frame[frame["phase"].isin([str(Phase.DISTURBED), str(Phase.MEASURE)])]
    gone = int((rows["phase"] == Phase.DISTURBED).sum())
    if not gone:
        return ""
    blocks = len(rows.loc[rows["phase"] == Phase.DISTURBED, list(BLOCK)].drop_duplicates())
    return (
        f"{gone} of {len(rows)} measured rounds are left out, in {blocks} {'block' if blocks == 1 else 'blocks'} of "
        f"which one waited for its core, or had time withheld, for more than {SHARE * 100:g} % of it"
    )


def known(frame: pd.DataFrame) -> bool:
    """Whether it was recorded how long workers waited for a CPU."""
    return bool(frame["queued_s"].notna().any())


def disturbed(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """For each row whether it is a measured round that the machine disturbed."""
    window = _seconds(frame, "window_s")
    withheld = _seconds(frame, "steal_s") + _seconds(frame, "throttled_s")
    measured = _measured(frame)
    queued = np.where(frame["one_core"].to_numpy(dtype=bool, na_value=False), _seconds(frame, "queued_s"), 0.0)
    queued -= _usual(frame, np.where(measured, queued, np.nan))
    late_ = (queued > SHARE * window) & (queued > LEAST_S)
    return measured & (window > 0) & (late_ | ((withheld > SHARE * window) & (withheld >= TICK_S)))


def _too_few(frame: pd.DataFrame, gone: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The rounds of a fork of a comparison that would lose more than half of them, all of which stay."""
    place = frame[["comparison", "fork"]].astype({"comparison": "string"})
    counts = place.assign(gone=gone, all=_measured(frame)).groupby([*place], dropna=False)[["gone", "all"]]
    sums = counts.transform("sum")
    return (sums["gone"] > KEPT * sums["all"]).to_numpy(dtype=bool)


def _measured(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    return np.asarray((frame["phase"] == Phase.MEASURE).to_numpy(dtype=bool, na_value=False))


def _usual(frame: pd.DataFrame, queued: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The median of the rounds of each row's cell."""
    cells = frame["cell"].astype("string")
    return np.asarray(pd.Series(queued, index=frame.index).groupby(cells, dropna=False).transform("median"))


def _seconds(frame: pd.DataFrame, name: str) -> npt.NDArray[np.float64]:
    return np.asarray(np.nan_to_num(frame[name].to_numpy(dtype=np.float64, na_value=np.nan)))
