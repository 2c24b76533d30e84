"""A program is one op that gets all items; what it reports is taken apart before it is judged."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from support import fakes
from support.in_process import HERE, RUNNERS, contestants, named
from when_async.bench.model import Kit, Observed, Params, Round, Runner, Shape, Unsuited, Usage, Workload, WrongAnswer
from when_async.bench.registry import bodies_for, refusal, required_modules
from when_async.bench.worker.__main__ import unsuited
from when_async.bench.worker.session import TrialSession
from when_async.bench.worker.session import observe as taken_apart
from when_async.bench.worker.trap import Refused

LOOPS = ("asyncio", "uvloop", "asyncio+eager")
able = contestants(named("sync", "threading", "multiprocessing", *LOOPS))


pytestmark = pytest.mark.usefixtures("hooks")


def blocking(kit: Kit, params: Params) -> Any:
    def op(items: Sequence[int]) -> list[tuple[int, int, int]]:
        return [(item * 2, kit.in_flight, 1000 + item) for item in items]

    return op


async def on_asyncio(kit: Kit, params: Params) -> Any:
    async def one(item: int) -> tuple[int, int, int]:
        await kit.sleep(0)
        return item * 2, kit.in_flight, 1000 + item

    async def op(items: Sequence[int]) -> list[tuple[int, int, int]]:
        return list(await asyncio.gather(*(one(item) for item in items)))

    return op


def observe(params: Params, items: Sequence[int], results: Sequence[Any]) -> Observed:
    return Observed(
        [doubled for doubled, _, _ in results],
        {"in_flight": float(results[0][1])},
        [latency_ns for _, _, latency_ns in results],
    )


BODIES = {"sync": blocking, "threading": blocking, "multiprocessing": blocking, "asyncio": on_asyncio}
PROGRAM = fakes.workload("program", BODIES, shape=Shape.PROGRAM, observe=observe)


@contextmanager
def opened(runner: Runner, workload: Workload, in_flight: int = 4) -> Iterator[TrialSession]:
    from dataclasses import replace

    job = replace(fakes.job(workload, bodies_for(workload, runner)[0]), concurrency=1, within=in_flight)
    trial = TrialSession(runner, job, seed=3)
    try:
        trial.open()
        yield trial
    finally:
        trial._stack.close()


@able
def test_a_program_gets_all_items_at_once_and_knows_how_many_may_be_in_flight(runner: Runner) -> None:
    with opened(runner, PROGRAM) as trial:
        told = trial.round(prove=True)
        again = trial.round(prove=False)
    assert told["ops_ok"] == 20
    assert told["figures"] == {"in_flight": 4.0}
    assert told["latencies_ns"] == [1000 + item for item in range(20)]
    assert told["digest"] == again["digest"]
    assert told["peak_in_flight"] is None, "the instrument sees one op and must not call that the ops in flight"


def test_all_models_agree_on_the_digest_of_a_program() -> None:
    digests = set()
    for runner in named("sync", "threading", "asyncio"):
        with opened(runner, PROGRAM) as trial:
            digests.add(trial.round(prove=False)["digest"])
    assert len(digests) == 1


def refused(body: Any, **changes: Any) -> str:
    workload = fakes.workload("wrong", {"sync": body}, shape=Shape.PROGRAM, **changes)
    with opened(RUNNERS["sync"], workload) as trial, pytest.raises(Refused) as caught:
        trial.round(prove=False)
    return str(caught.value)


def test_a_program_that_raises_is_refused_with_its_words() -> None:
    def body(kit: Kit, params: Params) -> Any:
        def op(items: Sequence[int]) -> list[int]:
            raise LookupError("no room")

        return op

    assert refused(body) == "the program failed (LookupError: no room)"


def test_a_program_that_gives_no_list_is_refused() -> None:
    assert refused(lambda kit, params: sum) == "the program returned int, not a list of results"


def test_a_lost_and_a_doubled_result_of_a_program_are_refused() -> None:
    assert refused(lambda kit, params: lambda items: [item * 2 for item in items[1:]]).startswith("wrong answer")
    assert refused(lambda kit, params: lambda items: [item * 2 for item in (0, *items)]).startswith("wrong answer")


def test_what_observing_finds_wrong_is_a_wrong_answer() -> None:
    def observe(params: Params, items: Sequence[int], results: Sequence[Any]) -> Observed:
        raise WrongAnswer("11 were in flight")

    assert refused(lambda kit, params: list, observe=observe) == "wrong answer: 11 were in flight"


def test_a_runner_that_only_hands_out_ops_has_no_body_in_a_program() -> None:
    runner = RUNNERS["threading+executor"]
    assert bodies_for(PROGRAM, runner) == []
    assert refusal(PROGRAM, runner, None, HERE) == (
        "this is a program of its own structure, with no ops to hand out for threading+executor"
    )


def test_a_program_under_anyio_must_be_written_for_it() -> None:
    assert bodies_for(PROGRAM, RUNNERS["anyio"]) == []
    assert "anyio runs anyio)" in str(refusal(PROGRAM, RUNNERS["anyio"], None, HERE))


def test_a_face_is_no_library_that_must_be_installed() -> None:
    workload = fakes.workload(
        "faced", {"asyncio/gather": on_asyncio}, shape=Shape.PROGRAM, faces={"gather": "all in one gather"}
    )
    assert refusal(workload, RUNNERS["asyncio"], "asyncio/gather", HERE) is None
    unnamed = fakes.workload("unfaced", {"asyncio/gather": on_asyncio}, shape=Shape.PROGRAM)
    assert "gather is not installed" in str(refusal(unnamed, RUNNERS["asyncio"], "asyncio/gather", HERE))


def test_a_face_may_need_a_library_and_a_library_another() -> None:
    bodies = {"asyncio/gather": on_asyncio, "asyncio/json": on_asyncio, "asyncio/csv": on_asyncio}
    needs = {"gather": ("json",), "csv": ("nosuch",)}
    workload = fakes.workload("needy", bodies, shape=Shape.PROGRAM, faces={"gather": "all in one gather"}, needs=needs)
    assert required_modules([workload], []) == ["csv", "json", "nosuch"]
    here = replace(HERE, modules={**HERE.modules, "json": "stdlib", "csv": "stdlib"})
    assert refusal(workload, RUNNERS["asyncio"], "asyncio/gather", here) is None
    assert "nosuch is not installed" in str(refusal(workload, RUNNERS["asyncio"], "asyncio/csv", here))


def test_what_prepares_a_workload_is_there_before_the_runner_opens_and_left_last() -> None:
    said: list[str] = []

    @contextmanager
    def prepare(params: Params) -> Iterator[None]:
        said.append("prepared")
        yield
        said.append("left")

    def body(kit: Kit, params: Params) -> Any:
        said.append("opened")
        return lambda items: [item * 2 for item in items]

    workload = fakes.workload("prepared", {"sync": body}, shape=Shape.PROGRAM, prepare=prepare)
    with opened(RUNNERS["sync"], workload) as trial:
        trial.round(prove=False)
    assert said == ["prepared", "opened", "left"]


def test_a_machine_that_cannot_give_what_is_asked_is_no_failure_of_the_contestant() -> None:
    @contextmanager
    def prepare(params: Params) -> Iterator[None]:
        raise Unsuited("this container may not make control groups")
        yield

    workload = fakes.workload("prepared", {"sync": blocking}, shape=Shape.PROGRAM, prepare=prepare)
    with pytest.raises(Unsuited, match="control groups"), opened(RUNNERS["sync"], workload):
        pass


def test_what_a_process_of_a_pool_cannot_give_is_known_by_the_words_that_it_sends() -> None:
    assert unsuited(Unsuited("no control groups here")) == "no control groups here"
    assert unsuited(RuntimeError("Unsuited: psycopg is not installed")) == "psycopg is not installed"
    assert unsuited(RuntimeError("ValueError: no server")) is None
    assert unsuited(ValueError("Unsuited: not sent by anybody")) is None


@pytest.mark.parametrize(
    ("words", "kind", "told"),
    [
        ("Unsuited: can't start new thread, after 5", Unsuited, "^can't start new thread, after 5$"),
        ("RuntimeError: it fell over", Refused, "the program failed .RuntimeError: it fell over"),
    ],
)
def test_a_program_that_meets_a_limit_of_the_machine_is_unsuited_and_not_failed(
    words: str, kind: type[Exception], told: str
) -> None:
    job = fakes.job(PROGRAM, "sync")
    with pytest.raises(kind, match=told):
        taken_apart(job, [1], Round(0, 1, [], [(0, words)], Usage(), 0))
