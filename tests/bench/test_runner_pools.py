"""Pools of processes and interpreters: primed before the clock runs, told on when they break, and all charged for."""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from collections.abc import Mapping
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from support import fakes
from support.in_process import contestants, facts, named, run
from when_async.bench.model import Runner, Unsuited
from when_async.bench.runners import interpreters
from when_async.bench.runners.dask_ import chosen
from when_async.bench.runners.interpreters import INTERPRETERS, Roll, check_in
from when_async.bench.runners.multiprocessing_ import MULTIPROCESSING
from when_async.bench.worker import children, limits
from when_async.bench.worker.limits import divided
from when_async.bench.worker.op_log import OpLog

pytestmark = pytest.mark.usefixtures("nothing_left_behind", "impatient")

POOLS = ("multiprocessing", "multiprocessing+fork", "multiprocessing+executor", "asyncio+processes")
pools = contestants(named(*POOLS))


@pools
def test_the_facts_name_the_start_method_and_the_chunks(runner: Runner) -> None:
    told = facts(runner)
    loop = str(told.pop("loop", "asyncio."))
    assert loop.startswith("asyncio.")
    assert told == {
        "workers": 2,
        "start_method": "fork" if runner.name.endswith("fork") else multiprocessing.get_start_method(),
        "chunks_per_worker": 4,
        "chunk_size": 1,
    }


@pools
def test_the_usage_of_pool_processes_is_reported(runner: Runner) -> None:
    done = run(runner, fakes.job(fakes.SPINNING, n=8, concurrency=2), prove=True)
    assert done.proof is not None
    assert 1 <= done.proof.processes <= 2 <= len(done.children)
    assert sum(usage.cpu_user_s + usage.cpu_system_s for usage in done.children.values()) > 0


@contestants(named("multiprocessing", "multiprocessing+fork"))
def test_a_killed_pool_process_is_told_instead_of_waited_for(runner: Runner) -> None:
    with pytest.raises(RuntimeError, match="1 of 2 pool processes died during the round"):
        run(runner, fakes.job(fakes.KILLED, concurrency=2))


@contestants(named("multiprocessing+executor", "asyncio+processes"))
def test_a_killed_process_breaks_its_executor(runner: Runner) -> None:
    with pytest.raises(futures.BrokenExecutor, match="terminated abruptly"):
        run(runner, fakes.job(fakes.KILLED, concurrency=2))


def test_a_pool_process_that_was_lost_between_rounds_is_told_though_the_others_did_the_work() -> None:
    with MULTIPROCESSING.open(fakes.job(fakes.TINY, concurrency=2)) as session:
        session.members.add(fakes.DEAD_PID)  # type: ignore[attr-defined]
        with pytest.raises(RuntimeError, match="1 of 2 pool processes died during the round"):
            session.run([1, 2, 3], prove=False)


def test_a_result_that_cannot_be_sent_back_is_told_without_its_address() -> None:
    with pytest.raises(RuntimeError, match=r"cannot be sent back from its process: .*coroutine") as caught:
        run(MULTIPROCESSING, fakes.job(fakes.PROMISING, concurrency=2))
    assert "0x" not in str(caught.value)


@contestants(named("multiprocessing+executor", "asyncio+processes"))
def test_a_result_that_cannot_be_sent_back_is_the_error_of_the_round(runner: Runner) -> None:
    with pytest.raises(TypeError, match="cannot pickle 'coroutine' object"):
        run(runner, fakes.job(fakes.PROMISING, concurrency=2))


@pools
def test_a_coroutine_that_a_pool_process_never_awaits_is_a_failure(runner: Runner) -> None:
    done = run(runner, fakes.job(fakes.FORGETFUL, concurrency=2))
    assert done.failures
    assert all("was never awaited" in words for _, words in done.failures)


class NotShareable(TypeError):
    """Stands for what an interpreter says of a value that it cannot hand over."""


@pytest.fixture
def as_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads play the interpreters: each keeps what it opened for itself, as they do."""
    monkeypatch.setattr(interpreters, "ALIVE_CHECK_MS", 10)
    monkeypatch.setattr(interpreters, "open_interpreter", children.open_here)
    monkeypatch.setattr(futures, "InterpreterPoolExecutor", ThreadPoolExecutor, raising=False)
    module: Any = ModuleType("concurrent.interpreters")
    module.NotShareableError = NotShareable
    monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.mark.usefixtures("as_threads")
def test_interpreters_are_all_up_and_open_before_the_round(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    closed: list[int] = []

    def body(kit: Any, params: Any) -> Any:
        opened.append(kit.in_flight)
        kit.stack.callback(closed.append, kit.in_flight)
        return fakes.double_blocking(kit, params)

    monkeypatch.setattr(fakes, "PLANTED", fakes.workload("planted", {"blocking": body}), raising=False)
    with INTERPRETERS.open(fakes.job(fakes.PLANTED, concurrency=3)) as session:  # type: ignore[attr-defined]
        assert opened == [1, 1, 1]
        done = session.run(range(12), prove=True)
        assert closed == []
    assert closed == [1, 1, 1]
    assert done.results == [item * 2 for item in range(12)]
    assert done.proof is not None
    assert done.proof.started == 12
    assert session.facts == {"workers": 3, "interpreters": 3, "chunks_per_worker": 4, "chunk_size": 1}


@pytest.mark.usefixtures("as_threads")
def test_a_body_that_does_not_open_in_an_interpreter_says_its_own_reason() -> None:
    with pytest.raises(RuntimeError, match="no server at this address"):
        run(INTERPRETERS, fakes.job(fakes.UNOPENED, concurrency=2))


def test_what_an_interpreter_opens_is_there_in_each_of_its_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call into one has another thread state."""
    monkeypatch.setattr(children, "PLACE", children.PLACE)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    with warnings.catch_warnings(), ThreadPoolExecutor(1) as other:
        other.submit(interpreters.open_interpreter, children.child_job(fakes.job(fakes.TINY))).result()
        assert children.call_op(21) == 42


