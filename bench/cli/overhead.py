"""The front door's measure of the instrument itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..environments.provision import default
from ..machine.host import make_host
from ..selection import catalogue, select
from ..walk.overhead import POINTS, OverheadProbe


def measure_overhead(runner_specs: Sequence[str], forks: int, pairs: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows of `when-async overhead`, and what went wrong."""
    # Brings SciPy, which takes seconds to import and which a run has no use for.
    from when_async.results.stats.estimate import log_interval

    known = catalogue([], runner_specs)
    selection = select(known, ["empty"], runner_specs, "quick")
    environment = default(known.modules(runner_specs))
    host = make_host()
    rows, broken = [], []
    try:
        for name, found in selection.runners.items():
            for point in POINTS:
                probe = OverheadProbe(host, environment, known.workloads["empty"], found, point)
                try:
                    taken = probe.measure(forks, pairs)
                except probe.ERRORS as error:
                    broken.append(f"overhead of {name}: {error}")
                    continue
                ratio = log_interval([fork.ratio for fork in taken], "x")
                assert ratio is not None
                rows.append(
                    {
                        "runner": name,
                        "op_s": point.params["spin_s"],
                        "ops": point.params["n"],
                        "by_hand_s": _middle([fork.by_hand_s for fork in taken]),
                        "instrument_s": _middle([fork.instrument_s for fork in taken]),
                        "ratio": ratio.point,
                        "low": ratio.low,
                        "high": ratio.high,
                    }
                )
    finally:
        host.reaper.close()
    return rows, broken


def _middle(values: Sequence[float]) -> float:
    from statistics import median

    return median(values)
