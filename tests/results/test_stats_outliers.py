"""What outlier labels promise: Tukey's fences on the log scale, a label for each process, and none dropped."""

from __future__ import annotations

import math

import numpy as np
import pytest

from when_async.results.stats.outliers import Outlier, count_outliers, label_outliers

EVEN = [math.exp(k / 10) for k in range(9)]
"""Logs 0, 0.1, ... 0.8: quartiles 0.2 and 0.6, so mild from 0.6 beyond them on, severe from 1.2 on."""


def labelled(log: float) -> Outlier:
    """The label of the last of nine values whose quartiles stay at 0.2 and 0.6, or nearly so."""
    data = [*EVEN[:8], math.exp(log)] if log > 0 else [math.exp(log), *EVEN[1:]]
    return label_outliers(data)[-1 if log > 0 else 0]


@pytest.mark.parametrize(
    ("log", "label"),
    [
        (0.8, Outlier.NONE),
        (1.19, Outlier.NONE),
        (1.21, Outlier.HIGH_MILD),
        (1.79, Outlier.HIGH_MILD),
        (1.81, Outlier.HIGH_SEVERE),
        (-0.39, Outlier.NONE),
        (-0.41, Outlier.LOW_MILD),
        (-0.99, Outlier.LOW_MILD),
        (-1.01, Outlier.LOW_SEVERE),
    ],
)
def test_the_fences_are_one_and_a_half_and_three_ranges_beyond_the_quartiles(log: float, label: Outlier) -> None:
    assert labelled(log) is label


def test_every_process_keeps_its_place_and_gets_a_label() -> None:
    labels = label_outliers([1.0, 1.01, 9.0, 0.99, 1.02, 0.1, 1.0])
    assert [label.value for label in labels] == ["none", "none", "high severe", "none", "none", "low severe", "none"]


def test_labels_do_not_depend_on_the_unit() -> None:
    values = np.random.default_rng(1).lognormal(sigma=1.0, size=60)
    labels = label_outliers(values)
    assert label_outliers(values * 1e9) == labels
    assert set(labels) > {Outlier.NONE}


def test_inverse_values_get_mirrored_labels() -> None:
    mirrored = {Outlier.HIGH_MILD: Outlier.LOW_MILD, Outlier.HIGH_SEVERE: Outlier.LOW_SEVERE}
    mirrored |= {low: high for high, low in mirrored.items()}
    values = np.random.default_rng(2).lognormal(sigma=1.0, size=60)
    assert label_outliers(1 / values) == [mirrored.get(label, label) for label in label_outliers(values)]


def test_three_processes_have_no_outlier() -> None:
    assert label_outliers([1.0, 1.0, 99.0]) == [Outlier.NONE] * 3
    assert label_outliers([]) == []


def test_rounding_alone_makes_no_outlier_among_equal_values() -> None:
    assert count_outliers(label_outliers([0.1] * 8 + [0.1 * (1 + 1e-15)])) == {}


def test_the_count_leaves_out_what_has_no_label() -> None:
    labels = [Outlier.NONE, Outlier.HIGH_MILD, Outlier.LOW_SEVERE, Outlier.HIGH_MILD]
    assert count_outliers(labels) == {Outlier.HIGH_MILD: 2, Outlier.LOW_SEVERE: 1}


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_what_is_no_time_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="finite values above 0"):
        label_outliers([1.0, bad])
