"""Runners on event loops: the native verbs, as many tasks as asked for, and no task that is lost or left behind."""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from support import fakes
from support.in_process import RUNNERS, contestants, facts, named, natural, run
from when_async.bench.model import Runner
from when_async.bench.runners import asyncio_multiloop
from when_async.bench.runners.asyncio_multiloop import ASYNCIO_MULTILOOP, shares

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

WAIT_S = 10.0
"""Longer than any test takes; nobody waits that long unless the test is about to fail."""
TURNS = 100_000
"""More turns of a loop than any test takes."""

TASKS_OF_ASYNCIO = (
    "asyncio", "asyncio+per_op", "asyncio+gather", "asyncio+eager",
    "uvloop", "uvloop+per_op", "uvloop+eager", "asyncer",
)  # fmt: skip
OTHERS = ("anyio", "anyio+trio", "trio", "curio")
LOOPS = {
    **{name: "uvloop.Loop" if name.startswith("uvloop") else "asyncio." for name in TASKS_OF_ASYNCIO},
    "anyio": "asyncio.", "anyio+trio": "trio", "trio": "trio", "curio": "curio.Kernel",
}  # fmt: skip
"""What each says of the class of its loop, to begin with."""

loops = contestants(named(*LOOPS))
tasks = contestants(named(*TASKS_OF_ASYNCIO))


@loops
def test_the_facts_name_the_real_class_of_the_loop(runner: Runner) -> None:
    told = facts(runner)
    assert told.keys() == {"workers", "loop"}
    assert told["loop"].startswith(LOOPS[runner.name])


@pytest.mark.parametrize("name", ["uvloop", "rloop"])
def test_a_loop_of_another_kind_than_asked_for_is_no_session(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    library = pytest.importorskip(name)
    monkeypatch.setattr(library, "new_event_loop", asyncio.new_event_loop)
    with pytest.raises(RuntimeError, match=rf"^asked for {name}, got asyncio\."):
        facts(RUNNERS[name])


@loops
def test_a_body_is_opened_once_for_a_loop_with_its_own_verbs(runner: Runner) -> None:
    opened: list[int] = []
    closed: list[int] = []

    async def body(kit: Any, params: Any) -> Any:
        library = runner.name.partition("+")[0]
        owner = library if library in OTHERS else "asyncio"
        assert kit.sleep is importlib.import_module(owner).sleep
        opened.append(kit.in_flight)
        kit.stack.callback(closed.append, kit.in_flight)
        return await fakes.double_async(kit, params)

    run(runner, natural(runner, fakes.workload(bodies={"async": body}), concurrency=3), rounds=2)
    assert opened == closed == [3]


@loops
@pytest.mark.parametrize("prove", [False, True], ids=["plain", "counted"])
def test_the_op_sees_each_item_once_even_from_many_tasks(runner: Runner, prove: bool) -> None:
    seen: Counter[int] = Counter()

    async def body(kit: Any, params: Any) -> Any:
        async def op(item: int) -> int:
            seen[item] += 1
            await kit.sleep(0)
            return item * 2

        return op

    job = natural(runner, fakes.workload(bodies={"async": body}), n=200, concurrency=16)
    assert run(runner, job, prove=prove).results == [item * 2 for item in range(200)]
    assert seen == Counter(range(200))


@loops
def test_as_many_tasks_as_asked_for_are_in_flight_at_once(runner: Runner) -> None:
    async def body(kit: Any, params: Any) -> Any:
        started: list[int] = []

        async def op(item: int) -> int:
            started.append(item)
            for _ in range(TURNS):
                if len(started) >= 5:
                    return item * 2
                await kit.sleep(0)
            raise TimeoutError("the others never came")

        return op

    done = run(runner, natural(runner, fakes.workload(bodies={"async": body}), n=20, concurrency=5), prove=True)
    assert done.failures == []
    assert done.proof is not None
    assert (done.proof.started, done.proof.peak_in_flight, done.proof.threads) == (20, 5, 1)


@loops
def test_a_body_that_blocks_the_loop_is_seen_as_a_stall(runner: Runner) -> None:
    blocked = threading.Event()

    def body(kit: Any, params: Any) -> Any:
        return lambda item: item * 2 if not blocked.wait(0.05) else None

    done = run(runner, fakes.job(fakes.workload(bodies={"pure": body}), "pure", n=1))
    assert done.stall_max_s is not None
    assert done.stall_max_s >= 0.03


@tasks
def test_a_task_that_lives_as_long_as_its_body_is_not_left_behind_by_a_round(runner: Runner) -> None:
    async def body(kit: Any, params: Any) -> Any:
        await kit.enter(beside())

        async def op(item: int) -> int:
            return item * 2

        return op

    @asynccontextmanager
    async def beside() -> AsyncIterator[None]:
        stop = asyncio.Event()
        serving = asyncio.create_task(stop.wait())
        yield
        stop.set()
        await serving

    assert run(runner, natural(runner, fakes.workload(bodies={"async": body}), n=2)).failures == []


@tasks
def test_a_task_that_a_round_leaves_behind_is_told(runner: Runner) -> None:
    async def body(kit: Any, params: Any) -> Any:
        async def op(item: int) -> int:
            kept.append(asyncio.create_task(asyncio.sleep(WAIT_S), name="straggler"))
            return item * 2

        return op

    kept: list[Any] = []
    with pytest.raises(RuntimeError, match=r"1 task\(s\) were left behind by the round, such as straggler"):
        run(runner, natural(runner, fakes.workload(bodies={"async": body}), n=1))


@contestants(named(*TASKS_OF_ASYNCIO, "anyio"))
def test_a_task_that_its_own_op_cancels_is_told(runner: Runner) -> None:
    async def body(kit: Any, params: Any) -> Any:
        async def op(item: int) -> int:
            raise asyncio.CancelledError

        return op

    expected = "^(20 of 20 ops were cancelled by themselves|2 of 2 tasks were cancelled by their own op)$"
    with pytest.raises(RuntimeError, match=expected):
        run(runner, natural(runner, fakes.workload(bodies={"async": body}), concurrency=2))


@tasks
def test_one_task_of_many_that_its_own_op_cancels_is_told(runner: Runner) -> None:
    async def body(kit: Any, params: Any) -> Any:
        async def op(item: int) -> int:
            await kit.sleep(0)
            if item == 19:
                raise asyncio.CancelledError
            return item * 2

        return op

    expected = "^(1 of 20 ops were cancelled by themselves|1 of 2 tasks were cancelled by their own op)$"
    with pytest.raises(RuntimeError, match=expected):
        run(runner, natural(runner, fakes.workload(bodies={"async": body}), concurrency=2))


@loops
def test_an_op_that_answers_nothing_has_answered(runner: Runner) -> None:
    async def body(kit: Any, params: Any) -> Any:
        async def op(item: int) -> None:
            await kit.sleep(0)

        return op

    done = run(runner, natural(runner, fakes.workload(bodies={"async": body}), n=4))
    assert (done.results, done.failures) == ([None] * 4, [])


@pytest.mark.parametrize(
    ("total", "loops_", "expected"),
    [(100, 4, [25] * 4), (10, 4, [3, 3, 2, 2]), (3, 2, [2, 1]), (1, 1, [1]), (1, 3, [1, 0, 0]), (0, 2, [0, 0])],
)
def test_every_loop_gets_an_even_share_and_nothing_is_lost(total: int, loops_: int, expected: list[int]) -> None:
    assert shares(total, loops_) == expected
    assert sum(shares(total, loops_)) == total


def test_loops_on_several_cores_share_the_places_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio_multiloop, "cores", lambda: 3)
    told = facts(ASYNCIO_MULTILOOP, concurrency=8)
    assert (told["workers"], told["loops"]) == (8, 3)
    assert facts(ASYNCIO_MULTILOOP, concurrency=2)["loops"] == 2, "a loop without a place would have nothing to do"


