"""Rates and what they can be at most."""

from __future__ import annotations

from scipy.stats import beta

RUN = 60
"""Comparisons in a run."""


def upper(alarms: int, decisions: int) -> float:
    """Upper 95 % limit of a rate (Clopper-Pearson, one-sided)."""
    return float(beta.ppf(0.95, alarms + 1, decisions - alarms)) if alarms < decisions else 1.0


def limits(alarms: int, decisions: int) -> tuple[float, float]:
    """Both 95 % limits of a rate (Clopper-Pearson)."""
    low = float(beta.ppf(0.025, alarms, decisions - alarms + 1)) if alarms else 0.0
    high = float(beta.ppf(0.975, alarms + 1, decisions - alarms)) if alarms < decisions else 1.0
    return low, high


def shown(rate: float, decisions: int, digits: int = 2) -> str:
    """`95.83% [95.42, 96.21]`: a share of so many decisions with its limits."""
    low, high = limits(round(rate * decisions), decisions)
    return f"{rate:.{digits}%} [{100 * low:.{digits}f}, {100 * high:.{digits}f}]"


def per_run(rate: float) -> float:
    """The chance of at least one in a run of 60."""
    return 1 - (1 - rate) ** RUN
