"""Few processes, a variance that knows its kind, and looks at which what was decided stays decided."""

from __future__ import annotations

from math import exp, log, log1p

import numpy as np
import pytest
from scipy.special import polygamma, stdtrit

from when_async.results.stats.moderated import (
    GUARD,
    LEVELS,
    MOST_FREEDOM,
    Moderation,
    Prior,
    inverse_trigamma,
    linear_sequence,
    log_sequence,
    log_variance,
    look,
    moderation,
    narrowed,
    prior,
    sequence,
)

KNOWN = Prior(variance=1e-4, freedom=1.5)


@pytest.mark.parametrize("x", [0.3, 1.0, 7.0, 300.0])
def test_the_inverse_of_trigamma_is_its_inverse(x: float) -> None:
    assert inverse_trigamma(float(polygamma(1, x))) == pytest.approx(x, rel=1e-6)


def test_without_a_recording_the_interval_is_students_at_the_level_of_a_look() -> None:
    values = np.array([0.1, 0.2, 0.4])
    mean, low, high = look(values, None)
    half = stdtrit(2, 1 - LEVELS[3] / 2) * values.std(ddof=1) / 3**0.5
    assert (mean, low, high) == pytest.approx((values.mean(), values.mean() - half, values.mean() + half))


def test_a_recorded_variance_counts_by_its_freedom() -> None:
    values = np.array([0.0, 0.02, 0.01])
    _, low, high = look(values, KNOWN)
    shrunk = (1.5 * 1e-4 + 2 * values.var(ddof=1)) / 3.5
    assert (high - low) / 2 == pytest.approx(stdtrit(3.5, 1 - LEVELS[2] / 2) * (shrunk / 3) ** 0.5)


def test_the_factor_of_a_machine_and_the_weight_of_its_recordings_are_found_again() -> None:
    random = np.random.default_rng(20260)
    recorded = random.normal(-9, 2, 4000)
    # Variances whose logs scatter about the recorded ones as a freedom of 1.5 has it, three times as large here.
    true = np.exp(recorded) * 3 * 1.5 / random.chisquare(1.5, 4000)
    here = np.log(true * random.chisquare(1, 4000))
    found = moderation(list(zip(here.tolist(), recorded.tolist(), strict=True)))
    assert found is not None
    # Cutting off the odd parts costs a little of the spread, which counts for more freedom.
    assert 1.3 < found.freedom <= MOST_FREEDOM
    centre = prior(0.0, found)
    assert centre is not None
    assert centre.variance == pytest.approx(3, rel=0.3)


def test_recordings_that_say_nothing_get_next_to_no_weight() -> None:
    random = np.random.default_rng(20261)
    here, recorded = random.normal(-9, 4, 500), random.normal(-9, 4, 500)
    found = moderation(list(zip(here.tolist(), recorded.tolist(), strict=True)))
    assert found is not None
    assert found.freedom < 0.6


def test_a_handful_of_parts_tells_nothing_of_the_machine() -> None:
    assert moderation([(-9.0, -9.0)] * 9) is None
    assert prior(-9.0, None) is None
    assert prior(None, Moderation(0.0, 1.5, 100)) is None


def test_the_first_look_comes_at_two_processes_only_where_a_variance_is_known() -> None:
    assert sequence([0.0, 0.0], None) is None
    assert sequence([0.0], KNOWN) is None
    assert sequence([0.0, 0.0], KNOWN) is not None


def test_no_interval_of_two_processes_is_narrower_than_both_may_be_off() -> None:
    found = sequence([0.3, 0.3], Prior(1e-12, 2.0))
    assert found == pytest.approx((0.3, 0.3 - GUARD, 0.3 + GUARD))
    assert pytest.approx(log1p(0.15)) == GUARD


def test_a_look_never_widens_what_those_before_it_have_said() -> None:
    values = [0.0, 0.001, 0.0005, 0.2]
    _, low, high = sequence(values[:3], KNOWN) or (0.0, 0.0, 0.0)
    point, later_low, later_high = sequence(values, KNOWN) or (0.0, 0.0, 0.0)
    assert low <= later_low <= point <= later_high <= high


def test_a_look_that_contradicts_those_before_it_is_left_out() -> None:
    tight = Prior(1e-8, 2.0)
    before = sequence([0.0, 0.0, 0.0], tight)
    after = sequence([0.0, 0.0, 0.0, 40.0, 40.0, 40.0], Prior(1e-8, 1e9))
    assert before is not None
    assert after is not None
    assert after[1] <= after[0] <= after[2]
    assert after[2] < GUARD


def test_many_parts_at_once_get_the_intervals_that_each_gets_alone() -> None:
    random = np.random.default_rng(20262)
    values = random.normal(0, 0.02, (2, 3, 6))
    variance, freedom = random.uniform(1e-5, 1e-3, (2, 3)), np.array([[0.6], [1.8]])
    low, high = narrowed(values, Prior(variance, freedom))
    for run in range(2):
        for part in range(3):
            alone = sequence(values[run, part], Prior(float(variance[run, part]), float(freedom[run, 0])))
            assert alone is not None
            assert alone[1:] == pytest.approx((low[run, part], high[run, part]))


def test_a_ratio_comes_back_from_its_logarithms() -> None:
    found = log_sequence([log(2.0)] * 3, "x", KNOWN)
    assert found is not None
    assert found.point == pytest.approx(2.0)
    assert found.low < 2.0 < found.high
    assert (found.n, found.unit, found.confidence) == (3, "x", 0.95)


def test_what_was_never_negative_has_no_interval_below_zero() -> None:
    found = linear_sequence([0.0, 0.0, 0.3], "s")
    assert found is not None
    assert found.low == 0.0
    below = linear_sequence([-0.1, 0.0, 0.3], "s")
    assert below is not None
    assert below.low < 0.0


def test_equal_values_have_no_logarithm_of_their_variance() -> None:
    assert log_variance([1.0, 1.0]) is None
    assert log_variance([1.0]) is None
    assert log_variance([0.0, 2.0]) == pytest.approx(log(2.0))
    assert exp(log_variance([0.0, 2.0]) or 0.0) == pytest.approx(2.0)
