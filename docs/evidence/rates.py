"""Rates and what they can be at most."""

from __future__ import annotations

from when_async.results.stats.estimate import share_limits

RUN = 60
"""Comparisons in a run."""


def shown(rate: float, decisions: int, digits: int = 2) -> str:
    """`95.83% [95.42, 96.21]`: a share of so many decisions with its limits."""
    low, high = share_limits(round(rate * decisions), decisions)
    return f"{rate:.{digits}%} [{100 * low:.{digits}f}, {100 * high:.{digits}f}]"


def per_run(rate: float) -> float:
    """The chance of at least one in a run of 60."""
    return 1 - (1 - rate) ** RUN
