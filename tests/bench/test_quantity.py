"""Ids are written so that a person can read them and the program can read them again."""

from __future__ import annotations

import pytest

from support import fakes
from when_async.bench.model import Param, Point
from when_async.bench.quantity import (
    QuantityError,
    canonical,
    check_point,
    comparison_id,
    file_of,
    name_of,
    override,
    read,
    show,
    split,
)

WAIT = Param("wait_s", 0.0, 1000.0, "")
BODY = Param("body_bytes", 0, 2**40, "")
COUNT = Param("n", 1, 1_000_000, "")

WORKLOAD = fakes.workload(params=(WAIT, BODY, COUNT), grid={})


def refused(call: object, *args: object) -> str:
    with pytest.raises(QuantityError) as caught:
        call(*args)  # type: ignore[operator]
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.01, "s", "10ms"),
        (0.001, "s", "1ms"),
        (0.0005, "s", "500us"),
        (1.5, "s", "1.5s"),
        (0, "s", "0s"),
        (5e-7, "s", "0.5us"),
        (4096, "bytes", "4KiB"),
        (2**20, "bytes", "1MiB"),
        (1000, "bytes", "1000B"),
        (100, "", "100"),
    ],
)
def test_values_are_shown_in_the_unit_a_person_would_use(value: float, unit: str, text: str) -> None:
    assert show(value, unit) == text


@pytest.mark.parametrize(
    ("value", "param"),
    [
        *((value, WAIT) for value in (0.0, 1e-9, 0.000_123_457, 0.012_345_679, 0.1, 1.234_567_891, 999.0)),
        *((value, BODY) for value in (0, 1, 65_537, 1_234_567, 2**20 + 1, 2**33, 10**12 + 7)),
        *((value, COUNT) for value in (1, 999_999, 1_000_000)),
    ],
)
def test_what_is_shown_is_read_back_to_the_last_digit(value: float, param: Param) -> None:
    assert read(show(value, param.unit), param) == value


@pytest.mark.parametrize(
    ("text", "param", "value"),
    [("20ms", WAIT, 0.02), (" 2s ", WAIT, 2.0), ("0.5", WAIT, 0.5), ("64kB", BODY, 64_000), ("1.5KiB", BODY, 1536)],
)
def test_a_person_may_write_any_known_unit_or_none(text: str, param: Param, value: float) -> None:
    assert read(text, param) == value


@pytest.mark.parametrize("text", ["", "fast", "-1ms", "10 min", "1e-3", "4KiB"])
def test_text_that_is_no_quantity_is_answered_with_an_example(text: str) -> None:
    assert refused(read, text, WAIT) == f"wait={text} is not understood; write it like wait=10ms"


def test_half_an_op_cannot_be_asked_for() -> None:
    assert refused(read, "1.5", COUNT) == "n=1.5 must be a whole number"


@pytest.mark.parametrize(("text", "param"), [("0", COUNT), ("2000s", WAIT), ("9" * 400, COUNT)])
def test_a_value_out_of_range_is_answered_with_the_range(text: str, param: Param) -> None:
    assert f"out of range: {show(param.low, param.unit)} to {show(param.high, param.unit)}" in refused(
        read, text, param
    )


def test_an_id_names_each_parameter_that_is_not_zero_and_ends_with_count_and_concurrency() -> None:
    assert (
        comparison_id(WORKLOAD, Point(10, {"wait_s": 0.01, "body_bytes": 0, "n": 100})) == "tiny[wait=10ms,n=100,c=10]"
    )


def test_an_id_taken_apart_gives_the_point_again() -> None:
    first = Point(7, {"wait_s": 0.0003, "body_bytes": 1_000_001, "n": 12})
    name, pairs = split(comparison_id(WORKLOAD, first))
    assert name == "tiny"
    assert override(WORKLOAD, Point(1, {"wait_s": 9.0, "body_bytes": 5, "n": 1}), pairs) == first


