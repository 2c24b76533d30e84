"""A plain loop: one op after another, each wait a sleep of the thread."""

from __future__ import annotations

from ..work import Work
from . import kernel
from .costs import Costs


def makespan_s(work: Work, costs: Costs, cores: int) -> float:
    """From the first op to the last, on one core whatever there are."""
    away_s = kernel.slept_s(work.wait_s, costs.late_s) + costs.op_s if work.wait_s else 0.0
    return work.ops * (work.cpu_s * costs.scale + work.waits_per_op * away_s)
