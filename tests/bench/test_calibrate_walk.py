"""How the probes are walked: interleaved, each in fresh processes, and one that fails costs the others nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from support.fakes import Clock, FakeWorker, Fleet, Trick, host, raises
from when_async.bench.calibration import pairs, probes
from when_async.bench.calibration import walk as walking
from when_async.bench.calibration.costs import PLACES, trials
from when_async.bench.calibration.pairs import WARMUPS, pair
from when_async.bench.calibration.probes import Subject
from when_async.bench.calibration.walk import GUESS_S, PAIRS, PASSES, PINNED, Findings, OnStep, left_s, walk
from when_async.bench.processes.worker import ProcessFailed, ProcessTimedOut

INSIDE = ("clocks", "waits", "cores")


def answer(name: str) -> dict[str, Any]:
    reading = {"row": f"row of {name}", "column": "value", "unit": "s", "scale": "log", "value": 1.0, "reason": ""}
    return {"say": "done", "readings": [reading]}


class Helpers:
    """Starts fake helper processes and keeps them; `tricks` maps a probe to what its `receive` does instead."""

    def __init__(self) -> None:
        self.tricks: dict[str, Callable[[], Any]] = {}
        self.started: list[FakeHelper] = []

    def __call__(self, command: Sequence[str], **options: Any) -> FakeHelper:
        self.started.append(FakeHelper(self, command[command.index("when_async.bench.worker.calibration") + 1]))
        return self.started[-1]

    def names(self) -> list[str]:
        return [helper.name for helper in self.started]


class FakeHelper:
    """A helper process that answers at once."""

    def __init__(self, helpers: Helpers, name: str) -> None:
        self.helpers = helpers
        self.name = name
        self.killed = False

    def receive(self, timeout_s: float) -> Any:
        assert not self.killed
        trick = self.helpers.tricks.get(self.name)
        return trick() if trick else answer(self.name)

    def kill(self) -> None:
        self.killed = True


@pytest.fixture(autouse=True)
def helpers(monkeypatch: pytest.MonkeyPatch) -> Helpers:
    """What is started in place of helper processes."""
    fake = Helpers()
    monkeypatch.setattr(probes, "LineProcess", fake)
    return fake


def subject(fleet: Fleet | None = None, cores: tuple[int, ...] = (4, 5)) -> Subject:
    made = host(fleet or Fleet())
    made.cores = cores
    return Subject(made, "python3.11")


def walked(given: Subject, on_step: OnStep = lambda number, title, left_s: None) -> Findings:
    return walk(given, on_step, sleep=lambda seconds: None)


def told(error: Exception) -> Callable[[], Any]:
    def trick() -> Any:
        raise error

    return trick


def test_every_probe_asks_one_fresh_process_a_pass_and_kills_it(helpers: Helpers) -> None:
    fleet = Fleet()
    found = walked(subject(fleet))
    for name in INSIDE:
        assert helpers.names().count(name) == PASSES
    assert all(helper.killed for helper in helpers.started)
    # Two workers in each pair of either kind.
    assert len(fleet.workers) == 4 * PAIRS * PASSES
    assert all(worker.killed for worker in fleet.workers)
    assert found.failures == found.absent == []
    assert sorted(len(one["values"]) for one in found.quantities.values()) == [*[PASSES] * 3, len(PLACES) * PASSES]
    assert [one["pinned"] for one in found.pairs].count(True) == len(found.pairs) / 2 == 2 * PASSES
    assert [one["core"] for one in found.pairs if one["pinned"]] == [4, 5] * PASSES


def test_each_runner_is_asked_what_it_costs_in_a_process_of_its_own(helpers: Helpers) -> None:
    found = walked(subject())
    assert helpers.names().count("costs") == len(PLACES) * PASSES
    assert ("models", "row of costs", "value") in found.quantities
    for runner in PLACES:
        assert {one["runner"] for one in trials(runner).values()} == {runner}


def test_the_probes_are_shuffled_anew_in_each_pass_and_the_seed_replays_the_order() -> None:
    orders = []
    for _ in range(2):
        steps: list[tuple[int, str]] = []
        walked(subject(), lambda number, title, left_s, steps=steps: steps.append((number, title)))  # type: ignore[misc]
        orders.append(steps)
    assert orders[0] == orders[1]
    passes = [[title for number, title in orders[0] if number == wanted] for wanted in (1, 2, 3)]
    assert passes[0] != passes[1]
    assert sorted(passes[0]) == sorted(passes[1]) == sorted(passes[2])


def test_a_probe_that_fails_is_told_once_and_the_others_go_on(helpers: Helpers) -> None:
    helpers.tricks["waits"] = told(ProcessFailed("the process died with signal 9 (SIGKILL)"))
    found = walked(subject())
    assert found.failures == [{"title": "waits", "reason": "the process died with signal 9 (SIGKILL)"}]
    assert helpers.names().count("waits") == 1
    assert all(helper.killed for helper in helpers.started)
    for name in set(INSIDE) - {"waits"}:
        assert found.quantities[name, f"row of {name}", "value"]["values"] == [1.0] * PASSES


def test_a_worker_that_hangs_fails_its_pairs_only() -> None:
    fleet = Fleet({("sync", "round"): raises(ProcessTimedOut("no answer within 30 s"))})
    found = walked(subject(fleet))
    assert sorted(one["title"] for one in found.failures) == ["free pairs", PINNED]
    assert found.pairs == []
    assert all(worker.killed for worker in fleet.workers)
    assert min(len(one["values"]) for one in found.quantities.values()) == PASSES


def test_an_answer_without_readings_is_a_failure_and_not_a_crash(helpers: Helpers) -> None:
    helpers.tricks["clocks"] = lambda: {"say": "done"}
    with pytest.raises(ProcessFailed, match="without any readings"):
        subject().readings("clocks")


def test_a_reading_without_a_value_keeps_its_reason() -> None:
    found = Findings()
    plain = answer("waits")["readings"][0]
    found.keep("waits", plain)
    found.keep("waits", plain | {"value": None, "reason": "not on this system", "absent": True})
    found.keep("clocks", plain | {"value": None, "reason": "OSError: no"})
    first, second = found.quantities.values()
    assert (first["values"], first["reason"], first["absent"]) == ([1.0], "not on this system", True)
    assert (second["values"], second["reason"], second["absent"]) == ([], "OSError: no", False)


def recorded() -> tuple[Fleet, list[FakeWorker]]:
    """A fleet, and the list that will hold its workers in the order in which they were asked for rounds."""
    asked: list[FakeWorker] = []

    def trick(worker: FakeWorker, times: int) -> Mapping[str, Any]:
        asked.append(worker)
        return {}

    play: Trick = trick
    return Fleet({("sync", "round"): play}), asked


def letters(fleet: Fleet, asked: list[FakeWorker]) -> str:
    return "".join("AB"[fleet.workers.index(worker)] for worker in asked)


def test_the_sides_of_a_pair_alternate_abba() -> None:
    fleet, asked = recorded()
    pair(subject(fleet), 0, pinned=True)
    assert letters(fleet, asked)[-8:] == "BAABBAAB"


def test_the_starting_side_and_the_core_change_from_pair_to_pair_and_not_together() -> None:
    seen = set()
    for index in range(4):
        fleet, asked = recorded()
        found = pair(subject(fleet), index, pinned=True)
        assert {worker.affinity == [found["core"]] for worker in fleet.workers} == {True}
        seen.add((found["core"], letters(fleet, asked)[0]))
    assert seen == {(4, "A"), (5, "A"), (4, "B"), (5, "B")}


def test_the_workers_of_a_free_pair_are_left_free() -> None:
    fleet, _ = recorded()
    found = pair(subject(fleet), 0, pinned=False)
    assert (found["pinned"], found["core"]) == (False, None)
    assert [worker.affinity for worker in fleet.workers] == [None, None]


def test_a_pair_keeps_its_rounds_in_order_and_leaves_the_warm_ups_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "ROUNDS", 3)
    fleet = Fleet(makespan_s=lambda runner, times: 0.001 * (times + 1))
    found = pair(subject(fleet), 0, pinned=True)
    expected = [pytest.approx(0.001 * (WARMUPS + turn)) for turn in (1, 2, 3)]
    assert found["base_s"] == found["head_s"] == expected
    assert {command["sweep"] for command in fleet.workers[0].asked if command["do"] == "round"} == {False}


def test_a_pair_whose_workers_do_not_start_leaves_no_process() -> None:
    fleet = Fleet({("sync", "ready"): raises(ProcessFailed("it did not start"))})
    with pytest.raises(ProcessFailed):
        pair(subject(fleet), 0, pinned=True)
    assert [worker.killed for worker in fleet.workers] == [True, True]


@pytest.mark.parametrize(
    ("cores", "pins", "reason"),
    [((4,), True, "only one core may be used, where every pair shares it"),
     ((4, 5), False, "this system cannot bind a process to a core")],
)  # fmt: skip
def test_where_nothing_can_be_pinned_the_reason_is_kept_and_nothing_fails(
    monkeypatch: pytest.MonkeyPatch, cores: tuple[int, ...], pins: bool, reason: str
) -> None:
    if not pins:
        monkeypatch.delattr(walking.os, "sched_setaffinity")
    found = walked(subject(cores=cores))
    assert found.absent == [{"title": PINNED, "reason": reason}]
    assert found.failures == []
    assert {one["pinned"] for one in found.pairs} == {False}


def test_time_left_starts_as_a_guess_and_follows_what_was_seen() -> None:
    assert left_s(0, 3.0) == GUESS_S
    assert left_s(1, 2.0) == 2.0 * (PASSES - 1)
    assert left_s(PASSES, 16.0) == 0.0


def test_the_machine_is_watched_at_rest_before_anything_runs(helpers: Helpers) -> None:
    clock = Clock()

    def sleep(seconds: float) -> None:
        assert helpers.started == []
        clock.pass_s(seconds)

    found = walk(subject(), clock=clock, sleep=sleep)
    assert found.idle["window_s"] == 1.0
    assert found.busy["window_s"] == 0.0
    assert found.idle["steal_s"] == 0.0
