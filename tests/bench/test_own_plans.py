"""How a user's callable is planned: what waits, how many are in flight, what would never end, what is said first."""

from __future__ import annotations

from typing import Any

import pytest

from when_async.bench.cli.own.asking import Asked, Told, look_limit_s, make_call
from when_async.bench.cli.own.measuring import _runners
from when_async.bench.cli.own.notes import notes, refuse_cached, refuse_idle
from when_async.bench.cli.own.planning import (
    BUDGET_S,
    budget_s,
    in_flight,
    limit_s,
    ops_for,
    refuse_endless,
    refuse_late,
    shape,
    waits,
)
from when_async.bench.processes.worker import ProcessTimedOut
from when_async.bench.registry import RegistryError
from when_async.bench.trying.look import Seen
from when_async.bench.trying.target import Call, Untried

BLOCKING = ("sync", "threading", "multiprocessing", "asyncio+to_thread")
CALL = Call("shop:fetch", "/shop")


def seen(seconds: float, cpu_s: float, **more: Any) -> Seen:
    given = {"like": "x", "type": "int", "awaits": False, "first_s": seconds, "queued_s": 0.0, **more}
    return Seen(seconds=seconds, cpu_s=cpu_s, **given)


@pytest.mark.parametrize(
    ("seconds", "cpu_s", "queued_s", "expected"),
    [
        (0.05, 0.001, 0.0, True), (0.05, 0.04997, 0.0, False), (0.231, 0.0, 0.230, False),
        (0.01, 0.0085, 0.0, True), (1e-5, 0.9e-5, 0.0, False), (3.0, 2.9, 0.0, True), (3.0, 2.99, 0.0, False),
    ],
)  # fmt: skip
def test_rounding_of_clocks_and_a_queue_for_a_cpu_are_no_waiting(
    seconds: float, cpu_s: float, queued_s: float, expected: bool
) -> None:
    assert waits(seen(seconds, cpu_s, queued_s=queued_s)) is expected


def test_as_many_as_cores_are_in_flight_where_nothing_waits_and_two_of_a_slow_call() -> None:
    assert in_flight([seen(0.04, 0.04)], cores=2) == (2,)
    assert in_flight([seen(0.04, 0.001)], cores=2) == (8,)
    assert in_flight([seen(9.0, 0.001)], cores=2) == (2,)
    assert in_flight([seen(0.04, 0.001, awaits=True)], cores=2) == (1, 8)
    assert in_flight([seen(0.04, 0.001), seen(0.04, 0.001, awaits=True)], cores=2) == (8,)


def test_a_round_is_as_long_as_a_fifth_of_a_second_and_fills_all_places() -> None:
    assert ops_for(0.002, 8) == 96
    assert ops_for(5.0, 8) == 8
    assert ops_for(1e-7, 8) == 10_000


def test_a_plan_knows_how_long_its_rounds_take_and_gives_them_the_time() -> None:
    slow = shape(seen(9.0, 0.001), None, (2,), BLOCKING)
    assert (slow.points, slow.rounds, slow.round_s) == (((2, 2),), 1, 18.0)
    assert limit_s(slow, 10.0) == 54.0
    assert limit_s(slow, 60.0) == 60.0
    assert budget_s(slow) == pytest.approx(1.3 * 45 * 2 * 3)
    assert budget_s(shape(seen(0.02, 0.001), None, (8,), BLOCKING)) == BUDGET_S


def test_of_a_call_of_microseconds_nothing_is_said_of_cores() -> None:
    assert not seen(11e-6, 14e-6).crowded
    assert seen(1e-3, 1.9e-3).crowded


def test_what_would_take_a_quarter_of_an_hour_is_refused_with_what_to_type() -> None:
    endless = shape(seen(60.0, 60.0), 8, (8,), BLOCKING)
    with pytest.raises(Untried) as told:
        refuse_endless(CALL, endless, "when-async try shop:fetch")
    assert "a call of shop:fetch takes 60.0 s" in str(told.value)
    assert "try when-async try shop:fetch -n 2 -c 2" in str(told.value)
    with pytest.raises(Untried, match="name a function that does a smaller part of the work"):
        refuse_endless(CALL, shape(seen(600.0, 600.0), None, (2,), BLOCKING), "x")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"queued_s": 0.2}, "the machine is busy: the call queued for a CPU for 200 ms"),
        ({"first_s": 300.0}, "it remembers something"),
        ({"cpu_s": 0.45}, "a call keeps about 1.9 cores busy by itself"),
        ({"native": 1}, "it has 1 thread of its own below Python"),
        ({"threads": 4}, "it keeps 4 threads running between calls"),
        ({"least_s": 0.001, "most_s": 0.4}, "took 1.00 ms to 400 ms by its item, 240 ms on average, of which it"),
        ({"unpooled": "it starts processes of its own"}, "so a pool of processes is left out"),
        ({"threads": 1}, "it keeps 1 thread running between calls"),
        ({"unsent": "its result cannot be sent"}, "so processes and interpreters cannot run it"),
        ({"result_bytes": 8 << 20}, "its result is 8.00 MiB when sent back from a process"),
        ({"awaits": True, "stood_s": 0.239}, "the loop stood still for 239 ms of a call: it waits by blocking"),
        ({"awaits": True, "refused": {"trio": "no loop"}}, "trio cannot run it: no loop"),
    ],
)
def test_each_thing_that_a_reader_must_know_has_its_sentence(more: dict[str, Any], words: str) -> None:
    found = list(notes(CALL, seen(0.24, **{"cpu_s": 0.001, **more})))
    assert any(words in one for one in found), found
    plain = list(notes(CALL, seen(0.24, 0.001)))
    assert plain == ["shop:fetch: a call took 240 ms, of which it computed 1.00 ms"]


