"""What the hierarchical bootstrap promises: processes first, rounds inside, the stated coverage, repeatable."""

from __future__ import annotations

import math

import numpy as np
import pytest

from results.stats.bootstrap import MEDIAN, bootstrap_interval, bootstrap_ratio, quantile
from results.stats.samples import Processes


def drawn(
    rng: np.random.Generator, n: int = 9, rounds: int = 10, between: float = 0.025, within: float = 0.015
) -> Processes:
    """`n` processes around 1 that scatter by `between`, their rounds by `within`, on the log scale."""
    return Processes(tuple(np.exp(rng.normal(0, between) + rng.normal(0, within, rounds)) for _ in range(n)))


def test_the_point_is_the_geometric_mean_of_what_each_process_is_reduced_to() -> None:
    processes = Processes(tuple(np.array([0.5, 1.0, 9.0]) * 2**k for k in range(6)))
    found = bootstrap_interval(processes, "s")
    assert found is not None
    assert (found.point, found.unit, found.n) == (pytest.approx(2**2.5), "s", 6)
    assert found.low < found.point < found.high


def test_the_reducer_can_be_any_quantile() -> None:
    processes = Processes(tuple(np.arange(1.0, 102.0) for _ in range(6)))
    for share, expected in ((0.5, 51), (0.99, 100), (0.0, 1)):
        found = bootstrap_interval(processes, "s", quantile(share))
        assert found is not None
        assert found.point == pytest.approx(expected)


def test_the_same_seed_gives_the_same_interval_and_another_one_another() -> None:
    processes = drawn(np.random.default_rng(1))
    assert bootstrap_interval(processes, "s", seed=1) == bootstrap_interval(processes, "s", seed=1)
    assert bootstrap_interval(processes, "s", seed=1) != bootstrap_interval(processes, "s", seed=2)


def test_more_rounds_in_a_process_do_not_stand_in_for_processes() -> None:
    few = drawn(np.random.default_rng(1), rounds=20, within=0.001)
    many = Processes(tuple(np.tile(rounds, 10) for rounds in few.rounds))
    one, other = bootstrap_interval(few, "s"), bootstrap_interval(many, "s")
    assert one is not None
    assert other is not None
    assert other.n == 9
    assert math.log(other.high / other.low) == pytest.approx(math.log(one.high / one.low), rel=0.1)


def test_what_rounds_leave_open_about_their_process_widens_the_interval() -> None:
    sure, unsure = (Processes(tuple(np.exp([-s, 0, s]) for _ in range(6))) for s in (1e-6, 0.1))
    narrow, wide = bootstrap_interval(sure, "s"), bootstrap_interval(unsure, "s")
    assert narrow is not None
    assert wide is not None
    assert math.log(wide.high / wide.low) > 1000 * math.log(narrow.high / narrow.low)


def test_a_ratio_inverts_when_its_sides_are_swapped_and_does_not_depend_on_the_unit() -> None:
    rng = np.random.default_rng(3)
    over, under = drawn(rng), drawn(rng, n=7)
    one = bootstrap_ratio(over, under)
    other = bootstrap_ratio(under, over)
    scaled = bootstrap_ratio(
        Processes(tuple(1000 * x for x in over.rounds)), Processes(tuple(1000 * x for x in under.rounds))
    )
    assert one is not None
    assert other is not None
    assert scaled is not None
    assert (one.unit, one.n) == ("x", 7)
    assert other.point == pytest.approx(1 / one.point)
    assert (scaled.low, scaled.high) == pytest.approx((one.low, one.high))


def test_fewer_than_six_processes_give_no_interval() -> None:
    rng = np.random.default_rng(4)
    five, six = drawn(rng, n=5), drawn(rng, n=6)
    assert bootstrap_interval(five, "s") is None
    assert bootstrap_ratio(six, five) is None
    assert bootstrap_ratio(six, six) is not None


def test_equal_rounds_give_an_interval_of_no_width() -> None:
    found = bootstrap_interval(Processes(tuple(np.full(5, 0.1) for _ in range(6))), "s")
    assert found is not None
    assert found.low == pytest.approx(found.high)
    assert found.low <= found.point <= found.high


def test_the_point_stays_inside_where_redrawing_pulls_to_one_side() -> None:
    # The maximum of redrawn rounds is never above that of the rounds.
    found = bootstrap_interval(drawn(np.random.default_rng(5), rounds=4), "s", quantile(1.0))
    assert found is not None
    assert found.low <= found.point <= found.high


def test_a_share_outside_0_to_1_is_no_quantile() -> None:
    with pytest.raises(ValueError, match="between 0 and 1, got 99"):
        quantile(99)


def test_more_than_9_of_10_intervals_hold_the_truth() -> None:
    # The plain percentile interval of 6 processes would hold it in 87 of 100.
    rng = np.random.default_rng(20261122)
    found = [bootstrap_interval(drawn(rng, 6), "s", MEDIAN, draws=200, seed=k) for k in range(500)]
    assert 0.92 <= sum(one is not None and one.low <= 1 <= one.high for one in found) / 500 <= 0.98
