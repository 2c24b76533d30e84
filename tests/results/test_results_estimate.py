"""What an estimate promises: the textbook interval, the stated coverage, and no interval where n is too small."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from when_async.bench.model import Estimate
from when_async.results.stats.estimate import (
    linear_interval,
    log_interval,
    rank_interval,
    signed_rank_cut,
    t_interval,
    walsh_averages,
)

Interval = Callable[[Iterable[float], str], Any]
BOTH = pytest.mark.parametrize("interval", [log_interval, linear_interval])


def exactly(value: float) -> object:
    return pytest.approx(value, rel=1e-13)


def test_two_values_get_the_t_interval_of_one_degree_of_freedom() -> None:
    # The t distribution with one degree of freedom is Cauchy's: its quantile is tan(pi (p - 1/2)).
    half = math.tan(math.pi * 0.475) * 0.5
    found = linear_interval([1.0, 2.0], "s")
    assert found is not None
    assert (found.point, found.low, found.high) == (1.5, exactly(1.5 - half), exactly(1.5 + half))


def test_three_values_get_the_t_interval_of_two_degrees_of_freedom() -> None:
    # With two degrees of freedom the quantile is (2p - 1) / sqrt(2p (1 - p)), here 4.302652729749464.
    quantile = 0.95 / math.sqrt(2 * 0.975 * 0.025)
    half = quantile * math.log(2) / math.sqrt(3)
    found = log_interval([1.0, 2.0, 4.0], "x")
    assert found is not None
    assert (found.point, found.low, found.high) == (
        exactly(2),
        exactly(2 / math.exp(half)),
        exactly(2 * math.exp(half)),
    )
    assert (found.unit, found.n, found.confidence) == ("x", 3, 0.95)


@pytest.mark.parametrize(
    ("n", "confidence", "quantile"),
    [(4, 0.95, 3.182446305284263), (5, 0.95, 2.776445105197793), (5, 0.90, 2.131846786326649)],
)
def test_the_t_interval_uses_the_quantile_of_the_tables(n: int, confidence: float, quantile: float) -> None:
    data = np.arange(n, dtype=np.float64)
    mean, low, high = t_interval(data, confidence)
    half = quantile * math.sqrt(sum((x - mean) ** 2 for x in data) / (n - 1) / n)
    assert (mean, low, high) == (exactly(data.mean()), exactly(mean - half), exactly(mean + half))


@pytest.mark.parametrize("n", [1, 2, 6, 7, 13])
def test_walsh_averages_are_all_means_of_pairs(n: int) -> None:
    data = np.random.default_rng(n).normal(size=n)
    brute = sorted((data[i] + data[j]) / 2 for i in range(n) for j in range(i, n))
    assert walsh_averages(data).tolist() == pytest.approx(brute, rel=1e-14)


@pytest.mark.parametrize("n", [6, 7, 9, 14])
def test_from_six_values_on_the_point_is_the_median_of_walsh_averages(n: int) -> None:
    data = np.random.default_rng(n).lognormal(sigma=0.3, size=n)
    logs = [math.log(x) for x in data]
    brute = sorted((logs[i] + logs[j]) / 2 for i in range(n) for j in range(i, n))
    found = log_interval(data, "s")
    assert found is not None
    assert found.point == pytest.approx(math.exp(float(np.median(brute))), rel=1e-13)
    cut = signed_rank_cut(n, 0.95)
    assert cut is not None
    assert found.low == pytest.approx(math.exp(brute[cut]), rel=1e-13)
    assert found.high == pytest.approx(math.exp(brute[-1 - cut]), rel=1e-13)


@pytest.mark.parametrize(
    ("n", "cut"),
    [(5, None), (6, 0), (7, 2), (8, 3), (9, 5), (10, 8), (12, 13), (14, 21), (20, 52), (25, 89)],
)
def test_the_cut_is_the_critical_value_of_wilcoxons_table(n: int, cut: int | None) -> None:
    assert signed_rank_cut(n, 0.95) == cut


@pytest.mark.parametrize("n", [6, 9, 12])
def test_the_rank_interval_holds_what_the_exact_signed_rank_test_does_not_reject(n: int) -> None:
    data = np.random.default_rng(n).normal(size=n)
    found = rank_interval(data, 0.95)
    assert found is not None
    _, low, high = found
    for bound, inside in ((low, 1e-9), (high, -1e-9)):
        assert stats.wilcoxon(data - (bound + inside), method="exact").pvalue > 0.05
        assert stats.wilcoxon(data - (bound - inside), method="exact").pvalue <= 0.05


@pytest.mark.parametrize(("n", "least", "most"), [(3, 0.93, 0.97), (5, 0.93, 0.97), (9, 0.93, 1.0)])
def test_95_of_100_intervals_hold_the_truth(n: int, least: float, most: float) -> None:
    rng = np.random.default_rng(20261122)
    draws = rng.lognormal(mean=math.log(0.1), sigma=0.05, size=(2000, n))
    found = [log_interval(draw, "s") for draw in draws]
    held = sum(1 for estimate in found if estimate is not None and estimate.low <= 0.1 <= estimate.high)
    assert least <= held / 2000 <= most


def test_heavy_tails_do_not_spoil_the_coverage_of_the_rank_interval() -> None:
    draws = np.random.default_rng(7).standard_t(1.5, size=(2000, 9))
    found = [linear_interval(draw, "s") for draw in draws]
    held = sum(1 for estimate in found if estimate is not None and estimate.low <= 0 <= estimate.high)
    assert held / 2000 >= 0.95


@BOTH
@pytest.mark.parametrize("n", range(2, 16))
def test_the_point_is_always_inside(interval: Interval, n: int) -> None:
    rng = np.random.default_rng(n)
    for scale in (1e-9, 1.0, 1e12):
        for values in (rng.lognormal(sigma=2.0, size=n) * scale, np.full(n, 0.1 * scale), np.full(n, scale / 3)):
            found = interval(values, "s")
            assert found.low <= found.point <= found.high
            assert found.n == n


@BOTH
@pytest.mark.parametrize("values", [[], [1.0]])
def test_fewer_than_two_forks_support_no_interval(interval: Interval, values: list[float]) -> None:
    assert interval(values, "s") is None


def test_equal_values_give_an_interval_of_no_width() -> None:
    found = linear_interval([0.1] * 9, "s")
    assert found == Estimate(0.1, 0.1, 0.1, "s", 9)


def test_a_log_interval_does_not_depend_on_the_unit() -> None:
    values = np.random.default_rng(1).lognormal(size=9)
    seconds, milliseconds = log_interval(values, "s"), log_interval(values * 1000, "ms")
    assert seconds is not None
    assert milliseconds is not None
    assert milliseconds.low == pytest.approx(seconds.low * 1000)
    assert milliseconds.high == pytest.approx(seconds.high * 1000)


def test_a_log_interval_of_inverse_ratios_is_the_inverse_interval() -> None:
    values = np.random.default_rng(2).lognormal(size=7)
    one, other = log_interval(values, "x"), log_interval(1 / values, "x")
    assert one is not None
    assert other is not None
    assert (other.low, other.high) == (pytest.approx(1 / one.high), pytest.approx(1 / one.low))


def test_a_linear_interval_takes_zero_and_negative_values() -> None:
    found = linear_interval([-0.1, 0.0, 0.1], "fraction")
    assert found is not None
    assert found.low < 0 < found.high


@pytest.mark.parametrize("bad", [0.0, -1.0])
def test_a_log_interval_refuses_values_that_have_no_logarithm(bad: float) -> None:
    with pytest.raises(ValueError, match="values above 0; use linear_interval"):
        log_interval([1.0, bad], "s")


@BOTH
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_value_that_is_not_finite_is_refused(interval: Interval, bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        interval([1.0, bad], "s")


def test_more_confidence_than_six_ranks_can_give_falls_back_to_t() -> None:
    data = np.array([1.0, 2.0, 3.0, 5.0, 8.0, 13.0])
    assert rank_interval(data, 0.99) is None
    found = linear_interval(data, "s", confidence=0.99)
    assert found is not None
    assert (found.point, found.low, found.high) == t_interval(data, 0.99)
    assert found.confidence == 0.99