def test_a_round_that_cannot_end_within_the_limit_that_was_named_is_refused_first() -> None:
    slow = shape(seen(9.0, 0.001), None, (2,), BLOCKING)
    with pytest.raises(Untried, match=r"a round of 2 18\.0 s, which is more than --timeout 2; leave that out"):
        refuse_late(CALL, slow, 2.0)
    refuse_late(CALL, slow, 20.0)


def test_processes_are_left_out_where_a_pool_of_them_cannot_make_the_call() -> None:
    assert "multiprocessing" in _runners([seen(0.1, 0.1)])
    assert "multiprocessing" not in _runners([seen(0.1, 0.1, unpooled="it starts processes of its own")])


SAVE, ASAVE = Call("shop:save", "/shop"), Call("shop:asave", "/shop")


def test_twins_of_which_one_does_nothing_are_refused() -> None:
    pair = (seen(5e-3, 2e-5, type="NoneType"), seen(8e-5, 8e-5, type="NoneType", awaits=True))
    with pytest.raises(Untried) as told:
        refuse_idle((SAVE, ASAVE), pair, any_result=False)
    assert "shop:asave took 80.0 µs and one of shop:save 5.00 ms, 62.5 times as long" in str(told.value)
    assert "both return None, which shows no work" in str(told.value)
    assert refuse_idle((SAVE, ASAVE), pair, any_result=True).startswith("a call of shop:asave took 80.0 µs and one of")


def test_twins_that_take_about_as_long_or_no_time_at_all_are_in_no_doubt() -> None:
    for slow_s, fast_s in ((5e-3, 1e-3), (9e-4, 1e-6)):
        pair = (seen(slow_s, slow_s, type="NoneType"), seen(fast_s, fast_s, type="NoneType"))
        assert refuse_idle((SAVE, ASAVE), pair, any_result=False) == ""


def test_a_twin_that_only_queued_for_a_cpu_is_in_no_doubt() -> None:
    pair = (seen(2e-3, 5e-5, type="NoneType"), seen(2.3e-2, 5e-5, type="NoneType", queued_s=2.08e-2))
    assert refuse_idle((SAVE, ASAVE), pair, any_result=False) == ""


def test_of_a_call_of_microseconds_two_clocks_are_not_held_against_each_other() -> None:
    assert [*notes(CALL, seen(3.7e-6, 5.3e-6))] == ["shop:fetch: a call took 3.70 µs"]


def test_a_look_may_take_as_long_as_its_limit_and_a_minute_where_none_is_named() -> None:
    assert (look_limit_s(5.0, named=True), look_limit_s(5.0), look_limit_s(60.0)) == (10.0, 60.0, 120.0)


def test_what_ends_while_it_is_imported_is_told_from_what_ends_in_a_call() -> None:
    told = Told(Asked(SAVE, ASAVE))
    assert "shop ends Python while it is imported (os._exit(0) at" in str(told.ended("os._exit(0) at shop.py:1"))
    assert str(told.late(ProcessTimedOut("no answer within 30 s"))).startswith("shop is not imported: no answer within")
    told.found = 2
    assert str(told.ended("os._exit(0)")) == "a call of shop:save and shop:asave ended its process: os._exit(0)"
    assert str(told.late(ProcessTimedOut("no answer"))).startswith("calls of shop:save and shop:asave did not end: no")


def test_a_cache_is_refused_with_the_way_out() -> None:
    with pytest.raises(Untried, match=r"shop:fetch is cached.*name shop:fetch\.__wrapped__"):
        refuse_cached(CALL, seen(1e-7, 1e-7, cached=True))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"target": "shop"}, "'shop' is not understood; name a function like package.module:function"),
        ({"target": "shop:f();x"}, "is not understood"),
        ({"args": "tea"}, "--args takes JSON like"),
        ({"kwargs": "[1]"}, "--kwargs takes JSON like"),
        ({"items": "3"}, "--items takes JSON like"),
        ({"items": "[]"}, "--items is empty, and with no items there is no work"),
        ({"items": "[1]", "args": "[1]"}, "--items gives each call its own argument"),
    ],
)
def test_a_call_that_cannot_be_read_is_told_with_what_is_right(given: dict[str, str], words: str) -> None:
    with pytest.raises(RegistryError, match=words.replace("(", r"\(").replace(")", r"\)")):
        make_call(**{"target": "shop:fetch", **given})
