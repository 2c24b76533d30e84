"""What containers of rounds and their reducers promise: checked once, one number per process, and a sign that holds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from when_async.results.stats.estimate import linear_interval, log_interval, paired_interval
from when_async.results.stats.samples import REDUCERS, PairedRounds

EVERY = pytest.mark.parametrize("reducer", REDUCERS.values(), ids=REDUCERS)
Reducer = Callable[[PairedRounds], float]


def pair(base: Any, head: Any) -> PairedRounds:
    return PairedRounds(np.asarray(base, dtype=float), np.asarray(head, dtype=float))


def drawn(seed: int = 3, rounds: int = 9) -> PairedRounds:
    rng = np.random.default_rng(seed)
    return pair(rng.lognormal(sigma=0.3, size=rounds), rng.lognormal(sigma=0.3, size=rounds))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("median_log_ratio", 0.0),  # of log 2, log 1 and log 1/2
        ("ratio_of_medians", math.log(2 / 2)),
        ("lower_quartile_ratio", math.log(2 / 1.5)),
        ("min_ratio", math.log(2 / 1)),
        ("mean_ratio", math.log(2 / (7 / 3))),
    ],
)
def test_each_reducer_is_what_its_name_says(name: str, expected: float) -> None:
    assert REDUCERS[name](pair([1, 2, 4], [2, 2, 2])) == pytest.approx(expected)


@EVERY
def test_swapping_the_sides_negates_the_log_ratio(reducer: Reducer) -> None:
    rounds = drawn()
    assert reducer(pair(rounds.head, rounds.base)) == -reducer(rounds)


@EVERY
def test_a_log_ratio_does_not_depend_on_the_unit(reducer: Reducer) -> None:
    rounds = drawn()
    assert reducer(pair(rounds.base * 1e9, rounds.head * 1e9)) == pytest.approx(reducer(rounds))


@EVERY
def test_a_head_that_takes_twice_as_long_gives_log_2(reducer: Reducer) -> None:
    base = drawn().base
    assert reducer(pair(base, 2 * base)) == pytest.approx(math.log(2))


def test_what_slows_both_neighbours_cancels_in_the_median_log_ratio_only() -> None:
    slow = np.array([1.0, 9.0, 2.0, 30.0, 4.0])
    head = slow * [1.1, 1.1, 1.1, 1.1, 0.5]
    assert pair(slow, head).median_log_ratio() == pytest.approx(math.log(1.1))
    assert pair(slow, head).ratio_of_medians() != pytest.approx(math.log(1.1))


def test_one_disturbed_round_moves_the_mean_and_not_the_median() -> None:
    base = np.ones(9)
    head = np.array([*np.ones(8), 10.0])
    assert pair(base, head).median_log_ratio() == 0
    assert pair(base, head).mean_ratio() > math.log(1.9)


@pytest.mark.parametrize("bad", [[0.0, 1.0], [-1.0, 1.0], [math.nan, 1.0], [math.inf, 1.0]])
def test_rounds_that_are_no_times_are_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="finite and above 0"):
        pair(bad, [1.0, 1.0])


def test_sides_of_unequal_length_are_no_pair() -> None:
    with pytest.raises(ValueError, match="equal counts, got 2 and 3"):
        pair([1, 1], [1, 1, 1])


def test_a_process_without_a_round_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one round"):
        pair([], [])


def test_rounds_that_were_checked_cannot_change_afterwards() -> None:
    mine = np.array([1.0, 2.0])
    rounds = PairedRounds(mine, np.ones(2))
    mine[0] = -1
    assert rounds.base.tolist() == [1, 2]
    with pytest.raises(ValueError, match="read-only"):
        rounds.base[0] = -1


@pytest.mark.parametrize(
    "interval", [paired_interval, *[lambda x, f=f: f(x, "s") for f in (log_interval, linear_interval)]]
)
@pytest.mark.parametrize("rounds", [drawn(), [drawn(), drawn()]])
def test_no_interval_takes_rounds(interval: Callable[[Any], Any], rounds: Any) -> None:
    with pytest.raises(TypeError):
        interval(rounds)
