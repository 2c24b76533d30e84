"""Every cell of the plan, by its id; `pytest --benchmark-only` times them."""

from __future__ import annotations

from when_async.bench.plugin.test_workloads import test_workload

__all__ = ["test_workload"]
