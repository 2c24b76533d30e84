"""Work that is not what was asked for, or not done as its model says, is refused by the judge in the worker."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support import fakes
from support.in_process import opened
from when_async.bench.model import Course, Job, Proof, Round, Runner, Usage, Workload
from when_async.bench.runners.asyncio_ import ASYNCIO
from when_async.bench.runners.sync import SYNC
from when_async.bench.runners.threading_ import THREADING
from when_async.bench.worker import activity, equality, session
from when_async.bench.worker.__main__ import check_window
from when_async.bench.worker.counting import mark, marks
from when_async.bench.worker.equality import Inspection, check_clock, check_cpu, check_proof, type_of, wait_of_one_s
from when_async.bench.worker.session import TrialSession
from when_async.bench.worker.trap import Refused

N, C = 100, 10
WAIT_S = 0.02
MS = 1_000_000


pytestmark = pytest.mark.usefixtures("hooks")


def waits(params: Any, in_flight: int) -> float:
    return -(-int(params["n"]) // in_flight) * float(params["wait_s"])


def waiting(wait_s: float = WAIT_S, concurrency: int = C, n: int = N, **changes: Any) -> Job:
    workload = fakes.workload(**{"ideal_s": waits, **changes})
    return Job(workload, "blocking", {"n": n, "wait_s": wait_s}, concurrency)


def proof(peak: int = C, **changes: Any) -> Proof:
    """Of a round in which all went well, but for the changes."""
    course = {"finished": N, "first_ns": 0, "last_ns": 1, "filled_s": 0.001, "fills": N - peak + 1, "given": 0}
    told = {"started": N, "threads": C, "processes": 1}
    told |= {name: changes.pop(name) for name in tuple(changes) if name in told}
    return Proof(peak_in_flight=peak, course=Course(**{**course, **changes}), **told)


def refused(call: Callable[..., None], *arguments: Any) -> str:
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return str(caught.value)


@pytest.mark.parametrize(("peak", "places"), [(7, 10), (1, 10), (40, 500)])
def test_a_limit_that_nobody_asked_for_is_refused_n11(peak: int, places: int) -> None:
    reason = refused(check_proof, THREADING, waiting(concurrency=places, n=1000), proof(peak, started=1000,
                     finished=1000), 1000)  # fmt: skip
    assert reason == (
        f"no more than {peak} ops were in flight where {places} were asked for: so many were open after 1.0 ms of a "
        "wait of 20 ms, and then no other was begun"
    )


@pytest.mark.parametrize(
    ("job", "seen"),
    [
        (waiting(), proof(C)),
        (waiting(), proof(8)),
        (waiting(), proof(3, filled_s=WAIT_S)),
        (waiting(), proof(3, filled_s=WAIT_S / 2)),
        (waiting(), proof(3, fills=1)),
        (waiting(wait_s=0.009), proof(3)),
        (waiting(ideal_s=None), proof(1)),
        (waiting(), replace(proof(1), course=None)),
    ],
    ids=[
        "as many as were asked for", "nearly as many", "most after one wait: it is slow to start ops",
        "after half a wait", "so many only once: a pause", "waits so short that a pause explains it",
        "ops that do not wait", "nobody noted the course",
    ],
)  # fmt: skip
def test_fewer_in_flight_are_accepted_where_nothing_held_them_back(job: Job, seen: Proof) -> None:
    check_proof(THREADING, job, seen, N)


def test_no_more_places_are_asked_for_than_there_are_ops_and_one_of_a_serial_runner() -> None:
    check_proof(THREADING, waiting(n=8, concurrency=100), proof(8, started=8, finished=8), 8)
    check_proof(SYNC, waiting(), proof(1, threads=1), N)


@pytest.mark.parametrize(
    ("ideal_s", "wait_s"),
    [
        (waits, WAIT_S),
        (None, 0.0),
        (lambda params, in_flight: 0.0, 0.0),
        (lambda params, in_flight: params["n"] / 50, 0.0),
        (lambda params, in_flight: max(0.08, params["n"] * 0.05 / in_flight), 0.0),
    ],
    ids=["equal waits", "no ideal", "no wait", "ops that begin by a schedule", "waits of several lengths"],
)
def test_only_equal_waits_side_by_side_tell_how_long_one_op_waits(ideal_s: Any, wait_s: float) -> None:
    assert wait_of_one_s(waiting(ideal_s=ideal_s), N) == pytest.approx(wait_s)


def test_ops_that_were_begun_and_never_ended_are_not_counted_n13() -> None:
    reason = refused(check_proof, THREADING, waiting(), proof(finished=93), N)
    assert reason == "93 of 100 ops came to a result, but all of them are counted"


@pytest.mark.parametrize(("threads", "processes"), [(2, 1), (4, 4)])
def test_a_model_of_one_thread_whose_ops_ran_in_several_is_refused_n2(threads: int, processes: int) -> None:
    seen = proof(threads=threads, processes=processes)
    assert refused(check_proof, ASYNCIO, waiting(), seen, N) == (
        f"its ops ran in {threads} threads of {processes} processes; asyncio is one thread"
    )
    check_proof(THREADING, waiting(), seen, N)


def done(start_ms: float, end_ms: float, seen: Proof | None = None, **changes: Any) -> Round:
    told = Round(round(start_ms * MS), round(end_ms * MS), [0] * N, [], Usage(), 0, proof=seen)
    return replace(told, **changes)


def test_a_clock_has_to_run_while_the_ops_do_n8() -> None:
    seen = proof(first_ns=1 * MS, last_ns=9 * MS)
    check_clock(done(1, 9, seen))
    check_clock(done(1.01, 8.99, seen))
    check_clock(done(5, 6))
    assert refused(check_clock, done(3, 9, seen)) == "its clock was started 2.000 ms after the first op had begun"
    assert refused(check_clock, done(1, 4, seen)) == "its clock was stopped 5.000 ms before the last op was done"
    assert "another one than that of its ops" in refused(check_clock, done(4e6, 5e6, seen))


def test_more_cpu_than_there_was_room_for_is_refused_n8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equality, "cores", lambda: 4)
    used = Usage(cpu_user_s=0.7, cpu_system_s=0.1)
    check_cpu(ASYNCIO, used, 0.4)
    check_cpu(THREADING, used, 0.1)
    assert refused(check_cpu, ASYNCIO, used, 0.1) == (
        "0.800 s of CPU were used in what it says were 0.100000 s on 1 core(s)"
    )
    assert "on 4 core(s)" in refused(check_cpu, THREADING, used, 0.05)
    check_cpu(ASYNCIO, Usage(cpu_user_s=0.019), 1e-6)


@pytest.mark.parametrize(("start_s", "makespan_s"), [(99.0, 1.0), (100.0, 1.1), (100.9, 0.2), (1.0, 0.1)])
def test_stamps_from_outside_of_the_round_are_refused_n8(start_s: float, makespan_s: float) -> None:
    answer = {"start_ns": round(start_s * 1e9), "makespan_s": makespan_s}
    assert "at a time when it was not run" in refused(check_window, answer, 100 * 10**9, 101 * 10**9)


def test_stamps_from_inside_of_the_round_are_accepted() -> None:
    check_window({"start_ns": 100 * 10**9, "makespan_s": 1.0}, 100 * 10**9, 101 * 10**9)


def judged(seen: Proof, items: Sequence[Any], job: Job | None = None) -> None:
    Inspection(THREADING, job or waiting(ideal_s=None), items).judge(done(0, 1, seen))


def test_other_input_than_the_round_was_made_of_is_refused_n12() -> None:
    items = list(range(N))
    judged(proof(given=marks(reversed(items))), items)
    for other in (items[:-1], [*items[:-1], N], [*items[:-1], items[0]]):
        assert "given other items" in refused(judged, proof(given=marks(other)), items)


def test_items_that_change_while_ops_run_say_nothing_about_the_input() -> None:
    items: list[list[int]] = [[0] for _ in range(N)]
    inspection = Inspection(THREADING, waiting(ideal_s=None), items)
    items[0].append(1)
    inspection.judge(done(0, 1, proof(given=marks(items))))


CROWD = proof(C, threads=1, alive=4)


def test_more_blocking_ops_in_flight_than_threads_are_refused_n11(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "greenlet", raising=False)
    items = list(range(N))
    seen = replace(CROWD, course=replace(CROWD.course, given=marks(items)))  # type: ignore[type-var]
    assert refused(judged, seen, items).startswith(
        "10 ops are said to have been in flight, but there were 4 threads to run them"
    )
    judged(replace(seen, threads=10), items)
    judged(replace(seen, course=replace(seen.course, alive=10)), items)  # type: ignore[type-var]
    judged(replace(seen, course=replace(seen.course, alive=0)), items)  # type: ignore[type-var]
    judged(seen, items, replace(waiting(ideal_s=None), body_key="async"))
    monkeypatch.setitem(sys.modules, "greenlet", sys)
    judged(seen, items)


@pytest.mark.parametrize(
    ("results", "name"),
    [
        ([1, 2], "int"),
        ([(1, 2)], "tuple"),
        ([[{"id": 1}], [{"id": 2}]], "list[dict]"),
        ([[(1,)], []], "list or list[tuple]"),
        ([1, None], "NoneType or int"),
        ([], ""),
    ],
)
def test_the_type_of_results_is_told_n10(results: list[Any], name: str) -> None:
    assert type_of(results) == name


def handing_over(results: list[Any], workers: int = 4) -> Runner:
    """A runner whose every round has these results."""

    class Session:
        facts = {"workers": workers}  # noqa: RUF012 - nobody changes it

        def run(self, items: Sequence[Any], *, prove: bool) -> Round:
            return Round(0, 10**9, results, [], Usage(), 0)

    @contextmanager
    def open_(job: Job) -> Iterator[Any]:
        yield Session()

    return replace(fakes.runner("made-up").value, open=open_)


CARELESS: Workload = fakes.workload(check=lambda params, items, results: "fine")


def test_an_exception_that_is_handed_over_as_a_result_is_a_failure_n6() -> None:
    runner = handing_over([0, OSError("reset"), 2])
    with opened(runner, fakes.job(CARELESS, n=3)) as trial, pytest.raises(Refused) as caught:
        trial.round(prove=False)
    assert str(caught.value) == "op 1 failed and its exception was handed over as a result: OSError('reset')"


def test_a_session_with_another_number_of_workers_than_was_asked_for_is_refused_n2() -> None:
    trial = TrialSession(handing_over([], workers=6), fakes.job(CARELESS), 0)
    with pytest.raises(Refused, match=r"^it opened 6 workers where 4 were asked for$"):
        trial.open()


def test_an_instrumented_round_learns_which_items_and_which_results_there_were() -> None:
    with opened(SYNC, fakes.job(fakes.TINY)) as trial:
        trial.round(prove=False)
        assert trial.learned == {}
        trial.round(prove=True)
    assert trial.learned == {"items": equality.items_digest(map(mark, range(20))), "result_type": "int"}


@pytest.mark.parametrize(
    ("turns", "threads"),
    [([], 0), ([5], 1), ([5, 0, 0], 1), ([30, 3], 2), ([30, 10, 1, 1], 2), ([30, 10, 10, 10], 4), ([9] + [2] * 32, 33)],
)
def test_work_is_shared_where_threads_beside_the_two_busiest_do_a_part_of_it(turns: list[int], threads: int) -> None:
    assert activity.sharing(turns) == threads


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only /proc tells")
def test_a_child_process_that_does_something_is_company() -> None:
    watching = activity.ActivityWatch()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        deadline = time.monotonic() + 30
        while "process" not in (crowd := watching.crowd()) and time.monotonic() < deadline:
            child.stdin.write(b"still there?\n")
            child.stdout.readline()
        assert "1 other process(es)" in crowd
        child.stdin.close()


def crowds(monkeypatch: pytest.MonkeyPatch, seen: list[str]) -> list[str]:
    """Let the watch see these, one in each round that is watched."""
    left = list(seen)

    class Witness:
        def crowd(self, known: Any = (), *, children: bool = True) -> str:
            return "5 threads" if known or not children else left.pop(0)

    monkeypatch.setattr(session, "ActivityWatch", Witness)
    return left


def test_company_in_two_rounds_in_a_row_is_refused_n2(monkeypatch: pytest.MonkeyPatch) -> None:
    crowds(monkeypatch, ["5 threads", "6 threads"])
    with opened(SYNC, fakes.job(fakes.TINY)) as trial:
        trial.round(prove=True)
        with pytest.raises(Refused, match=r"^6 threads were at work where sync is a model of one thread$"):
            trial.round(prove=False)


def test_company_once_is_chance_and_then_nobody_looks_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    left = crowds(monkeypatch, ["5 threads", "", "5 threads"])
    with opened(SYNC, fakes.job(fakes.TINY)) as trial:
        for prove in (True, False, False):
            trial.round(prove=prove)
    assert left == ["5 threads"]


def test_nobody_looks_for_company_where_a_model_has_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    left = crowds(monkeypatch, ["5 threads"])
    with opened(THREADING, fakes.job(fakes.TINY)) as trial:
        trial.round(prove=True)
    assert left == ["5 threads"]
