"""What most oracles share takes nothing but each result, once, in its place."""

from __future__ import annotations

from typing import Any

import pytest

from when_async.bench.model import WrongAnswer
from when_async.workloads.bodies.oracle import came_back

RIGHT = [(0, 7), (1, 10), (2, 13)]


def test_the_right_results_are_counted() -> None:
    assert came_back("wait", RIGHT, list(RIGHT)) == "3 waits came back"


@pytest.mark.parametrize(
    ("results", "complaint"),
    [
        pytest.param(RIGHT[:-1], "3 waits were asked for, 2 came back", id="lost"),
        pytest.param([], "3 waits were asked for, 0 came back", id="all lost"),
        pytest.param([*RIGHT, RIGHT[-1]], "3 waits were asked for, 4 came back", id="doubled"),
        pytest.param([RIGHT[0], *RIGHT[:-1]], "wait 1 came back as (0, 7) instead of (1, 10)", id="doubled in a place"),
        pytest.param([(0, 8), *RIGHT[1:]], "wait 0 came back as (0, 8) instead of (0, 7)", id="wrong"),
        pytest.param([None, *RIGHT[1:]], "wait 0 came back as None instead of (0, 7)", id="none"),
    ],
)
def test_other_results_are_refused_by_the_first_that_is_wrong(results: list[Any], complaint: str) -> None:
    with pytest.raises(WrongAnswer) as refused:
        came_back("wait", RIGHT, results)
    assert str(refused.value) == complaint
