"""A plan crosses everything that was asked for; the order is drawn by a seed and every hole has a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from support import fakes
from when_async.bench.environments.provision import Missing
from when_async.bench.model import Environment, Params, Phase, Point, Workload
from when_async.bench.model.checks import FieldError
from when_async.bench.plan import DECIDE, PROFILES, Plan, blocks, build, walk
from when_async.bench.plugin import hooks as plugin
from when_async.bench.quantity import QuantityError, comparison_id
from when_async.bench.registry import Found
from when_async.results.cells import rule

ALL = ("sync", "threading", "multiprocessing", "asyncio")
OTHER = replace(fakes.ENVIRONMENT, label="3.13t", version="3.13.5", gil=False)

KNOWN_ORDER = [(3, 2, 0, 1), (3, 1, 0, 2), (3, 0, 2, 1), (1, 3, 0, 2)]


def plan(
    *points: Point,
    workload: Workload = fakes.TINY,
    runners: Mapping[str, Found] | None = None,
    environments: tuple[Environment | Missing, ...] = (fakes.ENVIRONMENT,),
    seed: int = 7,
    only: Mapping[str, Sequence[str]] | None = None,
) -> Plan:
    found = Found(workload, fakes.REF)
    settings = replace(fakes.SETTINGS, forks=4, rounds=8, seed=seed)
    chosen = [(found, point) for point in points or (fakes.point(),)]
    return build(chosen, runners or fakes.runners(*ALL), environments, settings, only)


def order_of(given: Plan) -> list[tuple[int, str, tuple[int, ...]]]:
    return [
        (fork, comparison.id, block.order)
        for fork, comparison in walk(given)
        for block in blocks(given.settings, comparison, fork)
    ]


def references(given: Plan) -> list[str]:
    return [each.cell.id for comparison in given.comparisons for each in comparison.contestants if each.cell.reference]


THREE = tuple(fakes.point(n) for n in (10, 20, 30))


def test_the_same_seed_gives_the_same_order() -> None:
    assert order_of(plan(*THREE)) == order_of(plan(*THREE))


def test_another_seed_gives_another_order_of_the_same_things() -> None:
    one, other = order_of(plan(*THREE)), order_of(plan(*THREE, seed=8))
    assert one != other
    assert sorted(each[:2] for each in one) == sorted(each[:2] for each in other)


def test_a_known_seed_gives_a_known_order_on_every_machine() -> None:
    (comparison,) = plan().comparisons
    assert [block.order for block in blocks(fakes.SETTINGS, comparison, 0)] == KNOWN_ORDER


def test_the_order_changes_from_block_to_block_and_from_fork_to_fork() -> None:
    given = plan()
    (comparison,) = given.comparisons
    orders = [tuple(block.order for block in blocks(given.settings, comparison, fork)) for fork in range(4)]
    assert len(set(orders)) == 4
    assert all(len(set(fork)) > 1 for fork in orders)


def test_every_contestant_occurs_once_in_every_block() -> None:
    for _, _, order in order_of(plan(*THREE)):
        assert sorted(order) == [0, 1, 2, 3]


def test_two_contestants_go_abba_so_that_a_steady_drift_cancels() -> None:
    two = fakes.runners("threading", "asyncio")
    firsts = set()
    for fork in range(4):
        given = plan(runners=two)
        (comparison,) = given.comparisons
        a, b, c, d, *_ = [
            block.order for block in blocks(given.settings, comparison, fork) if block.phase is Phase.MEASURE
        ]
        assert a == d == b[::-1] == c[::-1]
        firsts.add(a)
    assert len(firsts) == 2, "the side that starts alternates from fork to fork, drawn by the seed"


def test_the_seed_decides_which_of_two_contestants_starts() -> None:
    two = fakes.runners("threading", "asyncio")
    assert len({str(order_of(plan(runners=two, seed=seed))) for seed in range(20)}) > 1


def test_a_fork_has_its_warm_ups_first_and_then_its_rounds() -> None:
    given = plan()
    (comparison,) = given.comparisons
    seen = [(block.phase, block.round) for block in blocks(given.settings, comparison, 0)]
    assert seen == [(Phase.WARMUP, 0), *((Phase.MEASURE, round_) for round_ in range(8))]


def test_each_fork_visits_every_comparison_once_before_the_next_begins() -> None:
    visits = walk(plan(*THREE))
    assert [fork for fork, _ in visits] == [fork for fork in range(4) for _ in range(3)]
    assert all(len({each.id for fork, each in visits if fork == wanted}) == 3 for wanted in range(4))


def test_comparisons_come_in_different_orders_in_different_forks() -> None:
    visits = walk(plan(*THREE))
    assert len({tuple(each.id for fork, each in visits if fork == wanted) for wanted in range(4)}) > 1


def test_cells_have_ids_of_their_own() -> None:
    ids = [cell.id for cell in plan(*THREE, environments=(fakes.ENVIRONMENT, OTHER)).cells]
    assert len(set(ids)) == len(ids) == 3 * 4 * 2
    assert "tiny[n=10,c=4]-sync@3.11" in ids


def test_each_library_of_a_body_is_a_contestant() -> None:
    workload = fakes.workload(bodies={"blocking/json": fakes.double_blocking, "blocking/csv": fakes.double_blocking})
    environment = replace(fakes.ENVIRONMENT, modules={"json": "stdlib", "csv": "stdlib"})
    given = plan(workload=workload, runners=fakes.runners("sync"), environments=(environment,))
    assert [cell.contestant for cell in given.cells] == ["sync/json", "sync/csv"]
    assert len(references(given)) == 1


SLOW = fakes.workload(ideal_s=lambda params, in_flight: int(params["n"]) * float(params["wait_s"]) / in_flight)
SERIAL = {**fakes.runners("threading", "asyncio"), "sync": fakes.runner("sync", serial=True)}


def test_the_serial_reference_is_not_asked_for_a_round_that_takes_too_long() -> None:
    given = plan(fakes.point(1000, wait_s=0.01), workload=SLOW, runners=SERIAL)
    ((cell, reason),) = given.comparisons[0].refused
    assert cell.runner == "sync"
    assert reason == "one op after another this would take 10 s a round; another runner is the reference here"


def test_threads_are_the_reference_where_the_serial_one_is_refused() -> None:
    given = plan(fakes.point(1000, wait_s=0.01), fakes.point(10, wait_s=0.01), workload=SLOW, runners=SERIAL)
    assert references(given) == ["tiny[wait=10ms,n=1000,c=4]-threading@3.11", "tiny[wait=10ms,n=10,c=4]-sync@3.11"]


@pytest.mark.parametrize(
    ("names", "reference"),
    [
        (ALL, "sync"),
        (("asyncio", "threading"), "threading"),
        (("uvloop", "asyncio"), "asyncio"),
        (("trio", "gevent"), "trio"),
    ],
)
def test_there_is_exactly_one_reference_whoever_takes_part(names: tuple[str, ...], reference: str) -> None:
    assert references(plan(runners=fakes.runners(*names))) == [f"tiny[n=20,c=4]-{reference}@3.11"]


def test_each_interpreter_has_a_reference_of_its_own() -> None:
    given = plan(*THREE, environments=(fakes.ENVIRONMENT, OTHER))
    assert len(references(given)) == 6
    assert sum(each.endswith("@3.13t") for each in references(given)) == 3


def test_more_in_flight_than_a_runner_can_have_is_refused_with_the_limit() -> None:
    runners = {"threading": fakes.runner("threading", limit=lambda: (3, "ulimit -u is 67"))}
    given = plan(fakes.point(concurrency=3), fakes.point(concurrency=4), runners=runners)
    assert [len(each.contestants) for each in given.comparisons] == [1, 0]
    assert (
        given.comparisons[1].refused[0][1]
        == "4 in flight is more than the 3 that threading can have here: ulimit -u is 67"
    )


def test_an_interpreter_that_cannot_be_had_leaves_its_cells_with_its_reason() -> None:
    given = plan(environments=(fakes.ENVIRONMENT, Missing("3.15", "no interpreter 3.15 is installed")))
    (comparison,) = given.comparisons
    assert len(comparison.contestants) == 4
    assert {cell.python for cell, _ in comparison.refused} == {"3.15"}
    assert {reason for _, reason in comparison.refused} == {"no interpreter 3.15 is installed"}
    assert len(given.cells) == 8


def test_a_runner_without_a_body_leaves_a_cell_with_a_reason() -> None:
    given = plan(runners={"green": fakes.runner("green", styles=("green",))})
    ((cell, reason),) = given.comparisons[0].refused
    assert cell.id == "tiny[n=20,c=4]-green@3.11"
    assert "has no body for green" in reason


def test_a_body_that_its_workload_gives_no_part_at_a_point_is_refused_there_in_the_workloads_words() -> None:
    """And nobody is started to find it out."""
    bodies = {"blocking/json": fakes.double_blocking, "blocking/csv": fakes.double_blocking}
    environment = replace(fakes.ENVIRONMENT, modules={"json": "stdlib", "csv": "stdlib"})

    def refuses(params: Params, body_key: str) -> str | None:
        return "too few" if body_key == "blocking/csv" and int(params["n"]) < 20 else None

    workload = fakes.workload(bodies=bodies, refuses=refuses)
    given: Any = {"workload": workload, "runners": fakes.runners("sync"), "environments": (environment,)}
    named = {comparison_id(workload, point): ("sync/json", "sync/csv") for point in THREE[:2]}
    few, many = plan(*THREE[:2], only=named, **given).comparisons
    assert [(cell.contestant, reason) for cell, reason in few.refused] == [("sync/csv", "too few")]
    assert many.refused == ()
    # Whoever asked for the runner alone gets its other bodies, and no row of one that has no business there.
    few, many = plan(*THREE[:2], **given).comparisons
    assert few.refused == many.refused == ()
    assert [len(one.contestants) for one in (few, many)] == [1, 2]


@pytest.mark.parametrize("answer", [3, "two\nlines"])
def test_a_reason_that_is_no_line_of_text_is_refused(answer: object) -> None:
    with pytest.raises(FieldError, match="the reason that refuses of tiny returns must be a text of one line"):
        plan(workload=fakes.workload(refuses=lambda params, body_key: answer))


def test_a_comparison_in_which_nobody_takes_part_is_not_visited() -> None:
    assert walk(plan(environments=(Missing("3.15", "gone"),))) == []


def test_a_point_that_makes_no_sense_is_refused_before_anything_starts() -> None:
    with pytest.raises(QuantityError, match="n=0 is out of range"):
        plan(fakes.point(0))


def test_the_profiles_are_those_of_the_method() -> None:
    assert (PROFILES["smoke"].forks, PROFILES["smoke"].rounds) == (1, 2)
    assert PROFILES["quick"].forks == 3
    assert PROFILES["full"].forks >= 9


def test_a_client_library_with_threads_of_its_own_keeps_no_runner_to_one_core() -> None:
    bodies = {"blocking/sqlite3": fakes.double_blocking, "blocking/aiosqlite": fakes.double_blocking}
    workload = fakes.workload(bodies=bodies, threaded=("aiosqlite",))
    environment = replace(fakes.ENVIRONMENT, modules={"sqlite3": "stdlib", "aiosqlite": "0.22"})
    plan = build([(Found(workload, fakes.REF), fakes.point())], {"sync": fakes.runner("sync", one_core=True)},
                 [environment], PROFILES["smoke"])  # fmt: skip
    assert {cell.library: cell.one_core for cell in plan.cells} == {"sqlite3": True, "aiosqlite": False}


def test_the_plugin_offers_the_profiles_that_there_are() -> None:
    """It names them itself, as the plan is too much to load into a session without a cell."""
    assert tuple(PROFILES) == plugin.PROFILES


def test_who_reads_a_run_that_decides_knows_its_profile_by_the_same_name() -> None:
    assert rule.DECIDE == DECIDE