class Refusing:
    """An executor of interpreters that finds a coroutine among its results."""

    def map(self, function: Any, chunks: Any) -> Any:
        try:
            raise TypeError("cannot pickle [0, <coroutine object unawaited at 0x7f0102030405>]")
        except TypeError as error:
            raise NotShareable("object could not be unpickled") from error


@pytest.mark.usefixtures("as_threads")
def test_a_result_that_cannot_leave_its_interpreter_is_named_without_its_address(tmp_path: Path) -> None:
    (tmp_path / "op_log").touch()
    refusing: Any = Refusing()
    session = interpreters.InterpreterSession(refusing, OpLog(str(tmp_path / "op_log")), 2, {})
    with pytest.raises(
        RuntimeError, match=r"^a result cannot be sent back from its interpreter: <coroutine object unawaited>$"
    ):
        session.run([1, 2, 3], prove=False)


@pytest.mark.usefixtures("as_threads")
def test_a_roll_is_called_once_in_each_place() -> None:
    with ThreadPoolExecutor(4) as executor:
        seen: list[int] = []

        def answer(ready: int, gate: int) -> None:
            seen.append(ready)
            check_in(ready, gate)

        roll = Roll(executor, 4)
        roll.call(answer)
        assert len(seen) == 4
        roll.call(answer)
        assert len(seen) == 8


@pytest.mark.usefixtures("as_threads")
def test_whoever_fails_at_a_roll_is_told_and_nobody_is_waited_for() -> None:
    def stumble(ready: int, gate: int) -> None:
        raise OSError("no room for another interpreter")

    with ThreadPoolExecutor(2) as executor, pytest.raises(OSError, match="no room for another interpreter"):
        Roll(executor, 2).call(stumble)


@pytest.mark.usefixtures("as_threads")
def test_whoever_does_not_wait_for_the_others_at_a_roll_is_told() -> None:
    with ThreadPoolExecutor(2) as executor, pytest.raises(RuntimeError, match="did not wait for the others"):
        Roll(executor, 2).call(lambda ready, gate: None)


@pytest.mark.usefixtures("as_threads")
def test_a_roll_leaves_no_file_open() -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    with ThreadPoolExecutor(2) as executor:
        roll = Roll(executor, 2)
        before = count()
        roll.call(check_in)
        with pytest.raises(RuntimeError):
            roll.call(lambda ready, gate: None)
        assert count() == before


@pytest.mark.parametrize(
    ("cores", "concurrency", "expected"),
    [(4, 8, (4, 2)), (4, 1, (1, 1)), (4, 7, (1, 7)), (4, 6, (3, 2)), (2, 100, (2, 50)), (8, 4, (4, 1)), (3, 4, (2, 2))],
)
def test_a_local_cluster_has_exactly_as_many_threads_as_asked_for_in_as_many_processes_as_cores(
    cores: int, concurrency: int, expected: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "cores", lambda: cores)
    processes, threads = divided(concurrency)
    assert (processes, threads) == expected
    assert processes * threads == concurrency


@pytest.mark.parametrize(
    ("cluster", "concurrency", "expected"),
    [
        ({"a": 4, "b": 4}, 8, ["a", "b"]),
        ({"a": 4, "b": 4}, 4, ["a"]),
        ({"a": 1, "b": 8, "c": 2}, 3, ["c", "a"]),
        ({"a": 1, "b": 8, "c": 2}, 9, ["b", "a"]),
    ],
)
def test_of_a_far_cluster_so_many_workers_are_taken_that_their_threads_are_what_was_asked_for(
    cluster: Mapping[str, int], concurrency: int, expected: list[str]
) -> None:
    assert chosen(cluster, concurrency) == expected


@pytest.mark.parametrize(
    ("cluster", "concurrency", "told"),
    [({"a": 4, "b": 4}, 6, "(4, 4)"), ({"a": 2}, 3, "(2)"), ({}, 1, "(it has no worker)")],
)
def test_a_far_cluster_that_cannot_give_what_was_asked_for_is_told_with_what_it_has(
    cluster: Mapping[str, int], concurrency: int, told: str
) -> None:
    with pytest.raises(RuntimeError) as caught:
        chosen(cluster, concurrency)
    assert str(caught.value).startswith(f"{concurrency} ops in flight were asked for")
    assert str(caught.value).endswith(told)


def test_a_library_that_no_sub_interpreter_may_load_is_a_hole_and_no_failure() -> None:
    words = "many lines of advice\nmodule numpy._core._multiarray_umath does not support loading in subinterpreters\n"
    with pytest.raises(Unsuited, match=r"^numpy does not load in sub-interpreters \(its module numpy\._core"):
        interpreters.check_loadable(words)
    interpreters.check_loadable("ValueError: something else")
