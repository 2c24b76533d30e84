"""Rates and what they can be at most."""

from __future__ import annotations

from scipy.stats import beta

RUN = 60
"""Comparisons in a run."""


def upper(alarms: int, decisions: int) -> float:
    """Upper 95 % limit of a rate (Clopper-Pearson, one-sided)."""
    return float(beta.ppf(0.95, alarms + 1, decisions - alarms)) if alarms < decisions else 1.0


def per_run(rate: float) -> float:
    """The chance of at least one in a run of 60."""
    return 1 - (1 - rate) ** RUN
