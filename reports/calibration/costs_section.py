"""The part of the page on what one more thing in flight costs, one for each machine that was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from when_async.results.calibration.file import Calibration

from ..drawing.charts import Chart, drawn
from ..scene import conditions as ledger
from ..scene import tables
from . import costs_plot as plots
from .costs import finding, intro, memory_table, time_table


@dataclass(frozen=True)
class Costs:
    """What one more in flight costs each runner on one machine."""

    heading: str
    intro: str
    charts: list[Chart]
    tables: list[tables.Table]


def sections(headers: Sequence[Mapping[str, Any]], calibrations: Mapping[str, Calibration]) -> list[Costs]:
    """What one more in flight costs on each machine of these runs that was asked."""
    machines = {str((header.get("machine") or {}).get("node_id", "")): header for header in headers}
    made = []
    for node, header in machines.items():
        costs = calibrations[node].costs if node in calibrations else None
        if costs is None or not costs.runners:
            continue
        name = f"u{len(made) + 1}"
        memory = (finding(costs), plots.SUBTITLE, plots.CAPTION)
        times = (plots.TIME_TITLE, plots.TIME_SUBTITLE, plots.TIME_CAPTION)
        charts = [drawn(partial(plots.draw_memory, costs), f"{name}-memory", f"cost-{name}-memory", memory)]
        if any(one.measured for one in costs.runners):
            charts.append(drawn(partial(plots.draw_times, costs), f"{name}-times", f"cost-{name}-times", times))
        heading = ledger.machine(header) if len(machines) > 1 else ""
        made.append(Costs(heading, intro(costs), charts, [memory_table(costs), time_table(costs)]))
    return made
