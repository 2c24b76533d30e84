"""Every grid point of every workload of the package lies inside what its parameters allow."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest

from when_async import workloads
from when_async.bench.model import Point, Workload

# A module that does not import is an error here, never a skip.
MODULES = [
    importlib.import_module(f"when_async.workloads.{found.name}")
    for found in pkgutil.iter_modules(workloads.__path__)
    if not found.ispkg
]
WORKLOADS = list(
    {value.name: value for module in MODULES for value in vars(module).values() if isinstance(value, Workload)}.values()
)
POINTS: list[Any] = [
    pytest.param(workload, point, id=f"{workload.name}-{profile}-{place}")
    for workload in WORKLOADS
    for profile, points in workload.grid.items()
    for place, point in enumerate(points)
]


@pytest.mark.parametrize(("workload", "point"), POINTS)
def test_a_grid_point_names_every_parameter_and_stays_in_its_range(workload: Workload, point: Point) -> None:
    assert point.concurrency >= 1
    assert set(point.params) == {param.name for param in workload.params}
    for param in workload.params:
        value = point.params[param.name]
        if not isinstance(value, str):
            assert param.low <= value <= param.high


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_a_workload_has_distinct_points_for_each_profile_and_says_what_it_teaches(workload: Workload) -> None:
    assert {"smoke", "quick", "full"} <= set(workload.grid)
    for points in workload.grid.values():
        keys = [(point.concurrency, *sorted(point.params.items())) for point in points]
        assert len(set(keys)) == len(keys)
    assert workload.summary
    assert workload.learn.endswith(".")


@pytest.mark.parametrize(("workload", "point"), [each for each in POINTS if each.values[0].service is None])
def test_a_grid_point_gives_as_many_items_as_it_says(workload: Workload, point: Point) -> None:
    assert len(workload.make_items(point.params, 1)) == point.params["n"]
