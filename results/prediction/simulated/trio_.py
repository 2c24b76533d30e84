"""trio: a deadline that has passed wakes its task in the same turn; epoll is asked in milliseconds, rounded up once."""

from __future__ import annotations

from ..work import Work
from . import kernel, looping
from .costs import Costs


def makespan_s(work: Work, costs: Costs, cores: int) -> float:
    """From the first op to the last, on one core whatever there are."""
    if not work.wait_s:
        return work.ops * work.cpu_s * costs.scale
    return looping.makespan_s(work, costs, looping.Exact(work.wait_s, costs.late_s, kernel.epoll_s, same_turn=True))
