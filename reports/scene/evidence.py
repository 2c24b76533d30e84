"""From a tidy frame to a scene: summary rows, and the measured rounds behind them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from when_async.results.cells.pairing import bare
from when_async.results.cells.summary import summary

from .rows import Rounds, Scene


def scene(frame: pd.DataFrame) -> Scene:
    """Everything that charts and sentences are computed from."""
    return Scene(tuple(summary(frame)), rounds(frame))


def rounds(frame: pd.DataFrame) -> dict[tuple[str, str], dict[str, Rounds]]:
    """Measured rounds of OK cells: throughput in ops per second, overhead and CPU time in seconds per op."""
    frame = bare(frame)
    kept = frame[(frame["phase"] == "measure") & (frame["status"] == "OK") & frame["makespan_s"].notna()]
    if kept.empty:
        return {}
    ops = kept["ops"].to_numpy(dtype=float)
    makespan = kept["makespan_s"].to_numpy(dtype=float)
    cpu = kept["cpu_user_s"].to_numpy(dtype=float) + kept["cpu_system_s"].to_numpy(dtype=float)
    ideal = kept["ideal_s"].to_numpy(dtype=float, na_value=np.nan)
    columns = {
        "throughput": kept["ops_ok"].to_numpy(dtype=float) / makespan,
        "overhead_per_op": (makespan - ideal) / ops,
        "cpu_per_op": cpu / ops,
        "makespan": makespan,
    }
    # A block that an interruption tore apart is no pair, as in results.pairing: its halves may lie hours apart.
    places = list(zip(*(kept[name].astype(int) for name in ("fork", "attempt", "block")), strict=True))
    names = list(zip(kept["run"], kept["cell"], strict=True))
    found: dict[tuple[str, str], dict[str, dict[tuple[int, int, int], float]]] = {}
    for metric, values in columns.items():
        for name, place, number in zip(names, places, values.tolist(), strict=True):
            if number == number:
                found.setdefault(name, {}).setdefault(metric, {})[place] = number
    return found  # type: ignore[return-value]
