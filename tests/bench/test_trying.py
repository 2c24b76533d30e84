"""A callable of a user's is found as python would find it, and looked at before anything is timed."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from when_async.bench.model import WrongAnswer
from when_async.bench.trying import usage
from when_async.bench.trying.lazy import lazy
from when_async.bench.trying.look import Seen, answer, look
from when_async.bench.trying.target import Call, Untried, find
from when_async.bench.trying.work import source, tried

OWN = """
import asyncio, functools, threading, time

POOL = []

def fetch(name, pause=0.0):
    time.sleep(pause)
    return len(name)

async def afetch(name):
    await asyncio.sleep(0.002)
    return len(name)

async def wrong(name):
    return -1

async def blocks(name):
    time.sleep(0.02)
    return len(name)

def promise(name):
    return afetch(name)

async def only_trio():
    import trio
    await trio.sleep(0)
    return "ran"

async def drip():
    yield 1

@functools.lru_cache
def price(name):
    return len(name)

def parse(n):
    return map(int, ["7"] * n)

def pairs(n):
    return {"rows": [zip([1], [2])]}

def lock():
    return threading.Lock()

def keeps():
    if not POOL:
        POOL.append(threading.Thread(target=threading.Event().wait, daemon=True, name="kept"))
        POOL[0].start()
    return 1

class Shop:
    @staticmethod
    def total(n):
        return n * 2

def large():
    return bytes(2_000_000)
"""


FORKING = """
import multiprocessing, subprocess, sys

def spread():
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.map(abs, [-1])

def runs():
    return subprocess.run([sys.executable, "-S", "-c", ""]).returncode
"""
SERVED = """
import queue, threading

ASKED, SAID = queue.Queue(), queue.Queue()

def serve():
    while True:
        SAID.put(ASKED.get())

threading.Thread(target=serve, daemon=True, name="server").start()

def asks():
    ASKED.put(1)
    return SAID.get()

