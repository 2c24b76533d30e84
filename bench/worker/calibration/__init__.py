"""What `when-async calibrate` measures inside a fresh process: clocks, waits, cores.

Standard library only, as all of the sealed room. `python -m when_async.bench.worker.calibration PROBE` prints one line
of JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter_ns
from typing import Any

from ...model import last_words

Reading = dict[str, Any]


class Absent(Exception):
    """This Python or this system has no such thing; the text says why, and it is nobody's failure."""


def reading(row: str, column: str, measure: Callable[[], float], *, unit: str = "s", scale: str = "log") -> Reading:
    """One number of this process, or the reason why there is none; never raises.

    `scale` says how processes are combined later: `log` for what is above 0 and multiplies, `linear` for what may be
    0 or negative.
    """
    found: Reading = {"row": row, "column": column, "unit": unit, "scale": scale, "value": None, "reason": ""}
    try:
        found["value"] = measure()
    except Absent as error:
        found |= {"reason": str(error), "absent": True}
    except Exception as error:
        found["reason"] = last_words(error)
    return found


def per_turn_s(step: Callable[[], Any], *, turns: int = 200, batches: int = 50) -> float:
    """Median over batches of the seconds that one `step()` takes, the loop around it taken off."""
    bare, whole = [], []
    for _ in range(batches):
        # Side by side, so that a batch and the empty loop that is taken off it saw the same speed of the core.
        start = perf_counter_ns()
        for _ in range(turns):
            pass
        middle = perf_counter_ns()
        for _ in range(turns):
            step()
        end = perf_counter_ns()
        bare.append(middle - start)
        whole.append(end - middle)
    return (median(whole) - median(bare)) / turns / 1e9
