"""Predictions keep to the bound, find again what made the data, and are judged in cells that they have not seen."""

from __future__ import annotations

from dataclasses import replace
from math import exp, log
from pathlib import Path

import pytest

from support.mixed_cells import mixed_cells
from support.run_files import grid_cells, make_run
from when_async.bench.cli.advise import KNOWN
from when_async.results.frame import load
from when_async.results.prediction.advice_file import AdviceError, from_frame, read, write
from when_async.results.prediction.fitted import Fitted
from when_async.results.prediction.fitting import LEAST, SHAPES, SeenCell, fit
from when_async.results.prediction.judged import Accuracy, HeldOut, accuracy, leave_out, recommended, spread
from when_async.results.prediction.model import Model
from when_async.results.prediction.simulated.costs import Costs
from when_async.results.prediction.work import Work

LOOP = Model("asyncio", "asyncio", costs=Costs(op_s=8e-6, turn_s=5e-6, late_s=9.5e-5, crowd=0.18))
POOL = Model("multiprocessing", "processes", costs=replace(SHAPES["processes"].fixed, op_s=2e-5, chunk_s=8e-5))


@pytest.mark.parametrize(
    ("family", "gil", "expected"),
    [("threads", True, False), ("threads", False, True), ("processes", True, True), ("asyncio", False, False)],
)
def test_threads_use_all_cores_only_without_a_gil(family: str, gil: bool, expected: bool) -> None:
    assert Model("r", family, gil).parallel is expected


WORKS = [
    Work(wait_s, cpu_s, n, k)
    for wait_s, cpu_s, n, k in (
        (0.0, 1e-3, 48, 8), (5e-4, 5e-4, 96, 8), (9e-4, 1e-4, 160, 8), (9e-4, 1e-4, 320, 32), (9.9e-4, 1e-5, 480, 32),
        (0.01, 0.0, 1000, 100), (0.01, 0.0, 10_000, 1000), (9e-3, 1e-3, 64, 32), (0.0, 1e-4, 400, 8),
        (9e-5, 1e-5, 800, 8),
    )
]  # fmt: skip


def cells(truth: Model) -> list[SeenCell]:
    return [
        SeenCell(truth.runner, truth.family, f"place {place}", work, truth.makespan_s(work, 2))
        for place, work in enumerate(WORKS)
    ]


@pytest.mark.parametrize("truth", [LOOP, POOL], ids=lambda model: model.runner)
def test_a_fit_predicts_the_cells_that_a_simulation_made(truth: Model) -> None:
    found = fit(cells(truth), cores=2)
    for work in WORKS:
        assert found.makespan_s(work, 2) == pytest.approx(truth.makespan_s(work, 2), rel=0.1)


def test_no_prediction_lies_below_the_bound_however_fast_the_cells_were() -> None:
    quicker = [replace(one, makespan_s=one.makespan_s * 0.85) for one in cells(POOL)]
    found = fit(quicker, cores=2)
    computing = Work(wait_s=0.0, cpu_s=0.04, ops=10_000, concurrency=2)
    assert found.makespan_s(computing, 2) >= 10_000 * 0.04 / 2


def test_each_cell_is_predicted_from_the_others_alone() -> None:
    own = cells(LOOP)
    lie = replace(own[3], makespan_s=own[3].makespan_s * 10)
    trials = leave_out([*own[:3], lie, *own[4:]], cores=2, whole=fit(own, cores=2))
    assert len(trials) == len(WORKS)
    # The false cell bends no prediction of itself, so it is seen as what it is.
    assert trials[3].measured_s / trials[3].predicted_s == pytest.approx(10, rel=0.3)


def test_where_waits_end_later_than_on_the_reference_all_models_wait_longer() -> None:
    late = replace(LOOP, costs=replace(LOOP.costs, late_s=LOOP.costs.late_s + 5e-4))
    found = fit(cells(late), cores=2, later_s=5e-4)
    assert found.costs.late_s == pytest.approx(late.costs.late_s)
    for work in WORKS:
        assert found.makespan_s(work, 2) == pytest.approx(late.makespan_s(work, 2), rel=0.1)


def test_too_few_cells_are_not_fitted() -> None:
    with pytest.raises(ValueError, match="too few to tell what a runner adds"):
        fit(cells(LOOP)[: LEAST - 1], cores=2)


def test_accuracy_counts_close_predictions_and_right_recommendations() -> None:
    trials = [
        HeldOut("a", "one", 1.0, 1.05), HeldOut("b", "one", 1.2, 1.3),  # both close, a is right
        HeldOut("a", "two", 1.0, 2.0), HeldOut("b", "two", 1.3, 1.25),  # b is chosen and 30 % off the best
        HeldOut("a", "three", 1.0, 1.2), HeldOut("b", "three", 1.04, 1.1),  # b is chosen and within 5 %
    ]  # fmt: skip
    found = accuracy(trials)
    assert (found.cells, found.close) == (6, 4)
    assert (found.places, found.right) == (3, 2)


def test_the_interval_holds_the_point_and_nearly_all_errors() -> None:
    trials = [HeldOut("a", str(place), exp(place / 100), 1.0) for place in range(1, 41)]
    low, high = spread(trials)
    assert low == 0.0
    assert log(exp(0.38)) <= high <= log(exp(0.40))


def test_what_was_fitted_survives_a_file(tmp_path: Path) -> None:
    known = Fitted("3.14", True, 2, "run", (LOOP,), Accuracy(10, 9, 5, 5))
    write(tmp_path / "advice.json", [replace(known, trials=(HeldOut("trio", "here", 1.0, 1.1),))], "a machine")
    assert read(tmp_path / "advice.json") == ([known], "a machine")
    assert read(KNOWN)[0], "an older file, without trials, is read too"


def test_a_file_that_is_damaged_or_not_there_is_refused_with_what_is_amiss(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(AdviceError, match=r"bad\.json cannot be read: .*truncated; renew it"):
        read(tmp_path / "bad.json")
    (tmp_path / "bad.json").write_text('{"machine": "a", "interpreters": [{"python": 3.14}]}')
    with pytest.raises(AdviceError, match=r"at `\$\.interpreters\[0\]\.python`; renew it"):
        read(tmp_path / "bad.json")
    with pytest.raises(AdviceError, match=r"there is no none\.json here"):
        read(tmp_path / "none.json")


def test_a_run_without_the_cells_that_tell_is_no_ground_for_advice(tmp_path: Path) -> None:
    frame = load([make_run(tmp_path / "a.jsonl", cells=[*mixed_cells()[:8], *grid_cells()])])
    with pytest.raises(AdviceError, match="when-async run --claim async-first"):
        from_frame(frame)


def test_an_empty_list_of_what_was_fitted_can_be_written_and_read(tmp_path: Path) -> None:
    write(tmp_path / "advice.json", [], "a machine")
    assert read(tmp_path / "advice.json") == ([], "a machine")


@pytest.mark.parametrize(
    ("seconds", "concurrency", "expected"),
    [
        ({"multiprocessing": 1.0, "threading": 1.019, "asyncio": 1.015}, 100, "threading"),
        ({"multiprocessing": 1.0, "threading": 1.019, "asyncio": 1.015}, 5000, "asyncio"),
        ({"multiprocessing": 1.0, "threading": 1.2, "asyncio": 1.3}, 100, "multiprocessing"),
        ({"sync": 1.02, "threading": 1.0}, 1, "sync"),
    ],
)
def test_of_those_that_are_level_the_plainest_is_recommended(
    seconds: dict[str, float], concurrency: int, expected: str
) -> None:
    assert recommended(seconds, concurrency) == expected