def test_points_that_differ_have_ids_that_differ() -> None:
    sizes = (1_000_000, 1_000_001, 1_000_002)
    assert len({comparison_id(WORKLOAD, Point(1, {"wait_s": 0, "body_bytes": size, "n": 1})) for size in sizes}) == 3


def test_a_name_alone_is_a_selector_too() -> None:
    assert split("sleep") == ("sleep", {})
    assert split("my/own.py[n=3]") == ("my/own.py", {"n": "3"})


@pytest.mark.parametrize("spec", ["", "sleep[n=1", "sleep]n=1[", "[n=1]", "sleep[n=1]x"])
def test_a_selector_that_makes_no_sense_is_answered_with_an_example(spec: str) -> None:
    assert "is not understood; write a name, or like sleep:wait=10ms,n=100,c=10" in refused(split, spec)


def test_a_parameter_without_a_value_is_refused() -> None:
    assert refused(split, "sleep[wait]") == "'wait' in 'sleep[wait]' has no value; write it like wait=..."


def test_an_unknown_parameter_is_answered_with_the_known_ones() -> None:
    point = Point(1, {"wait_s": 0.1, "body_bytes": 0, "n": 1})
    assert refused(override, WORKLOAD, point, {"size": "1"}) == "tiny has no parameter 'size'; it has wait, body, n, c"


def test_nothing_in_flight_cannot_be_asked_for() -> None:
    assert "c=0 is out of range" in refused(override, WORKLOAD, fakes.point(), {"c": "0"})


def test_a_point_that_lacks_a_parameter_is_refused_by_name() -> None:
    assert "disagree about body_bytes" in refused(check_point, WORKLOAD, Point(1, {"wait_s": 0.1, "n": 1}))


@pytest.mark.parametrize("value", [0, float("nan"), "ten"])
def test_a_point_out_of_range_is_refused(value: float | str) -> None:
    params = {"wait_s": 0.1, "body_bytes": 0, "n": value}
    assert refused(check_point, WORKLOAD, Point(1, params)) == f"tiny: n={value} is out of range"


def test_a_rate_is_written_and_read_with_its_unit() -> None:
    rate = Param("rate_per_s", 0, 1_000_000, "offered load")
    assert (rate.label, rate.unit) == ("rate", "/s")
    assert show(2000, "/s") == "2000/s"
    assert read("2000/s", rate) == read("2000", rate) == 2000
    with pytest.raises(QuantityError, match=r"^rate=fast is not understood; write it like rate=100/s$"):
        read("fast", rate)
    with pytest.raises(QuantityError, match=r"^rate=2000000 is out of range: 0/s to 1000000/s$"):
        read("2000000", rate)


@pytest.mark.parametrize(
    ("spec", "path", "point"),
    [
        ("/home/shop[old]/benchmarks/shop.py", "/home/shop[old]/benchmarks/shop.py", ""),
        ("/home/shop[old]/shop.py[n=3,c=1]", "/home/shop[old]/shop.py", "[n=3,c=1]"),
        ("a[n=1]/b,c=2/shop.py:n=3,c=1", "a[n=1]/b,c=2/shop.py", "[n=3,c=1]"),
        ("one: two/half]/shop.py", "one: two/half]/shop.py", ""),
        ("old.py[n=2]/shop.py", "old.py[n=2]/shop.py", ""),
    ],
)
def test_a_folder_may_have_in_its_name_what_a_point_is_written_with(spec: str, path: str, point: str) -> None:
    pairs = dict(part.split("=") for part in point[1:-1].split(",")) if point else {}
    assert split(spec) == (path, pairs)
    assert (canonical(spec), file_of(spec), name_of(spec)) == (path + point, (path, point), path)


def test_what_is_no_file_has_no_path() -> None:
    assert (file_of("sleep[n=3]"), name_of("sleep:n=3,c=1"), name_of("sleep")) == (("", ""), "sleep", "sleep")
