"""The grid search does a fixed amount of real work, and its oracle catches fast wrong answers."""

from __future__ import annotations

import math
import pickle
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from types import SimpleNamespace
from typing import Any

import pytest

from when_async.bench.model import WrongAnswer
from when_async.workloads import grid_search
from when_async.workloads.grid_search import FOLDS, GRID_SEARCH

PARAMS = {"unit_s": 50e-6, "n": 30, "payload_bytes": 0}
ITEMS = GRID_SEARCH.make_items(PARAMS, 1)
KIT: Any = SimpleNamespace(sleep=None, in_flight=1, address=None)


def search(params: dict[str, Any], items: Sequence[Any]) -> list[Any]:
    op = GRID_SEARCH.bodies["pure"](KIT, params)
    return [op(item) for item in items]


def row_visits(monkeypatch: pytest.MonkeyPatch, unit_s: float) -> int:
    """Row visits of one op: those that train, counted as they happen, and the rows that are scored."""
    seen = 0

    def counting(rows: Iterator[Any], steps: int) -> Iterator[Any]:
        nonlocal seen
        for row in islice(rows, steps):
            seen += 1
            yield row

    with monkeypatch.context() as patch:
        patch.setattr(grid_search, "islice", counting)
        patch.setattr(grid_search, "cycle", cycle)
        search({**PARAMS, "unit_s": unit_s}, ITEMS[:1])
    return seen + grid_search.ROWS // FOLDS


def test_an_op_returns_its_place_a_score_and_the_size_of_its_payload() -> None:
    for item, (index, fold, score, size) in zip(ITEMS, search(PARAMS, ITEMS), strict=True):
        assert (index, fold, size) == (item[0], item[1], 0)
        assert type(score) is float
        assert math.isfinite(score)


def test_the_search_learns_and_finds_the_same_best_twice() -> None:
    params = {**PARAMS, "unit_s": 500e-6}
    first, second = (GRID_SEARCH.check(params, ITEMS, search(params, ITEMS)) for _ in range(2))
    assert first == second == "best: l2=0 lr=0.01, score 0.905"


def test_the_seed_shuffles_the_fits_and_changes_nothing_else() -> None:
    other = GRID_SEARCH.make_items(PARAMS, 2)
    assert other != ITEMS
    assert sorted(other) == sorted(ITEMS)
    assert GRID_SEARCH.make_items(PARAMS, 1) == ITEMS
    assert sorted(search(PARAMS, other)) == sorted(search(PARAMS, ITEMS))


def test_every_grid_point_occurs_with_every_fold() -> None:
    assert sorted(item[:2] for item in ITEMS) == [(index, fold) for index in range(6) for fold in range(FOLDS)]
    assert len({item[2:4] for item in ITEMS}) == 6


def test_a_number_of_fits_that_is_no_multiple_of_the_folds_is_refused_with_the_one_to_write() -> None:
    with pytest.raises(ValueError, match="write n=35"):
        GRID_SEARCH.make_items({**PARAMS, "n": 31}, 1)


@pytest.mark.parametrize("factor", [2, 10, 100])
def test_the_work_is_proportional_to_the_unit(monkeypatch: pytest.MonkeyPatch, factor: int) -> None:
    assert row_visits(monkeypatch, factor * 50e-6) == factor * row_visits(monkeypatch, 50e-6)


def test_the_scores_are_equal_across_payload_sizes() -> None:
    def scores(payload_bytes: int) -> list[Any]:
        params = {**PARAMS, "payload_bytes": payload_bytes}
        return [result[:3] for result in search(params, GRID_SEARCH.make_items(params, 1))]

    assert scores(1) == scores(300) == scores(65_536) == scores(0)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_536])
def test_the_op_reports_the_payload_that_arrived(size: int) -> None:
    params = {**PARAMS, "payload_bytes": size}
    assert {result[3] for result in search(params, GRID_SEARCH.make_items(params, 1))} == {size}


