"""Function objects and arguments on their way to a process of their own: by name where there is one, else pickled."""

from __future__ import annotations

import functools
import importlib
import socket
import sys
import time
from enum import IntEnum
from pathlib import Path
from typing import Any

import pytest

from when_async.bench.cli.own.notes import refuse_cached
from when_async.bench.cli.own.planning import refuse_endless, shape
from when_async.bench.doors import sending
from when_async.bench.doors.calls import made
from when_async.bench.doors.places import folders, importable, place_of
from when_async.bench.doors.sending import Given, Unsendable
from when_async.bench.doors.wording import as_arguments
from when_async.bench.model import WhenAsyncError
from when_async.bench.trying.look import Seen
from when_async.bench.trying.target import Call, Untried, find

SHOP = """
import functools

class Shop:
    @staticmethod
    def total(n):
        return n

@functools.lru_cache
def price(name):
    return len(name)

def fetch(name):
    return name
"""


class Colour(IntEnum):
    RED = 1


@pytest.fixture(autouse=True)
def own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of a folder that only this process imports from."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "doorshop.py").write_text(SHOP)
    monkeypatch.syspath_prepend(tmp_path / "src")
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module("doorshop")
    yield module
    del sys.modules["doorshop"]


def test_a_function_is_found_again_by_its_name_along_the_folders_of_this_process(shop: Any, tmp_path: Path) -> None:
    call = made(shop.fetch, Given(["a"]), tmp_path).call
    assert (call.target, call.args, call.luggage) == ("doorshop:fetch", '["a"]', "")
    assert call.path[0] == str(tmp_path / "src")
    assert call.origin == shop.__file__
    assert made(shop.Shop.total, Given([1]), tmp_path).call.target == "doorshop:Shop.total"
    assert made(shop.price.__wrapped__, Given(["a"]), tmp_path).call.target == "doorshop:price.__wrapped__"
    assert find(call) is shop.fetch


def test_another_file_of_the_same_name_is_never_measured_in_its_place(shop: Any, tmp_path: Path) -> None:
    call = made(shop.fetch, Given(["a"]), tmp_path).call
    other = Call(**{**vars(call), "origin": str(tmp_path / "elsewhere" / "doorshop.py")})
    with pytest.raises(Untried, match=r"^doorshop is another file in the process that runs it \(.*\) than here \("):
        find(other)


def test_a_module_that_no_folder_leads_to_is_named_by_its_file(shop: Any, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("tests.odd", shop.__file__)
    assert spec is not None
    assert spec.loader is not None
    odd = importlib.util.module_from_spec(spec)
    sys.modules["tests.odd"] = odd
    try:
        spec.loader.exec_module(odd)
        assert not importable("tests.odd")
        found = place_of(odd.fetch)
    finally:
        del sys.modules["tests.odd"]
    assert found is not None
    assert found.target == f"{shop.__file__}:fetch"


def test_installed_packages_need_no_folder() -> None:
    ahead, behind = folders()
    installed = [str(Path(pytest.__file__).parent.parent), str(Path(time.__spec__.origin or "x").parent)]
    assert not {*ahead, *behind} & {*installed}
    assert place_of(time.sleep) is not None
    assert importable("time")
    assert not importable("no_such_module_anywhere")


def test_lambdas_closures_and_partials_are_sent_along(tmp_path: Path) -> None:
    three = 3
    for function, name in ((lambda n: n + three, "lambda"), (functools.partial(max, 3), "partial")):
        call = made(function, Given([1]), tmp_path).call
        assert call.name == name
        assert find(call)(1) in (3, 4)


def test_the_function_that_was_sent_along_is_one_object_in_a_process(tmp_path: Path) -> None:
    call = made(lambda n: n, Given([1]), tmp_path).call
    assert find(call) is find(call)


def test_without_cloudpickle_a_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    with pytest.raises(Unsendable) as told:
        made(lambda n: n, Given([1]), tmp_path)
    assert str(told.value).endswith(f"cloudpickle, which is not installed; {sending.EXTRA}, or put it in a module")
    assert len(str(told.value).splitlines()) == 1


def test_cloudpickle_does_not_cross_to_another_interpreter(tmp_path: Path) -> None:
    with pytest.raises(Unsendable, match=r"which Python 3\.99 cannot read; put it in a module"):
        made(lambda n: n, Given([1]), tmp_path, abroad="3.99")


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (1, True), ("a", True), ([1, {"a": None}], True), (2.5, True), ((1, 2), False), ({1: 2}, False), (b"a", False),
        (Colour.RED, False), (float("nan"), False), (float("inf"), False), ([(1,)], False), ({"a": {2}}, False),
    ],
)  # fmt: skip
def test_only_what_json_brings_back_as_it_is_goes_as_json(value: Any, plain: bool, tmp_path: Path) -> None:
    given = Given([value])
    assert given.plain is plain
    call = made(max, given, tmp_path).call
    ((back,), _) = call.arguments()
    assert type(back) is type(value)
    assert back == value or value != value
    assert bool(call.luggage) is not plain


def test_items_that_json_cannot_hold_come_one_by_one_and_fresh(tmp_path: Path) -> None:
    call = made(max, Given(items=[{1}, {2}]), tmp_path).call
    assert call.kinds == 2
    assert [call.arguments(index)[0] for index in range(3)] == [[{1}], [{2}], [{1}]]
    assert call.arguments()[0][0] is not call.arguments()[0][0]


def test_an_argument_that_cannot_be_sent_is_named(tmp_path: Path) -> None:
    with socket.socket() as own, pytest.raises(Unsendable) as told:
        made(max, Given([1, own]), tmp_path)
    assert str(told.value).startswith("args[1], of type socket, cannot be sent to a process of its own (")
    with pytest.raises(Unsendable, match=r"^kwargs\['key'\], of type generator, cannot be sent"):
        made(max, Given(kwargs={"key": (one for one in ())}), tmp_path)


def test_a_program_to_begin_from_leaves_a_blank_for_what_cannot_be_written_down(tmp_path: Path) -> None:
    named = made(max, Given([Colour.RED, (1, 2)], {"key": len}), tmp_path).named
    assert named.call == "max(..., (1, 2), key=...)"


def test_what_is_no_function_is_told(tmp_path: Path) -> None:
    with pytest.raises(WhenAsyncError, match=r"^a function or a text like 'module:function' is measured, and not 3$"):
        made(3, Given(), tmp_path)


def test_no_option_of_the_command_line_is_named_to_who_called_a_function() -> None:
    seen = Seen("x", "int", False, 600.0, 600.0, 0.1, 0.0)
    with pytest.raises(Untried) as endless:
        refuse_endless(Call("shop:f", "/"), shape(seen, 8, (8,), ("sync",)), "when-async try shop:f")
    with pytest.raises(Untried) as cached:
        refuse_cached(Call("shop:f", "/"), Seen("x", "int", False, 1.0, 1.0, 1.0, 0.0, cached=True))
    told = [as_arguments(str(error.value)) for error in (endless, cached)]
    told.append(as_arguments("it cannot be compared; with --any-result only its type is held"))
    told.append(as_arguments("where that is in the nature of the call, add --any-result"))
    assert [each for each in told if "--" in each or "when-async try" in each] == []
    assert "pass any_result=True" in told[-1]
