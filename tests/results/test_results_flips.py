"""A ranking flips where base and head answer differently who is faster, and neither by chance."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from support.gate_pairs import pair
from when_async.bench.model import Pair
from when_async.results.gate.flips import flips
from when_async.results.gate.report import Flip

MARGIN = 0.03
CELLS = {"a": ("tiny[n=20,c=4]", "asyncio"), "b": ("tiny[n=20,c=4]", "threading")}


def passes(base_s: float, head_s: float, count: int = 6, spread: float = 0.001) -> list[Pair]:
    """Pairs with these seconds a round on each side, which wobble from pass to pass."""
    wobble = [math.exp(spread * (-1) ** index) for index in range(count)]
    return [pair(rounds={"wall": ([base_s * each] * 4, [head_s / each] * 4)}) for each in wobble]


def found(a: Sequence[Pair], b: Sequence[Pair]) -> tuple[Flip, ...]:
    return flips(CELLS, {"a": a, "b": b}, MARGIN)


def test_a_ranking_that_turns_round_has_changed() -> None:
    (flip,) = found(passes(1.0, 1.3), passes(1.1, 1.1))
    assert (flip.comparison, flip.first, flip.second, flip.changed) == ("tiny[n=20,c=4]", "asyncio", "threading", True)
    assert flip.base.point == pytest.approx(1.1)
    assert flip.head.point == pytest.approx(1.1 / 1.3)
    assert flip.sentence == "asyncio beat threading in tiny[n=20,c=4]; in head threading is the faster one"


def test_the_second_may_have_been_the_faster_one() -> None:
    (flip,) = found(passes(1.1, 1.1), passes(1.0, 1.3))
    assert flip.sentence == "threading beat asyncio in tiny[n=20,c=4]; in head asyncio is the faster one"


def test_a_lead_that_is_lost_is_told_and_has_not_changed() -> None:
    (flip,) = found(passes(1.0, 1.1), passes(1.1, 1.1))
    assert not flip.changed
    assert flip.sentence.endswith("in head the two can no longer be told apart")


def test_two_that_are_nearly_equal_do_not_change_places_by_chance() -> None:
    assert found(passes(1.0, 1.02), passes(1.01, 1.0)) == ()


def test_a_ranking_that_only_head_can_tell_is_no_flip() -> None:
    assert found(passes(1.0, 1.0), passes(1.0, 1.3)) == ()


def test_a_slow_down_of_both_leaves_the_ranking() -> None:
    assert found(passes(1.0, 2.0), passes(1.1, 2.2)) == ()


def test_a_wide_interval_tells_no_ranking() -> None:
    assert found(passes(1.0, 1.3, spread=0.4), passes(1.1, 1.1, spread=0.0)) == ()


def test_with_fewer_than_six_passes_a_ranking_is_not_judged() -> None:
    assert found(passes(1.0, 1.3, 5), passes(1.1, 1.1)) == ()
    assert flips(CELLS, {"a": passes(1.0, 1.3)}, MARGIN) == ()


def test_cells_of_different_comparisons_have_no_ranking() -> None:
    apart = {"a": CELLS["a"], "b": ("other[n=20,c=4]", "threading")}
    assert flips(apart, {"a": passes(1.0, 1.3), "b": passes(1.1, 1.1)}, MARGIN) == ()


def test_passes_that_only_one_of_them_has_are_left_out() -> None:
    (flip,) = found(passes(1.0, 1.3, 14), passes(1.1, 1.1, 6))
    assert flip.base.n == 6


def test_a_clock_that_reads_zero_makes_no_ranking() -> None:
    still = [pair(rounds={"wall": ([0.0] * 4, [0.0] * 4)}) for _ in range(6)]
    assert found(still, passes(1.1, 1.1)) == ()