@pytest.mark.parametrize("damaged", [b"\x01\x01\x02", b"\x00\x01\x00"])
def test_a_payload_with_damaged_ends_does_not_count_as_arrived(damaged: bytes) -> None:
    assert search(PARAMS, [(*ITEMS[0][:4], damaged)])[0][3] == -1


def test_a_payload_is_pickled_once_for_each_op_of_a_chunk() -> None:
    params = {**PARAMS, "payload_bytes": 1024}
    items = GRID_SEARCH.make_items(params, 1)
    assert len(pickle.dumps(items)) >= 30 * 1024


def test_payloads_stay_within_their_memory_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid_search, "PAYLOAD_BUDGET_BYTES", 4096)
    items = GRID_SEARCH.make_items({**PARAMS, "payload_bytes": 1024}, 1)
    assert len({id(item[4]) for item in items}) == 4


@pytest.mark.parametrize("point", GRID_SEARCH.grid["full"], ids=str)
def test_the_budget_gives_each_op_of_a_usual_chunk_its_own_payload(point: Any) -> None:
    chunk = -(-point.params["n"] // (4 * point.concurrency))
    size = point.params["payload_bytes"]
    assert chunk * size <= grid_search.PAYLOAD_BUDGET_BYTES


def test_the_oracle_does_the_same_arithmetic_as_the_op() -> None:
    steps = grid_search.visits(50e-6)
    for item, result in zip(ITEMS, search(PARAMS, ITEMS), strict=True):
        assert grid_search.recompute(item[1], item[2], item[3], steps) == result[2]


RIGHT = search(PARAMS, ITEMS)


@pytest.mark.parametrize(
    "results",
    [
        pytest.param(RIGHT[:-1], id="missing"),
        pytest.param([*RIGHT, RIGHT[0]], id="extra"),
        pytest.param([RIGHT[1], *RIGHT[1:]], id="duplicated"),
        pytest.param([RIGHT[1], RIGHT[0], *RIGHT[2:]], id="reordered"),
        pytest.param([None, *RIGHT[1:]], id="none"),
        pytest.param([(*RIGHT[0][:2], math.nan, 0), *RIGHT[1:]], id="nan"),
        pytest.param([(*RIGHT[0][:2], math.inf, 0), *RIGHT[1:]], id="infinite"),
        pytest.param([(*RIGHT[0][:2], 1, 0), *RIGHT[1:]], id="not a float"),
        pytest.param([(*RIGHT[0][:3], 1), *RIGHT[1:]], id="payload of another size"),
        pytest.param([(i, f, math.nextafter(s, 2.0), z) for i, f, s, z in RIGHT], id="scores off by one bit"),
        pytest.param([(i, f, 0.9, z) for i, f, s, z in RIGHT], id="scores never computed"),
    ],
)
def test_the_oracle_refuses_other_results(results: list[Any]) -> None:
    with pytest.raises(WrongAnswer):
        GRID_SEARCH.check(PARAMS, ITEMS, results)


def test_the_oracle_refuses_items_that_lack_a_fit() -> None:
    items, results = [ITEMS[1], *ITEMS[1:]], [RIGHT[1], *RIGHT[1:]]
    with pytest.raises(WrongAnswer, match="29 different fits"):
        GRID_SEARCH.check(PARAMS, items, results)


def test_results_of_less_work_are_refused() -> None:
    with pytest.raises(WrongAnswer, match="the oracle found"):
        GRID_SEARCH.check({**PARAMS, "unit_s": 100e-6}, ITEMS, RIGHT)


def test_of_equal_means_the_first_grid_point_is_best() -> None:
    table = {(index, fold): (0.5, 0.75, 0.75)[index] for index in range(3) for fold in range(FOLDS)}
    assert grid_search.best([(0.0, 0.1), (0.01, 0.3), (0.02, 0.3)], table) == "best: l2=0.01 lr=0.3, score 0.750"
