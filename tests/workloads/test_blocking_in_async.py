"""The same call is made by all bodies, with the real sleep, and its own length proves that it was made."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from http_service import ENVIRONMENT, ROOT

from when_async.bench.model import WrongAnswer
from when_async.bench.registry import bodies_for, find_runner
from when_async.workloads import blocking_in_async as workload
from when_async.workloads.blocking_in_async import BLOCKING_IN_ASYNC, bounds, observe

PARAMS = {"wait_s": 0.01, "cpu_s": 0.002, "n": 4}
EMPTY = {**PARAMS, "wait_s": 0.0, "cpu_s": 0.0}
ITEMS = BLOCKING_IN_ASYNC.make_items(PARAMS, 1)
KIT: Any = SimpleNamespace(sleep=None, in_flight=1, address=None)
RIGHT = [(item, 12_000_000) for item in ITEMS]


class Caller:
    """A clock that only moves when the call sleeps or computes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_ns = self.read = 0
        self.steps: list[Any] = []
        monkeypatch.setattr(workload, "time", SimpleNamespace(sleep=self.sleep, perf_counter_ns=self.clock))
        monkeypatch.setattr(workload, "think", self.think)

    def clock(self) -> int:
        self.read += 1
        return self.now_ns

    def sleep(self, seconds: float) -> None:
        self.steps.append(seconds)
        self.now_ns += round(seconds * 1e9)

    def think(self, cpu_ns: int) -> None:
        self.steps.append(cpu_ns)
        self.now_ns += cpu_ns

    async def run(self, key: str, params: Any) -> list[Any]:
        if key == "async":
            op = await BLOCKING_IN_ASYNC.bodies[key](KIT, params)
            return [await op(item) for item in ITEMS]
        op = BLOCKING_IN_ASYNC.bodies[key](KIT, params)
        return [op(item) for item in ITEMS]


@pytest.fixture
def caller(monkeypatch: pytest.MonkeyPatch) -> Caller:
    return Caller(monkeypatch)


BODIES = pytest.mark.parametrize("key", ["blocking", "async"])


@BODIES
async def test_both_bodies_make_the_same_call_with_the_real_sleep(key: str, caller: Caller) -> None:
    assert await caller.run(key, PARAMS) == RIGHT
    assert caller.steps == [0.01, 2_000_000] * 4


@BODIES
async def test_a_call_of_no_length_does_nothing_and_reads_no_clock(key: str, caller: Caller) -> None:
    assert await caller.run(key, EMPTY) == [(item, 0) for item in ITEMS]
    assert (caller.steps, caller.read) == ([], 0)


@pytest.mark.parametrize(("changed", "steps"), [("wait_s", [2_000_000] * 4), ("cpu_s", [0.01] * 4)])
async def test_what_has_no_length_is_left_out(changed: str, steps: list[Any], caller: Caller) -> None:
    await caller.run("blocking", {**PARAMS, changed: 0.0})
    assert caller.steps == steps


async def test_a_coroutine_never_lets_go_of_its_loop() -> None:
    op = await BLOCKING_IN_ASYNC.bodies["async"](KIT, {**EMPTY, "cpu_s": 1e-6})
    with pytest.raises(StopIteration) as ended:
        op(3).send(None)
    assert ended.value.value[0] == 3


def test_gevent_makes_the_call_that_it_cures_and_the_one_that_it_cannot() -> None:
    gevent = find_runner("when_async.bench.runners.gevent_", "gevent")
    assert sorted(bodies_for(BLOCKING_IN_ASYNC, gevent)) == ["gevent", "gevent/unpatched"]


@pytest.mark.parametrize(
    ("module", "runner", "key"),
    [
        ("sync", "sync", "blocking"),
        ("threading_", "threading", "blocking"),
        ("asyncio_", "asyncio", "async"),
        ("trio_", "trio", "async"),
        ("curio_", "curio", "async"),
        ("anyio_", "anyio", "async"),
        ("to_thread", "asyncio+to_thread", "blocking"),
        ("to_thread", "anyio+to_thread", "blocking"),
    ],
)
def test_only_coroutines_get_the_bad_example(module: str, runner: str, key: str) -> None:
    assert bodies_for(BLOCKING_IN_ASYNC, find_runner(f"when_async.bench.runners.{module}", runner)) == [key]


def test_gevent_puts_its_own_sleep_in_one_body_and_not_in_the_other() -> None:
    pytest.importorskip("gevent")
    code = """
from when_async.bench.runners.gevent_ import patch; patch()
import time, gevent.hub
from gevent.monkey import get_original
import when_async.workloads.blocking_in_async as workload
given = []
workload.blocking_call = lambda params, sleep: given.append(sleep)
for key in ("gevent", "gevent/unpatched"):
    workload.BLOCKING_IN_ASYNC.bodies[key](None, {})
print(given == [gevent.hub.sleep, get_original("time", "sleep")] and given[0] is not given[1])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=ENVIRONMENT, capture_output=True, check=True)
    assert done.stdout.strip() == b"True"


def test_the_times_are_taken_off_the_results() -> None:
    seen = observe(PARAMS, ITEMS, RIGHT)
    assert seen.results == ITEMS
    assert seen.figures == {"call_s": pytest.approx(0.012)}
    assert observe(EMPTY, ITEMS, [(item, 0) for item in ITEMS]).figures == {}


@pytest.mark.parametrize("took_ns", [0, 10_000_000, 11_970_000])
def test_a_call_that_was_over_too_early_is_refused(took_ns: int) -> None:
    with pytest.raises(WrongAnswer, match="call 2"):
        observe(PARAMS, ITEMS, [*RIGHT[:2], (2, took_ns), RIGHT[3]])


def test_a_result_that_is_no_call_is_refused() -> None:
    with pytest.raises(WrongAnswer, match="None"):
        observe(PARAMS, ITEMS, [None])


def test_the_oracle_wants_each_call_in_its_place() -> None:
    assert BLOCKING_IN_ASYNC.check(PARAMS, ITEMS, ITEMS) == "4 calls came back"
    with pytest.raises(WrongAnswer, match="call 3 came back as 7 instead of 3"):
        BLOCKING_IN_ASYNC.check(PARAMS, ITEMS, [0, 1, 2, 7])


def test_the_bounds_say_what_a_thread_off_the_loop_can_cure() -> None:
    assert list(bounds({**PARAMS, "cpu_s": 0.0}, 4).values()) == pytest.approx([0.04, 0.01, 0.01])
    assert list(bounds({**PARAMS, "wait_s": 0.0}, 4).values()) == pytest.approx([0.008, 0.008, 0.002])
    assert bounds(EMPTY, 4) == {}


def test_there_is_no_ideal_which_would_promise_that_the_calls_overlap() -> None:
    assert BLOCKING_IN_ASYNC.ideal_s is None
