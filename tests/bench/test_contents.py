"""Results are compared by what they hold: neither by their text, nor by their order where there is none."""

from __future__ import annotations

import array
import asyncio
import collections
import concurrent.futures
import ctypes
import datetime
import decimal
import enum
import fractions
import io
import re
import sqlite3
import threading
import weakref
from contextlib import closing
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from support import fakes
from support.in_process import opened
from when_async.bench.model import Job
from when_async.bench.model.contents import Untold, contents
from when_async.bench.runners.sync import SYNC
from when_async.bench.worker.trap import Refused

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")

pytestmark = pytest.mark.usefixtures("hooks")

NAN = float("nan")
OTHER_NAN = float("inf") - float("inf")
"""On most processors with its sign set."""


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Way(enum.Flag):
    UP = 1
    DOWN = 2


@dataclass
class Shop:
    name: str
    stock: Any = None
    seen: int = field(default=0, compare=False)


class Thing:
    def __init__(self, **known: Any) -> None:
        vars(self).update(known)


class Names(list[str]):
    owner = ""


def ring(size: int) -> list[Any]:
    """Lists that hold each other in a circle."""
    links: list[list[Any]] = [[number] for number in range(size)]
    for link, following in zip(links, [*links[1:], links[0]], strict=True):
        link.append(following)
    return links[0]


def named(owner: str) -> Names:
    names = Names(["tea"])
    names.owner = owner
    return names


def structured(value: int) -> Any:
    made = np.zeros(2, dtype=np.dtype([("a", "i1"), ("b", "f8")], align=True))
    made.view(np.uint8)[1:8] = value  # the padding
    return made


def row() -> sqlite3.Row:
    with closing(sqlite3.connect(":memory:")) as base:
        return sqlite3.Row(base.execute("SELECT 1 AS a, 2 AS b"), (1, 2))


ALIKE = {
    "sets in another order": ({"a", "b", 3, None}, {None, 3, "b", "a"}),
    "frozensets in sets": ({frozenset("ab")}, {frozenset("ba")}),
    "plain dicts in another order": ({"a": 1, "b": [2]}, {"b": [2], "a": 1}),
    "dicts of keys that have no order": ({1: 0, "a": 1, None: 2}, {None: 2, "a": 1, 1: 0}),
    "dicts deep inside": ([({"a": 1, "b": 2},)], [({"b": 2, "a": 1},)]),
    "counters": (collections.Counter("aab"), collections.Counter("baa")),
    "defaultdicts of two factories": (
        collections.defaultdict(lambda: 0, a=1, b={2}), collections.defaultdict(int, b={2}, a=1),
    ),
    "NaN": ([NAN, {"a": NAN}], [OTHER_NAN, {"a": OTHER_NAN}]),
    "NaN in sets and objects": ([{NAN}, Shop("", NAN)], [{OTHER_NAN}, Shop("", OTHER_NAN)]),
    "NaN in arrays": (np.array([1.0, NAN]), np.array([1.0, OTHER_NAN])),
    "complex NaN in arrays": (np.array([complex(NAN, 1)]), np.array([complex(OTHER_NAN, 1)])),
    "NaN in buffers": (array.array("d", [NAN, 1]), array.array("d", [OTHER_NAN, 1])),
    "arrays in another order in memory": (np.arange(6).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3))),
    "a slice and its copy": (np.arange(10)[::2], np.arange(10)[::2].copy()),
    "what lies between fields": (structured(0), structured(7)),
    "what lies below a mask": (np.ma.masked_array([1, 2], [0, 1]), np.ma.masked_array([1, 3], [0, 1])),
    "frames of other blocks": (
        pd.DataFrame({"a": [1, 2], "b": [3, 4]}), pd.concat([pd.Series([1, 2], name="a"), pd.Series([3, 4], name="b")],
                                                            axis=1),
    ),
    "frames of equal labels": (pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 2]}, index=pd.Index([0, 1]))),
    "frames with gaps": tuple(pd.DataFrame({"a": ["x", None], "b": [gap, 1]}) for gap in (NAN, OTHER_NAN)),
    "times with a zone": tuple(pd.Series(pd.to_datetime(["2026-01-01"], utc=True)) for _ in "ab"),
    "dataclasses by what they compare": (Shop("tea", {1, 2}, seen=1), Shop("tea", {2, 1}, seen=2)),
    "attributes in another order": (Thing(a=1, b=2), Thing(b=2, a=1)),
    "enums": ([Colour.RED, Way.UP | Way.DOWN], [Colour(1), Way(3)]),
    "decimals and fractions": (
        [decimal.Decimal("1.10"), fractions.Fraction(2, 4)], [decimal.Decimal("1.10"), fractions.Fraction(1, 2)],
    ),
    "moments": (
        datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC), datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC),
    ),
    "patterns": (re.compile("a+"), re.compile("a+")),
    "circles": (ring(3), ring(3)),
    "namespaces": (SimpleNamespace(a={1, 2}), SimpleNamespace(a={2, 1})),
    "deques": (collections.deque([1, {2}]), collections.deque([1, {2}])),
    "functions without a name": ([lambda x: x + 1], [lambda x: x + 1]),
    "ints of many digits": ([1 << 20_000], [1 << 20_000]),
    "rows of a database": (row(), row()),
}  # fmt: skip


