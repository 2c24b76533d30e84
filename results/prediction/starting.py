"""What a program of each model takes before its first op and after its last: imports, and pool or loop.

A round of a run is measured in a pool that is open, so no makespan holds any of this; a program that is started
for its work pays it. Left out is what is the same for all: the start of the interpreter, and imports of one's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from ..cells.summary import Row
from ..late import late
from .model import POOLS, SERIAL, THREADS

if TYPE_CHECKING:
    import numpy as np
else:
    np = late("numpy")


@dataclass(frozen=True)
class Start:
    """Seconds once, and seconds more for each place of a pool."""

    once_s: float = 0.0
    place_s: float = 0.0


def starting(rows: Sequence[Row], runner: str, workload: str) -> Start:
    """Imports beyond those of a plain loop, then opening and closing, from the processes of one workload.

    All of one workload, because its contestants are launched together and so crowd each other alike.
    """
    own = [row for row in rows if row.workload == workload and row.status == "OK"]
    plain = {row.comparison: row.launch.point for row in own if row.runner == SERIAL and row.launch is not None}
    mine = [row for row in own if row.runner == runner and row.startup is not None]
    if not mine:
        return Start()
    imports = [row.launch.point - plain[row.comparison] for row in mine if row.launch and row.comparison in plain]
    imports_s = max(0.0, median(imports)) if imports else 0.0
    opened: dict[int, list[float]] = {}
    for row in mine:
        closing_s = row.teardown.point if row.teardown else 0.0
        opened.setdefault(row.concurrency, []).append((row.startup.point if row.startup else 0.0) + closing_s)
    typical = {places: median(each) for places, each in opened.items()}
    if mine[0].family not in (*POOLS, THREADS):
        return Start(imports_s + median(typical.values()))
    once_s, place_s = line(typical)
    return Start(imports_s + once_s, place_s)


def line(seconds: dict[int, float]) -> tuple[float, float]:
    """A pool's seconds by its places as a constant and a slope, neither below nought; relative errors count alike."""
    if len(seconds) < 2:
        return next(iter(seconds.values()), 0.0), 0.0
    places, each = np.array(list(seconds)), np.array(list(seconds.values()))
    slope, once = np.polyfit(places, each, 1, w=1 / np.maximum(each, 1e-9))
    if once < 0:
        return 0.0, float(np.median(each / places))
    return (float(once), float(slope)) if slope > 0 else (float(np.median(each)), 0.0)
