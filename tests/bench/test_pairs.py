"""A pair is base and head taking turns on one core; what one side does wrong is that side's failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from support import fakes
from support.fakes import FakeWorker, Fleet, Trick, raises
from when_async.bench.gate import pairs as pairs_module
from when_async.bench.gate.injection import labelled
from when_async.bench.gate.pairs import (
    LEAST_ROUNDS,
    PAIR_SETTINGS,
    ROUNDS,
    WARMUPS,
    PairedCell,
    PairFailed,
    Pairs,
    rounds_for,
)
from when_async.bench.model import Service, Status
from when_async.bench.plan import build
from when_async.bench.processes.service import ServiceFailed
from when_async.bench.processes.worker import ProcessFailed, ProcessTimedOut
from when_async.bench.registry import Found

BASE, HEAD = "base_tree", "head_tree"
HELPER = Service("echo", "no.such.module")


def paired(service: Service | None = None) -> PairedCell:
    """The same cell in two trees."""
    given = fakes.workload(service=service)
    plan = build(
        [(Found(given, fakes.REF), fakes.point())],
        {"sync": fakes.runner("sync", one_core=True)}, [fakes.ENVIRONMENT], PAIR_SETTINGS,
    )  # fmt: skip
    (comparison,) = plan.comparisons
    (contestant,) = comparison.contestants
    base, head = (
        replace(labelled(contestant, label), workload=Found(given, ref))
        for label, ref in (("base", BASE), ("head", HEAD))
    )
    return PairedCell("tiny[n=20,c=4]-sync", comparison, base, head)


def side(worker: FakeWorker) -> str:
    return {BASE: "base", HEAD: "head"}[worker.trial["workload_ref"]]


def only(which: str, trick: Trick) -> Trick:
    """A trick that one side alone plays."""
    return lambda worker, times: trick(worker, times) if side(worker) == which else {}


def answers(**changes: Any) -> Trick:
    return lambda worker, times: changes


class Watched(Fleet):
    """A fleet that writes down whose round it was."""

    def __init__(self, tricks: Mapping[tuple[str, str], Trick] | None = None, makespan_s: float = 0.01) -> None:
        super().__init__(tricks, lambda runner, times: makespan_s)
        self.turns: list[str] = []
        told = self.tricks.get(("sync", "round"), answers())

        def round_(worker: FakeWorker, times: int) -> Mapping[str, Any]:
            self.turns.append(side(worker))
            return told(worker, times)

        self.tricks["sync", "round"] = round_


def taker(fleet: Fleet) -> Pairs:
    return Pairs(fakes.host(fleet))


def failure(tricks: Mapping[tuple[str, str], Trick]) -> PairFailed:
    fleet = Watched(tricks)
    with pytest.raises(PairFailed) as caught:
        taker(fleet).take(paired(), "first", 0)
    assert all(worker.killed for worker in fleet.workers)
    return caught.value


def test_a_pair_holds_the_rounds_of_both_sides_and_leaves_the_warm_up_out() -> None:
    tricks = {("sync", "round"): only("head", answers(makespan_s=0.02, cpu_user_s=0.003, cpu_system_s=0.001))}
    pair = taker(Watched(tricks)).take(paired(), "first", 0)
    assert pair.rounds["wall"] == ([0.01] * 24, [0.02] * 24)
    assert pair.rounds["cpu"] == ([0.001] * 24, [0.004] * 24)
    assert (pair.cell, pair.series, pair.index, pair.ops, pair.digest) == ("tiny[n=20,c=4]-sync", "first", 0, 20, "d1")
    assert pair.noise["steal_s"] == 0.0
    assert pair.noise["window_s"] == pair.seconds


def test_latencies_are_gated_by_their_percentiles_as_far_as_each_round_has_samples() -> None:
    many = {("sync", "round"): only("head", answers(latencies_ns=[2_000_000] * 1000))}
    assert set(taker(Watched(many)).take(paired(), "first", 0).rounds) == {"wall", "cpu"}, "base has none"

    def told(worker: FakeWorker, times: int) -> Mapping[str, Any]:
        return {"latencies_ns": [2_000_000 if side(worker) == "head" else 1_000_000] * 1000}

    pair = taker(Watched({("sync", "round"): told})).take(paired(), "first", 0)
    assert set(pair.rounds) == {"wall", "cpu", "p50", "p99"}
    assert pair.rounds["p99"][0] == pytest.approx([0.001] * 24, rel=1e-3)
    assert pair.rounds["p99"][1] == pytest.approx([0.002] * 24, rel=1e-3)
    few = {("sync", "round"): answers(latencies_ns=[1_000_000] * 999)}
    assert set(taker(Watched(few)).take(paired(), "first", 0).rounds) == {"wall", "cpu", "p50"}


def test_rounds_go_abba_so_that_a_steady_drift_falls_on_both() -> None:
    fleet = Watched()
    taker(fleet).take(paired(), "first", 0)
    b, h = "base", "head"
    assert fleet.turns[: 2 * WARMUPS] == [b, h, h, b, h, b]
    assert fleet.turns[2 * WARMUPS :][:16] == [b, h, h, b, h, b, b, h] * 2


def test_places_drift_alike_over_the_whole_of_a_pair() -> None:
    fleet = Watched()
    taker(fleet).take(paired(), "first", 0)
    measured = fleet.turns[2 * WARMUPS :]
    places = {each: [place for place, turn in enumerate(measured) if turn == each] for each in ("base", "head")}
    assert sum(places["base"]) == sum(places["head"])


def test_the_starting_side_changes_with_every_second_pair_and_the_core_with_each() -> None:
    seen = []
    for index in range(4):
        fleet = Watched()
        pair = taker(fleet).take(paired(), "first", index)
        launched = [side(worker) for worker in fleet.workers]
        cores = [worker.affinity for worker in fleet.workers]
        assert cores[0] == cores[1]
        assert launched[0] == fleet.turns[0] == ("head" if pair.head_first else "base")
        seen.append((pair.head_first, cores[0]))
    assert seen == [(False, [4]), (False, [5]), (True, [4]), (True, [5])]


def test_head_first_does_not_swap_the_rounds() -> None:
    tricks = {("sync", "round"): only("head", answers(makespan_s=0.02))}
    pair = taker(Watched(tricks)).take(paired(), "first", 2)
    assert pair.head_first
    assert pair.rounds["wall"] == ([0.01] * 24, [0.02] * 24)


def test_rounds_of_a_pair_are_not_swept_in_between() -> None:
    fleet = Watched()
    taker(fleet).take(paired(), "first", 0)
    assert {command["sweep"] for worker in fleet.workers for command in worker.asked if command["do"] == "round"} == {
        False
    }


def test_every_worker_is_closed_and_gone_after_a_pair() -> None:
    fleet = Watched()
    taker(fleet).take(paired(), "first", 0)
    assert [worker.asked[-1]["do"] for worker in fleet.workers] == ["close", "close"]


@pytest.mark.parametrize("which", ["base", "head"])
@pytest.mark.parametrize("do", ["start", "ready", "open", "round", "close"])
@pytest.mark.parametrize("index", [0, 2])
def test_a_crash_names_its_side_at_every_step(which: str, do: str, index: int) -> None:
    fleet = Watched({("sync", do): only(which, raises(ProcessFailed("killed by signal 9")))})
    with pytest.raises(PairFailed, match=f"^{which}: .*killed by signal 9") as caught:
        taker(fleet).take(paired(), "first", index)
    assert (caught.value.side, caught.value.status) == (which, Status.FAILED)
    assert all(worker.killed for worker in fleet.workers)


def test_a_hang_is_a_timeout_of_its_side() -> None:
    error = failure({("sync", "round"): only("head", raises(ProcessTimedOut("no answer within 60 s"), at=5))})
    assert (error.side, error.status) == ("head", Status.TIMEOUT)
    assert "in round 2 of the measure phase" in str(error)


@pytest.mark.parametrize("changes", [{"digest": "d2"}, {"ops_ok": 19}])
def test_sides_that_do_not_do_equal_work_are_no_pair(changes: dict[str, Any]) -> None:
    error = failure({("sync", "round"): only("head", answers(**changes))})
    assert str(error) == "head: unequal work: its results differ from those of base"


@pytest.mark.parametrize("which", ["base", "head"])
def test_a_side_whose_rounds_differ_is_no_pair(which: str) -> None:
    def changing(worker: FakeWorker, times: int) -> Mapping[str, Any]:
        return {"digest": "d2"} if times == 8 else {}

    error = failure({("sync", "round"): only(which, changing)})
    assert str(error) == f"{which}: unequal work: its rounds gave different results"


@pytest.mark.parametrize(
    ("round_s", "rounds"),
    [(1e-6, ROUNDS), (0.00625, 40), (0.01, 24), (0.0125, 20), (0.024, 10), (1.0, LEAST_ROUNDS), (0.0, ROUNDS)],
)
def test_long_rounds_get_fewer_of_them_and_always_an_even_number(round_s: float, rounds: int) -> None:
    assert rounds_for(round_s, ROUNDS) == rounds
    assert rounds % 2 == 0


def test_no_more_rounds_than_asked_for() -> None:
    assert rounds_for(1.0, 4) == rounds_for(1e-6, 4) == 4


class FakeService:
    """A helper process without a process; `dead` makes it fail when it is asked."""

    started: list[FakeService]
    refuses = False

    def __init__(self, service: Service, *, environ: Any, reaper: Any, affinity: list[int] | None) -> None:
        if type(self).refuses:
            raise ServiceFailed("the echo server did not start: no port")
        self.service = service
        self.affinity = affinity
        self.address = f"127.0.0.1:{5000 + len(type(self).started)}"
        self.facts: dict[str, Any] = {}
        self.dead = self.stopped = False
        type(self).started.append(self)

    def stats(self, timeout_s: float = 10.0) -> dict[str, Any]:
        if self.dead:
            raise ServiceFailed("the echo server is gone: killed by signal 9")
        return {}

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def helpers(monkeypatch: pytest.MonkeyPatch) -> type[FakeService]:
    class Fresh(FakeService):
        started: list[FakeService] = []  # noqa: RUF012

    monkeypatch.setattr(pairs_module, "RunningService", Fresh)
    return Fresh


def test_a_helper_lives_on_from_pair_to_pair_one_for_each_core(helpers: type[FakeService]) -> None:
    fleet = Watched()
    pairs = taker(fleet)
    for index in range(4):
        pairs.take(paired(HELPER), "first", index)
    assert [each.affinity for each in helpers.started] == [[4], [5]]
    assert [each.stopped for each in helpers.started] == [False, False]
    addresses = [worker.trial["address"] for worker in fleet.workers]
    assert (
        addresses == ["127.0.0.1:5000"] * 2 + ["127.0.0.1:5001"] * 2 + ["127.0.0.1:5000"] * 2 + ["127.0.0.1:5001"] * 2
    )
    pairs.close()
    assert [each.stopped for each in helpers.started] == [True, True]


def test_a_helper_that_died_fails_one_pair_and_is_replaced(helpers: type[FakeService]) -> None:
    pairs = taker(Watched())
    pairs.take(paired(HELPER), "first", 0)
    helpers.started[0].dead = True
    with pytest.raises(PairFailed, match="the echo server is gone"):
        pairs.take(paired(HELPER), "first", 2)
    assert helpers.started[0].stopped
    pairs.take(paired(HELPER), "first", 2)
    assert len(helpers.started) == 2


def test_a_helper_that_does_not_start_is_told_and_no_worker_is_left(helpers: type[FakeService]) -> None:
    helpers.refuses = True
    fleet = Watched()
    with pytest.raises(ServiceFailed, match="did not start"):
        taker(fleet).take(paired(HELPER), "first", 0)
    assert fleet.workers == []


def test_ctrl_c_kills_the_workers_of_the_pair() -> None:
    def interrupted(worker: FakeWorker, times: int) -> Mapping[str, Any]:
        raise KeyboardInterrupt

    fleet = Watched({("sync", "round"): interrupted})
    with pytest.raises(KeyboardInterrupt):
        taker(fleet).take(paired(), "first", 0)
    assert [worker.killed for worker in fleet.workers] == [True, True]