def alone():
    return 1
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a module of a user's; what finding it changes is undone."""
    (tmp_path / "wares.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("wares", "inner", "load_prices", "kit"):
            del sys.modules[name]


def call(target: str, args: str = "[]", **more: str) -> Call:
    return Call(target, os.getcwd(), args, **more)


def seen(target: str, args: str = "[]", *, any_result: bool = False) -> Seen:
    return look(call(target, args), any_result=any_result)


def seen_apart(target: str) -> Seen:
    """A look in a process of its own, as it always is: what it forks must not hold what this one has."""
    asked = json.dumps({"call": vars(call(target)), "twin": None, "any_result": False})
    command = [sys.executable, "-m", "when_async.bench.trying.look"]
    done = subprocess.run(command, input=asked + "\n", capture_output=True, text=True, check=True)
    (found,) = json.loads(done.stdout.splitlines()[-1])["seen"]
    return Seen(**found)


@pytest.mark.parametrize("target", ["wares:Shop.total", "wares.py:Shop.total", "./wares.py:Shop.total"])
def test_a_callable_is_named_by_its_module_or_its_file(own: Path, target: str) -> None:
    assert find(call(target, "[3]"))(3) == 6
    assert call(target).short == "wares:Shop.total"


def test_a_file_in_a_package_is_imported_as_a_part_of_it(own: Path) -> None:
    (own / "kit" / "inner").mkdir(parents=True)
    for folder in ("kit", "kit/inner"):
        (own / folder / "__init__.py").write_text("")
    (own / "kit" / "inner" / "one.py").write_text("from . import two\ndef f():\n    return two.VALUE\n")
    (own / "kit" / "inner" / "two.py").write_text("VALUE = 7\n")
    named = call("kit/inner/one.py:f")
    assert (named.module, named.root) == ("kit.inner.one", str(own))
    assert find(named)() == 7


def test_a_file_whose_name_is_no_module_s_is_found_all_the_same(own: Path) -> None:
    (own / "load-prices.py").write_text("class Price:\n    pass\ndef f():\n    return Price.__module__\n")
    named = call("load-prices.py:f")
    assert find(named)() == "load_prices"
    assert find(named) is find(named)


def test_helpers_beside_a_file_in_another_folder_are_found(own: Path) -> None:
    (own / "jobs[old]").mkdir()
    (own / "jobs[old]" / "kit.py").write_text("VALUE = 3\n")
    (own / "jobs[old]" / "inner.py").write_text("import kit\ndef f():\n    return kit.VALUE\n")
    assert find(call("jobs[old]/inner.py:f"))() == 3


def test_a_blocking_call_is_seen_with_what_it_waits_and_what_it_sends(own: Path) -> None:
    found = seen("wares:fetch", '["tea", 0.01]')
    assert (found.awaits, found.loops, found.type) == (False, (), "int")
    assert found.waits_s > found.cpu_s
    assert found.result_bytes is not None
    assert found.result_bytes < 50
    assert found.gil_free is None, "it hardly computes"


@pytest.mark.parametrize("target", ["wares:afetch", "wares:promise"])
def test_what_returns_something_to_await_is_run_on_the_loops_that_can(own: Path, target: str) -> None:
    found = seen(target, '["tea"]')
    assert (found.awaits, found.loops[:1], found.like) == (True, ("asyncio",), seen("wares:fetch", '["tea"]').like)
    assert all("running event loop" in reason for reason in found.refused.values())


def test_what_only_trio_can_run_is_measured_there(own: Path) -> None:
    pytest.importorskip("trio")
    # In a process of its own, as always: what asyncio made of it is left lying about there.
    found = seen_apart("wares:only_trio")
    assert [*found.loops] == ["trio"]
    assert "asyncio" in found.refused


def test_a_coroutine_that_blocks_is_seen_by_its_loop(own: Path) -> None:
    assert seen("wares:blocks", '["tea"]').stood_s > 0.01
    assert seen("wares:afetch", '["tea"]').stood_s < 0.01


@pytest.mark.parametrize(
    ("target", "args", "words"),
    [
        ("wares:parse", "[3]", "wares:parse returns a map, whose work is done when somebody goes through it"),
        ("wares:pairs", "[3]", "wares:pairs returns a dict with a list with a zip in it in it"),
        ("wares:drip", "[]", "wares:drip returns a generator"),
        ("wares:fetch", "[1]", "wares:fetch raised TypeError: object of type 'int' has no len() (at wares.py:8)"),
        ("wares:fech", "[]", "there is no 'fech' in wares; did you mean 'fetch'?"),
        ("nowhere.py:f", "[]", "there is no file nowhere.py here"),
        ("wares:fetch", "[]", "wares:fetch(name, pause=0.0) does not take these arguments: missing a required"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is_timed(
    own: Path, target: str, args: str, words: str
) -> None:
    with pytest.raises(Untried) as told:
        seen(target, args)
    assert str(told.value).startswith(words)


def test_what_a_cache_answers_is_seen(own: Path) -> None:
    assert seen("wares:price", '["tea"]').cached
    assert not seen("wares:price.__wrapped__", '["tea"]').cached


def test_a_result_that_cannot_be_sent_is_told_with_the_reason(own: Path) -> None:
    found = seen("wares:lock", any_result=True)
    assert found.result_bytes is None
    assert found.unsent.startswith("its result cannot be sent to another process: TypeError: cannot pickle")


def test_what_starts_processes_of_its_own_cannot_run_in_a_pool_of_them(own: Path) -> None:
    (own / "wares.py").write_text(FORKING)
    found = seen_apart("wares:spread")
    assert found.unpooled == "it starts processes of its own, which those of a pool may not"
    assert seen_apart("wares:runs").unpooled == ""


def test_what_asks_a_thread_of_its_module_does_not_end_in_a_forked_process(
    own: Path,
) -> None:
    if multiprocessing.get_start_method() != "fork":
        pytest.skip("processes are not forked by default here")
    (own / "wares.py").write_text(SERVED)
    found = seen_apart("wares:asks")
    assert found.unpooled.startswith("its module keeps a thread (server) that a forked process does not have, and a ca")
    assert found.threads == 1
    assert seen_apart("wares:alone").unpooled == ""


@pytest.mark.parametrize("name", ["fetch", "afetch"])
def test_each_item_is_looked_at_and_a_call_takes_what_they_take_on_average(
    own: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr("when_async.bench.trying.calling.perf_counter", lambda: next(clock) ** 2)
    found = look(Call(f"wares:{name}", os.getcwd(), items='["a", "b", "c"]'), any_result=False)
    # Calls begin and end at squares of 0, 1, 2, ...: the first takes 1 s, the second 5 s, and that of b 9 s.
    # Ten seconds are over then, so c is not looked at.
    assert (found.first_s, found.least_s, found.most_s, found.seconds) == (1, 5, 9, 7)


def test_an_item_that_fails_is_named_before_anything_is_timed(own: Path) -> None:
    with pytest.raises(Untried, match=r"wares:fetch raised TypeError: .* for items\[1\]"):
        look(Call("wares:fetch", os.getcwd(), items='["a", 3]'), any_result=False)


def test_a_file_of_a_package_is_the_package(own: Path) -> None:
    (own / "kit" / "inner").mkdir(parents=True)
    (own / "kit" / "__init__.py").write_text("")
    (own / "kit" / "inner" / "__init__.py").write_text("from . import two\ndef f():\n    return two.VALUE\n")
    (own / "kit" / "inner" / "two.py").write_text("VALUE = 7\n")
    named = call("kit/inner/__init__.py:f")
    assert (named.module, named.root, named.short) == ("kit.inner", str(own), "inner:f")
    assert find(named)() == 7


def test_a_file_that_imports_its_neighbours_without_a_package_is_told_how_to_be_named(own: Path) -> None:
    (own / "kit").mkdir()
    (own / "kit" / "inner.py").write_text("from . import two\ndef f():\n    return 1\n")
    with pytest.raises(Untried, match=r"name it by its module, kit\.inner:f"):
        find(call("kit/inner.py:f"))


def test_threads_that_a_call_keeps_are_counted(own: Path) -> None:
    assert seen("wares:keeps").threads == 1


def test_twins_must_return_the_same(own: Path) -> None:
    def asked(twin: str) -> dict[str, Any]:
        calls = {"call": vars(call("wares:fetch", '["tea"]')), "twin": vars(call(twin, '["tea"]'))}
        return answer({**calls, "any_result": False})

    assert [one["awaits"] for one in asked("wares:afetch")["seen"]] == [False, True]
    assert "wares:wrong does not return what wares:fetch returns" in asked("wares:wrong")["reason"]


@pytest.mark.parametrize(
    ("value", "undone"),
    [
        ([1, (2, {"a": "b"})], ""), (range(3), ""), ("text", ""), (b"", ""), ({1, 2}, ""),
        (iter([1]), "a list_iterator"), (Future(), "a Future"), ([Future()], "a list with a Future in it"),
        ((x for x in "ab"), "a generator"), ([[filter(None, [])]], "a list with a list with a filter in it in it"),
    ],
)  # fmt: skip
def test_what_is_still_to_be_done_in_a_result_is_named(value: Any, undone: str) -> None:
    assert lazy(value) == undone


def test_an_open_file_is_no_lazy_work(tmp_path: Path) -> None:
    with (tmp_path / "a").open("w+") as file:
        assert lazy(file) == ""


def test_a_call_that_neither_computes_nor_is_short_is_not_made_again_for_the_lock() -> None:
    def refuse() -> None:
        raise AssertionError("it was called")

    assert usage.gil_free(refuse, seconds=9.0, used_s=9.0) is None
    assert usage.gil_free(refuse, seconds=0.01, used_s=0.0001) is None


def test_the_share_of_a_call_without_the_lock_follows_from_what_two_threads_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    takes = iter([1.0, 1.2] * 3)
    monkeypatch.setattr(usage, "_taken_s", lambda block, count: next(takes))
    monkeypatch.setattr(usage.os, "cpu_count", lambda: 2)
    assert usage.gil_free(lambda: None, seconds=1.0, used_s=1.0) == pytest.approx(0.8)


@pytest.mark.parametrize(("there", "found"), [([5, 5, 5], 4), ([2, 1, 1], 0), ([1], 0)])
def test_threads_below_python_are_told_from_its_own_and_from_those_that_just_ended(
    monkeypatch: pytest.MonkeyPatch, there: list[int], found: int
) -> None:
    left = iter(there)
    monkeypatch.setattr(usage.os, "listdir", lambda path: ["1"] * next(left))
    monkeypatch.setattr(usage, "sleep", lambda seconds: None)
    monkeypatch.setattr(usage.threading, "enumerate", lambda: ["main"])
    assert usage.native_threads() == found


def test_the_workload_of_items_gives_each_op_one_and_holds_the_first_against_the_look(own: Path) -> None:
    named = call("wares:fetch", items='["tea", "milk"]')
    like = seen("wares:fetch", '["tea"]').like
    work = tried(named, like, [(5, 2)], any_result=False)
    items = work.make_items({"n": 5}, 1)
    assert [args for args, _ in items] == [["tea"], ["milk"], ["tea"], ["milk"], ["tea"]]
    assert work.observe is not None
    observed = work.observe({}, items, [3, 4, 3, 4, 3])
    assert work.check({}, items, observed.results) == "5 calls, each like the first"
    with pytest.raises(WrongAnswer, match="1 of 5 results are not what the first call returned"):
        work.check({}, items, work.observe({}, items, [4, 4, 3, 4, 3]).results)


@pytest.mark.parametrize(
    ("loops", "twin", "bodies"),
    [
        ((), False, {"blocking"}), (("asyncio", "trio", "curio"), False, {"async"}), (("asyncio",), False, {"asyncio"}),
        (("asyncio",), True, {"blocking", "asyncio"}), (("trio",), True, {"blocking", "trio"}),
    ],
)  # fmt: skip
def test_bodies_follow_from_the_loops_that_can_run_it(
    own: Path, loops: tuple[str, ...], twin: bool, bodies: set[str]
) -> None:
    other = call("wares:afetch", '["tea"]') if twin else None
    assert (
        tried(call("wares:fetch", '["tea"]'), "", [(1, 1)], any_result=True, loops=loops, twin=other).bodies.keys()
        == bodies
    )


def test_the_file_of_a_workload_holds_what_came_from_outside_as_literals_only(own: Path) -> None:
    named = call("wares:fetch", '["\\"); import os; (\\""]')
    text = source(named, 'x"); raise SystemExit("', [(2, 1)], any_result=False, loops=("asyncio",), twin=named)
    made: dict[str, Any] = {}
    exec(compile(text, "tried.py", "exec"), made)
    assert made["TRIED"].name == "wares:fetch"
    assert made["TRIED"].bodies.keys() == {"blocking", "asyncio"}


def test_time_spent_in_a_queue_for_a_cpu_is_no_waiting() -> None:
    busy = Seen("x", "int", awaits=False, first_s=0.25, seconds=0.25, cpu_s=0.02, queued_s=0.229)
    assert busy.waits_s == pytest.approx(0.001)
    unknown = Seen("x", "int", awaits=False, first_s=0.25, seconds=0.25, cpu_s=0.25, queued_s=None)
    assert unknown.waits_s == 0.0


def test_the_clock_of_a_queue_only_grows() -> None:
    before = usage.queued_s()
    if before is None:
        pytest.skip("this system does not tell how long threads wait for a CPU")
    time.sleep(0)
    after = usage.queued_s()
    assert after is not None
    assert after >= before


def test_a_result_that_nothing_can_be_told_of_is_refused_with_the_way_out(own: Path) -> None:
    with pytest.raises(Untried, match=r"what wares:lock returns cannot be compared: .*--any-result"):
        seen("wares:lock")
