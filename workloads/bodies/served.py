"""What the workloads that serve a load say alike of it: its service, the figures of a round, and how fair it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from when_async.bench.model import Figure, Params, Service

FIGURES = (
    Figure("generator_late_max_s", "by how much the load generator missed its own schedule at most", "lower"),
    Figure("generator_busy", "share of one core that the load generator used", "lower"),
)


def load_service(expect: Callable[[Params, int, Mapping[str, Any]], str | None]) -> Service:
    """The load generator as the service of a workload."""
    return Service(
        name="load",
        module="when_async.workloads.load.generator",
        requires=("uvloop",),
        load_module="when_async.workloads.load.capacity",
        expect=expect,
    )


def figures_of(told: Mapping[str, Any], rate_per_s: float) -> dict[str, float]:
    """The rates of a round and what it cost the generator, from its report."""
    seconds = max(told["seconds"], 1e-9)
    served_per_s = told["received"] / seconds
    return {
        "offered_per_s": rate_per_s or served_per_s,
        "served_per_s": served_per_s,
        "generator_late_max_s": told["late_max_ns"] / 1e9,
        "generator_busy": told["cpu_s"] / seconds,
    }


def jain(shares: Sequence[float]) -> float:
    """Jain's index: 1 where all have the same, also nothing, and 1/n where one has everything (Jain et al., 1984)."""
    squares = sum(share * share for share in shares)
    return float(sum(shares) ** 2 / (len(shares) * squares)) if squares else 1.0
