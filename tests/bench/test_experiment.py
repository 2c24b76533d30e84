"""The walk over a plan with workers that are made up: every cell gets one last word, and nobody pays for another."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from support import fakes
from support.fakes import SETTINGS, Fleet, raises
from when_async.bench.environments.provision import Missing
from when_async.bench.model import Environment, Measurement, Phase, Sample, Status, Trial, from_json, to_json
from when_async.bench.plan import Plan, blocks, build, walk
from when_async.bench.processes.worker import ProcessFailed, ProcessTimedOut
from when_async.bench.registry import Found
from when_async.bench.walk.experiment import Done, Experiment, RoundStep

NAMES = ("sync", "threading", "asyncio")
POINTS = (fakes.point(10), fakes.point(20))
ROUNDS, FORKS = SETTINGS.rounds, SETTINGS.forks
CELLS = len(NAMES) * len(POINTS)


def plan(
    names: Iterable[str] = NAMES, environments: Iterable[Environment | Missing] = (fakes.ENVIRONMENT,), **changes: Any
) -> Plan:
    found = Found(fakes.TINY, fakes.REF)
    settings = replace(SETTINGS, **changes)
    return build([(found, each) for each in POINTS], fakes.runners(*names), list(environments), settings)


def run(fleet: Fleet, given: Plan | None = None, done: Done | None = None) -> list[Any]:
    return list(Experiment(given or plan(), fakes.host(fleet), done).events())


def of(kind: type[Any], events: Iterable[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def verdicts(events: Iterable[Any]) -> dict[str, Measurement]:
    told = of(Measurement, events)
    assert max(Counter(each.cell for each in told).values()) == 1, "a cell was decided twice"
    return {each.cell: each for each in told}


def measured(events: Iterable[Any]) -> Counter[str]:
    return Counter(sample.cell for sample in of(Sample, events) if sample.phase is Phase.MEASURE)


def of_runner(name: str, cells: Iterable[str]) -> set[str]:
    return {cell for cell in cells if f"-{name}@" in cell}


def test_every_cell_asked_for_gets_exactly_one_last_word() -> None:
    given = plan(environments=(fakes.ENVIRONMENT, Missing("3.15", "no interpreter 3.15 is installed")))
    told = verdicts(run(Fleet(), given))
    assert set(told) == {cell.id for cell in given.cells}
    assert Counter(each.status for each in told.values()) == {Status.OK: CELLS, Status.UNSUPPORTED: CELLS}
    assert all(each.reason for each in told.values() if each.status is not Status.OK)


def test_every_round_of_every_fork_gives_one_sample() -> None:
    events = run(Fleet())
    keys = [sample.key for sample in of(Sample, events)]
    assert len(keys) == len(set(keys)) == CELLS * FORKS * (ROUNDS + SETTINGS.warmups)
    assert len(of(Trial, events)) == CELLS * FORKS


def test_makespans_arrive_with_exactly_the_digits_they_had() -> None:
    def makespan_s(runner: str, times: int) -> float:
        return 0.1 * (1 + NAMES.index(runner)) + times / 3e6

    samples = of(Sample, run(Fleet(makespan_s=makespan_s)))
    for sample in samples:
        runner = sample.cell.rpartition("@")[0].rpartition("-")[2]
        times = sample.round + (SETTINGS.warmups if sample.phase is Phase.MEASURE else 0)
        assert sample.makespan_s == makespan_s(runner, times)


def test_a_sample_survives_the_run_file_to_the_last_digit() -> None:
    for sample in of(Sample, run(Fleet(makespan_s=lambda runner, times: 1 / 3))):
        assert from_json(Sample, json.loads(json.dumps(to_json("sample", sample)))) == sample


def test_the_order_of_the_rounds_is_the_order_of_the_plan() -> None:
    given = plan()
    samples = of(Sample, run(Fleet(), given))
    expected = [
        (comparison.contestants[index].cell.id, fork, block.phase, block.round, position)
        for fork, comparison in walk(given)
        for block in blocks(given.settings, comparison, fork)
        for position, index in enumerate(block.order)
    ]
    assert [(each.cell, each.fork, each.phase, each.round, each.position) for each in samples] == expected


def test_each_step_is_announced_before_its_sample_comes() -> None:
    log: list[Any] = []
    for event in Experiment(plan(), fakes.host(Fleet()), on_step=log.append).events():
        if isinstance(event, Sample):
            assert log.pop() == RoundStep(event.cell, event.fork, event.phase, event.round)
            assert log == []


BROKEN = [
    pytest.param("start", ProcessFailed("no such interpreter"), Status.FAILED, id="does not start"),
    pytest.param("ready", ProcessFailed("no module named x"), Status.FAILED, id="does not import"),
    pytest.param("ready", ProcessTimedOut("no answer within 60 s"), Status.TIMEOUT, id="hangs at import"),
    pytest.param("open", ProcessFailed("no server"), Status.FAILED, id="does not open"),
    pytest.param("open", ProcessTimedOut("no answer within 5 s"), Status.TIMEOUT, id="hangs at open"),
    pytest.param("round", ProcessFailed("wrong answer"), Status.FAILED, id="answers an error"),
    pytest.param("round", ProcessFailed("the process died with signal 9 (SIGKILL)"), Status.FAILED, id="dies"),
    pytest.param("round", ProcessTimedOut("no answer within 5 s"), Status.TIMEOUT, id="hangs"),
    pytest.param("close", ProcessFailed("a coroutine was never awaited"), Status.FAILED, id="does not close"),
    pytest.param("close", ProcessTimedOut("no answer within 5 s"), Status.TIMEOUT, id="hangs at the end"),
]


@pytest.mark.parametrize(("where", "error", "status"), BROKEN)
def test_a_worker_that_goes_wrong_costs_no_other_cell(where: str, error: Exception, status: Status) -> None:
    fleet = Fleet({("threading", where): raises(error)})
    events = run(fleet)
    told = verdicts(events)
    lost = of_runner("threading", told)
    assert len(told) == CELLS
    assert {each.status for cell, each in told.items() if cell in lost} == {status}
    assert all(str(error) in told[cell].reason for cell in lost)
    assert all(told[cell].status is Status.OK for cell in set(told) - lost)
    assert all(measured(events)[cell] == ROUNDS * FORKS for cell in set(told) - lost)
    assert all(worker.killed for worker in fleet.workers)


def test_a_lost_contestant_says_in_which_round_it_was_lost() -> None:
    told = verdicts(run(Fleet({("sync", "round"): raises(ProcessTimedOut("no answer within 5 s"), at=2)})))
    assert {told[cell].reason for cell in of_runner("sync", told)} == {
        "in round 1 of the measure phase: no answer within 5 s"
    }


def test_a_lost_contestant_is_not_started_again_in_later_forks() -> None:
    fleet = Fleet({("sync", "round"): raises(ProcessFailed("no"))})
    run(fleet)
    assert Counter(worker.runner for worker in fleet.workers) == {"sync": 2, "threading": 4, "asyncio": 4}


def changed_digest(digest: str, at: int) -> Callable[[fakes.FakeWorker, int], dict[str, Any]]:
    return lambda worker, times: {"digest": digest} if times >= at else {}


def test_results_that_change_from_round_to_round_are_failed() -> None:
    events = run(Fleet({("asyncio", "round"): changed_digest("d2", at=2)}))
    told = verdicts(events)
    lost = of_runner("asyncio", told)
    assert {told[cell].status for cell in lost} == {Status.FAILED}
    assert {told[cell].reason for cell in lost} == {"round 1 of fork 0 gave other results than the first round"}
    assert all(sample.digest == "d1" for sample in of(Sample, events)), "the unequal round is no sample"
    assert all(told[cell].status is Status.OK for cell in set(told) - lost)


def test_results_that_change_from_fork_to_fork_are_failed() -> None:
    fleet = Fleet()
    fleet.tricks[("asyncio", "round")] = lambda worker, times: {"digest": "d2"} if len(fleet.workers) > CELLS else {}
    told = verdicts(run(fleet))
    assert {told[cell].reason for cell in of_runner("asyncio", told)} == {
        "round 0 of fork 1 gave other results than the first round"
    }


def test_other_results_than_the_majority_are_unequal_work() -> None:
    told = verdicts(run(Fleet({("sync", "round"): changed_digest("d2", at=0)})))
    lost = of_runner("sync", told)
    assert all(told[cell].status is Status.FAILED for cell in lost)
    assert {told[cell].reason for cell in lost} == {
        "unequal work: its results differ from those of 2 of the 3 contestants"
    }
    assert all(told[cell].status is Status.OK for cell in set(told) - lost)


def test_where_no_result_is_the_most_common_nobody_is_believed() -> None:
    fleet = Fleet({("sync", "round"): changed_digest("d2", at=0), ("threading", "round"): changed_digest("d3", at=0)})
    told = verdicts(run(fleet))
    assert {told[cell].status for cell in told} == {Status.FAILED}
    assert all("with no majority among the 3 contestants" in told[cell].reason for cell in told)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"version": "3.11.8", "gil": True}, "asked for Python 3.11.7, the worker runs 3.11.8"),
        ({"version": "3.11.7", "gil": False}, "the GIL should be on in 3.11, the worker says it is off"),
    ],
)
def test_a_worker_that_is_not_what_was_asked_for_is_failed(said: dict[str, Any], reason: str) -> None:
    fleet = Fleet({("threading", "open"): lambda worker, times: {"attestation": said}})
    events = run(fleet)
    told = verdicts(events)
    lost = of_runner("threading", told)
    assert all(told[cell].status is Status.FAILED and reason in told[cell].reason for cell in lost)
    assert not set(measured(events)) & lost


def test_a_gil_that_came_back_is_failed() -> None:
    free = replace(fakes.ENVIRONMENT, label="3.11t", gil=False)
    told = verdicts(run(Fleet(), plan(environments=(free,))))
    assert all("the GIL should be off in 3.11t, the worker says it is on" in each.reason for each in told.values())


def test_no_reason_holds_a_memory_address() -> None:
    error = ProcessFailed("wrong answer: got <Thing object at 0x7f00dead0010>, expected 3")
    told = verdicts(run(Fleet({("sync", "round"): raises(error)})))
    assert {told[cell].reason for cell in of_runner("sync", told)} == {
        "in round 0 of the warmup phase: wrong answer: got <Thing object>, expected 3"
    }


def stopped_after(samples: int, fleet: Fleet, given: Plan) -> list[Any]:
    """The events up to so many samples, as a run file keeps them when the run is interrupted there."""
    walk_ = Experiment(given, fakes.host(fleet)).events()
    events: list[Any] = []
    while len(of(Sample, events)) < samples:
        events.append(next(walk_))
    walk_.close()  # type: ignore[attr-defined]
    return events


def done_from(events: Iterable[Any]) -> Done:
    done = Done(attempt=1)
    for sample in of(Sample, events):
        assert done.keep(sample) is None
    done.decided = {each.cell: each.status for each in of(Measurement, events)}
    return done


@pytest.mark.parametrize("samples", [1, 5, 12, 13, 30, CELLS * FORKS * (ROUNDS + 1)])
def test_a_resumed_run_measures_only_what_is_missing(samples: int) -> None:
    given = plan()
    before = stopped_after(samples, Fleet(), given)
    after = run(Fleet(), given, done_from(before))
    keys = [sample.key for sample in of(Sample, before + after) if sample.phase is Phase.MEASURE]
    assert len(keys) == len(set(keys)) == CELLS * FORKS * ROUNDS
    assert {sample.attempt for sample in of(Sample, after)} <= {1}
    assert set(verdicts(before + after)) == {cell.id for cell in given.cells}


def test_a_run_that_lacks_nothing_starts_nothing() -> None:
    events = run(Fleet())
    fleet = Fleet()
    assert run(fleet, done=done_from(events)) == []
    assert fleet.workers == []


def test_a_cell_refused_before_the_interruption_is_not_told_again() -> None:
    given = plan(environments=(fakes.ENVIRONMENT, Missing("3.15", "gone")))
    before = stopped_after(3, Fleet(), given)
    assert len(verdicts(before + run(Fleet(), given, done_from(before)))) == 2 * CELLS


def test_a_cell_lost_before_the_interruption_stays_lost() -> None:
    given = plan()
    before = stopped_after(8, Fleet({("sync", "open"): raises(ProcessFailed("no"))}), given)
    fleet = Fleet()
    after = run(fleet, given, done_from(before))
    assert len(verdicts(before + after)) == CELLS
    decided = {each.cell for each in of(Measurement, before)}
    assert decided
    assert not decided & {sample.cell for sample in of(Sample, after)}


def test_results_that_differ_from_those_before_the_interruption_are_failed() -> None:
    given = plan()
    done = done_from(stopped_after(12, Fleet(), given))
    told = verdicts(run(Fleet({("sync", "round"): changed_digest("d2", at=0)}), given, done))
    assert any("gave other results than the first round" in told[cell].reason for cell in of_runner("sync", told))


def test_a_run_interrupted_while_it_was_judged_is_judged_the_same() -> None:
    fleet = Fleet({("threading", "round"): changed_digest("d2", at=0)})
    whole = run(fleet)
    done = done_from(whole)
    kept = {cell: status for cell, status in done.decided.items() if "-sync@" in cell}
    done.decided = dict(kept)
    again = verdicts(run(Fleet(), done=done))
    assert {cell: each.status for cell, each in again.items()} == {
        cell: each.status for cell, each in verdicts(whole).items() if cell not in kept
    }


@pytest.mark.parametrize("samples", [1, 4, 17])
def test_stopping_early_ends_every_worker(samples: int) -> None:
    fleet = Fleet()
    stopped_after(samples, fleet, plan())
    assert fleet.workers
    assert all(worker.killed for worker in fleet.workers)


def test_an_error_nobody_foresaw_still_ends_every_worker() -> None:
    fleet = Fleet({("sync", "round"): raises(ZeroDivisionError("a bug of ours"))})
    with pytest.raises(ZeroDivisionError):
        run(fleet)
    assert all(worker.killed for worker in fleet.workers)
