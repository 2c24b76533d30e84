"""The one benchmark test: every cell of the plan, by its id."""

from __future__ import annotations

from typing import Any

from .cells import MeasuredCell


def test_workload(measured_cell: MeasuredCell, benchmark: Any) -> None:
    measured_cell.replay(benchmark)
