"""What a body may use: native verbs, and a way to enter what is closed with its execution context."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import Any

import pytest

from support import fakes
from when_async.bench.worker.kits import BlockingKit, LoopKit, open_async, open_blocking


class Resource:
    """Notes when it was entered and left, in either kind of `with`."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def __enter__(self) -> Resource:
        self.steps.append("in")
        return self

    def __exit__(self, *_: object) -> None:
        self.steps.append("out")


class AsyncResource(Resource):
    async def __aenter__(self) -> Resource:
        return self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self.__exit__()


async def pause(seconds: float) -> None:
    """Stands for the sleep of any event loop."""


def test_what_a_body_enters_is_left_when_its_kit_closes() -> None:
    resource, kit = Resource(), BlockingKit(1, None)
    assert kit.enter(resource) is resource
    kit.close()
    assert resource.steps == ["in", "out"]


async def test_the_kit_of_a_loop_takes_both_kinds_of_resources() -> None:
    plain, asynchronous, kit = Resource(), AsyncResource(), LoopKit(1, None, asyncio.sleep)
    kit.enter(plain)
    assert await kit.enter(asynchronous) is asynchronous
    await kit.close()
    assert plain.steps == asynchronous.steps == ["in", "out"]


def test_a_body_that_fails_to_open_leaves_what_it_had_entered() -> None:
    resource = Resource()

    def body(kit: Any, params: Any) -> Any:
        kit.enter(resource)
        raise ValueError("no server")

    with pytest.raises(ValueError, match="no server"):
        open_blocking(fakes.job(fakes.workload(bodies={"blocking": body})))
    assert resource.steps == ["in", "out"]


async def test_an_async_body_that_fails_to_open_leaves_what_it_had_entered() -> None:
    resource = AsyncResource()

    async def body(kit: Any, params: Any) -> Any:
        await kit.enter(resource)
        raise ValueError("no server")

    with pytest.raises(ValueError, match="no server"):
        await open_async(fakes.job(fakes.workload(bodies={"async": body}), "async"), pause)
    assert resource.steps == ["in", "out"]


async def test_the_verbs_of_a_kit_are_the_native_ones() -> None:
    given: list[Any] = []

    def body(kit: Any, params: Any) -> Any:
        given.append(kit.sleep)
        return abs

    async def body_async(kit: Any, params: Any) -> Any:
        given.append(kit.sleep)
        return abs

    workload = fakes.workload(bodies={"blocking": body, "async": body_async})
    op, _ = open_blocking(fakes.job(workload))
    assert op is abs
    open_blocking(fakes.job(workload), print)
    op, _ = await open_async(fakes.job(workload, "async"), pause)
    assert op is abs
    assert given == [time.sleep, print, pause]


async def test_a_thread_has_one_op_in_flight_and_a_loop_all_of_them() -> None:
    _, kit = open_blocking(fakes.job(fakes.TINY, concurrency=7))
    _, loop_kit = await open_async(fakes.job(fakes.TINY, "async", concurrency=7), pause)
    assert (kit.in_flight, loop_kit.in_flight) == (1, 7)


def test_a_thread_or_process_of_a_pool_does_not_pay_for_an_event_loop() -> None:
    code = (
        "import sys, when_async.bench.worker.children, when_async.bench.worker.contexts; "
        "print('asyncio' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
