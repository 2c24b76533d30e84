"""The verdicts of all cells together: corrected for their number, doubted where a control alarms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support import gate_reports
from support.gate_pairs import fill, noisy
from when_async.results.gate.assembly import (
    Control,
    believed,
    canaries,
    cell_results,
    corrected,
    metric_named,
    wall_series,
)
from when_async.results.gate.deciding import CellTest, Terms
from when_async.results.gate.report import Canary, Word

TERMS = Terms({"wall": 0.03, "cpu": 0.03})
SLOW, CALM = 0.10, 0.0


def cell_test(name: str, effect: float, seed: int = 1) -> CellTest:
    return fill(CellTest(name, TERMS), noisy(effect, seed=seed))


def control(effect: float, injected: float = 0.0) -> Control:
    return Control(cell_test("control", effect), "cell", injected)


def canary(controls: Control, broken: dict[str, str] | None = None, late: tuple[str, ...] = ()) -> Canary:
    (found,) = canaries([controls], broken or {}, late)
    return found


def test_each_cell_gets_its_own_word() -> None:
    cell_tests = {"slow": cell_test("slow", SLOW), "calm": cell_test("calm", CALM)}
    assert [result.word for result in cell_results(cell_tests, {}, [])] == [Word.REGRESSED, Word.NO_ALARM]


def test_a_broken_cell_is_broken_whatever_its_pairs_said() -> None:
    (result,) = cell_results({"slow": cell_test("slow", SLOW)}, {"slow": "head: killed by signal 9"}, [])
    assert (result.word, result.reason, result.pairs) == (Word.BROKEN, "head: killed by signal 9", 14)


def test_a_cell_that_broke_before_its_first_pair_is_told_too() -> None:
    (result,) = cell_results({"gone": CellTest("gone", TERMS)}, {"gone": "base: no"}, [])
    assert (result.word, result.pairs, result.metrics) == (Word.BROKEN, 0, ())


def test_a_late_cell_is_inconclusive() -> None:
    (result,) = cell_results({"calm": fill(CellTest("calm", TERMS), noisy(), most=3)}, {}, ["calm"])
    assert (result.word, result.pairs) == (Word.INCONCLUSIVE, 3)


def test_p_values_are_adjusted_over_all_cells_and_metrics_of_the_run() -> None:
    one = gate_reports.cell("one", Word.NO_ALARM, wall=gate_reports.around(1.0))
    metrics = [replace(one.metrics[0], p=p) for p in (0.01, 0.04, 0.03, None)]
    results = corrected([replace(one, metrics=tuple(metrics[:2])), replace(one, metrics=tuple(metrics[2:]))])
    # Holm by hand: 3 x 0.01, then 2 x 0.03, then 1 x 0.04, which may not fall below the one before.
    adjusted = [metric.p_holm for result in results for metric in result.metrics]
    assert adjusted[3] is None
    assert [value for value in adjusted if value is not None] == pytest.approx([0.03, 0.06, 0.06])


def test_an_unchanged_control_that_is_silent_has_passed() -> None:
    found = canary(control(CALM))
    assert (found.kind, found.word, found.passed, found.pairs) == ("unchanged", Word.NO_ALARM, True, 6)
    assert found.ratio is not None


def test_an_unchanged_control_that_alarms_has_failed() -> None:
    found = canary(control(SLOW))
    assert (found.word, found.passed, found.pairs) == (Word.REGRESSED, False, 28)


def test_an_injected_control_must_alarm() -> None:
    assert canary(control(SLOW, 0.10)).passed
    assert canary(control(SLOW, 0.10)).kind == "injected"
    assert not canary(control(CALM, 0.10)).passed


@pytest.mark.parametrize("injected", [0.0, 0.10])
def test_a_broken_control_has_not_passed(injected: float) -> None:
    found = canary(control(SLOW if injected else CALM, injected), {"control": "base: no"})
    assert (found.word, found.passed) == (Word.BROKEN, False)


def test_a_control_that_time_ran_out_for_is_inconclusive_and_shows_nothing_of_an_injection() -> None:
    found = canary(control(SLOW, 0.10), late=("control",))
    assert (found.word, found.passed) == (Word.INCONCLUSIVE, False)


def test_an_unchanged_control_that_alarms_makes_regressions_inconclusive_and_leaves_the_rest() -> None:
    results = cell_results({"slow": cell_test("slow", SLOW), "calm": cell_test("calm", CALM)}, {}, [])
    doubted = believed(results, [canary(control(SLOW))])
    assert [result.word for result in doubted] == [Word.INCONCLUSIVE, Word.NO_ALARM]
    assert "confirmed on 14 fresh pairs; the gate alarmed on an unchanged control too" in doubted[0].reason
    assert doubted[1] == results[1]


def test_regressions_are_believed_where_controls_are_silent_or_an_injection_was_missed() -> None:
    results = cell_results({"slow": cell_test("slow", SLOW)}, {}, [])
    assert believed(results, []) == results
    assert believed(results, [canary(control(CALM)), canary(control(CALM, 0.10))]) == results


def test_the_noise_of_a_run_is_the_wall_time_of_cells_and_controls() -> None:
    series = wall_series({"slow": cell_test("slow", SLOW), "none": CellTest("none", TERMS)}, [control(CALM)])
    assert [len(row) for row in series] == [14, 6]


def test_a_metric_is_found_by_its_name() -> None:
    (result,) = cell_results({"calm": cell_test("calm", CALM)}, {}, [])
    assert metric_named(result, "cpu") is result.metrics[1]
    assert metric_named(result, "p99") is None
