"""Rounds of two cells that ran beside each other, and what they say: one log-ratio per process.

A ratio is formed inside a block of the same fork, where both saw the same minute of the same machine (method.md, R6),
and a process is reduced to the median over its blocks. This is `PairedRounds.median_log_ratio` for a whole frame at
once; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from when_async.bench.model import Phase, Status

from ..stats.samples import Floats

PLACE = ("run", "comparison", "fork", "attempt", "block")
"""What two rounds must share to be neighbours. A block that an interruption tore apart is no pair: its halves may lie
hours apart, and so the attempt is part of it."""
_WHO = ("cell", "contestant", "python", "reference")


def bare(frame: pd.DataFrame) -> pd.DataFrame:
    """The same rows without `attrs`, which pandas copies to the last header at every step that makes a frame."""
    rows = frame.copy(deep=False)
    rows.attrs = {}
    return rows


def measured(frame: pd.DataFrame) -> pd.DataFrame:
    """The analysed rounds of OK cells, without `attrs`."""
    frame = bare(frame)
    return frame[(frame["phase"] == Phase.MEASURE) & (frame["status"] == Status.OK)]


def wall_s(rounds: pd.DataFrame) -> Floats:
    """Makespan of each round."""
    return rounds["makespan_s"].to_numpy(dtype=np.float64, na_value=np.nan)


def cpu_per_op_s(rounds: pd.DataFrame) -> Floats:
    """CPU time of each round in both modes, pool children included, per op."""
    names = ("cpu_user_s", "cpu_system_s", "ops")
    user, system, ops = (rounds[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in names)
    return np.asarray((user + system) / ops)


def block_logs(rounds: pd.DataFrame, values: Floats) -> pd.DataFrame:
    """One line per cell and block with the logarithm `log` of its value, the columns of `PLACE` and who it was.

    A block that holds several rounds of a cell counts once, with their median. A value that has no logarithm gives NaN.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(values > 0, np.log(values), np.nan)
    keys = [*PLACE, *_WHO]
    return rounds[keys].assign(log=logs).groupby(keys, sort=False)["log"].median().reset_index()


def log_ratios(reference: pd.DataFrame, own: pd.DataFrame, also: Sequence[str] = ()) -> pd.Series[float]:
    """log(reference / own) by (*also, run, cell, fork) of `own`: the median over the blocks that both have.

    Both are lines of `block_logs`; `also` names what else neighbours must share, besides their place.
    """
    on = [*PLACE, *also]
    references = reference.drop_duplicates(on)[[*on, "log"]]
    paired = own.merge(references, on=on, suffixes=("", "_reference"))
    paired["ratio"] = paired["log_reference"] - paired["log"]
    return paired.groupby([*also, "run", "cell", "fork"], sort=False)["ratio"].median()
