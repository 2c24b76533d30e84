"""Numbers and words as readers see them."""

from __future__ import annotations

from typing import Any, cast

import pytest

from when_async.bench.model import Estimate
from when_async.reports import words
from when_async.results.stats.estimate import difference, quotient


def estimate(point: float, low: float, high: float, unit: str = "") -> Estimate:
    return Estimate(point, low, high, unit, 3)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.4249, "1.42"), (0.012345, "0.0123"), (12.34, "12.3"), (123.4, "123"), (1234.5, "1230"), (9.999, "10.0"),
        (0.9999, "1.00"), (0, "0"), (-0.5, "−0.500"), (float("nan"), "–"), (float("inf"), "–"), (1e-7, "0.000000100"),
    ],
)  # fmt: skip
def test_numbers_have_three_significant_digits_and_no_exponent(value: float, shown: str) -> None:
    assert words.digits(value) == shown


def test_a_point_stands_with_its_interval() -> None:
    assert words.interval(estimate(1.42, 1.38, 1.47)) == "1.42 [1.38, 1.47]"
    assert words.times(estimate(3.6, 3.41, 3.8)) == "3.60× [3.41, 3.80]"


@pytest.mark.parametrize(
    ("point", "kind", "shown"),
    [
        (1.2e-5, "s", "12.0 µs [6.00, 24.0]"),
        (0.02, "s", "20.0 ms [10.0, 40.0]"),
        (1500, "/s", "1.50 k ops/s [0.750, 3.00]"),
        (3 * 2**20, "bytes", "3.00 MiB [1.50, 6.00]"),
    ],
)
def test_units_are_chosen_so_that_numbers_are_short(point: float, kind: str, shown: str) -> None:
    assert words.with_unit(estimate(point, point / 2, point * 2), kind) == shown


@pytest.mark.parametrize("bare", [1.42, 3, None, "1.42"])
def test_a_bare_number_is_refused(bare: Any) -> None:
    with pytest.raises(TypeError, match="only an Estimate"):
        words.interval(cast(Estimate, bare))


def test_one_unit_serves_a_whole_column() -> None:
    column = [estimate(x, x, x) for x in (2e-6, 5e-6, 3e-3)]
    assert words.scale_for(column, "s").label == "µs"
    assert words.scale_for([], "s").label == "ns"


@pytest.mark.parametrize(("low", "high", "clear"), [(1.01, 1.2, True), (0.8, 0.99, True), (0.99, 1.2, False)])
def test_a_ratio_differs_only_where_its_interval_excludes_one(low: float, high: float, clear: bool) -> None:
    assert words.differs(estimate((low + high) / 2, low, high)) is clear


def test_no_difference_names_the_largest_that_could_hide() -> None:
    assert words.no_difference(estimate(1, 0.98, 1.03)) == "no difference larger than 3 % was seen"
    assert words.no_difference(estimate(1, 0.5, 2.5)) == "the intervals are too wide to tell them apart"


def test_the_quotient_of_two_estimates_has_the_widest_interval() -> None:
    found = quotient(estimate(4, 3, 5), estimate(2, 1, 3))
    assert found is not None
    assert (found.point, found.low, found.high) == (2, 1, 5)
    assert quotient(estimate(4, 3, 5), estimate(1, -1, 3)) is None
    lesser = difference(estimate(4, 3, 5), estimate(2, 1, 3))
    assert (lesser.point, lesser.low, lesser.high) == (2, 0, 4)


def test_terminal_colours_and_control_characters_are_taken_out() -> None:
    assert words.clean("\x1b[31mred\x1b[0m\x00\x07 \u202etext\tend\r\nnext") == "red text end\nnext"
    assert words.one_line("a\n b   c") == "a b c"
    assert words.one_line("x" * 50, 10) == "x" * 9 + "…"


def test_lists_read_like_prose() -> None:
    assert words.listing(["a"]) == "a"
    assert words.listing(["a", "b"]) == "a and b"
    assert words.listing(["a", "b", "c"]) == "a, b and c"
    assert words.count(1, "cell") == "1 cell"
    assert words.count(3, "cell") == "3 cells"


@pytest.mark.parametrize(
    ("name", "limit", "shown"),
    [
        ("multiprocessing+forkserver/http.client", 40, "multiprocessing+forkserver/http.client"),
        ("multiprocessing+forkserver/http.client", 30, "multip…+forkserver/http.client"),
        ("multiprocessing+forkserver/http.client", 26, "mu…+forkserver/http.client"),
        ("multiprocessing+forkserver/http.client", 21, "multiproce…ttp.client"),
        ("a_name_of_somebody_elses_runner", 11, "a_nam…unner"),
    ],
)
def test_a_long_name_keeps_what_tells_it_from_others(name: str, limit: int, shown: str) -> None:
    assert words.short_name(name, limit) == shown
    assert len(shown) <= limit


def test_of_many_names_the_first_are_given_and_the_others_counted() -> None:
    assert words.several(list("abcde")) == "a, b, c, d and e"
    assert words.several(list("abcdef")) == "a, b, c, d and 2 others"
