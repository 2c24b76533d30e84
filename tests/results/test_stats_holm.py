"""What Holm's correction promises: the textbook values, order kept, and cells without a test left alone."""

from __future__ import annotations

import math

import numpy as np
import pytest

from when_async.results.stats.holm import holm


def test_the_values_of_the_textbook_come_out() -> None:
    # 4 x .005, 3 x .01, 2 x .03 and .04, of which the last must not be below the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_a_cell_without_a_test_stays_so_and_does_not_count() -> None:
    assert holm([None, 0.01, None, 0.02]) == [None, 0.02, None, 0.02]
    assert holm([None]) == [None]
    assert holm([]) == []


def test_no_adjusted_value_is_above_1_or_below_its_own() -> None:
    values = np.random.default_rng(1).uniform(size=50).tolist()
    adjusted = holm(values)
    assert all(p is not None and own <= p <= 1 for own, p in zip(values, adjusted, strict=True))


def test_adjusted_values_keep_the_order_of_the_raw_ones() -> None:
    values = np.random.default_rng(2).uniform(size=20) ** 4
    adjusted = np.array(holm(values.tolist()), dtype=float)
    assert (np.diff(adjusted[np.argsort(values)]) >= 0).all()


def test_equal_values_get_equal_adjusted_values() -> None:
    assert holm([0.01, 0.01, 0.5]) == pytest.approx([0.03, 0.03, 0.5])


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan])
def test_what_is_no_probability_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.5, bad])


def test_a_family_of_unchanged_cells_alarms_in_one_run_of_twenty_at_most() -> None:
    runs = np.random.default_rng(3).uniform(size=(1000, 60)).tolist()
    alarmed = sum(any(p is not None and p <= 0.05 for p in holm(run)) for run in runs)
    assert alarmed / 1000 <= 0.06
