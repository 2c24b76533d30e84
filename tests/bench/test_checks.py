"""What the parent holds against a worker: its own clock, the server's counts, the items and results of the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from support import fakes
from support.fakes import ENVIRONMENT, SETTINGS, Fleet, Trick
from when_async.bench.model import Measurement, Sample, Status, Trial
from when_async.bench.plan import Plan, build
from when_async.bench.registry import Found
from when_async.bench.walk.checks import attestation_complaint, majority, minority, pool_complaint, time_complaint
from when_async.bench.walk.experiment import Experiment

FREE = replace(ENVIRONMENT, label="3.13t", version="3.13.5", gil=False)


def plan(*names: str, environments: tuple[Any, ...] = (ENVIRONMENT,)) -> Plan:
    return build([(Found(fakes.TINY, fakes.REF), fakes.point())], fakes.runners(*names), environments, SETTINGS)


def told(fleet: Fleet, given: Plan, clock: Any = None) -> tuple[list[Any], dict[str, tuple[Status, str]]]:
    host = fakes.host(fleet)
    if clock is not None:
        host.clock = clock
    events = list(Experiment(given, host).events())
    verdicts = {each.cell.rpartition("-")[2]: (each.status, each.reason) for each in events if
                isinstance(each, Measurement)}  # fmt: skip
    return events, verdicts


def answers(**changes: Any) -> Trick:
    return lambda worker, times: changes


def learns(**learned: str) -> Trick:
    """The first round is instrumented."""
    return lambda worker, times: {"learned": learned} if times == 0 else {}


@pytest.mark.parametrize(
    ("values", "common"), [("", None), ("a", "a"), ("ab", None), ("aab", "a"), ("aabb", None), ("abc", None)]
)
def test_a_majority_is_more_common_than_any_other(values: str, common: str | None) -> None:
    assert majority(values) == common


def test_the_gil_is_as_asked_for_or_the_reason_names_who_changed_it_n9() -> None:
    said = {"version": "3.13.5", "gil": False, "gil_because": ""}
    assert attestation_complaint(FREE, said) is None
    by_name = attestation_complaint(FREE, {**said, "gil": True, "gil_because": "importing fast._x switched it on"})
    assert by_name == "the GIL should be off in 3.13t, the worker says it is on (importing fast._x switched it on)"
    for unknown in ({**said, "gil": True}, {"version": "3.13.5", "gil": True}):
        assert "(an extension or PYTHON_GIL may have changed it)" in str(attestation_complaint(FREE, unknown))


def test_a_round_cannot_have_taken_longer_than_our_own_clock_says_n8() -> None:
    assert time_complaint(1.0, 1.0) is None
    assert time_complaint(1.0, 0.9) == (
        "it says that the round took 1.000000 s, our own clock had 0.900000 s around it"
    )


def test_a_worker_whose_time_runs_faster_than_ours_fails_n8() -> None:
    fleet = Fleet(makespan_s=lambda runner, times: 5.0 if runner == "sync" else 0.5)
    _, verdicts = told(fleet, plan("sync", "threading"), count().__next__)
    assert verdicts["threading@3.11"] == (Status.OK, "")
    status, reason = verdicts["sync@3.11"]
    assert status is Status.FAILED
    assert reason.endswith("it says that the round took 5.000000 s, our own clock had 1.000000 s around it")


@pytest.mark.parametrize(
    ("peak", "stats"),
    [
        (None, {"connections": 1}),
        (100, {}),
        (100, {"connections": 50}),
        (100, {"connections": 100}),
        (1, {"connections": 1}),
        (100, {"connections": 1, "streams": 100}),
    ],
)
def test_a_pool_that_is_large_enough_or_unknown_is_no_complaint(peak: int | None, stats: Mapping[str, Any]) -> None:
    assert pool_complaint(peak, stats) is None


def test_a_pool_that_is_smaller_than_the_ops_in_flight_is_unequal_n3() -> None:
    assert pool_complaint(100, {"connections": 10}) == (
        "the server saw 10 connection(s) where 100 ops were in flight: its pool is too small for them"
    )


def test_connections_that_carry_several_requests_may_still_be_too_few_n3() -> None:
    assert pool_complaint(1000, {"connections": 2, "streams": 100}) is not None


def test_items_are_equal_or_those_that_differ_are_named_n12() -> None:
    assert minority({}) == {}
    assert minority({0: "a", 3: "a"}) == {}
    assert list(minority({0: "a", 1: "b", 2: "a"})) == [1]
    assert "those of 2 of the 3 contestants" in minority({0: "a", 1: "b", 2: "a"})[1]
    assert list(minority({0: "a", 1: "b"})) == [0, 1]
    assert "no majority among the 2 contestants" in minority({0: "a", 1: "b"})[0]


def test_whoever_made_other_items_leaves_once_all_have_made_theirs_n12() -> None:
    fleet = Fleet({(name, "round"): learns(items="x" if name == "asyncio" else "y") for name in
                   ("sync", "threading", "asyncio")})  # fmt: skip
    events, verdicts = told(fleet, plan("sync", "threading", "asyncio"))
    assert verdicts["sync@3.11"] == verdicts["threading@3.11"] == (Status.OK, "")
    assert verdicts["asyncio@3.11"][0] is Status.FAILED
    assert "its items differ from those of 2 of the 3 contestants" in verdicts["asyncio@3.11"][1]
    rounds = [event.round for event in events if isinstance(event, Sample) and "-asyncio@" in event.cell]
    assert len(rounds) <= 1, "nothing was asked of it after the warm-up round"


def test_items_are_not_compared_between_source_trees_for_a_gate_may_change_them() -> None:
    other = replace(ENVIRONMENT, label="head", source="abc1234")
    fleet = Fleet({("sync", "round"): lambda worker, times: {"learned": {"items": str(id(worker))}}})
    _, verdicts = told(fleet, plan("sync", environments=(ENVIRONMENT, other)))
    assert {status for status, _ in verdicts.values()} == {Status.OK}


def test_the_type_of_results_and_what_was_learned_on_the_way_are_facts_of_the_trial() -> None:
    fleet = Fleet(
        {
            ("sync", "round"): learns(items="x", result_type="int"),
            ("sync", "close"): answers(facts={"workers": 1, "chunk_size": 5}),
        }
    )
    events, _ = told(fleet, plan("sync"))
    trial = next(event for event in events if isinstance(event, Trial))
    assert trial.facts == {"workers": 1, "chunk_size": 5, "result_type": "int"}


def test_results_that_differ_say_so_by_their_types_where_these_differ_n10() -> None:
    def rows(digest: str, result_type: str) -> Trick:
        learned = learns(result_type=result_type)
        return lambda worker, times: {"digest": digest, **learned(worker, times)}

    given = {"sync": rows("d1", "dict"), "threading": rows("d2", "tuple"), "asyncio": rows("d2", "tuple")}
    _, verdicts = told(Fleet({(name, "round"): trick for name, trick in given.items()}), plan(*given))
    assert verdicts["sync@3.11"][1] == (
        "unequal work: its results differ from those of 2 of the 3 contestants "
        "(they are of type dict, the others of type tuple)"
    )
    given["sync"] = rows("d1", "tuple")
    _, verdicts = told(Fleet({(name, "round"): trick for name, trick in given.items()}), plan(*given))
    assert verdicts["sync@3.11"][1].endswith("the 3 contestants")


def test_where_nobody_is_believed_each_is_told_the_types_of_the_others_n10() -> None:
    given = {"sync": ("d1", "dict"), "threading": ("d2", "tuple")}

    def trick(name: str) -> Trick:
        digest, kind = given[name]
        return lambda worker, times: {"digest": digest, "learned": {"result_type": kind}}

    _, verdicts = told(Fleet({(name, "round"): trick(name) for name in given}), plan(*given))
    assert verdicts["sync@3.11"][1].endswith("(they are of type dict, the others of type tuple)")
    assert verdicts["threading@3.11"][1].endswith("(they are of type tuple, the others of type dict)")
