"""What was calibrated takes the place of what was fitted, as far as it was measured and for its own interpreter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from support.calibration_files import NODE, put, record
from when_async.results.calibration import Calibration, read
from when_async.results.prediction.calibrated import calibrated, known_here, measured
from when_async.results.prediction.fitted import Fitted
from when_async.results.prediction.fitting import SHAPES
from when_async.results.prediction.judged import Accuracy
from when_async.results.prediction.model import Model
from when_async.results.prediction.simulated.costs import Costs

LOOP = Model("asyncio", "asyncio", costs=replace(SHAPES["asyncio"].fixed, op_s=9e-6, turn_s=9e-6))
POOL = Model(
    "multiprocessing", "processes", costs=replace(SHAPES["processes"].fixed, op_s=2e-5, chunk_s=9e-5), start_s=0.03,
    start_place_s=9e-3,
)  # fmt: skip
THREADS = Model("threading", "threads", costs=replace(SHAPES["threads"].fixed, op_s=5e-6, handover_s=1e-5))


@pytest.fixture
def calibration(tmp_path: Path) -> Calibration:
    return read(put(tmp_path))


def test_an_op_is_that_among_few_though_it_was_measured_in_a_crowd(calibration: Calibration) -> None:
    found = calibrated([LOOP], calibration)[0].costs
    assert found.op_s == pytest.approx(4e-6 * 120 / (128 * 1.18 - 8), rel=0.05)
    # What a task more adds to a wave is the same again by the figures that are simulated with.
    assert (128 * found.crowded_op_s(128) - 8 * found.crowded_op_s(8)) / 120 == pytest.approx(4e-6, rel=0.05)


def test_a_turn_is_what_a_wave_holds_beside_its_ops(calibration: Calibration) -> None:
    one = measured(calibration)["asyncio"].figures["turn_s"]
    op_s = measured(calibration)["asyncio"].figures["op_s"].point
    assert one.point == pytest.approx((36e-6 - 8 * op_s) / 2, rel=0.15)
    assert one.low < one.point < one.high


def test_a_pool_keeps_what_was_not_calibrated_of_it(calibration: Calibration) -> None:
    found = calibrated([POOL], calibration)[0]
    assert found.costs.chunk_s == pytest.approx(60e-6, rel=0.05)
    assert found.start_place_s == pytest.approx(2e-3, rel=0.05)
    assert (found.start_s, found.costs.spin_s) == (POOL.start_s, POOL.costs.spin_s)


def test_who_was_not_measured_still_waits_as_this_machine_lets_it(calibration: Calibration) -> None:
    found = calibrated([THREADS], calibration)[0].costs
    assert found.late_s == pytest.approx(THREADS.costs.late_s + 76e-6 - 81e-6, rel=0.05)
    assert (found.op_s, found.handover_s) == (THREADS.costs.op_s, THREADS.costs.handover_s)


def test_a_figure_below_nought_is_lost_in_the_noise_and_counts_as_none(tmp_path: Path) -> None:
    chunk = {"group": "models", "row": "multiprocessing", "column": "chunk", "unit": "s", "scale": "linear",
             "values": [-1e-6] * 6, "reason": "", "absent": False}  # fmt: skip
    found = calibrated([POOL], read(put(tmp_path, quantities=[chunk])))
    assert found[0].costs.chunk_s == 0.0


def test_a_machine_of_today_counts_and_for_its_own_interpreter_alone(tmp_path: Path) -> None:
    put(tmp_path, "calibration-old.json", date="2026-11-01T15:00:00+00:00")
    put(tmp_path, "calibration-new.json", date="2026-11-30T15:00:00+00:00")
    known = [
        Fitted(python, True, 2, "run", (replace(LOOP, costs=Costs(op_s=1.0)),), Accuracy(1, 1, 1, 1))
        for python in ("3.11", "3.14")
    ]
    (mine, other), notes = known_here(known, NODE, [tmp_path])
    assert (mine.calibrated[:10], other.calibrated, notes) == ("2026-11-30", "", [])
    assert mine.models[0].costs.op_s < 1e-5
    assert other is known[1]
    assert known_here(known, "another machine", [tmp_path]) == (known, [])


def test_who_was_not_measured_is_named_and_a_file_without_any_figure_is_no_calibration(tmp_path: Path) -> None:
    known = [Fitted("3.11", True, 2, "run", (LOOP, POOL, THREADS), Accuracy(1, 1, 1, 1))]
    put(tmp_path)
    ((mine,), _) = known_here(known, NODE, [tmp_path])
    assert mine.uncalibrated == ("threading",)
    quantities = [{**one, "values": []} if one["group"] == "models" else one for one in record()["quantities"]]
    put(tmp_path, quantities=quantities)
    assert known_here(known, NODE, [tmp_path]) == (known, [])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "fast", None, [1e-6], {"s": 1}])
def test_a_figure_that_is_none_costs_no_answer_and_is_told(tmp_path: Path, value: object) -> None:
    known = [Fitted("3.11", True, 2, "run", (LOOP,), Accuracy(1, 1, 1, 1))]
    quantities = [{**one, "values": [value] * 6} if one["group"] == "models" else one for one in record()["quantities"]]
    put(tmp_path, quantities=quantities)
    found, notes = known_here(known, NODE, [tmp_path])
    assert found == known
    assert not notes or "it was ignored" in notes[0]
