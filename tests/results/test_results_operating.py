"""A gate tells what it could have seen, from its own noise and its own rule."""

from __future__ import annotations

import numpy as np
import pytest

from when_async.results.gate.operating import ReplayedNoise, noise_of, operating, power, smallest_effect
from when_async.results.gate.report import Operating
from when_async.results.stats.sequential import DEFAULT, Floats

REPLAYS = 4000


@pytest.fixture(autouse=True)
def few_replays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("when_async.results.gate.operating.POWER_REPLAYS", 300)


def series(spread: float = 0.008, cells: int = 6, pairs: int = 14, shift: float = 0.0) -> list[Floats]:
    random = np.random.default_rng(6)
    return [random.normal(shift, spread, pairs) for _ in range(cells)]


def told(given: list[Floats], comparisons: int = 10, seed: int = 1) -> Operating:
    found = operating(given, margin=0.03, comparisons=comparisons, seconds_per_decision=4.0, seed=seed, replays=REPLAYS)
    assert found is not None
    return found


def test_the_bound_of_no_alarm_is_the_exact_one() -> None:
    found = told(series())
    assert (found.simulated, found.false_alarms, found.noise_pairs) == (REPLAYS, 0, 84)
    # None of n: 1 - 0.05 ** (1 / n).
    assert found.false_alarm_bound == pytest.approx(1 - 0.05 ** (1 / REPLAYS))
    assert found.per_run_bound == pytest.approx(1 - 0.05 ** (10 / REPLAYS))


def test_power_rises_with_the_effect() -> None:
    found = told(series())
    rates = list(found.power.values())
    assert rates == sorted(rates)
    assert rates[0] < 0.05
    assert rates[-1] == 1.0


def test_the_smallest_effect_is_seen_in_95_of_100_replays_and_grows_with_the_noise() -> None:
    quiet, loud = told(series(0.006)).smallest_effect, told(series(0.03)).smallest_effect
    assert quiet is not None
    assert loud is not None
    assert 0.03 < quiet < loud
    noise = noise_of(series(0.03))
    assert noise is not None
    drawn = noise.draw(300, 2 * DEFAULT.most, np.random.default_rng(2))
    found = smallest_effect((drawn[:, :DEFAULT.most], drawn[:, DEFAULT.most:]), 0.03)
    assert found is not None
    assert power((drawn[:, :DEFAULT.most], drawn[:, DEFAULT.most:]), found, 0.03) >= 0.95


def test_where_even_a_doubling_drowns_there_is_no_smallest_effect() -> None:
    assert told(series(3.0)).smallest_effect is None


def test_a_slow_down_of_the_cells_is_no_noise() -> None:
    plain, shifted = noise_of(series()), noise_of(series(shift=0.2))
    assert plain is not None
    assert shifted is not None
    assert shifted.spreads == pytest.approx(plain.spreads)
    assert shifted.residuals == pytest.approx(plain.residuals)


def test_the_same_seed_tells_the_same() -> None:
    assert told(series(0.03), seed=5) == told(series(0.03), seed=5)


def test_cells_with_too_few_pairs_or_without_spread_say_nothing() -> None:
    assert noise_of([np.zeros(5), np.zeros(14)]) is None
    assert operating([], margin=0.03, comparisons=1, seconds_per_decision=1.0, seed=1) is None


def test_noise_is_drawn_to_either_side() -> None:
    noise = ReplayedNoise(np.array([1.0, 2.0]), np.array([0.01]))
    drawn = noise.draw(200, 10, np.random.default_rng(1))
    assert drawn.shape == (200, 10)
    assert np.unique(drawn).tolist() == pytest.approx([-0.02, -0.01, 0.01, 0.02])
