"""What each runner costs is walked like the machine: interleaved, in fresh processes; a failure costs no other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from support import fakes
from support.cost_fakes import EMPTY_ROUND_S, HeldFleet, sleeper, stand
from support.fakes import ENVIRONMENT, FakeWorker, Trick, raises
from when_async.bench.calibration import contestants as taking_part
from when_async.bench.calibration import ladder
from when_async.bench.calibration.contestants import Contestant, contestants
from when_async.bench.calibration.costs import CostEffort, CostFindings, interrupted, memory_rungs, walk_costs
from when_async.bench.calibration.ladder import Ladder, Stop
from when_async.bench.calibration.rung import Held
from when_async.bench.calibration.toll import OPS, toll
from when_async.bench.calibration.walk import Step
from when_async.bench.cli.calibrate_costs import chosen, measure_costs
from when_async.bench.machine.host import make_host
from when_async.bench.model import Runner
from when_async.bench.processes.worker import ProcessFailed
from when_async.bench.registry import Found, RegistryError, collect
from when_async.results.calibration.runner_costs import parse_costs

TINY = CostEffort(passes=3, rounds=2, rounds_s=9.0, rung_s=5.0, top=1000, budget_s=60.0, ladder_guess_s=2.0)
GUESTS = ("asyncio", "threading", "trio")


def able(*names: str, **changes: Any) -> list[Contestant]:
    return [sleeper(name, **changes) for name in names or GUESTS]


def walked(fleet: HeldFleet, guests: list[Contestant], each: int | None = 1000, **options: Any) -> CostFindings:
    found = CostFindings()
    walk_costs(stand(fleet, each), guests, TINY, found, free=lambda: None, **options)
    return found


def test_every_figure_of_every_runner_gets_one_value_a_pass() -> None:
    fleet = HeldFleet()
    found = walked(fleet, able())
    assert {place: len(values) for place, values in found.values.items()} == {
        (name, figure, in_flight): TINY.passes
        for name in GUESTS
        for figure, in_flight in (
            ("launch", 1), ("startup", 1), ("startup", 1000), ("op", 1), ("op", 1000), ("memory", 1000),
        )
    }  # fmt: skip
    assert found.failures == []
    assert {name: climbed.reached for name, climbed in found.ladders.items()} == dict.fromkeys(GUESTS, 1000)
    assert all(worker.killed for worker in fleet.workers)


def test_each_value_is_of_a_process_of_its_own() -> None:
    fleet = HeldFleet()
    walked(fleet, able("asyncio"))
    # Three rungs; in each pass two tolls, and two rungs for the memory.
    assert len(fleet.workers) == 3 + TINY.passes * 4
    assert max(len([command for command in worker.asked if command["do"] == "open"]) for worker in fleet.workers) == 1


def test_figures_are_what_the_workers_said() -> None:
    found = walked(HeldFleet(), able("asyncio"), each=2222)
    assert found.values["asyncio", "launch", 1] == [0.05] * 3
    assert found.values["asyncio", "startup", 1000] == [0.02] * 3
    assert found.values["asyncio", "op", 1] == [EMPTY_ROUND_S / OPS] * 3
    assert found.values["asyncio", "memory", 1000] == [2222.0] * 3


def test_the_passes_are_shuffled_and_the_seed_replays_their_order() -> None:
    orders = []
    for _ in range(2):
        steps: list[Step] = []
        walked(HeldFleet(), able(), on_step=steps.append)
        orders.append([(step.of, step.number, step.title) for step in steps])
    assert orders[0] == orders[1]
    passes = [[title for of, number, title in orders[0] if of.startswith("start-up") and number == n] for n in (1, 2)]
    assert passes[0] != passes[1]
    assert sorted(passes[0]) == sorted(passes[1])
    assert len(set(passes[0])) == 3 * len(GUESTS)


def test_memory_is_compared_in_both_orders() -> None:
    fleet = HeldFleet()
    walked(fleet, able("asyncio"))
    pairs = [in_flight for in_flight, _ in fleet.held()][3:]
    assert pairs == [10, 1000, 1000, 10, 10, 1000]


def test_the_time_left_falls_and_every_ladder_is_named() -> None:
    steps: list[Step] = []
    clock = fakes.Clock()

    def pass_time(worker: FakeWorker, times: int) -> Mapping[str, Any]:
        clock.pass_s(1.0)
        return {}

    play: Trick = pass_time
    fleet = HeldFleet({(name, "ready"): play for name in GUESTS})
    found = CostFindings()
    walk_costs(stand(fleet), able(), TINY, found, steps.append, free=lambda: None, clock=clock)
    ladders = [step for step in steps if step.of.startswith("how many in flight: ")]
    assert {step.of.removeprefix("how many in flight: ") for step in ladders} == set(GUESTS)
    assert [step.number for step in ladders] == [1] * 3 + [2] * 3 + [3] * 3
    assert {step.title.split(" ", 1)[1] for step in ladders} == {"10 in flight", "100 in flight", "1 000 in flight"}
    passing = [step for step in steps if step not in ladders]
    assert passing[-1].left_s < passing[0].left_s
    # Two processes for the memory and one for each toll were seen to take a second each.
    assert passing[-1].left_s in (1.0, 2.0)


def test_a_runner_that_fails_in_a_pass_is_told_once_and_costs_the_others_nothing() -> None:
    def die(worker: FakeWorker, times: int) -> Mapping[str, Any]:
        if worker.trial["workload"] == "empty" and worker.trial["concurrency"] == 1000:
            raise ProcessFailed("the process died with signal 11 (SIGSEGV)")
        return {}

    play: Trick = die
    fleet = HeldFleet({("trio", "round"): play})
    found = walked(fleet, able())
    title = "trio: start-up and empty op, 1 000 in flight"
    assert found.failures == [{"title": title, "reason": "the process died with signal 11 (SIGSEGV)"}]
    assert found.reasons == {("trio", "many"): "the process died with signal 11 (SIGSEGV)"}
    assert ("trio", "op", 1000) not in found.values
    assert len(found.values["trio", "op", 1]) == len(found.values["asyncio", "op", 1000]) == TINY.passes
    assert sum(1 for one in fleet.workers if (one.runner, one.trial["concurrency"]) == ("trio", 1000)) == 1 + 1 + 3


def test_a_runner_that_never_climbs_has_its_reason_everywhere_but_at_one() -> None:
    def hangs(worker: FakeWorker, times: int) -> Mapping[str, Any]:
        if worker.trial["workload"] == "held":
            raise ProcessFailed("RuntimeError: no")
        return {}

    play: Trick = hangs
    found = walked(HeldFleet({("trio", "open"): play}), able("trio"))
    assert found.ladders["trio"].reached == 0
    assert found.reasons == dict.fromkeys((("trio", "many"), ("trio", "memory")), "at 10: RuntimeError: no")
    assert set(found.values) == {("trio", "launch", 1), ("trio", "startup", 1), ("trio", "op", 1)}
    assert found.failures == []


def test_a_serial_runner_is_asked_for_one_only() -> None:
    fleet = HeldFleet()
    found = walked(fleet, able("sync", serial=True))
    assert found.ladders == {}
    assert {worker.trial["concurrency"] for worker in fleet.workers} == {1}
    assert found.reasons == dict.fromkeys((("sync", "many"), ("sync", "memory")), "serves one op at a time")


def test_a_limit_below_a_thousand_is_where_the_many_are_measured() -> None:
    found = walked(HeldFleet(), able("multiprocessing", most=(128, "64 processes a core")))
    assert found.ladders["multiprocessing"].stop == Stop("limit", "64 processes a core")
    assert {in_flight for _, figure, in_flight in found.values if figure in ("op", "startup")} == {1, 128}
    assert ("multiprocessing", "memory", 128) in found.values


def test_a_system_that_tells_no_memory_has_all_but_that_figure() -> None:
    found = walked(HeldFleet(), able("asyncio"), each=None)
    assert found.reasons["asyncio", "memory"].startswith("this system does not tell")
    assert found.failures == []
    assert ("asyncio", "op", 1000) in found.values


def rung(in_flight: int, seconds: float, peak_bytes: int | None = 1) -> Held:
    return Held(in_flight, seconds, 0.0, peak_bytes, None)


@pytest.mark.parametrize(
    ("rungs", "chosen_"),
    [
        ([rung(10, 1), rung(100, 1), rung(1000, 1), rung(10_000, 2), rung(100_000, 3)], (10, 10_000)),
        ([rung(10, 1), rung(100, 1), rung(1000, 9)], (10, 100)),
        ([rung(10, 8), rung(30, 20)], (10, 30)),
        ([rung(10, 1)], None),
        ([], None),
        ([rung(10, 1, None), rung(100, 1, None)], None),
    ],
)
def test_memory_is_read_between_the_first_rung_and_the_largest_quick_one(
    rungs: list[Held], chosen_: tuple[int, int] | None
) -> None:
    found = memory_rungs(Ladder(tuple(rungs), Stop("top", "")), rung_s=5.0)
    assert (found and tuple(one.in_flight for one in found)) == chosen_


def test_an_interruption_keeps_what_was_measured_and_marks_the_rest() -> None:
    fleet = HeldFleet({("trio", "open"): raises(KeyboardInterrupt())})  # type: ignore[arg-type]
    guests, found = able(), CostFindings()
    with pytest.raises(KeyboardInterrupt):
        walk_costs(stand(fleet), guests, TINY, found, free=lambda: None)
    assert fleet.workers[-1].killed
    interrupted(found, guests)
    assert found.interrupted
    assert found.ladders["trio"] == Ladder((), Stop("interrupted", "interrupted before it was measured"))


def test_rounds_of_empty_ops_end_when_their_time_is_up() -> None:
    clock = fakes.Clock()

    def pass_time(worker: FakeWorker, times: int) -> Mapping[str, Any]:
        clock.pass_s(1.0)
        return {"makespan_s": float(times)}

    play: Trick = pass_time
    for rounds_s, measured in ((0.0, 1), (2.0, 2), (99.0, 7)):
        fleet = HeldFleet({("asyncio", "round"): play})
        done = toll(stand(fleet), sleeper("asyncio"), 5, rounds=7, rounds_s=rounds_s, clock=clock)
        asked = [command for command in fleet.workers[0].asked if command["do"] == "round"]
        # The warm-up of these was the round of 0 s.
        assert len(asked) == 1 + measured
        assert done.op_s == pytest.approx((1 + measured) / 2 / OPS)


@pytest.mark.parametrize("one_core", [True, False])
def test_only_a_runner_that_uses_one_thread_by_nature_is_bound_to_a_core(one_core: bool) -> None:
    fleet = HeldFleet()
    toll(stand(fleet), sleeper("asyncio", one_core=one_core), 5, rounds=1, rounds_s=1.0, cores=[4])
    assert fleet.workers[0].affinity == ([4] if one_core else None)


def test_who_cannot_take_part_has_a_reason_and_the_others_their_bodies() -> None:
    runners = collect("when_async.bench.runners", Runner)
    wanted = [runners[name] for name in ("sync", "asyncio", "uvloop", "trio", "interpreters")]
    able, refused = contestants(wanted, ENVIRONMENT)
    assert {one.name: (one.empty_body, one.held_body) for one in able} == {
        "sync": ("pure", "blocking"), "asyncio": ("pure", "async"), "uvloop": ("pure", "async"),
    }  # fmt: skip
    assert refused == {
        "trio": "trio is not installed for Python 3.11; pip install 'when-async[trio]'",
        "interpreters": "interpreters needs Python 3.14 or newer, this is 3.11.7",
    }


def test_every_runner_of_ours_has_a_body_for_both_measurements() -> None:
    class Whole(dict[str, str]):
        def get(self, key: str, default: Any = None) -> str:
            return "1.0"

    environment = fakes.replace(ENVIRONMENT, version="3.14.0", modules=Whole())
    able, refused = contestants(collect("when_async.bench.runners", Runner).values(), environment)
    assert set(refused) <= {"curio"}
    assert len(able) > 20


def test_a_runner_that_is_not_known_is_refused_before_anything_starts() -> None:
    with pytest.raises(RegistryError, match="did you mean 'asyncio'"):
        chosen(["asynci"])
    assert [one.value.name for one in chosen(["asyncio", "family:sync", "asyncio"])] == ["asyncio", "sync"]
    assert {"sync", "threading", "asyncio"} <= {one.value.name for one in chosen([])}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> CostEffort:
    monkeypatch.setenv("WHEN_ASYNC_CACHE", str(tmp_path / "cache"))
    # Ops that were not held for long enough are held again, four times and then sixteen times as long.
    monkeypatch.setattr(ladder, "LEAST_HOLD_S", 0.2)
    return CostEffort(passes=1, rounds=1, rounds_s=0.0, rung_s=60.0, top=20, budget_s=300.0, ladder_guess_s=1.0)


def test_real_runners_of_each_kind_are_measured_and_what_is_kept_can_be_read(small: CostEffort) -> None:
    from when_async.bench.environments.provision import default

    names = ("sync", "threading", "asyncio", "multiprocessing+fork", "interpreters")
    known = collect("when_async.bench.runners", Runner)
    runners: list[Found] = [known[name] for name in names]
    host = make_host()
    try:
        record = measure_costs(host, default([]), runners, quick=True, on_step=lambda step: None, effort=small)
    finally:
        host.reaper.close()
        host.noise.close()
    assert record["failures"] == []
    costs = parse_costs(json.loads(json.dumps(record)))
    found = {one.name: one for one in costs.runners}
    assert list(found) == list(names)
    for name in ("threading", "asyncio", "multiprocessing+fork"):
        one = found[name]
        assert one.reached >= 20 or one.cause == "limit", (one.cause, one.stopped)
        for price in (one.launch, one.startup_one, one.startup_many, one.op_one, one.op_many, one.memory):
            assert len(price.values) == 1
    assert found["sync"].reached == len(found["sync"].op_one.values) == 1
    assert found["multiprocessing+fork"].memory.values[0] > 100_000
    if "needs Python" in found["interpreters"].stopped:
        assert not found["interpreters"].measured


def test_what_was_interrupted_is_kept_in_the_record(monkeypatch: pytest.MonkeyPatch, small: CostEffort) -> None:
    import when_async.bench.cli.calibrate_costs as kept

    def walk(stand: Any, able: Any, effort: Any, found: CostFindings, on_step: Any) -> None:
        found.keep("asyncio", "op", 1, 5e-8)
        found.keep("asyncio", "op", 1, 6e-8)
        raise KeyboardInterrupt

    monkeypatch.setattr(kept, "walk_costs", walk)
    runners = [collect("when_async.bench.runners", Runner)["asyncio"]]
    record = measure_costs(fakes.host(HeldFleet()), ENVIRONMENT, runners, quick=True, on_step=lambda step: None)
    costs = parse_costs(record)
    assert costs.interrupted
    (one,) = costs.runners
    assert one.op_one.values == (5e-8, 6e-8)
    assert (one.cause, one.memory.reason) == ("interrupted", "interrupted before it was measured")


def test_held_is_found_by_workers_under_its_own_name() -> None:
    from when_async.bench.registry import find_workload

    assert find_workload(taking_part.HELD.ref, "held") is taking_part.HELD.value