def changed(at: int, to: float = -1) -> Any:
    made = np.arange(5000.0)
    made[at] = to
    return made


DIFFERENT = {
    "one number in the middle of an array": (np.arange(5000.0), changed(2500)),
    "the type of an array": (np.arange(3, dtype="i4"), np.arange(3, dtype="i8")),
    "the order of bytes": (np.arange(3, dtype="<i4"), np.arange(3, dtype=">i4")),
    "the shape of an array": (np.arange(6), np.arange(6).reshape(2, 3)),
    "an array and a list": (np.arange(3), [0, 1, 2]),
    "an object in an array": (np.array([None, 1], dtype=object), np.array([None, 2], dtype=object)),
    "a mask": (np.ma.masked_array([1, 2], [0, 1]), np.ma.masked_array([1, 2], [0, 0])),
    "a buffer": (array.array("i", range(9)), array.array("i", range(1, 10))),
    "the type of a buffer": (array.array("i", [1, 2]), array.array("I", [1, 2])),
    "bytes that change": (bytearray(b"ab"), bytearray(b"ac")),
    "a view": (memoryview(b"ab"), memoryview(b"ac")),
    "an array of C": ((ctypes.c_int * 2)(1, 2), (ctypes.c_int * 2)(1, 3)),
    "one number in the middle of a frame": (
        pd.DataFrame({"a": np.arange(5000.0), "b": 0}), pd.DataFrame({"a": changed(2500), "b": 0}),
    ),
    "a label of a frame": (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}, index=[1])),
    "the name of a column": (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
    "the name of a series": (pd.Series([1], name="a"), pd.Series([1], name="b")),
    "a category": (pd.Series(["a"], dtype="category"), pd.Series(["b"], dtype="category")),
    "a text in a series": (pd.Series(["a", None]), pd.Series(["b", None])),
    "a moment in a series": (pd.Series(pd.to_datetime(["2026-01-01"])), pd.Series(pd.to_datetime(["2026-01-02"]))),
    "an element of a set": ({"a", "b"}, {"a", "c"}),
    "a key of a dict": ({"a": 1}, {"b": 1}),
    "the order of an ordered dict": (
        collections.OrderedDict(a=1, b={2}), collections.OrderedDict([("b", {2}), ("a", 1)]),
    ),
    "the order of a list": ([{1}, {2}], [{2}, {1}]),
    "a field deep inside": (Shop("tea", [Shop("a", {1})]), Shop("tea", [Shop("a", {2})])),
    "an attribute": (Thing(a=1), Thing(a=2)),
    "an attribute of a list": (named("one"), named("two")),
    "a member": (Colour.RED, Colour.BLUE),
    "a digit of a decimal": (decimal.Decimal("1.10"), decimal.Decimal("1.1")),
    "a moment": (datetime.datetime(2026, 1, 2), datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)),
    "a pattern": (re.compile("a+"), re.compile("a+", re.IGNORECASE)),
    "the code of a function": ([lambda x: x + 1], [lambda x: x - 1]),
    "a list and a tuple": ([{1}], ({1},)),
    "a number and a truth": ([1, {1}], [True, {True}]),
    "a text and its text": ("a", "'a'"),
    "a last digit of many": ([1 << 20_000], [(1 << 20_000) + 1]),
}  # fmt: skip


@pytest.mark.parametrize(("one", "other"), ALIKE.values(), ids=ALIKE)
def test_what_holds_the_same_is_the_same(one: Any, other: Any) -> None:
    assert contents(one) == contents(other)
    assert contents([one, 1]) == contents([other, 1])


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_holds_anything_else_is_another(one: Any, other: Any) -> None:
    assert contents(one) != contents(other)
    assert contents([one, 1]) != contents([other, 1])


@pytest.mark.parametrize(
    "value",
    [[1.5, "a", None, True, b"\xff", 2j], [(1, [2], {"a": ("b",), "c": {}})] * 3, [], [[]], [{}], ["\ud800"], [NAN],
     {1: 2, 3: 4}, [{"a": 1, "b": 2}, {"c": 3}]],
)  # fmt: skip
def test_plain_results_keep_the_digest_of_their_text(value: Any) -> None:
    """So that what was recorded keeps its meaning."""
    assert contents(value) == repr(value).encode()


def test_what_lies_in_a_value_twice_is_taken_apart_once() -> None:
    node: Any = {1}
    for _ in range(200):
        node = Thing(left=node, right=node)
    assert contents(node) == contents(node)


def test_a_list_that_holds_itself_many_times_comes_to_an_end() -> None:
    one: list[Any] = []
    one += [one] * 1000
    other: list[Any] = []
    other += [other] * 1000
    assert contents(one) == contents(other)


