"""Latencies are merged and never averaged, and no percentile is read that the samples do not support."""

from __future__ import annotations

import pandas as pd
import pytest
from hdrh import histogram as hdrh

from when_async.bench.walk.latency import packed
from when_async.results.cells.latency import BEYOND, latencies, merged, of_processes, read_s, supported

MS = 1_000_000


def frame(*rounds: tuple[int, str]) -> pd.DataFrame:
    """Rounds of one cell as (fork, histogram)."""
    return pd.DataFrame(
        [{"run": "r", "cell": "c", "fork": fork, "latency": text} for fork, text in rounds],
    ).astype({"latency": "string"})


def test_a_histogram_survives_the_run_file_to_three_digits() -> None:
    histogram = merged([packed([123_456, 2_000_000_000])])
    assert histogram.get_total_count() == 2
    assert read_s(histogram, [0.5])[0.5] == pytest.approx(123_456e-9, rel=1e-3)
    assert read_s(histogram, [1.0])[1.0] == pytest.approx(2.0, rel=1e-3)
    both = read_s(histogram, [1.0, 0.5])
    assert both == {share: histogram.get_value_at_percentile(100 * share) / 1e9 for share in (1.0, 0.5)}
    assert read_s(histogram, []) == {}


def test_nothing_waited_is_an_empty_text_and_no_histogram() -> None:
    assert packed([]) == ""
    assert merged(["", ""]).get_total_count() == 0


def test_what_is_below_a_nanosecond_or_beyond_an_hour_still_counts() -> None:
    assert merged([packed([0, -5, 10**15])]).get_total_count() == 3


@pytest.mark.parametrize("shape", [(1, 3_600_000_000_000, 3), (2, 7_200_000_000_000, 3), (1, 10**9, 2)])
def test_merging_says_what_the_library_says(shape: tuple[int, int, int]) -> None:
    own = [hdrh.HdrHistogram(*shape) for _ in range(2)]
    for histogram, values in zip(own, ([0, 3, 40_000, 5 * MS], [70 * MS, 80 * MS]), strict=True):
        for value in values:
            histogram.record_value(value)
    together = hdrh.HdrHistogram(1, 3_600_000_000_000, 3)
    for histogram in own:
        together.add(histogram)
    found = merged([histogram.encode().decode() for histogram in own])
    assert list(found.counts) == list(together.counts)
    for one in ("get_total_count", "get_min_value", "get_max_value"):
        assert getattr(found, one)() == getattr(together, one)()
    shares = (0.0, 0.3, 0.6, 1.0)
    assert read_s(found, shares) == {share: together.get_value_at_percentile(100 * share) / 1e9 for share in shares}


def test_a_text_that_is_no_histogram_is_an_error_in_words() -> None:
    with pytest.raises(ValueError, match="no histogram \\('nonsense'\\); take an undamaged copy"):
        merged(["nonsense"])


@pytest.mark.parametrize(
    ("share", "least"), [(0.5, 20), (0.9, 100), (0.99, 1000), (0.999, 10_000)], ids=["p50", "p90", "p99", "p99.9"]
)
def test_a_percentile_needs_ten_samples_beyond_it(share: float, least: int) -> None:
    assert BEYOND == 10
    assert supported(share, least)
    assert not supported(share, least - 1)


def test_rounds_of_a_process_are_merged_before_a_percentile_is_read() -> None:
    """Two rounds of 500 support the p99 of their process together, which neither does alone."""
    slow, fast = packed([90 * MS] * 500), packed([10 * MS] * 500)
    found = latencies(frame((0, slow), (0, fast), (1, slow), (1, fast)))["r", "c"]
    assert set(found.percentiles) == {"p50", "p90", "p99"}
    assert found.percentiles["p99"].point == pytest.approx(0.09, rel=1e-3)
    assert found.percentiles["p99"].n == 2
    assert found.count == 2000


def test_each_process_is_known_by_its_fork_with_what_it_supports_by_itself() -> None:
    found = latencies(frame((3, packed([90 * MS] * 1000)), (5, packed([10 * MS] * 100))))["r", "c"]
    assert {name: [*own] for name, own in found.processes.items()} == {
        "p50": [3, 5], "p90": [3, 5], "p99": [3], "p99.9": [],
    }  # fmt: skip
    assert [*found.percentiles] == ["p50", "p90"]
    assert found.processes["p50"] == pytest.approx({3: 0.09, 5: 0.01}, rel=1e-3)


def test_one_process_with_too_few_samples_is_enough_to_leave_a_percentile_out() -> None:
    many, few = merged([packed([MS] * 1000)]), merged([packed([MS] * 999)])
    assert "p99" in of_processes([many, many]).percentiles
    assert "p99" not in of_processes([many, few]).percentiles


def test_one_process_gives_a_curve_and_no_estimate() -> None:
    found = of_processes([merged([packed([MS] * 1000)])])
    assert found.percentiles == {}
    assert found.curve[-1][0] == 0.99


def test_a_cell_without_latencies_is_left_out() -> None:
    assert latencies(frame((0, ""), (1, ""))) == {}
