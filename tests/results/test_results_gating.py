"""The test of a cell asks for pairs and in the end says one word; both follow from the pairs alone."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import numpy as np
import pytest

from support.gate_pairs import fill, noisy, pair, series_of
from when_async.bench.model import Pair, from_json, to_json
from when_async.results.gate.deciding import FIRST, FRESH, CellTest, Terms
from when_async.results.gate.reducing import inside, log_ratio
from when_async.results.gate.report import Word
from when_async.results.stats import sequential

BOTH = Terms({"wall": 0.03, "cpu": 0.03})


def cell_test(thorough: bool = False) -> CellTest:
    return CellTest("tiny[n=20,c=4]-sync", Terms(BOTH.margins, thorough))


def decided(log_ratios: Callable[[str, int], float], thorough: bool = False) -> CellTest:
    return fill(cell_test(thorough), log_ratios)


def test_an_unchanged_cell_stops_at_the_first_look_and_is_no_alarm() -> None:
    found = decided(lambda series, index: 0.001 * (-1) ** index)
    result = found.result()
    assert (result.word, result.pairs) == (Word.NO_ALARM, 6)
    assert result.reason == "nothing pointed to a slow-down beyond the margin after 6 pairs"


def test_a_slow_cell_is_asked_for_14_pairs_and_14_fresh_ones_and_regressed() -> None:
    found = decided(noisy(0.10))
    result = found.result()
    assert (len(found.pairs[FIRST]), len(found.pairs[FRESH])) == (14, 14)
    assert result.word is Word.REGRESSED
    assert result.reason == "wall and cpu beyond the margin, confirmed on 14 fresh pairs"
    wall = result.metrics[0]
    assert wall.ratio is not None
    assert wall.ratio.low <= 1.10 <= wall.ratio.high
    assert wall.p is not None
    assert wall.p <= 0.025
    assert [metric.metric for metric in result.confirmation] == ["wall", "cpu"]
    assert result.seconds == 14.0


def test_the_same_regressed_head_gated_twice_fails_twice() -> None:
    words = [decided(noisy(0.10, seed=seed)).result().word for seed in (1, 2)]
    assert words == [Word.REGRESSED, Word.REGRESSED]


def test_an_alarm_that_fresh_pairs_do_not_confirm_is_inconclusive() -> None:
    slow, calm = noisy(0.10), noisy(0.0)
    result = decided(lambda series, index: (slow if series == FIRST else calm)(series, index)).result()
    assert result.word is Word.INCONCLUSIVE
    assert "fresh pairs did not confirm it" in result.reason


def test_a_metric_that_alarms_only_once_does_not_take_the_confirmation_of_another() -> None:
    found = cell_test()
    while (wanted := found.wants()) is not None:
        jitter = 0.001 * (-1) ** len(series_of(found))
        slow = (0.1 + jitter, jitter) if wanted[0] == FIRST else (jitter, 0.1 + jitter)
        found.add(pair(slow[0], wanted[0], cpu=slow[1]))
    assert found.suspects() == ["wall"]
    assert found.regressed() == []
    assert found.result().word is Word.INCONCLUSIVE


def test_one_metric_is_enough_for_a_regression() -> None:
    found = cell_test()
    while (wanted := found.wants()) is not None:
        jitter = 0.001 * (-1) ** len(series_of(found))
        found.add(pair(jitter, wanted[0], cpu=0.08 + jitter))
    result = found.result()
    assert result.word is Word.REGRESSED
    assert result.reason.startswith("cpu beyond the margin")


def test_a_thorough_gate_skips_the_early_look_and_can_say_equivalent() -> None:
    result = decided(lambda series, index: 0.002 * (-1) ** index, thorough=True).result()
    assert (result.word, result.pairs) == (Word.EQUIVALENT, 14)
    assert all(inside(metric) for metric in result.metrics)


def test_a_thorough_gate_can_say_improved() -> None:
    result = decided(noisy(-0.10), thorough=True).result()
    assert (result.word, result.reason) == (Word.IMPROVED, "wall and cpu faster by more than the margin")


def test_an_early_look_never_claims_an_improvement() -> None:
    assert decided(noisy(-0.10)).result().word is Word.NO_ALARM


def test_a_noisy_cell_near_the_margin_gets_more_pairs_and_stays_undecided() -> None:
    draw = random.Random(3)
    result = decided(lambda series, index: 0.03 + draw.uniform(-0.15, 0.15), thorough=True).result()
    assert result.word is Word.INCONCLUSIVE
    assert result.pairs == 112
    assert "which spread by" in result.reason


def test_the_confirmation_has_as_many_pairs_as_the_test() -> None:
    found = decided(noisy(0.09, spread=0.02, seed=4))
    assert len(found.pairs[FIRST]) == len(found.pairs[FRESH]) == found.size() > 14


@pytest.mark.parametrize("taken", [0, 1, 5, 6, 13, 20])
def test_a_cell_that_still_wants_pairs_is_never_passed(taken: int) -> None:
    found = fill(cell_test(), noisy(0.10), most=taken)
    result = found.result()
    assert result.word is Word.INCONCLUSIVE
    assert f"after {taken} pairs" in result.reason
    assert found.result(out_of_time=True).word is Word.INCONCLUSIVE


def test_a_metric_whose_clock_reads_zero_is_left_out_and_not_divided_by() -> None:
    found = cell_test()
    while (wanted := found.wants()) is not None:
        plain = pair(0.001 * (-1) ** len(series_of(found)), wanted[0])
        found.add(pair(rounds={**plain.rounds, "cpu": ([0.0, 0.01, 0.0, 0.01], [0.01, 0.0, 0.0, 0.01])}))
    result = found.result()
    assert [metric.metric for metric in result.metrics] == ["wall"]
    assert result.word is Word.NO_ALARM


def test_a_cell_of_which_no_metric_could_be_read_is_no_pass() -> None:
    found = cell_test()
    while (wanted := found.wants()) is not None:
        found.add(pair(rounds={"wall": ([0.0] * 4, [0.0] * 4), "cpu": ([0.0] * 4, [0.0] * 4)}, series=wanted[0]))
    result = found.result()
    assert (result.word, result.metrics) == (Word.INCONCLUSIVE, ())
    assert "no clock" in result.reason


def test_the_verdict_can_be_had_again_from_the_stored_pairs_alone() -> None:
    for source in (noisy(0.10), noisy(0.0), noisy(0.04, spread=0.03)):
        found = decided(source)
        lines = [json.dumps(to_json("pair", each)) for each in series_of(found)]
        again = cell_test()
        for line in lines:
            again.add(from_json(Pair, json.loads(line)))
        assert again.result() == found.result()
        assert again.wants() is None


def test_the_live_rule_is_the_replayed_rule() -> None:
    draw = np.random.default_rng(8)
    for _ in range(12):
        rows = draw.normal(draw.choice([0.0, 0.03, 0.05, 0.08]), 0.015, (2, 112))
        found = fill(
            CellTest("cell", Terms({"wall": 0.03})), lambda series, index, rows=rows: rows[int(series == FRESH), index]
        )
        replayed = sequential.replay(rows[:1], rows[1:], 0.03)
        assert (found.result().word is Word.REGRESSED) == bool(replayed.alarmed[0])
        assert len(series_of(found)) == replayed.pairs[0]


def test_one_pair_is_the_median_of_neighbouring_rounds() -> None:
    rounds = ([1.0, 2.0, 4.0], [2.0, 8.0, 4.0])
    assert log_ratio(pair(rounds={"wall": rounds}), "wall") == pytest.approx(np.log(2))


def test_seconds_are_told_per_op() -> None:
    result = decided(lambda series, index: 0.0).result()
    assert result.metrics[0].base_s == pytest.approx(0.01 / 20)
    assert result.metrics[1].head_s == pytest.approx(0.005 / 20)


def test_one_pair_has_neither_interval_nor_test() -> None:
    wall = fill(cell_test(), noisy(), most=1).result().metrics[0]
    assert (wall.ratio, wall.p, wall.spread, wall.smallest_effect) == (None, None, None, None)


def test_a_larger_margin_lets_the_same_pairs_pass() -> None:
    found = fill(CellTest("cell", Terms({"wall": 0.15, "cpu": 0.15})), noisy(0.10))
    assert found.regressed() == []


def test_a_quieter_cell_shows_smaller_slow_downs() -> None:
    quiet, loud = (decided(noisy(0.10, spread)).result().metrics[0].smallest_effect for spread in (0.005, 0.02))
    assert quiet is not None
    assert loud is not None
    assert 0.03 < quiet < loud


def test_a_pair_of_an_unknown_series_is_a_mistake_of_the_caller() -> None:
    stray: Pair = pair(series="calibration")
    with pytest.raises(KeyError):
        cell_test().add(stray)


@pytest.mark.parametrize("effect", [0.0, 0.05, 0.12, 0.16, 0.5])
@pytest.mark.parametrize("spread", [0.02, 0.06])
def test_a_live_cell_and_its_replay_come_to_the_same_with_as_many_pairs(effect: float, spread: float) -> None:
    most = sequential.DEFAULT.most
    drawn = np.random.default_rng(5).normal(np.log1p(effect), spread, (2, 6, most))
    replayed = sequential.replay(drawn[0], drawn[1], BOTH.margins["wall"])
    for row in range(drawn.shape[1]):
        found = decided(lambda series, index, row=row: float(drawn[int(series == FRESH), row, index]))  # type: ignore[misc]
        assert bool(found.regressed()) == replayed.alarmed[row]
        assert sum(map(len, found.pairs.values())) == replayed.pairs[row]


def test_a_head_that_is_half_as_slow_again_is_told_after_six_pairs_and_six_fresh_ones() -> None:
    found = cell_test()
    fill(found, noisy(0.5), most=6)
    assert found.urgent()
    result = fill(found, noisy(0.5, seed=2)).result()
    assert (len(found.pairs[FIRST]), len(found.pairs[FRESH]), found.urgent()) == (6, 6, False)
    assert result.word is Word.REGRESSED
    assert result.reason == "wall and cpu plainly slower in 6 pairs and in 6 fresh ones"


def test_what_was_plain_and_is_not_so_in_fresh_pairs_goes_on_as_any_other() -> None:
    slow, calm = noisy(0.5), noisy(0.0)
    found = decided(lambda series, index: (slow if series == FIRST else calm)(series, index))
    assert len(found.pairs[FIRST]) >= 14
    assert found.result().word is Word.INCONCLUSIVE
    assert "fresh pairs did not confirm it" in found.result().reason
