"""What a workload reports of its own is estimated like anything else: one number per process, and an interval."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pandas as pd
import pytest

from when_async.bench.model import Estimate
from when_async.results.cells.figures import estimates, processes


def frame(*rounds: tuple[int, Mapping[str, float] | None]) -> pd.DataFrame:
    """Rounds of one cell as (fork, figures)."""
    return pd.DataFrame(
        [
            {"run": "r", "cell": "c", "fork": fork, "figures": "" if told is None else json.dumps(told)}
            for fork, told in rounds
        ]
    ).astype({"figures": "string"})


def figures(measured: pd.DataFrame) -> dict[tuple[str, str], dict[str, Estimate]]:
    """The figures of each cell that has any."""
    return {key: found for key, named in processes(measured).items() if (found := estimates(named))}


def test_a_process_is_the_median_of_its_rounds_and_the_unit_is_in_the_name() -> None:
    found = figures(frame((0, {"first_s": 1.0}), (0, {"first_s": 9.0}), (0, {"first_s": 2.0}), (1, {"first_s": 2.0})))
    estimate = found["r", "c"]["first_s"]
    assert estimate.point == pytest.approx(2.0)
    assert (estimate.n, estimate.unit) == (2, "s")


@pytest.mark.parametrize(
    ("name", "unit"), [("delivered_per_s", "/s"), ("unit_bytes", "bytes"), ("jain", ""), ("stall_s", "s")]
)
def test_the_unit_follows_from_the_name(name: str, unit: str) -> None:
    assert figures(frame((0, {name: 1.0}), (1, {name: 2.0})))["r", "c"][name].unit == unit


def test_a_figure_that_some_rounds_cannot_tell_is_estimated_from_the_others() -> None:
    found = figures(frame((0, {"a": 1.0}), (0, {"a": 1.0, "b": 4.0}), (1, {"a": 1.0}), (1, {"b": 4.0})))["r", "c"]
    assert found["b"].point == pytest.approx(4.0)


def test_a_figure_of_one_process_is_not_published() -> None:
    assert figures(frame((0, {"a": 1.0}), (0, {"a": 2.0}))) == {}


def test_the_interval_of_a_figure_that_is_zero_at_times_does_not_reach_below_zero() -> None:
    estimate = figures(frame((0, {"a": 0.0}), (1, {"a": 1.0}), (2, {"a": 0.0})))["r", "c"]["a"]
    assert estimate.low == 0.0


def test_a_cell_without_figures_is_left_out() -> None:
    assert figures(frame((0, None), (1, None))) == {}
