"""What a traced round writes down, that nothing else is touched by it, and what a timeline makes of the lines."""

from __future__ import annotations

import asyncio
import json
import pickle
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from support import fakes
from when_async.bench.model import Cell, Job, Shape, Timeline
from when_async.bench.walk.timeline import chrome_trace, read
from when_async.bench.worker.children import child_job
from when_async.bench.worker.kits import open_async, open_blocking
from when_async.bench.worker.tracing import LEAST_NS, TracedSleep


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "trace"
    path.touch()
    return path


def job(trace: Path, **bodies: Any) -> Job:
    (key,) = bodies
    return replace(fakes.job(fakes.workload(bodies=bodies), key), trace=str(trace))


def lines(trace: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in trace.read_text().splitlines()]


def pausing(kit: Any, params: Any) -> Any:
    def op(item: int) -> int:
        kit.sleep(0)
        return item * 2

    return op


def test_an_op_and_the_waits_in_it_are_written_down_with_their_thread(trace: Path) -> None:
    op, kit = open_blocking(job(trace, blocking=pausing))
    given: list[int] = []
    other = threading.Thread(target=lambda: given.append(op(4)))
    other.start()
    other.join()
    assert (given, op(3)) == ([8], 6)
    kit.close()
    found = lines(trace)
    assert [(line["kind"], line.get("label")) for line in found] == [
        ("wait", None), ("op", "4"), ("wait", None), ("op", "3"),
    ]  # fmt: skip
    assert len({line["thread"] for line in found}) == 2
    for wait, op_line in (found[:2], found[2:]):
        assert op_line["start_ns"] <= wait["start_ns"] <= wait["end_ns"] <= op_line["end_ns"]
        assert op_line["cpu_ns"] >= 0


def test_a_failing_op_is_written_down_and_raises_what_it_raised(trace: Path) -> None:
    op, _ = open_blocking(job(trace, blocking=fakes.failing_body))
    with pytest.raises(LookupError, match="no item 3"):
        op(3)
    assert [line["kind"] for line in lines(trace)] == ["op"]


async def test_every_wait_of_a_task_is_seen_whatever_it_waits_for(trace: Path) -> None:
    gate = asyncio.Event()

    async def body(kit: Any, params: Any) -> Any:
        async def op(item: int) -> int:
            await gate.wait()
            return item

        return op

    op, kit = await open_async(job(trace, **{"async": body}), asyncio.sleep)
    tasks = [asyncio.create_task(op(item), name=f"board {item}") for item in range(3)]
    await asyncio.sleep(0)
    began = time.perf_counter_ns()
    while time.perf_counter_ns() - began < 2 * LEAST_NS:
        await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(*tasks) == [0, 1, 2]
    await kit.close()
    found = lines(trace)
    assert sorted((line["name"], line["kind"]) for line in found) == [
        (f"board {item}", kind) for item in range(3) for kind in ("op", "wait")
    ]
    assert len({line["task"] for line in found}) == 3


async def test_what_is_thrown_into_a_traced_op_reaches_it(trace: Path) -> None:
    caught: list[str] = []

    async def body(kit: Any, params: Any) -> Any:
        async def op(item: int) -> int:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                caught.append("cancelled")
                raise
            return item

        return op

    op, _ = await open_async(job(trace, **{"async": body}), asyncio.sleep)
    task = asyncio.create_task(op(1))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert caught == ["cancelled"]
    assert [line["kind"] for line in lines(trace)][-1] == "op"


async def test_the_sleep_of_a_loop_is_written_down_for_the_task_that_waits(trace: Path) -> None:
    given: list[Any] = []

    async def body(kit: Any, params: Any) -> Any:
        given.append(kit.sleep)
        return fakes.unawaited

    await open_async(job(trace, **{"async": body}), asyncio.sleep)
    await asyncio.gather(*(asyncio.create_task(given[0](0), name=name) for name in ("one", "two")))
    assert [(line["kind"], line["name"]) for line in lines(trace)] == [("wait", "one"), ("wait", "two")]


def test_a_traced_sleep_can_be_sent_to_a_process(trace: Path) -> None:
    pickle.loads(pickle.dumps(TracedSleep(time.sleep, str(trace))))(0)
    assert [line["kind"] for line in lines(trace)] == ["wait"]


def test_a_pool_is_told_where_to_write_and_in_a_timed_run_nowhere(trace: Path) -> None:
    there = replace(fakes.job(fakes.TINY), trace=str(trace))
    assert pickle.loads(pickle.dumps(child_job(there))).job().trace == str(trace)
    assert child_job(fakes.job(fakes.TINY)).trace == ""


