"""What the signed-rank test promises: exact, never too small a p, and of one mind with the interval."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from when_async.bench.model import Estimate
from when_async.results.stats.estimate import (
    Alternative,
    log_interval,
    paired_interval,
    rank_interval,
    signed_rank_p,
    signed_rank_ps,
)

ALTERNATIVES: tuple[Alternative, ...] = ("greater", "less", "two-sided")
EACH = pytest.mark.parametrize("alternative", ALTERNATIVES)


@pytest.mark.parametrize(("n", "p"), [(5, 1 / 32), (8, 1 / 256), (14, 1 / 16384), (100, 0.5**100)])
def test_when_all_pairs_agree_p_is_one_of_all_ways_to_give_signs(n: int, p: float) -> None:
    d = np.arange(1.0, n + 1)
    assert signed_rank_p(d, 0.0, "greater") == pytest.approx(p, rel=1e-12, abs=0)
    assert signed_rank_p(-d, 0.0, "less") == pytest.approx(p, rel=1e-12, abs=0)
    assert signed_rank_p(d, 0.0, "two-sided") == pytest.approx(2 * p, rel=1e-12, abs=0)
    assert signed_rank_p(d, 0.0, "less") == 1


def test_p_counts_the_sign_patterns_that_are_as_extreme() -> None:
    # Ranks 1 + 2 + 3 are positive: 7 of the 16 subsets of {1, 2, 3, 4} add up to 6 or more.
    assert signed_rank_p([1, 2, 3, -4], 0.0, "greater") == 7 / 16


def test_values_that_equal_the_shift_and_ties_count_against_the_alternative() -> None:
    # Walsh averages above 0: of (1, -1) one of three, of (0, 1, 2) five of six.
    assert signed_rank_p([1, -1], 0.0, "greater") == 3 / 4
    assert signed_rank_p([0, 1, 2], 0.0, "greater") == 2 / 8
    assert signed_rank_p([0, 0, 0], 0.0, "greater") == 1
    assert signed_rank_p([0, 0, 0], 0.0, "two-sided") == 1


@EACH
@pytest.mark.parametrize("n", [3, 6, 9, 14, 40])
def test_without_ties_p_is_that_of_scipys_exact_test(n: int, alternative: Alternative) -> None:
    rng = np.random.default_rng(n)
    for shift in (-0.3, 0.0, 0.5):
        d = rng.normal(0.2, 1, n)
        expected = stats.wilcoxon(d - shift, method="exact", alternative=alternative).pvalue
        assert signed_rank_p(d, shift, alternative) == pytest.approx(expected, rel=1e-10)


def test_with_ties_p_comes_from_walsh_averages_strictly_above_the_shift() -> None:
    rng = np.random.default_rng(1)
    sums = [sum(ranks) for k in range(7) for ranks in itertools.combinations(range(1, 7), k)]
    for _ in range(50):
        d = rng.integers(-3, 4, 6).astype(float)
        above = sum(d[i] + d[j] > 0 for i in range(6) for j in range(i, 6))
        expected = sum(total >= above for total in sums) / 2**6
        assert signed_rank_p(d, 0.0, "greater") == pytest.approx(expected)


@pytest.mark.parametrize("n", [6, 9, 14])
def test_the_test_rejects_exactly_what_the_interval_excludes(n: int) -> None:
    rng = np.random.default_rng(n)
    for _ in range(40):
        d = np.round(rng.normal(0.5, 1, n), 1)
        found = rank_interval(d, 0.95)
        assert found is not None
        _, low, high = found
        for shift in (-0.55, 0.05, 0.45, 1.15):
            assert (signed_rank_p(d, shift, "two-sided") <= 0.05) == (not low <= shift <= high)


@EACH
def test_a_matrix_gives_the_p_of_each_row(alternative: Alternative) -> None:
    rows = np.random.default_rng(2).normal(0.3, 1, (20, 9))
    expected = [signed_rank_p(row, 0.1, alternative) for row in rows]
    assert signed_rank_ps(rows, 0.1, alternative).tolist() == expected


def test_p_does_not_depend_on_the_unit_and_turns_round_with_the_sides() -> None:
    d = np.random.default_rng(3).normal(0.3, 1, 9)
    assert signed_rank_p(1000 * d, 0.0, "greater") == signed_rank_p(d, 0.0, "greater")
    assert signed_rank_p(-d, 0.0, "less") == signed_rank_p(d, 0.0, "greater")


def test_false_alarms_stay_at_their_rate_with_heavy_tails() -> None:
    rows = np.random.default_rng(4).standard_t(1.5, (20_000, 9))
    assert (signed_rank_ps(rows, 0.0, "two-sided") <= 0.05).mean() <= 0.05


def test_nothing_to_test_is_refused() -> None:
    for bad in ([], [1.0, math.nan]):
        with pytest.raises(ValueError, match="finite"):
            signed_rank_p(bad, 0.0, "greater")
    with pytest.raises(ValueError, match="no alternative 'more'; use greater, less or two-sided"):
        signed_rank_p([1.0], 0.0, "more")  # type: ignore[arg-type]


def test_a_paired_interval_is_the_log_interval_of_the_ratios() -> None:
    logs = np.random.default_rng(5).normal(0.1, 0.02, 9)
    found, expected = paired_interval(logs), log_interval(np.exp(logs), "x")
    assert found is not None
    assert expected is not None
    assert (found.low, found.point, found.high) == pytest.approx((expected.low, expected.point, expected.high))
    assert (found.unit, found.n, found.confidence) == ("x", 9, 0.95)


def test_a_paired_interval_needs_two_pairs_and_finite_values() -> None:
    assert paired_interval([0.1]) is None
    assert paired_interval([0.0] * 9) == Estimate(1.0, 1.0, 1.0, "x", 9)
    with pytest.raises(ValueError, match="finite"):
        paired_interval([0.1, math.inf])
