"""What workers are started with, who shares a core, what a trial tells, and the helper process beside them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from support import fakes
from support.fakes import SETTINGS, Fleet, raises
from when_async.bench.model import Measurement, Sample, Service, Status, Trial, Workload
from when_async.bench.plan import Plan, build
from when_async.bench.processes.service import ServiceFailed
from when_async.bench.processes.worker import ProcessFailed, ProcessTimedOut
from when_async.bench.registry import Found
from when_async.bench.walk import workers as group
from when_async.bench.walk.experiment import Done, Experiment, ServiceRecord

NAMES = ("sync", "threading")


def plan(workload: Workload = fakes.TINY, **changes: Any) -> Plan:
    runners = {"sync": fakes.runner("sync", one_core=True), "threading": fakes.runner("threading")}
    return build(
        [(Found(workload, fakes.REF), fakes.point())], runners, [fakes.ENVIRONMENT], replace(SETTINGS, **changes)
    )


def run(fleet: Fleet, given: Plan, done: Done | None = None) -> list[Any]:
    return list(Experiment(given, fakes.host(fleet), done).events())


def affinities(fleet: Fleet) -> list[tuple[str, list[int] | None]]:
    return [(worker.runner, worker.affinity) for worker in fleet.workers]


def test_contestants_of_one_core_share_it_and_the_core_alternates_from_fork_to_fork() -> None:
    fleet = Fleet()
    run(fleet, plan())
    assert affinities(fleet) == [("sync", [4]), ("threading", None), ("sync", [5]), ("threading", None)]


def test_without_pinning_everybody_keeps_all_cores() -> None:
    fleet = Fleet()
    run(fleet, plan(pin=False))
    assert {affinity for _, affinity in affinities(fleet)} == {None}


def test_on_a_single_core_nobody_is_pinned() -> None:
    fleet = Fleet()
    host = replace(fakes.host(fleet), cores=(0,))
    list(Experiment(plan(), host).events())
    assert {affinity for _, affinity in affinities(fleet)} == {None}


def test_a_worker_is_told_its_trial_in_strings_and_numbers() -> None:
    fleet = Fleet()
    run(fleet, plan())
    assert fleet.workers[0].trial == {
        "workload": "tiny",
        "workload_ref": "support.fakes",
        "runner": "sync",
        "runner_ref": "support.fakes",
        "body_key": "blocking",
        "params": {"n": 20, "wait_s": 0.0},
        "concurrency": 4,
        "seed": 7,
        "address": None,
        "extra_loops": None,
    }


def test_only_the_first_warm_up_round_is_instrumented() -> None:
    fleet = Fleet()
    run(fleet, plan(warmups=2))
    proofs = [command["prove"] for command in fleet.workers[0].asked if command["do"] == "round"]
    assert proofs == [True, False, False, False, False]


def test_a_trial_tells_of_birth_and_death_and_what_it_attested() -> None:
    trial = next(event for event in run(Fleet(), plan()) if isinstance(event, Trial))
    assert (trial.launch_s, trial.startup_s, trial.teardown_s) == (0.05, 0.02, 0.001)
    assert trial.attestation["version"] == "3.11.7"
    assert trial.facts == {"workers": 1}
    assert trial.pss_bytes is None, "the memory of a process that is gone is unknown, not zero"


def test_a_trial_that_did_not_end_well_has_no_time_of_its_end() -> None:
    events = run(Fleet({("sync", "close"): raises(ProcessFailed("no"))}), plan())
    trial = next(event for event in events if isinstance(event, Trial) and "-sync@" in event.cell)
    assert trial.teardown_s is None


def test_the_timed_part_of_each_round_is_accounted_for_by_phase_and_the_causes_add_up() -> None:
    clock = fakes.Clock()

    def slow(worker: fakes.FakeWorker, times: int) -> Mapping[str, Any]:
        clock.pass_s(1.0)
        return {"makespan_s": 0.75}

    fleet = Fleet({("sync", "round"): slow, ("threading", "round"): slow})
    host = fakes.host(fleet, clock)
    list(Experiment(plan(), host).events())
    causes, wall_s = host.account.closed()
    rounds = 2 * SETTINGS.forks
    assert causes["timed_measure"] == 0.75 * rounds * SETTINGS.rounds
    assert causes["timed_warmup"] == 0.75 * rounds * SETTINGS.warmups
    assert causes["between_rounds"] == 0.25 * rounds * (SETTINGS.rounds + SETTINGS.warmups)
    assert sum(causes.values()) == wall_s


def test_noise_is_noted_beside_each_sample() -> None:
    samples = [event for event in run(Fleet(), plan()) if isinstance(event, Sample)]
    assert all(sample.noise["steal_s"] == 0.0 and sample.noise["window_s"] >= 0 for sample in samples)


def test_the_memory_of_a_live_process_is_known() -> None:
    assert (group.proportional_bytes(os.getpid()) or 0) > 1_000_000


class FakeService:
    """A helper process that is made up; `log` sees its life."""

    log: list[str]
    dies = False
    starts = True
    counted = 20

    def __init__(self, service: Service, *, environ: Any, reaper: Any, affinity: list[int] | None) -> None:
        if not type(self).starts:
            raise ServiceFailed("the http server did not start: port taken")
        self.address, self.facts = "http://127.0.0.1:1", {"server": "made up"}
        type(self).log.append(f"start {affinity}")

    def stats(self, timeout_s: float = 10.0) -> dict[str, Any]:
        if type(self).dies:
            raise ServiceFailed("the http server is gone: the process died")
        return {"requests": type(self).counted}

    def capacity_per_s(self, params: Any, concurrency: int, affinity: list[int] | None) -> float:
        type(self).log.append(f"load {affinity} {concurrency} in flight")
        return 5000.0

    def stop(self) -> None:
        type(self).log.append("stop")


def expect(params: Any, concurrency: int, stats: Mapping[str, Any]) -> str | None:
    return None if stats["requests"] == params["n"] else f"{stats['requests']} requests for {params['n']} ops"


SERVED = fakes.workload(service=Service("http", "no.such.module", expect=expect))


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> type[FakeService]:
    made = type("Made", (FakeService,), {"log": []})
    monkeypatch.setattr(group, "RunningService", made)
    return made


def verdicts(events: list[Any]) -> set[tuple[Status, str]]:
    return {(event.status, event.reason) for event in events if isinstance(event, Measurement)}


def test_a_helper_lives_for_one_fork_on_the_other_core_and_is_loaded_once_a_run(service: type[FakeService]) -> None:
    events = run(Fleet(), plan(SERVED))
    assert service.log == ["start [5]", "load [4] 4 in flight", "stop", "start [4]", "stop"]
    records = [event for event in events if isinstance(event, ServiceRecord)]
    assert [(each.fork, each.capacity_per_s, each.facts) for each in records] == [
        (0, 5000.0, {"server": "made up"}),
        (1, 5000.0, {"server": "made up"}),
    ]


def test_a_known_capacity_is_not_measured_again(service: type[FakeService]) -> None:
    given = plan(SERVED)
    run(Fleet(), given, Done(capacities={given.comparisons[0].id: 1.0}))
    assert not any("load" in line for line in service.log)


def test_workers_are_told_where_the_helper_listens_and_samples_what_it_counted(service: type[FakeService]) -> None:
    fleet = Fleet()
    samples = [event for event in run(fleet, plan(SERVED)) if isinstance(event, Sample)]
    assert {worker.trial["address"] for worker in fleet.workers} == {"http://127.0.0.1:1"}
    assert all(sample.service == {"requests": 20} for sample in samples)


def test_a_helper_that_does_not_start_fails_its_cells_with_its_reason(service: type[FakeService]) -> None:
    service.starts = False
    fleet = Fleet()
    assert verdicts(run(fleet, plan(SERVED))) == {(Status.FAILED, "the http server did not start: port taken")}
    assert fleet.workers == []


def test_a_helper_that_saw_other_work_refuses_the_round(service: type[FakeService]) -> None:
    service.counted = 5
    ((status, reason),) = verdicts(run(Fleet(), plan(SERVED)))
    assert status is Status.FAILED
    assert reason == "the http server saw other work than was asked for: 5 requests for 20 ops"


STANDS = "the http server does not answer any more: no answer within 5 s"


@pytest.mark.parametrize("where", ["ready", "open", "round"])
def test_a_helper_that_stands_still_is_found_once_and_fails_all_that_need_it(
    service: type[FakeService], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def stopped(self: FakeService, timeout_s: float = 10.0) -> dict[str, Any]:
        if asked:
            raise ServiceFailed(STANDS)
        return {"requests": 20}

    def waits(worker: fakes.FakeWorker, times: int) -> Mapping[str, Any]:
        asked.append(worker.runner)
        raise ProcessTimedOut("no answer within 60 s")

    asked: list[str] = []
    monkeypatch.setattr(service, "stats", stopped)
    fleet = Fleet({(name, where): waits for name in NAMES})
    told = verdicts(run(fleet, plan(SERVED)))
    assert len(asked) == 1, "the others waited too"
    ((first, reason),) = {each for each in told if each[0] is Status.TIMEOUT}
    assert reason.endswith(f"no answer within 60 s; {STANDS}")
    assert told - {(first, reason)} == {(Status.FAILED, STANDS)}
    assert all(worker.killed for worker in fleet.workers)
    assert service.log[-1] == "stop"


def test_a_contestant_that_takes_too_long_costs_no_other_one_where_the_helper_answers(
    service: type[FakeService],
) -> None:
    fleet = Fleet({(NAMES[0], "round"): fakes.raises(ProcessTimedOut("no answer within 60 s"))})
    told = verdicts(run(fleet, plan(SERVED)))
    assert told == {
        (Status.TIMEOUT, "in round 0 of the warmup phase: no answer within 60 s"), (Status.OK, ""),
    }  # fmt: skip


def test_a_client_that_fails_because_the_helper_has_gone_is_not_blamed(service: type[FakeService]) -> None:
    def refused(worker: fakes.FakeWorker, times: int) -> Mapping[str, Any]:
        service.dies = True
        raise ProcessFailed("connection refused")

    told = verdicts(run(Fleet({(name, "round"): refused for name in NAMES}), plan(SERVED)))
    assert told == {(Status.FAILED, "the http server is gone: the process died")}
    assert service.log[-1] == "stop"
