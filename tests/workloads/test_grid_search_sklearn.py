"""GridSearchCV gives the same scores over every backend, and an oracle without scikit-learn catches wrong ones."""

from __future__ import annotations

import math
import random
from contextlib import ExitStack
from typing import Any

import pytest

from when_async.bench.model import WrongAnswer
from when_async.workloads.bodies.dask_cluster import check_threads, divided
from when_async.workloads.grid_search_sklearn import GRID_SEARCH_SKLEARN, recompute, solved

pytest.importorskip("sklearn")

PARAMS = {"n": 10, "rows": 60}
ITEMS = GRID_SEARCH_SKLEARN.make_items(PARAMS, 1)


class Kit:
    """A kit with a stack of its own."""

    address = sleep = None

    def __init__(self, stack: ExitStack, in_flight: int) -> None:
        self.enter, self.in_flight = stack.enter_context, in_flight


def search(key: str, in_flight: int) -> list[Any]:
    with ExitStack() as stack:
        op = GRID_SEARCH_SKLEARN.bodies[key](Kit(stack, in_flight), PARAMS)
        first, second = op(ITEMS), op(ITEMS)
    assert first == second
    return list(GRID_SEARCH_SKLEARN.observe(PARAMS, ITEMS, first).results)


RIGHT = search("sync/sklearn", 1)
PLACES = [ITEMS.index(one) for one in random.Random(10).sample(sorted(ITEMS), 2)]
"""The fits that the oracle does again."""


def test_the_oracle_takes_the_scores_of_the_library_and_names_the_best() -> None:
    assert GRID_SEARCH_SKLEARN.check(PARAMS, ITEMS, RIGHT) == "best: alpha=10, score 0.553"


def test_the_oracle_finds_every_score_by_itself() -> None:
    for index, fold, score in RIGHT:
        assert recompute(60, fold, 10.0 * (index + 1)) == pytest.approx(score, abs=1e-9)


def test_folds_of_unequal_size_are_those_of_the_library() -> None:
    params = {"n": 5, "rows": 63}
    items = GRID_SEARCH_SKLEARN.make_items(params, 1)
    with ExitStack() as stack:
        results = GRID_SEARCH_SKLEARN.bodies["sync/sklearn"](Kit(stack, 1), params)(items)
    for index, fold, score in results:
        assert recompute(63, fold, 10.0 * (index + 1)) == pytest.approx(score, abs=1e-9)


def test_threads_give_the_scores_of_the_serial_search() -> None:
    assert search("threading/sklearn", 2) == RIGHT


def test_a_number_of_fits_that_is_no_multiple_of_the_folds_is_refused_with_the_one_to_write() -> None:
    with pytest.raises(ValueError, match="write n=35"):
        GRID_SEARCH_SKLEARN.make_items({**PARAMS, "n": 31}, 1)


def changed(place: int, score: float) -> list[Any]:
    return [*RIGHT[:place], (*RIGHT[place][:2], score), *RIGHT[place + 1 :]]


@pytest.mark.parametrize(
    "results",
    [
        pytest.param(RIGHT[:-1], id="missing"),
        pytest.param([*RIGHT, RIGHT[0]], id="extra"),
        pytest.param([RIGHT[1], *RIGHT[1:]], id="doubled"),
        pytest.param([RIGHT[1], RIGHT[0], *RIGHT[2:]], id="reordered"),
        pytest.param(changed(0, math.nan), id="nan"),
        pytest.param(changed(PLACES[0], RIGHT[PLACES[0]][2] + 1e-6), id="a score off by a millionth"),
        pytest.param(changed(PLACES[1], RIGHT[(PLACES[1] + 1) % 10][2]), id="the score of another fit"),
    ],
)
def test_the_oracle_refuses_other_results(results: list[Any]) -> None:
    with pytest.raises(WrongAnswer):
        GRID_SEARCH_SKLEARN.check(PARAMS, ITEMS, results)


def test_items_that_lack_a_fit_are_refused() -> None:
    items, results = [ITEMS[1], *ITEMS[1:]], [RIGHT[1], *RIGHT[1:]]
    with pytest.raises(WrongAnswer, match="9 different fits"):
        GRID_SEARCH_SKLEARN.check(PARAMS, items, results)


def test_a_linear_system_is_solved() -> None:
    assert solved([[4.0, 1.0, 6.0], [1.0, 3.0, 7.0]]) == pytest.approx([1.0, 2.0])


@pytest.mark.parametrize("jobs", range(1, 9))
def test_a_local_cluster_has_as_many_threads_as_fits_in_flight(jobs: int) -> None:
    processes, threads = divided(jobs)
    assert processes * threads == jobs


def test_a_far_cluster_of_another_size_is_refused() -> None:
    check_threads(4, 4)
    with pytest.raises(RuntimeError, match="2 fits in flight were asked for, and the cluster has 4 threads"):
        check_threads(4, 2)
