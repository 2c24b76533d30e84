"""A field of a workload or runner that cannot be as it is, is told where it is made, in one line that names it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support import fakes
from when_async.bench.model import Figure, Param, Point, Service, WhenAsyncError
from when_async.bench.model.checks import FieldError, as_name
from when_async.bench.plan import PROFILES, build
from when_async.bench.quantity import check_point
from when_async.bench.registry import Found, RegistryError, load_module
from when_async.bench.trying.target import Call

nan, inf = math.nan, math.inf
N = Param("n", 1, 100, "sums")
TINY = fakes.workload(grid={})
ODD = [None, 3, "", " a", "a ", "-r", "a\nb", "a\x1b[31m", "a[b]", "a,b", "a=b", "a.py", "core"]


def refused(make: Any) -> str:
    with pytest.raises(FieldError) as error:
        make()
    assert issubclass(FieldError, WhenAsyncError), "the front door tells it in one line"
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("name", ODD, ids=repr)
def test_a_name_that_an_id_or_a_table_cannot_have_is_refused(name: Any) -> None:
    assert refused(lambda: replace(TINY, name=name)).startswith("the name of a workload must be ")
    assert refused(lambda: fakes.runner(name)).startswith("the name of a runner must be ")


@pytest.mark.parametrize("name", ["a/b", "a@3.13", "asyncio*", "all", "family:x"])
def test_a_runner_has_no_name_that_a_selector_or_a_cell_reads_otherwise(name: str) -> None:
    assert refused(lambda: fakes.runner(name)).startswith("the name of a runner must be ")


@pytest.mark.parametrize("name", ["mine:total", "a b", "магазин", "checkout-2"])
def test_names_of_all_scripts_and_of_functions_will_do(name: str) -> None:
    assert replace(TINY, name=name).name == name


@pytest.mark.parametrize("text", ["a,b", "x[n=3]", " a ", "-m", "a\x1b[31m", "a\nb", "a b", "магазин"])
def test_a_file_of_any_name_gives_its_functions_a_name_that_will_do(text: str) -> None:
    assert Call(f"{text}.py:total", "").short == replace(TINY, name=as_name(text) + ":total").name


@pytest.mark.parametrize(
    ("field", "values", "right"),
    [
        ("summary", (None, 3, "a\nb"), "a text of one line"),
        ("learn", (None, 3), "a text of one line"),
        ("latency", (None, 3), "a text of one line"),
        ("bodies", (None, fakes.double_blocking, [3]), "a dict of styles and functions"),
        ("make_items", (None, [1, 2]), "a function of (params, seed)"),
        ("check", (None, "right"), "a function of (params, items, results)"),
        ("observe", (3, "x"), "a function of (params, items, results) or None"),
        ("ideal_s", (3,), "a function of (params, in_flight) or None"),
        ("bounds", (3,), "a function of (params, concurrency) or None"),
        ("prepare", (3,), "a function of (params) or None"),
        ("needs", (None, ("a",)), "a dict of words and tuples of modules"),
        ("refuses", (3,), "a function of (params, body_key) or None"),
        ("grid", (None, (Point(1, {"n": 3}),)), "a dict of profiles and tuples of Point"),
        ("service", ("http", 3), "a Service or None"),
        ("headline", (None, "speed"), "one of 'throughput', 'overhead', 'cpu'"),
        ("calibration", ("yes", 1), "True or False"),
        ("core", ("yes", None), "True or False"),
        ("shape", ("program", None), "Shape.MAP or Shape.PROGRAM"),
        ("figures", (None, (3,), "x"), "a tuple of Figure"),
        ("threaded", (None, (3,)), "a tuple of text"),
        ("faces", (None, ("a",)), "a dict of words and what they are"),
        ("environ", (None, [("A", "b")]), "a dict of variables and their texts"),
    ],
)
def test_a_field_of_a_workload_of_another_type_is_named_with_what_is_right(
    field: str, values: tuple[Any, ...], right: str
) -> None:
    for value in values:
        assert refused(lambda value=value: replace(TINY, **{field: value})).startswith(
            f"{field} of tiny must be {right}, not "
        )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bodies": {}}, "bodies of tiny must have a function at least"),
        ({"bodies": {"pure": None}}, "bodies['pure'] of tiny must be a function of (kit, params), not None"),
        ({"bodies": {3: fakes.double_blocking}}, "a style in bodies of tiny must be one line of text"),
        ({"bodies": {"pure/": fakes.double_blocking}}, "a style in bodies of tiny must be a word, or like blocking/"),
        ({"params": (N, N)}, "params of tiny and the concurrency has 'n' twice; give each another name"),
        ({"params": (Param("c", 1, 2, "x"),)}, "params of tiny and the concurrency has 'c' twice"),
        ({"params": (Param("wait_s", 0, 1, ""), Param("wait_bytes", 0, 1, ""))}, "has 'wait' twice"),
        ({"grid": {3: ()}}, "a profile in grid of tiny must be one line of text"),
        ({"threaded": "requests"}, "threaded of tiny is one text and must be a tuple of them; a tuple of one ends in"),
        ({"figures": Figure("a", "b")}, "figures of tiny is one Figure and must be a tuple of them"),
        ({"faces": {"a": 3}}, "faces['a'] of tiny must be a text of one line, not 3"),
        ({"environ": {"A": 1}}, "environ['A'] of tiny must be a text, not 1"),
        ({"environ": {"A": "x\0"}}, "environ['A'] of tiny must be a text"),
        ({"environ": {"A=B": "x"}}, "a variable in environ of tiny must be a word"),
    ],
)
def test_what_is_inside_a_field_of_a_workload_is_named_too(changes: dict[str, Any], said: str) -> None:
    assert said in refused(lambda: replace(TINY, **changes))


@pytest.mark.parametrize("concurrency", [0, -1, 1.5, 1.0, "1", None, nan, inf, True, 10**9, {"n": 3}], ids=repr)
def test_a_point_has_a_whole_number_of_ops_in_flight(concurrency: Any) -> None:
    said = refused(lambda: Point(concurrency, {"n": 3}))
    assert said.startswith("concurrency of a Point must be a whole number from 1 to 1000000, not ")


@pytest.mark.parametrize("params", [None, "n", 3, [("n", 3)]], ids=repr)
def test_the_params_of_a_point_are_a_dict(params: Any) -> None:
    assert refused(lambda: Point(1, params)).startswith("params of a Point must be a dict of parameters and their ")


@pytest.mark.parametrize(
    ("value", "right"),
    [
        (0, "from 1 to 100"), (101, "from 1 to 100"), (nan, "a whole number"), (inf, "a whole number"),
        ("3", "a whole number"), (None, "a whole number"), (True, "a whole number"), (2.5, "a whole number"),
    ],
)  # fmt: skip
def test_a_value_of_a_point_that_its_parameter_cannot_have_is_named_with_its_profile(value: Any, right: str) -> None:
    said = refused(lambda: replace(TINY, params=(N,), grid={"smoke": (Point(1, {"n": value}),)}))
    assert said == f"n of a Point in grid['smoke'] of tiny must be {right}, not {value!r}"


@pytest.mark.parametrize("value", [-0.1, nan, 2, "10ms", True], ids=repr)
def test_a_time_of_a_point_is_a_number_within_its_bounds(value: Any) -> None:
    wait = Param("wait_s", 0, 1, "how long")
    assert refused(lambda: replace(TINY, params=(wait,), grid={"quick": (Point(1, {"wait_s": value}),)})).startswith(
        "wait_s of a Point in grid['quick'] of tiny must be "
    )


@pytest.mark.parametrize("params", [{}, {"m": 3}, {"n": 3, "m": 4}, {3: 3}], ids=repr)
def test_a_point_gives_every_parameter_a_value_and_no_other(params: Any) -> None:
    said = refused(lambda: replace(TINY, params=(N,), grid={"quick": (Point(1, params),)}))
    have = ", ".join(map(str, params)) or "none"
    assert said.endswith(f"a value and no other: it gives {have}, and they are n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((None, 1, 2, ""), "the name of a Param must be a word"), (("n s", 1, 2, ""), "the name of a Param"),
        (("", 1, 2, ""), "the name of a Param"), (("n", "1", 2, ""), "low of Param n must be a finite number"),
        (("n", nan, 2, ""), "low of Param n"), (("n", True, 2, ""), "low of Param n"),
        (("n", 1, inf, ""), "high of Param n must be a finite number of 1 or more, not inf"),
        (("n", 2, 1, ""), "high of Param n must be a finite number of 2 or more"),
        (("n", 1, 2, None), "help of Param n must be a text of one line"),
    ],
)  # fmt: skip
def test_a_parameter_is_a_word_with_a_range_of_finite_numbers(arguments: Any, said: str) -> None:
    assert refused(lambda: Param(*arguments)).startswith(said)


def test_a_service_and_a_figure_name_their_wrong_field() -> None:
    for made, said in (
        (lambda: Service("x", None), "module of Service x"),  # type: ignore[arg-type]
        (lambda: Service("x", "m", requires="a"), "requires of Service x is one text"),  # type: ignore[arg-type]
        (lambda: Service("x", "m", expect=3), "expect of Service x must be a function"),  # type: ignore[arg-type]
        (lambda: Figure("", "b"), "the name of a Figure must be a word"),
        (lambda: Figure("a", "b", better="more"), "better of Figure a must be one of 'lower', 'higher', ''"),
    ):
        assert refused(made).startswith(said)


@pytest.mark.parametrize(
    ("field", "values", "right"),
    [
        ("summary", (None, 3), "a text of one line"),
        ("family", (None, 3, ""), "one line of text"),
        ("styles", (None, (3,)), "a tuple of text"),
        ("requires", (None, (3,)), "a tuple of text"),
        ("program_styles", (None, 3), "a tuple of text"),
        ("open", (None, 3), "a function of (job)"),
        ("program", (3,), "a function of (job) or None"),
        ("prepare", (3,), "a function of () or None"),
        ("limit", (3,), "a function of () or None"),
        ("minimum_python", ("3.11", 3.11, (3,), None), "two whole numbers such as (3, 12)"),
        ("newest_python", ("3.12", (3, "12")), "two whole numbers such as (3, 12)"),
        ("one_core", ("no", None), "True or False"),
        ("serial", (3,), "True or False"),
        ("core", ("yes",), "True or False"),
        ("timer_resolution_s", (nan, "x", -1, None), "a finite number of 0 or more"),
        ("newest_why", (None,), "a text of one line"),
    ],
)
def test_a_field_of_a_runner_of_another_type_is_named_with_what_is_right(
    field: str, values: tuple[Any, ...], right: str
) -> None:
    for value in values:
        said = refused(lambda value=value: fakes.runner("mine", **{field: value}))
        assert said.startswith(f"{field} of mine must be {right}")


def test_one_word_in_place_of_a_tuple_is_a_forgotten_comma_and_no_style_is_none() -> None:
    assert "styles of mine is one text and must be" in refused(lambda: fakes.runner("mine", styles="pure"))
    assert "styles of mine must have a word at least" in refused(lambda: fakes.runner("mine", styles=()))
    assert "a word in requires of mine must be" in refused(lambda: fakes.runner("mine", requires=("",)))


@pytest.mark.parametrize(
    ("field", "function", "said"),
    [
        ("ideal_s", lambda params: 1, "ideal_s of tiny at tiny[n=20,c=4] must return seconds, and raised TypeError: "),
        ("ideal_s", lambda params, c: 1 / 0, "must return seconds, and raised ZeroDivisionError: division by zero"),
        ("ideal_s", lambda params, c: nan, "what ideal_s of tiny at tiny[n=20,c=4] returns must be a finite number of"),
        ("ideal_s", lambda params, c: -1.0, "returns must be a finite number of 0 or more, not -1.0"),
        ("ideal_s", lambda params, c: "x", "returns must be a finite number of 0 or more, not 'x'"),
        ("bounds", lambda params, c: 3, "what bounds of tiny at tiny[n=20,c=4] returns must be a dict of names and"),
        ("bounds", lambda params, c: {"a": "x"}, "a in what bounds of tiny at tiny[n=20,c=4] returns must be a finite"),
    ],
)
def test_figures_that_a_plan_cannot_be_made_of_are_told_before_it(field: str, function: Any, said: str) -> None:
    assert said in refused(lambda: check_point(fakes.workload(**{field: function}), fakes.point()))


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (lambda: 3, "what limit of mine returns must be a whole number and the reason, not 3"),
        (lambda: ("a", "x"), "the number that limit of mine returns must be a whole number"),
        (lambda: (4, None), "the reason that limit of mine returns must be a text of one line"),
        (lambda: 1 / 0, "limit of mine must return a whole number and the reason, and raised ZeroDivisionError"),
    ],
)
def test_a_limit_that_says_nothing_is_told_before_anything_starts(limit: Any, said: str) -> None:
    points = [(Found(fakes.TINY, fakes.REF), fakes.point())]
    runners = {"mine": fakes.runner("mine", limit=limit)}
    assert said in refused(lambda: build(points, runners, [fakes.ENVIRONMENT], PROFILES["quick"]))


def test_a_file_with_such_a_field_is_one_line_with_the_file_and_the_field(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("from when_async import Point\nPoint(0, {})\n")
    with pytest.raises(RegistryError) as error:
        load_module(str(path))
    assert str(error.value) == f"{path}: concurrency of a Point must be a whole number from 1 to 1000000, not 0"
