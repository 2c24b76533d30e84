"""What the ratio of two runs promises: the published tables, the stated coverage, and patience with outliers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from when_async.bench.model import Estimate
from when_async.results.stats.unpaired import rank_sum_tail, unpaired_interval, unpaired_p


def drawn(n: int, m: int, shift: float = 0.0, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(shift, 0.03, n), rng.normal(0, 0.03, m)


def interval(over: np.ndarray, under: np.ndarray) -> Estimate:
    found = unpaired_interval(over, under)
    assert found is not None
    return found


@pytest.mark.parametrize(("n", "m", "critical"), [(5, 5, 2), (6, 6, 5), (9, 9, 17), (9, 6, 10), (14, 14, 55)])
def test_the_rank_sum_tail_has_the_critical_values_of_the_tables(n: int, m: int, critical: int) -> None:
    tail = rank_sum_tail(n, m)
    assert tail[critical] <= 0.025 < tail[critical + 1]
    assert (tail[0], tail[-1]) == (pytest.approx(1 / math.comb(n + m, n)), 1)


@pytest.mark.parametrize("n", [6, 9, 14])
def test_equal_counts_get_the_middle_and_the_interval_of_all_gaps(n: int) -> None:
    over, under = drawn(n, n, 0.1)
    gaps = sorted(float(a - b) for a in over for b in under)
    cut = int((rank_sum_tail(n, n) <= 0.025).sum()) - 1
    found = interval(over, under)
    assert math.log(found.point) == pytest.approx(float(np.median(gaps)))
    assert (math.log(found.low), math.log(found.high)) == pytest.approx((gaps[cut], gaps[-1 - cut]))
    assert (found.n, found.unit) == (n, "x")


@pytest.mark.parametrize(("n", "m"), [(9, 8), (6, 12), (3, 3), (2, 5)])
def test_unequal_and_small_counts_get_welchs_interval(n: int, m: int) -> None:
    over, under = drawn(n, m, 0.1)
    expected = stats.ttest_ind(over, under, equal_var=False)
    low, high = expected.confidence_interval(0.95)
    found = interval(over, under)
    assert (math.log(found.low), math.log(found.high)) == pytest.approx((low, high))
    assert unpaired_p(over, under) == pytest.approx(expected.pvalue)
    assert found.n == min(n, m)


@pytest.mark.parametrize("n", [6, 9, 14])
def test_p_is_that_of_the_exact_rank_sum_test(n: int) -> None:
    over, under = drawn(n, n, 0.02)
    assert unpaired_p(over, under) == pytest.approx(stats.mannwhitneyu(over, under, method="exact").pvalue)


@pytest.mark.parametrize(("n", "m"), [(9, 9), (9, 7), (4, 4)])
def test_swapping_the_sides_inverts_the_ratio(n: int, m: int) -> None:
    over, under = drawn(n, m, 0.1)
    one, other = interval(over, under), interval(under, over)
    assert (other.low, other.point, other.high) == pytest.approx((1 / one.high, 1 / one.point, 1 / one.low))
    assert unpaired_p(over, under) == unpaired_p(under, over)


def test_a_ratio_does_not_depend_on_the_unit() -> None:
    over, under = drawn(9, 9, 0.1)
    scaled, plain = interval(over + 7, under + 7), interval(over, under)
    assert (scaled.low, scaled.high) == pytest.approx((plain.low, plain.high))


def test_equal_values_are_no_difference() -> None:
    same = np.full(9, 0.5)
    for under in (same, same[:-1]):
        found = interval(same, under)
        assert (found.low, found.point, found.high) == (1, 1, 1)
        assert unpaired_p(same, under) == 1


def test_a_difference_without_any_scatter_is_certain() -> None:
    assert unpaired_p(np.full(4, 0.5), np.full(4, 0.1)) == 0


def test_fewer_than_two_processes_on_a_side_give_nothing() -> None:
    assert unpaired_interval([0.1], [0.1, 0.2]) is None
    assert unpaired_p([0.1], [0.1, 0.2]) is None
    with pytest.raises(ValueError, match="finite"):
        unpaired_interval([0.1, math.nan], [0.1, 0.2])


@pytest.mark.parametrize(("n", "m", "scatter"), [(9, 9, (0.02, 0.02)), (9, 6, (0.01, 0.04)), (6, 6, (0.01, 0.03))])
def test_93_of_100_intervals_hold_the_truth_also_where_one_side_scatters_more(
    n: int, m: int, scatter: tuple[float, float]
) -> None:
    rng = np.random.default_rng(20261122)
    found = [interval(rng.normal(0.1, scatter[0], n), rng.normal(0, scatter[1], m)) for _ in range(1200)]
    assert sum(one.low <= math.exp(0.1) <= one.high for one in found) / 1200 >= 0.93


def test_outlying_processes_do_not_rule_the_interval_of_equal_counts() -> None:
    over, under = drawn(14, 14)
    over[0] += 1.0
    assert interval(over, under).high < 1.1
    # Welch's interval, for comparison, is ruled by that one process.
    assert interval(over, under[:-1]).high > 1.2