def test_what_is_timed_does_not_even_load_the_tracing() -> None:
    code = (
        "import sys; from when_async.bench.runners.threading_ import THREADING; from support import fakes; "
        "from when_async.bench.worker.kits import open_blocking; op, kit = open_blocking(fakes.job(fakes.TINY)); "
        "op(1); "
        "import when_async.bench.worker.__main__; "
        "print('when_async.bench.worker.tracing' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
    )  # fmt: skip
    assert done.stdout.strip() == "False"


# What is made of the lines.


def event(kind: str, start_us: int, end_us: int, pid: int = 1, thread: int = 1, task: str = "", **more: Any) -> str:
    line = {"kind": kind, "start_ns": start_us * 1000, "end_ns": end_us * 1000, "pid": pid, "thread": thread}
    return json.dumps({**line, "task": task, "name": more.pop("name", task), **more})


def told(*events: str, family: str = "asyncio", shape: Shape = Shape.MAP) -> Timeline:
    cell = Cell("w", {"n": 2}, 2, "r", "", "3.11", "w[n=2,c=2]", family=family)
    comparison: Any = SimpleNamespace(
        id=cell.comparison, contestants=[SimpleNamespace(cell=cell)], workload=SimpleNamespace(shape=shape)
    )
    return read(events, comparison, 0, 1_000_000, 0.001)


def test_lanes_are_named_by_what_tells_them_apart() -> None:
    def names(*where: tuple[int, int, str, str]) -> list[str]:
        events = [event("op", 1000 + n, 1010, pid, thread, task, name=name) for n, (pid, thread, task, name) in
                  enumerate(where)]  # fmt: skip
        return [lane.name for lane in told(*events).lanes]

    assert names((1, 1, "", "")) == ["main thread"]
    assert names((1, 7, "", ""), (1, 9, "", "")) == ["thread 1", "thread 2"]
    assert names((5, 7, "", ""), (4, 9, "", "")) == ["process 1", "process 2"]
    assert names((1, 1, "a", "Task-8"), (1, 1, "b", "Task-9")) == ["Task-8", "Task-9"]
    assert names((1, 1, "a", "open.<locals>.awaiting"), (1, 1, "b", "open.<locals>.awaiting")) == [
        "awaiting 1", "awaiting 2",
    ]  # fmt: skip
    assert names((1, 1, "a", "Task-1"), (2, 2, "a", "Task-1")) == ["process 1 Task-1", "process 2 Task-1"]


@pytest.mark.parametrize(
    ("where", "family", "noun"),
    [
        ([(1, 1, "")], "sync", "thread"),
        ([(1, 1, ""), (1, 2, "")], "threads", "thread"),
        ([(1, 1, ""), (2, 2, "")], "processes", "process"),
        ([(1, 1, "a")], "asyncio", "task"),
        ([(1, 1, "a")], "greenlets", "greenlet"),
    ],
)
def test_a_lane_is_called_what_it_is(where: list[tuple[int, int, str]], family: str, noun: str) -> None:
    assert told(*(event("op", 1000, 1010, *place) for place in where), family=family).noun == noun


def test_a_wait_that_is_seen_twice_is_one_wait_and_other_lanes_are_left_alone() -> None:
    found = told(
        event("op", 1000, 1100, task="a", label="1"),
        event("wait", 1010, 1050, task="a"),
        event("wait", 1009, 1052, task="a"),
        event("wait", 1060, 1070, task="a"),
        event("wait", 1010, 1090, task="b"),
    )
    waits = [(span.lane, round(span.start_s * 1e6), round(span.end_s * 1e6)) for span in found.of("wait")]
    assert waits == [(0, 9, 52), (1, 10, 90), (0, 60, 70)]
    assert [span.label for span in found.of("op")] == ["1"]


def test_the_trace_is_in_the_format_that_perfetto_reads() -> None:
    found = told(
        event("op", 1000, 1100, thread=7, label="3", cpu_ns=5000),
        event("wait", 1010, 1050, thread=7),
        event("op", 1005, 1020, thread=8, label="<object at 0x7f00deadbeef>"),
        event("op", 1000, 1200, thread=9, label="program"),
        family="threads",
    )
    trace = json.loads(json.dumps(chrome_trace(found)))
    complete = [one for one in trace["traceEvents"] if one["ph"] == "X"]
    assert [(one["name"], one["ts"], one["dur"]) for one in complete] == [
        ("program", 0.0, 200.0), ("op 3", 0.0, 100.0), ("op <object>", 5.0, 15.0), ("wait", 10.0, 40.0),
    ]  # fmt: skip
    named = {one["tid"]: one["args"]["name"] for one in trace["traceEvents"] if one["name"] == "thread_name"}
    assert named == {1: "thread 1", 2: "thread 2", 3: "thread 3"}
    assert {one["tid"] for one in complete} == set(named)
    assert complete[1]["args"] == {"thread": 7, "task": "", "cpu_us": 5.0}
    assert {one["pid"] for one in trace["traceEvents"]} == {1}