async def later() -> int:
    return 1


def deep() -> Any:
    made: Any = Thing(last={1})
    for _ in range(5000):
        made = Thing(inner=made)
    return made


PROMISES = {
    "lock": (lambda: [1, {"a": Thing(guard=threading.Lock())}], "results[1].a.guard is of type lock, which cannot be"),
    "weak": (lambda: [weakref.ref(Thing)], "results[0] is of type ReferenceType, which cannot be told from another"),
    "generator": (lambda: [(n for n in "ab")], "results[0] is of type generator, whose work is done when"),
    "map": (lambda: [[map(str, [1])]], "results[0][0] is of type map, whose work is done when somebody goes through"),
    "file": (lambda: [io.StringIO("a")], "results[0] is of type StringIO, whose work is done"),
    "coroutine": (lambda: [Shop("a", [later()])], "results[0].stock[0] is of type coroutine that nobody awaited: no"),
    "future": (lambda: [concurrent.futures.Future()], "results[0] is of type Future and not what it comes to: let"),
    "nest": (lambda: [deep()], "is nested too deep to be compared"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "words"), PROMISES.values(), ids=PROMISES)
def test_what_cannot_be_told_is_said_with_its_place_and_the_way_out(make: Any, words: str) -> None:
    with pytest.raises(Untold) as caught:
        contents(make())
    said = str(caught.value)
    assert words in said
    assert "let the op" in said or "no work was done" in said
    assert "\n" not in said
    assert "0x" not in said
    assert len(said) < 400


def test_a_loop_that_is_a_result_is_no_endless_story() -> None:
    loop = asyncio.new_event_loop()
    try:
        with pytest.raises(Untold):
            contents([loop])
    finally:
        loop.close()


def judged(result: Any, check: Any = lambda params, items, results: "fine") -> str:
    workload = fakes.workload(bodies={"blocking": lambda kit, params: lambda item: result}, check=check)
    with opened(SYNC, Job(workload, "blocking", {"n": 3, "wait_s": 0.0}, 1)) as trial:
        digest: str = trial.round(prove=True)["digest"]
    return digest


def test_a_round_is_judged_by_what_its_results_hold() -> None:
    assert judged(np.arange(5000)) == judged(np.arange(5000)) != judged(changed(2500))
    assert judged({"tea", "milk", "salt"}) == judged({"salt", "milk", "tea"})


def test_results_that_cannot_be_told_are_refused_in_the_first_round() -> None:
    with pytest.raises(Refused, match=r"^results\[0\] is of type lock, which cannot be told from another: let the op"):
        judged(threading.Lock())


@pytest.mark.parametrize(
    ("answer", "shown"), [(False, "False"), (None, "None"), ("", "''"), (" \n", "' \\n'"), (3, "3")]
)
def test_an_oracle_that_says_nothing_is_refused(answer: Any, shown: str) -> None:
    with pytest.raises(Refused) as caught:
        judged(1, lambda params, items, results: answer)
    assert str(caught.value) == (
        f"its oracle answered {shown}: `check` raises WrongAnswer where results are wrong, and else says in words what "
        "is right, such as '20 sums'"
    )


def failing(params: Any, items: Any, results: Any) -> str:
    return str(results[5])


def test_an_oracle_that_fails_is_said_to_be_what_failed() -> None:
    with pytest.raises(
        Refused, match=r"^its oracle failed: IndexError: list index out of range \(at test_contents\.py"
    ):
        judged(1, failing)
    with pytest.raises(
        Refused, match=r"^its oracle failed: TypeError: .* takes 0 positional arguments but 3 were given"
    ):
        judged(1, lambda: "fine")


async def checks_later(params: Any, items: Any, results: Any) -> str:
    return "fine"


def test_an_oracle_that_nobody_can_await_is_no_answer() -> None:
    with pytest.raises(Refused, match=r"^its oracle answered <coroutine object checks_later"):
        judged(1, checks_later)


@pytest.mark.parametrize("items", [[], (), np.array([]), {1: 2}, None, iter("ab"), {3}])
def test_items_that_are_none_or_no_list_are_refused(items: Any) -> None:
    workload = fakes.workload(make_items=lambda params, seed: items)
    with (
        opened(SYNC, fakes.job(workload)) as trial,
        pytest.raises(Refused, match=r"^its make_items (makes no|returned)"),
    ):
        trial.round(prove=True)


def claiming(words: str = "") -> Any:
    def check(params: Any, items: Any, results: Any) -> str:
        if words:
            raise AssertionError(words)
        assert results == items
        return "fine"

    return check


def test_an_assertion_of_an_oracle_is_a_wrong_answer() -> None:
    with pytest.raises(Refused, match=r"^wrong answer: 3 is not 4$"):
        judged(1, claiming("3 is\nnot 4"))
    with pytest.raises(Refused, match=r"^wrong answer: "):
        judged(1, claiming())
