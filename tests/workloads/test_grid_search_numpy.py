"""The grid search of NumPy fits what it was asked to, and an oracle without NumPy catches wrong answers."""

from __future__ import annotations

import math
import random
from types import SimpleNamespace
from typing import Any

import pytest

from when_async.bench.model import WrongAnswer
from when_async.workloads import grid_search_numpy
from when_async.workloads.grid_search_numpy import DATA_SEED, FEATURES, FOLDS, GRID_SEARCH_NUMPY, make_arrays, rows_of

numpy = pytest.importorskip("numpy")

PARAMS = {"unit_s": 200e-6, "n": 10}
ITEMS = GRID_SEARCH_NUMPY.make_items(PARAMS, 1)
KIT: Any = SimpleNamespace(sleep=None, in_flight=1, address=None)


def search() -> list[Any]:
    op = GRID_SEARCH_NUMPY.bodies["pure/numpy"](KIT, PARAMS)
    return [op(item) for item in ITEMS]


RAW = search()
OBSERVED = GRID_SEARCH_NUMPY.observe(PARAMS, ITEMS, RAW)
RIGHT = list(OBSERVED.results)
PLACE = random.Random(10).sample(range(10), 1)[0]
"""The fit that the oracle looks at closely."""


def test_the_search_gives_equal_bits_twice_and_the_oracle_takes_them() -> None:
    assert search() == RAW
    assert GRID_SEARCH_NUMPY.check(PARAMS, ITEMS, RIGHT) == "best: penalty=0, score 0.965"


def test_both_generators_draw_the_same_data() -> None:
    features, _ = make_arrays(rows_of(200e-6))
    draw = random.Random(DATA_SEED).random
    rows = [[2.0 * draw() - 1.0 for _ in range(FEATURES + 1)] for _ in range(3)]
    assert features[:3].tolist() == [row[:FEATURES] for row in rows]


@pytest.mark.parametrize("factor", [2, 10])
def test_the_rows_are_proportional_to_the_unit(factor: int) -> None:
    assert rows_of(factor * 500e-6) == factor * rows_of(500e-6)


def test_the_seed_shuffles_the_fits_and_changes_nothing_else() -> None:
    other = GRID_SEARCH_NUMPY.make_items(PARAMS, 2)
    assert other != ITEMS
    assert sorted(other) == sorted(ITEMS)
    assert {item[:2] for item in ITEMS} == {(index, fold) for index in range(2) for fold in range(FOLDS)}


def test_a_number_of_fits_that_is_no_multiple_of_the_folds_is_refused_with_the_one_to_write() -> None:
    with pytest.raises(ValueError, match="write n=35"):
        GRID_SEARCH_NUMPY.make_items({**PARAMS, "n": 31}, 1)


def test_scores_and_weights_are_rounded_so_that_the_last_bits_do_not_count() -> None:
    index, fold, score, weights = RAW[0]
    other = (index, fold, score + 1e-15, tuple(weight + 1e-15 for weight in weights))
    assert GRID_SEARCH_NUMPY.observe(PARAMS, ITEMS, [other, *RAW[1:]]).results == RIGHT


def test_the_threads_of_the_linear_algebra_are_told_where_they_can_be_asked() -> None:
    assert set(OBSERVED.figures) <= {"blas_threads"}
    assert all(value >= 1 for value in OBSERVED.figures.values())


def test_linear_algebra_that_cannot_be_asked_gives_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid_search_numpy, "blas_threads", lambda: 0)
    assert GRID_SEARCH_NUMPY.observe(PARAMS, ITEMS, RAW).figures == {}


def changed(place: int, **values: Any) -> list[Any]:
    """The right results but for one field of one fit."""
    result = list(RIGHT[place])
    for name, value in values.items():
        result[("index", "fold", "score", "weights").index(name)] = value
    return [*RIGHT[:place], tuple(result), *RIGHT[place + 1 :]]


@pytest.mark.parametrize(
    "results",
    [
        pytest.param(RIGHT[:-1], id="missing"),
        pytest.param([*RIGHT, RIGHT[0]], id="extra"),
        pytest.param([RIGHT[1], *RIGHT[1:]], id="doubled"),
        pytest.param([RIGHT[1], RIGHT[0], *RIGHT[2:]], id="reordered"),
        pytest.param(changed(0, score=math.nan), id="nan"),
        pytest.param(changed(0, weights=RIGHT[0][3][:-1]), id="a weight is missing"),
        pytest.param(changed(PLACE, score=RIGHT[PLACE][2] + 1e-6), id="another score"),
        pytest.param(changed(PLACE, weights=(RIGHT[PLACE][3][0] + 1e-5, *RIGHT[PLACE][3][1:])), id="another weight"),
        pytest.param(changed(PLACE, weights=RIGHT[(PLACE + 1) % 10][3]), id="the weights of another fit"),
    ],
)
def test_the_oracle_refuses_other_results(results: list[Any]) -> None:
    with pytest.raises(WrongAnswer):
        GRID_SEARCH_NUMPY.check(PARAMS, ITEMS, results)


def test_a_result_that_is_no_fit_is_refused() -> None:
    with pytest.raises(WrongAnswer, match="came back as None"):
        GRID_SEARCH_NUMPY.observe(PARAMS, ITEMS, [None, *RAW[1:]])


def test_the_fit_of_another_penalty_is_refused() -> None:
    op = GRID_SEARCH_NUMPY.bodies["pure/numpy"](KIT, PARAMS)
    index, fold, penalty = ITEMS[PLACE]
    results = [*RAW[:PLACE], op((index, fold, penalty + 1e-4)), *RAW[PLACE + 1 :]]
    observed = GRID_SEARCH_NUMPY.observe(PARAMS, ITEMS, results)
    with pytest.raises(WrongAnswer, match="do not minimise the loss"):
        GRID_SEARCH_NUMPY.check(PARAMS, ITEMS, observed.results)