@pytest.mark.parametrize("gil", [True, False], ids=["processes", "threads"])
def test_loops_live_in_threads_where_there_is_no_gil_and_in_processes_elsewhere(
    gil: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncio_multiloop, "cores", lambda: 2)
    monkeypatch.setattr(asyncio_multiloop, "gil_enabled", lambda: gil)
    with ASYNCIO_MULTILOOP.open(natural(ASYNCIO_MULTILOOP, fakes.FAILING, concurrency=4)) as session:
        session.run(range(20), prove=True)
        first = session.run(range(20), prove=True)
        second = session.run(range(5), prove=False)
        told = dict(session.facts)
    assert told["members"] == ("processes" if gil else "threads")
    assert ("start_method" in told) == gil
    assert [index for index, _ in first.failures] == [3, 17]
    assert first.results == [None if item in (3, 17) else item * 2 for item in range(20)]
    assert first.proof is not None
    assert (first.proof.started, first.proof.threads, first.proof.processes) == (20, 2, 2 if gil else 1)
    assert 1 <= first.proof.peak_in_flight <= 4
    assert first.children or not gil
    assert (second.results, second.proof) == ([0, 2, 4, None, 8], None)


@pytest.mark.parametrize("gil", [True, False], ids=["processes", "threads"])
def test_an_error_in_one_of_the_loops_is_the_error_of_the_round(gil: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio_multiloop, "cores", lambda: 2)
    monkeypatch.setattr(asyncio_multiloop, "gil_enabled", lambda: gil)
    with pytest.raises(RuntimeError, match=r"^RuntimeError: 10 of 10 ops|^RuntimeError: 2 of 2 tasks were cancelled"):
        run(ASYNCIO_MULTILOOP, natural(ASYNCIO_MULTILOOP, fakes.CANCELLED, concurrency=4))


def test_a_coroutine_that_the_process_of_a_loop_never_awaits_is_the_error_of_the_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asyncio_multiloop, "gil_enabled", lambda: True)
    with pytest.raises(RuntimeError, match=r"^coroutine 'unawaited' was never awaited$"):
        run(ASYNCIO_MULTILOOP, fakes.job(fakes.FORGETFUL, "pure", concurrency=2))


def test_a_loop_whose_process_is_killed_is_told_instead_of_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio_multiloop, "cores", lambda: 2)
    monkeypatch.setattr(asyncio_multiloop, "gil_enabled", lambda: True)
    with pytest.raises(RuntimeError, match="the process of a loop died during the round"):
        run(ASYNCIO_MULTILOOP, fakes.job(fakes.KILLED, "pure", concurrency=2))
