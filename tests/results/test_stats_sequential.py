"""The gate's rule looks three times, can only be silenced by the early looks, and seldom alarms without cause."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata

from when_async.results.stats import sequential
from when_async.results.stats.estimate import signed_rank_p
from when_async.results.stats.sequential import DEFAULT, Floats, Replayed, Rule

MARGIN = 0.03


def noise(replays: int, spread: float, outliers: float = 0.0, seed: int = 1) -> tuple[Floats, Floats]:
    """First and fresh series of unchanged cells; a share of the pairs is off by some ten spreads to either side."""
    random = np.random.default_rng(seed)
    shape = (replays, 2 * DEFAULT.most)
    wild = np.where(random.random(shape) < outliers, 10.0, 1.0)
    drawn = random.normal(0, spread, shape) * wild
    return drawn[:, : DEFAULT.most], drawn[:, DEFAULT.most :]


def replayed(effect: float, spread: float, outliers: float = 0.0, replays: int = 2000, seed: int = 1) -> Replayed:
    first, fresh = noise(replays, spread, outliers, seed)
    return sequential.replay(first + np.log1p(effect), fresh + np.log1p(effect), MARGIN)


def test_the_hodges_lehmann_estimate_is_the_median_of_the_walsh_averages() -> None:
    # Of 1..6: 21 averages, symmetric around 3.5; none is left out at the ends of the 95 % interval, which is 1 to 6.
    point, error = sequential.hodges_lehmann(np.array([[1.0, 2, 3, 4, 5, 6], [10, 20, 30, 40, 50, 60]]))
    assert point == pytest.approx([3.5, 35])
    assert error == pytest.approx([5 / (2 * 1.959964), 50 / (2 * 1.959964)])


def test_five_pairs_have_no_standard_error() -> None:
    with pytest.raises(ValueError, match="5 pairs"):
        sequential.hodges_lehmann(np.zeros((1, 5)))


def test_all_six_of_six_beyond_the_margin_reach_one_in_sixty_four() -> None:
    assert signed_rank_p([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], 0.03, "greater") == 1 / 64


def test_one_small_value_below_costs_the_smallest_rank() -> None:
    # T- = 1: the sets of ranks that sum to at most 1 are {} and {1}.
    assert signed_rank_p([-0.01, 0.2, 0.3, 0.4, 0.5, 0.6], 0.0, "greater") == 2 / 64


def test_the_sum_of_three_can_be_had_in_two_ways() -> None:
    # T- <= 3: {}, {1}, {2}, {3}, {1, 2}.
    assert signed_rank_p([0.1, 0.2, -0.3, 0.4, 0.5, 0.6], 0.0, "greater") == 5 / 64


def test_the_test_of_the_gate_agrees_with_the_exact_p() -> None:
    random = np.random.default_rng(4)
    rows = random.normal(0.05, 0.03, (300, 14))
    margins = sequential.effective_margin(rows, MARGIN)
    by_p = [signed_rank_p(row, margin, "greater") <= DEFAULT.alpha for row, margin in zip(rows, margins, strict=True)]
    assert sequential.rejects(rows, MARGIN).tolist() == by_p
    assert 0 < sum(by_p) < 300


@pytest.mark.parametrize("values", [[3.0, 1.0, 2.0], [1.0, 0.0, 1.0, 5.0, 0.0, 1.0], [2.0, 2.0]])
def test_equals_share_their_mean_rank_as_in_scipy(values: list[float]) -> None:
    rows = np.array([values, sorted(values)])
    assert sequential._ranks(rows).tolist() == rankdata(rows, axis=1).tolist()


def test_the_first_look_asks_for_a_median_beyond_half_the_margin_on_the_log_scale() -> None:
    half = np.log1p(MARGIN) / 2
    rows = np.array([[half - 1e-9] * 6, [half + 1e-9] * 6])
    assert sequential.passes_first_look(rows, MARGIN).tolist() == [False, True]


def test_the_looks_see_only_their_own_pairs() -> None:
    row = np.array([[0.0] * 6 + [1.0] * 8 + [9.0] * 28])
    assert not sequential.passes_first_look(row, MARGIN)[0]
    row = np.array([[0.0] * 14 + [9.0] * 28])
    assert sequential.planned_pairs(row, MARGIN)[0] == 14


@pytest.mark.parametrize(("spread", "size"), [(0.001, 14), (0.03, 28), (0.045, 56), (0.2, 112)])
def test_the_number_of_pairs_follows_from_the_spread(spread: float, size: int) -> None:
    row = np.linspace(-spread, spread, 14)[None, :]
    assert sequential.planned_pairs(row, MARGIN)[0] == size


def test_the_number_of_pairs_does_not_follow_from_the_effect() -> None:
    row = np.random.default_rng(2).normal(0, 0.02, (1, 14))
    sizes = {int(sequential.planned_pairs(row + shift, MARGIN)[0]) for shift in (-0.5, 0, 0.03, 0.1, 1.0)}
    assert len(sizes) == 1


def test_a_noisy_cell_gets_a_margin_of_two_standard_errors() -> None:
    calm, noisy = np.linspace(-0.001, 0.001, 14), np.linspace(-0.5, 0.5, 14)
    used = sequential.effective_margin(np.array([calm, noisy]), MARGIN)
    error = sequential.hodges_lehmann(noisy[None, :])[1][0]
    assert used.tolist() == pytest.approx([np.log1p(MARGIN), 2 * error])
    assert 2 * error > 0.1


@pytest.mark.parametrize(("spread", "outliers"), [(0.02, 0.0), (0.02, 0.1), (0.04, 0.05), (0.10, 0.0)])
def test_false_alarms_at_the_margin_itself_stay_below_alpha(spread: float, outliers: float) -> None:
    # A test at 0.025 in two independent series: 1.25 in 2000. Ten times that is still below alpha.
    assert replayed(MARGIN, spread, outliers).rate <= DEFAULT.alpha


@pytest.mark.parametrize("spread", [0.005, 0.02, 0.05])
def test_an_unchanged_cell_hardly_ever_alarms(spread: float) -> None:
    assert replayed(0.0, spread, 0.1).alarmed.sum() <= 2


@pytest.mark.parametrize("effect", [0.0, 0.03, 0.05, 0.10])
def test_the_looks_can_only_turn_alarms_off(effect: float) -> None:
    first, fresh = (series + np.log1p(effect) for series in noise(1500, 0.025, 0.1, seed=3))
    alarmed = sequential.replay(first, fresh, MARGIN).alarmed
    sizes = sequential.planned_pairs(first, MARGIN)
    tested = np.zeros(len(first), dtype=bool)
    for size in DEFAULT.sizes:
        rows = sizes == size
        tested[rows] = sequential.rejects(first[rows, :size], MARGIN)
    assert not (alarmed & ~tested).any()
    assert alarmed.sum() <= tested.sum()


def test_a_confirmation_can_only_turn_alarms_off_so_retrying_does_not_raise_their_rate() -> None:
    """Whoever repeats a gate until it fails is another story; here a suspect is tried again and must fail twice."""
    first, fresh = noise(2000, 0.03, 0.1, seed=5)
    at_margin = first + np.log1p(MARGIN), fresh + np.log1p(MARGIN)
    once = sequential.replay(at_margin[0], at_margin[0], MARGIN).alarmed
    again = sequential.replay(*at_margin, MARGIN).alarmed
    assert not (again & ~once).any()
    assert again.sum() < once.sum()


def test_a_clear_slow_down_alarms_every_time() -> None:
    assert replayed(0.10, 0.01).rate == 1.0


def test_a_speed_up_never_alarms() -> None:
    assert not replayed(-0.10, 0.02, 0.1).alarmed.any()


def test_a_replay_says_how_far_it_went_and_what_it_cost() -> None:
    calm = np.full((1, 112), 0.0)
    late = np.concatenate([np.full(4, 0.08), np.full(108, 0.0)])[None, :]
    slow = np.full((1, 112), 0.08) + np.linspace(-0.001, 0.001, 112)
    first = np.concatenate([calm, late, slow, slow])
    fresh = np.concatenate([calm, late, calm, slow])
    found = sequential.replay(first, fresh, MARGIN)
    assert found.pairs.tolist() == [6, 14, 28, 28]
    assert found.alarmed.tolist() == [False, False, False, True]
    assert found.rate == 0.25


def test_a_replay_of_too_few_pairs_is_refused() -> None:
    with pytest.raises(ValueError, match="a replay needs 112 pairs"):
        sequential.replay(np.zeros((1, 112)), np.zeros((1, 111)), MARGIN)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"first_look": 15}, "looks must come in order"),
        ({"first_look": 1}, "looks must come in order"),
        ({"second_look": 15}, "looks must come in order"),
        ({"sizes": (14, 14)}, "sizes must rise"),
        ({"sizes": (28, 14), "second_look": 14}, "sizes must rise"),
        ({"alpha": 1e-6}, "14 pairs cannot reach"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Rule(**changes)  # type: ignore[arg-type]


def test_what_is_plainly_slower_alarms_after_six_pairs_and_six_fresh_ones() -> None:
    found = replayed(0.5, spread=0.02)
    assert found.alarmed.all()
    assert set(found.pairs.tolist()) == {12}


@pytest.mark.parametrize(("effect", "margin"), [(0.09, 0.03), (0.25, 0.10)])
def test_plain_is_beyond_three_margins_and_beyond_10_percent(effect: float, margin: float) -> None:
    rows = np.full((1, 14), np.log1p(effect))
    assert not sequential.plain(rows, margin).any()
    assert sequential.plain(rows + np.log1p(0.10), margin).all()


def test_one_pair_that_is_not_beyond_makes_six_of_them_less_than_plain() -> None:
    rows = np.full((1, 6), np.log1p(0.5))
    rows[0, 3] = 0.0
    assert not sequential.plain(rows, MARGIN).any()


@pytest.mark.parametrize("spread", [0.01, 0.09, 0.20])
def test_a_program_at_the_margin_itself_is_hardly_ever_called_plain(spread: float) -> None:
    first, fresh = noise(4000, spread, outliers=0.1)
    shift = np.log1p(MARGIN)
    both = sequential.plain(first + shift, MARGIN) & sequential.plain(fresh + shift, MARGIN)
    assert both.mean() <= DEFAULT.alpha**2
