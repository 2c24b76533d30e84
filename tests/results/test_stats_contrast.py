"""What a verdict promises: it follows from the interval, says why, and is rarely wrong where nothing changed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from when_async.bench.model import Estimate
from when_async.results.stats.estimate import paired_interval, signed_rank_p, signed_rank_ps
from when_async.results.stats.moderated import log_sequence
from when_async.results.stats.standing import (
    MOST_FORKS,
    Extent,
    Outcome,
    Standing,
    extent_of,
    forks_needed,
    judge,
    judge_unpaired,
    spread_of,
)

SPREAD = np.array([-4, -3, -2, -1, 0, 1, 2, 3, 4]) / 4
"""Nine log-ratios around 0, at most 1 off; their 95 % interval is [-0.625, 0.625]."""


def around(middle: float, reach: float) -> Standing:
    """The verdict on nine forks whose log-ratios lie around log(`middle`), with a margin of 3 %."""
    return judge(math.log(middle) + reach * SPREAD, 0.03)


@pytest.mark.parametrize(
    ("middle", "reach", "verdict", "extent"),
    [
        (1.10, 0.03, Outcome.FASTER, Extent.BEYOND),
        (1.04, 0.03, Outcome.FASTER, Extent.OPEN),
        (1.01, 0.005, Outcome.FASTER, Extent.WITHIN),
        (1 / 1.10, 0.03, Outcome.SLOWER, Extent.BEYOND),
        (1 / 1.04, 0.03, Outcome.SLOWER, Extent.OPEN),
        (1 / 1.01, 0.005, Outcome.SLOWER, Extent.WITHIN),
        (1.00, 0.03, Outcome.EQUIVALENT, Extent.WITHIN),
    ],
)
def test_the_verdict_follows_from_where_the_interval_lies(
    middle: float, reach: float, verdict: Outcome, extent: Extent
) -> None:
    found = around(middle, reach)
    assert (found.verdict, found.extent) == (verdict, extent)
    assert (found.forks_needed, found.margin, found.paired) == (None, 0.03, True)
    assert found.ratio == paired_interval(math.log(middle) + reach * SPREAD)


def test_an_interval_that_holds_1_and_leaves_the_margin_says_how_many_forks_would_settle_it() -> None:
    found = around(1.01, 0.1)
    assert (found.verdict, found.extent) == (Outcome.INCONCLUSIVE, Extent.OPEN)
    assert found.forks_needed is not None
    assert found.forks_needed > 9


def test_where_no_reasonable_number_of_forks_would_settle_it_that_is_said() -> None:
    found = around(1.001, 1.0)
    assert (found.verdict, found.forks_needed) == (Outcome.INCONCLUSIVE, None)


@pytest.mark.parametrize("forks", [0, 1, 2])
def test_fewer_than_three_forks_give_an_estimate_at_most(forks: int) -> None:
    found = judge([0.5, 0.51, 0.52][:forks], 0.03)
    assert (found.verdict, found.p) == (Outcome.INCONCLUSIVE, None)
    assert (found.ratio is None) == (forks < 2)


def test_ten_times_as_fast_within_a_percent_is_a_verdict_after_three_forks() -> None:
    found = judge(np.log([10.2, 10.19, 10.21]), 0.03)
    assert (found.verdict, found.extent, found.p) == (Outcome.FASTER, Extent.BEYOND, None)
    assert found.forks_needed is None


def test_three_forks_that_scatter_decide_nothing() -> None:
    assert judge([0.1, 0.2, 0.0], 0.03).verdict is Outcome.INCONCLUSIVE


def test_a_run_that_looked_as_it_went_has_the_interval_of_all_looks_and_no_p() -> None:
    logs = [0.011, 0.012, 0.013, 0.030, 0.011, 0.012]
    once, looked = judge(logs, 0.03), judge(logs, 0.03, looked=True)
    assert once.ratio is not None
    assert looked.ratio is not None
    assert (once.p, looked.p) == (pytest.approx(2 / 2**6), None)
    assert looked.ratio == log_sequence(logs, "x", None)


def test_six_forks_can_give_a_verdict() -> None:
    found = judge([0.5, 0.51, 0.52, 0.53, 0.54, 0.55], 0.03)
    assert (found.verdict, found.p) == (Outcome.FASTER, 2 / 64)


def test_swapping_the_sides_turns_the_verdict_round() -> None:
    turned = {Outcome.FASTER: Outcome.SLOWER, Outcome.SLOWER: Outcome.FASTER}
    rng = np.random.default_rng(1)
    seen = set()
    for middle, reach in rng.uniform([-0.05, 0.001], [0.05, 0.1], (60, 2)):
        one, other = judge(middle + reach * SPREAD, 0.03), judge(-middle - reach * SPREAD, 0.03)
        assert other.verdict is turned.get(one.verdict, one.verdict)
        assert (other.extent, other.forks_needed, other.p) == (one.extent, one.forks_needed, one.p)
        seen.add(one.verdict)
    assert seen == set(Outcome)


def test_p_is_of_the_two_sided_test_against_a_ratio_of_1() -> None:
    logs = np.random.default_rng(2).normal(0.02, 0.03, 9)
    assert judge(logs, 0.03).p == signed_rank_p(logs, 0.0, "two-sided")


@pytest.mark.parametrize(
    ("low", "high", "extent"),
    [
        (1 / 1.03, 1.03, Extent.WITHIN),
        (1 / 1.031, 1.03, Extent.OPEN),
        (1.03, 1.04, Extent.OPEN),
        (1.031, 1.04, Extent.BEYOND),
        (0.5, 0.97, Extent.BEYOND),
        (0.5, 2.0, Extent.OPEN),
    ],
)
def test_the_margin_is_symmetric_on_the_log_scale(low: float, high: float, extent: Extent) -> None:
    assert extent_of(Estimate(math.sqrt(low * high), low, high, "x", 9), 0.03) is extent


def seen(point: float, n: int = 9) -> Estimate:
    return Estimate(point, 0.5, 2.0, "x", n)


def test_the_forks_needed_to_tell_apart_are_those_of_the_textbook() -> None:
    # n = ((z.975 + z.8) x spread / effect) ** 2 = ((1.960 + 0.842) x 3 / 2) ** 2 = 17.7
    assert forks_needed(seen(math.exp(0.02)), 0.03, 0.001) == 18


def test_the_forks_needed_to_fit_into_the_margin_are_those_of_the_textbook() -> None:
    # Two sides must fit, each with a chance of 90 %: ((1.960 + 1.282) x 3 / 2) ** 2 = 23.6
    assert forks_needed(seen(1.0), 0.03, math.expm1(0.02)) == 24


def test_of_two_ways_to_be_sure_the_cheaper_one_counts() -> None:
    apart, inside = forks_needed(seen(1.02), 0.03, 0.0001), forks_needed(seen(1.02), 0.03, 0.2)
    assert apart is not None
    assert inside is not None
    assert inside < apart


def test_more_scatter_needs_more_forks_until_there_is_no_point_in_promising() -> None:
    needed = [forks_needed(seen(1.02), spread, 0.03) for spread in (0.0, 0.02, 0.04, 0.08, 1.0)]
    assert needed[0] == 10
    assert needed[-1] is None
    known = [count for count in needed if count is not None]
    assert known == sorted(known)
    assert max(known) <= MOST_FORKS


@pytest.mark.parametrize("n", [3, 9, 30])
def test_the_spread_is_read_off_the_interval(n: int) -> None:
    draws = np.random.default_rng(3).normal(0, 0.03, (300, n))
    found = [paired_interval(row, 2 / 3) for row in draws]
    assert np.median([spread_of(one) for one in found if one]) == pytest.approx(0.03, rel=0.25)


@pytest.mark.parametrize("margin", [0.0, -0.03, 1.5, math.nan])
def test_a_margin_that_cannot_be_meant_is_refused(margin: float) -> None:
    with pytest.raises(ValueError, match="a margin lies above 0"):
        judge([0.0] * 9, margin)


def test_unpaired_sides_are_judged_by_their_processes_and_marked() -> None:
    rng = np.random.default_rng(4)
    slow, fast = rng.normal(0.1, 0.01, 9), rng.normal(0.0, 0.01, 9)
    found = judge_unpaired(slow, fast, 0.03)
    assert (found.verdict, found.extent, found.paired) == (Outcome.FASTER, Extent.BEYOND, False)
    assert judge_unpaired(fast, slow, 0.03).verdict is Outcome.SLOWER
    assert found.p is not None
    assert found.p < 0.001


def test_unpaired_sides_count_the_smaller_one_and_ask_for_forks_in_each_run() -> None:
    rng = np.random.default_rng(5)
    few = judge_unpaired(rng.normal(0, 0.01, 20), rng.normal(0, 0.01, 2), 0.03)
    assert (few.verdict, few.p) == (Outcome.INCONCLUSIVE, None)
    wide = judge_unpaired(rng.normal(0, 0.1, 9), rng.normal(0, 0.1, 9), 0.03)
    assert wide.verdict is Outcome.INCONCLUSIVE
    assert judge_unpaired([0.1], [], 0.03).ratio is None


def unchanged(count: int, forks: int = 9, rounds: int = 7) -> np.ndarray:
    """Log-ratios by comparison and fork of a program with itself: 2.5 % between processes, 1.5 % within."""
    rng = np.random.default_rng(20261122)
    sides = rng.normal(0, 0.025, (2, count, forks, 1)) + rng.normal(0, 0.015, (2, count, forks, rounds))
    return np.median(sides[0] - sides[1], axis=-1)


def test_a_program_against_itself_differs_in_one_of_twenty_comparisons_at_most() -> None:
    logs = unchanged(20_000)
    assert 0.02 < (signed_rank_ps(logs, 0.0, "two-sided") <= 0.05).mean() <= 0.05
    verdicts = [judge(row, 0.03).verdict for row in logs[:400]]
    assert sum(verdict in (Outcome.FASTER, Outcome.SLOWER) for verdict in verdicts) / 400 <= 0.05


def test_a_program_against_itself_is_hardly_ever_beyond_the_margin() -> None:
    assert sum(judge(row, 0.03).extent is Extent.BEYOND for row in unchanged(400)) <= 1


def test_ten_per_cent_are_found() -> None:
    found = [judge(row + math.log(1.1), 0.03) for row in unchanged(100)]
    assert sum(one.verdict is Outcome.FASTER for one in found) >= 98


def test_as_many_forks_as_were_asked_for_settle_most_comparisons() -> None:
    rng = np.random.default_rng(6)
    settled = []
    for _ in range(150):
        first = judge(rng.normal(0.02, 0.03, 9), 0.01)
        if first.forks_needed is not None:
            again = judge(rng.normal(0.02, 0.03, first.forks_needed), 0.01)
            settled.append(again.verdict is not Outcome.INCONCLUSIVE)
    assert len(settled) > 50
    assert sum(settled) / len(settled) > 0.7
