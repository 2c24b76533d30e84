"""Any blocking function of a user's is measured as it is, on equal work, and what is wrong with it is one line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from support.commands import Call, records, verdicts
from when_async.bench.cli.own.measuring import BLOCKING
from when_async.bench.model import Point, WrongAnswer
from when_async.bench.trying.likeness import likeness
from when_async.bench.trying.target import Call as Tried
from when_async.bench.trying.work import source, tried

SHOP = """
import functools, random, threading, time

class Tea:
    def __init__(self, name):
        self.name = name

def fetch(name, pause=0.0):
    time.sleep(pause)
    return [Tea(name), {"len": len(name)}]

def note(told, here="menu.txt"):
    print("a word in between")
    told.append(open(here).read())
    return told

def dice():
    return random.random()

def grumble(word):
    raise ValueError(f"no {word} today")

async def later():
    return 1

def promise():
    return later()

def drip():
    yield 1

def lock():
    return threading.Lock()

def one():
    return 1

async def two():
    return 2

@functools.cache
def kept():
    return 1

LIMIT = 3
"""


@pytest.fixture(autouse=True)
def shop(alone: None, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "broken.py").write_text("import absent_thing")
    (tmp_path / "menu.txt").write_text("tea")


def test_a_function_of_the_folder_is_measured_by_four_models_on_equal_work(call: Call, tmp_path: Path) -> None:
    before = set(sys.path)
    done = call("try", "shop:fetch", "--args", '["tea"]', "--kwargs", '{"pause": 0.003}', "-n", "8", "-c", "2",
                "--forks", "2", "-o", "tea.jsonl")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert verdicts(tmp_path / "tea.jsonl") == {f"shop:fetch[n=8,c=2]-{name}": ("OK", "") for name in BLOCKING}
    samples = records(tmp_path / "tea.jsonl", "sample")
    assert {sample["answer"] for sample in samples} == {"8 calls, each like the first"}
    assert len({sample["digest"] for sample in samples}) == 1
    assert "run file: tea.jsonl" in done.stdout
    # With two processes a row no order is certain; but the sentence comes first, and then the table.
    first = done.stdout.splitlines()[0]
    assert re.match(r"(Use \S+: .* a plain loop with 2 in flight|Keep the plain loop).*\.$", first), first
    assert done.stderr.startswith("note: shop:fetch: a call took ")
    assert set(sys.path) == before
    assert "shop" not in sys.modules


def test_arguments_that_are_changed_are_fresh_for_each_call_and_files_are_found(call: Call, tmp_path: Path) -> None:
    done = call("try", "shop:note", "--args", "[[1]]", "-n", "4", "-c", "2", "--forks", "1", "-o", "a.jsonl", "--json")
    assert done.exit_code == 0, done.stderr
    assert {row["status"] for row in json.loads(done.stdout)} == {"OK"}


def test_a_twin_is_held_against_the_blocking_one_on_equal_work(call: Call, tmp_path: Path) -> None:
    done = call("try", "shop.py:one", "--async", "shop:later", "-n", "4", "-c", "2", "--forks", "2", "-r", "sync",
                "-r", "asyncio", "-o", "twin.jsonl")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    found = verdicts(tmp_path / "twin.jsonl")
    assert found == {f"shop:one[n=4,c=2]-{name}": ("OK", "") for name in ("sync", "asyncio")}
    assert len({sample["digest"] for sample in records(tmp_path / "twin.jsonl", "sample")}) == 1
    assert "The async rewrite" in done.stdout or "Whether the async rewrite pays is open" in done.stdout
    assert "from shop import " in done.stdout


def test_several_in_flight_give_a_curve_of_an_async_function(call: Call, tmp_path: Path) -> None:
    done = call("try", "shop:promise", "-n", "4", "-c", "1,2", "--forks", "2", "-r", "asyncio", "-o", "c.jsonl")
    assert done.exit_code == 0, done.stderr
    assert set(verdicts(tmp_path / "c.jsonl")) == {f"shop:promise[n=4,c={c}]-asyncio" for c in (1, 2)}
    assert re.search(r"^calls per second +c=1 +c=2$", done.stdout, re.MULTILINE)
    assert done.stdout.startswith("Use asyncio: ")


def test_results_that_differ_by_nature_are_told_and_taken_when_asked_for(call: Call, tmp_path: Path) -> None:
    said = call("try", "shop:dice")
    assert said.exit_code == 2
    assert said.stderr.startswith("when-async: two calls of shop:dice gave different results (0.")
    assert said.stderr.rstrip().endswith("add --any-result")
    done = call("try", "shop:dice", "--any-result", "-n", "4", "-c", "2", "--forks", "1", "-o", "dice.jsonl")
    assert done.exit_code == 0, done.stderr
    answers = {sample["answer"] for sample in records(tmp_path / "dice.jsonl", "sample")}
    assert answers == {"4 calls, each of type float"}


def test_a_result_that_no_process_can_send_is_the_failure_of_that_row_alone(call: Call, tmp_path: Path) -> None:
    done = call("try", "shop:lock", "--any-result", "-n", "4", "-c", "2", "--forks", "1", "-o", "lock.jsonl")
    assert done.exit_code == 3
    found = verdicts(tmp_path / "lock.jsonl")
    status, reason = found.pop("shop:lock[n=4,c=2]-multiprocessing")
    assert (status, "a result cannot be sent back from its process" in reason) == ("FAILED", True)
    assert set(found.values()) == {("OK", "")}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("shop",), 2, "'shop' is not understood; name a function like package.module:function or path/file.py:fun"),
        (("shop:f();x",), 2, "'shop:f();x' is not understood; name a function like package.module:function or path"),
        (("shopp:fetch",), 2, "there is no module 'shopp' in this folder, nor is one installed"),
        (("no.such:fetch",), 2, "there is no module 'no' in this folder, nor is one installed"),
        (("broken:fetch",), 2, "broken does not import: ModuleNotFoundError: No module named 'absent_thing' (at"),
        (("shop:fech",), 2, "there is no 'fech' in shop; did you mean 'fetch'?"),
        (("shop:LIMIT",), 2, "shop:LIMIT is no function but of type int"),
        (("shop:fetch",), 2, "shop:fetch(name, pause=0.0) does not take these arguments: missing a required argument"),
        (("shop:later", "--async", "shop:later"), 2, "shop:later is async itself; name the blocking one first"),
        (("shop:one", "--async", "shop:one"), 2, "--async takes an async function, and shop:one blocks"),
        (("shop:drip",), 2, "shop:drip returns a generator, whose work is done when somebody goes through it"),
        (("shop:one", "--async", "shop:two"), 2, "shop:two does not return what shop:one returns"),
        (("shop:one", "-c", "1,x"), 2, "--concurrency takes a number of calls in flight, or several such as 1,10,100"),
        (("shop:kept",), 2, "shop:kept is cached, so all calls but the first would measure the cache"),
        (("shop:grumble", "--args", '["tea"]'), 3, "shop:grumble raised ValueError: no tea today (at shop.py:21)"),
        (("os:_exit", "--args", "[3]"), 3, "a call of os:_exit ended its process: os._exit(3)"),
        (("shop:fetch", "--args", "tea"), 2, "--args takes JSON like '[1, \"tea\"]', and not 'tea'"),
        (("shop:fetch", "--kwargs", "[1]"), 2, "--kwargs takes JSON like '{\"retries\": 1}', and not '[1]'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_what_is_wrong_with_a_call_is_told_in_one_line(
    call: Call, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = call("try", *arguments)
    assert isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == code
    assert done.stderr.startswith(f"when-async: {words}"), done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert list(Path(".when-async").glob("**/*.jsonl")) == []


# The pieces.


class Opaque:
    def __init__(self, **held: Any) -> None:
        vars(self).update(held)


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x: int) -> None:
        self.x = x


def test_values_are_alike_by_what_they_are_made_of() -> None:
    for one, other in (
        (Opaque(a=[1, Opaque(b=2)]), Opaque(a=[1, Opaque(b=2)])),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({1, "x", None}, {None, "x", 1}),
        (Slotted(3), Slotted(3)),
        (float("nan"), float("nan")),
        (bytearray(b"ab"), bytearray(b"ab")),
        (Point(1, {"n": 2}), Point(1, {"n": 2})),
        (MappingProxyType({"a": 1}), MappingProxyType({"a": 1})),
        (len, len),
    ):
        assert likeness(one) == likeness(other)
    itself: list[Any] = []
    itself.append(itself)
    assert likeness(itself) == likeness(itself)


def test_values_that_differ_anywhere_are_not_alike() -> None:
    different = [
        1, 1.0, True, "1", b"1", [1], (1,), {1}, {1: 1}, {"1": 1}, [1, [2]], [[1], 2], None, [], {}, "", Slotted(1),
        Slotted(2), Opaque(a=1), Opaque(a=2), Opaque(b=1), bytearray(b"1"), len, print, Point(1, {}), Point(2, {}),
    ]  # fmt: skip
    assert len({likeness(each) for each in different}) == len(different)


def test_arrays_are_alike_by_all_of_their_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    one, other = numpy.zeros(5000), numpy.zeros(5000)
    assert likeness(one) == likeness(other)
    other[2500] = 1e-9
    assert likeness(one) != likeness(other)
    assert likeness(numpy.array([None, 1], dtype=object)) != likeness(numpy.array([None, 2], dtype=object))


def test_the_oracle_refuses_a_wrong_a_lost_and_a_doubled_result() -> None:
    workload = tried(Tried("shop:fetch", "."), likeness(1), [(3, 2)], any_result=False)
    params, items = {"n": 3}, [([], {})] * 3

    def check(*results: Any) -> str:
        assert workload.observe is not None
        return workload.check(params, items, workload.observe(params, items, results).results)

    assert check(1, 1, 1) == "3 calls, each like the first"
    for results in ((1, 2, 1), (1, 1), (1, 1, 1, 1), (1, None, 1)):
        with pytest.raises(WrongAnswer):
            check(*results)


def test_what_comes_from_outside_is_in_the_file_as_a_literal(tmp_path: Path) -> None:
    evil = '"); import os; os.abort() #\n\'\'\' """ \\ \ud800é'
    path = tmp_path / "tried.py"
    text = source(Tried("a:b", evil, json.dumps([evil])), evil, [(3, 2)], any_result=False)
    path.write_text(text + "print(TRIED.name)\n", encoding="ascii")
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True,
                          env={"PYTHONPATH": ":".join(part for part in sys.path if part)})  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "a:b\n"), done.stderr
