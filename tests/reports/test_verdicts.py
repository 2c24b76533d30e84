"""What follows from where intervals lie, and that no verdict says more than its figures."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from support.run_files import CellSpec, grid_cells, make_run, sleep_cells
from when_async.bench.model import Estimate, Status
from when_async.bench.quantity import comparison_id
from when_async.bench.registry import RegistryError
from when_async.bench.selection import catalogue, point_of
from when_async.reports.recordings.agreement import agreed
from when_async.reports.scene.evidence import scene
from when_async.reports.verdicts.claim import (
    SECTIONS,
    Axis,
    Behaviour,
    Bound,
    Claim,
    Measure,
    Part,
    Side,
    Word,
    estimated,
)
from when_async.reports.verdicts.judging import claims, judge, lookups, settle
from when_async.reports.verdicts.lookup import Hole, Lookup, Outcome
from when_async.reports.verdicts.measures import BestOver, Over, OverBound, Ran, Ratio, Value, speedup
from when_async.results.cells.rule import Series
from when_async.results.frame import load
from when_async.results.stats.estimate import share

GRID = "grid_search[unit=10ms,n=16,c=2]"
SLEEP = "sleep[wait=10ms,n=100,c=10]"


def part(measure: Any, bound: Bound, where: str = "here", **more: Any) -> Part:
    return Part(where, measure, bound, "the figure is {}", **more)


def claim(*parts: Part, axis: Axis | None = None) -> Claim:
    return Claim(
        name="mine", section="Concurrency", statement="Something is so.", scope="Only here.", parts=parts, axis=axis
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    path = tmp_path_factory.mktemp("run") / "a.jsonl"
    return load([make_run(path, cells=[*sleep_cells(), *grid_cells()], forks=6, noise=0.01, fork_noise=0.01)])


def word_of(run: pd.DataFrame, *parts: Part, axis: Axis | None = None) -> Any:
    (found,) = judge(run, {"mine": claim(*parts, axis=axis)})
    return found


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The same while other programs keep a core busy."""
    path = tmp_path_factory.mktemp("busy") / "a.jsonl"
    cells = [*sleep_cells(), *grid_cells()]
    return load([make_run(path, cells=cells, forks=6, noise=0.01, fork_noise=0.01, others=0.98)])


PROCESSES = speedup(GRID, "multiprocessing", "sync")
THREADS = speedup(GRID, "threading", "sync")


@pytest.mark.parametrize(
    ("sides", "incomplete", "expected"),
    [
        ((Side.INSIDE, Side.INSIDE), False, Word.HOLDS),
        ((Side.OUTSIDE, Side.OUTSIDE), False, Word.REFUTED),
        ((Side.INSIDE, Side.OUTSIDE), False, Word.DEPENDS),
        ((Side.INSIDE, Side.OUTSIDE, Side.ACROSS), False, Word.DEPENDS),
        ((Side.INSIDE, Side.ACROSS), False, Word.INCONCLUSIVE),
        ((Side.INSIDE, Side.MISSING), False, Word.HOLDS),
        ((Side.INSIDE, Side.MISSING), True, Word.INCONCLUSIVE),
        ((Side.OUTSIDE, Side.MISSING), True, Word.INCONCLUSIVE),
        ((Side.MISSING, Side.MISSING), True, Word.NOT_MEASURED),
        ((), False, Word.NOT_MEASURED),
    ],
)
def test_the_verdict_follows_from_where_the_parts_lie(
    sides: tuple[Side, ...], incomplete: bool, expected: Word
) -> None:
    assert settle(sides, incomplete) is expected


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(1.2, 1.4, Side.INSIDE), (0.5, 0.9, Side.OUTSIDE), (0.9, 1.4, Side.ACROSS), (2.1, 2.3, Side.OUTSIDE)],
)
def test_an_interval_lies_in_a_bound_outside_of_it_or_across_it(low: float, high: float, expected: Side) -> None:
    assert Bound(1.1, 2.0).side(Estimate((low + high) / 2, low, high, "x", 6)) is expected


def test_a_count_whose_logarithm_was_averaged_is_still_that_count() -> None:
    ten = Estimate(10.000000000000002, 10.000000000000002, 10.000000000000002, "", 6)
    assert Bound(10, 10).side(ten) is Side.INSIDE


def test_a_claim_that_all_figures_back_holds_with_the_closest_of_them(run: pd.DataFrame) -> None:
    found = word_of(run, part(PROCESSES, Bound(low=1.1)), part(PROCESSES, Bound(low=1.6), "close"))
    assert found.word is Word.HOLDS
    assert found.sentence.startswith("True in both cases. The closest: the figure is ")
    assert found.sentence.endswith(" close. The claim asks for at least 1.6×.")
    assert found.estimate.low <= 0.165 / 0.096 <= found.estimate.high


@pytest.mark.parametrize("name", ["makespan", "peak_rss"])
def test_a_ratio_of_two_places_is_one_of_their_processes_and_has_a_key_of_its_own(run: pd.DataFrame, name: str) -> None:
    across = Ratio((GRID, "sync"), (SLEEP, "sync"), name)
    (proof,) = lookups(run, scene(run))
    sides = [proof.series(cell, name) for cell in across.cells]
    met = zip(*(one.values for one in sides if isinstance(one, Series)), strict=True)
    assert across.series(proof) == Series(tuple(one / other for one, other in met), "x")
    assert across.key == f"{name} of sync in {GRID} over sync in {SLEEP}"


def test_a_claim_that_no_figure_backs_is_refuted(run: pd.DataFrame) -> None:
    found = word_of(run, part(THREADS, Bound(low=1.1)))
    assert found.word is Word.REFUTED
    assert re.match(r"Not true\. Here: the figure is 0\.9\d+× \[.*\] here\. That is ", found.sentence)
    assert found.sentence.endswith(" below the claimed minimum of 1.1×.")
    assert found.flat()["verdict"] == "REFUTED"
    assert found.flat()["high"] < 1.1


@pytest.mark.parametrize(
    ("bound", "near"),
    [
        (Bound(low=1.05), "just below the claimed minimum of 1.05×"),
        (Bound(low=3), "far below the claimed minimum of 3×"),
        (Bound(1.5, 1.9), "below the claimed 1.5× to 1.9×"),
        (Bound(high=0.4), "far above the claimed maximum of 0.4×"),
        (Bound(0.0, 0.0), "above the claimed 0×"),
    ],
)  # fmt: skip
def test_what_is_refuted_says_how_near_it_comes(run: pd.DataFrame, bound: Bound, near: str) -> None:
    found = word_of(run, part(THREADS, bound))
    assert found.word is Word.REFUTED
    assert found.sentence.endswith(f" That is {near}.")
    assert found.brief().endswith(f" That is {near}.")


def test_a_claim_that_some_figures_back_depends_and_names_both(run: pd.DataFrame) -> None:
    found = word_of(run, part(PROCESSES, Bound(low=1.1), "processes"), part(THREADS, Bound(low=1.1), "threads"))
    assert found.word is Word.DEPENDS
    said = r"True in 1 case, not in 1\. True: the figure is .* processes\. Not true: the figure is .* threads\."
    assert re.fullmatch(said, found.sentence)


def test_the_boundary_lies_between_the_neighbours_on_the_axis_that_differ(run: pd.DataFrame) -> None:
    good, bad = part(PROCESSES, Bound(low=1.1), "good"), part(THREADS, Bound(low=1.1), "bad")
    parts = [replace(bad, axis=1e-4), replace(bad, axis=1e-3), replace(good, axis=4e-3), replace(good, axis=1e-2)]
    found = word_of(run, *parts, axis=Axis("size of a unit", "s"))
    assert found.boundary == (1e-3, 4e-3)
    assert found.sentence.startswith(
        "It turns on the size of a unit: true from 4 ms on, not up to 1 ms. True in 2 cases"
    )


def test_in_a_line_of_a_table_a_verdict_is_its_figure_or_one_of_either_side(run: pd.DataFrame) -> None:
    good, bad = part(PROCESSES, Bound(low=1.1), "good"), part(THREADS, Bound(low=1.1), "bad")
    one = word_of(run, good, replace(good, where="better"))
    assert re.fullmatch(r"The figure is .* good\.", one.brief())
    assert one.estimate is not None
    assert f"{one.estimate.low:.2f}, {one.estimate.high:.2f}" in one.brief()
    many = word_of(run, *(replace(good, where=f"good {n}") for n in range(5)), bad)
    sides = r"True: the figure is .* good 0\. Not true: the figure is .* bad\."
    assert re.fullmatch(sides, many.brief())
    shares = [replace(bad, axis=0.5), replace(good, axis=0.9)]
    turned = word_of(run, *shares, axis=Axis("share of waiting", "%")).brief()
    assert turned.startswith("It turns on the share of waiting: true from 90 % on, not up to 50 %. True: ")
    missing = word_of(run, part(speedup("elsewhere", "a", "b"), Bound(low=1.1)))
    assert missing.brief() == missing.sentence


def test_there_is_no_boundary_where_the_verdict_turns_twice(run: pd.DataFrame) -> None:
    good, bad = part(PROCESSES, Bound(low=1.1)), part(THREADS, Bound(low=1.1))
    parts = [replace(good, axis=1.0), replace(bad, axis=2.0), replace(good, axis=3.0)]
    found = word_of(run, *parts, axis=Axis("size"))
    assert found.boundary is None
    assert "It turns" not in found.sentence


def test_there_is_no_boundary_where_one_place_of_the_axis_lies_on_either_side(run: pd.DataFrame) -> None:
    good, bad = part(PROCESSES, Bound(low=1.1)), part(THREADS, Bound(low=1.1))
    parts = [replace(good, axis=12.0), replace(good, axis=24.0), replace(bad, axis=24.0)]
    assert word_of(run, *parts, axis=Axis("boards")).boundary is None


def test_a_boundary_between_counts_is_told_in_whole_numbers(run: pd.DataFrame) -> None:
    good, bad = part(PROCESSES, Bound(low=1.1)), part(THREADS, Bound(low=1.1))
    found = word_of(run, replace(good, axis=10.0), replace(bad, axis=24.0), axis=Axis("number of boards"))
    assert "It turns on the number of boards: true up to 10, not from 24 on." in found.sentence


def test_parts_that_the_run_was_not_asked_for_leave_it_open_and_say_how_to_measure(run: pd.DataFrame) -> None:
    found = word_of(run, part(PROCESSES, Bound(low=1.1)), part(speedup("elsewhere", "a", "b"), Bound(low=1.1)))
    assert found.word is Word.INCONCLUSIVE
    assert found.sentence.startswith("So far true: the figure is ")
    assert "This run left out 1 of 2 cases; when-async run --claim mine measures all." in found.sentence


def test_what_is_a_hole_of_the_machine_is_named_and_counts_for_nothing(tmp_path: Path) -> None:
    cells = [
        replace(one, status=Status.UNSUPPORTED, reason="no second core here") if one.cell.runner == "threading" else one
        for one in grid_cells()
    ]
    run = load([make_run(tmp_path / "a.jsonl", cells=cells, forks=6, noise=0.01, fork_noise=0.01)])
    found = word_of(run, part(PROCESSES, Bound(low=1.1)), part(THREADS, Bound(low=1.1), "threads"))
    assert found.word is Word.HOLDS
    assert "No figure threads. Why: " in found.sentence
    assert "no second core here" in found.sentence


def test_a_claim_without_any_figure_was_not_measured_and_has_no_number(run: pd.DataFrame) -> None:
    found = word_of(run, part(speedup("elsewhere", "a", "b"), Bound(low=1.1)))
    assert found.word is Word.NOT_MEASURED
    assert found.estimate is None
    assert found.flat()["point"] is None


def test_a_part_for_builds_without_a_lock_does_not_concern_one_with_it(run: pd.DataFrame) -> None:
    found = word_of(run, part(PROCESSES, Bound(low=1.1)), part(THREADS, Bound(low=1.1), gil=False))
    assert found.word is Word.HOLDS
    assert len(found.readings) == 1


def test_each_interpreter_is_judged_by_itself(tmp_path: Path) -> None:
    cells = [*grid_cells("3.14"), *grid_cells("3.14t")]
    cells = [
        replace(one, makespan_s=0.09) if one.cell.python == "3.14t" and one.cell.runner == "threading" else one
        for one in cells
    ]
    path = make_run(tmp_path / "a.jsonl", cells=cells, pythons=("3.14", "3.14t"), forks=6, noise=0.01)
    found = {one.python: one.word for one in judge(load([path]), {"mine": claim(part(THREADS, Bound(high=1.1)))})}
    assert found == {"3.14": Word.HOLDS, "3.14t": Word.REFUTED}


def test_of_two_runs_the_one_that_says_something_counts_and_they_are_never_pooled(tmp_path: Path) -> None:
    old = make_run(tmp_path / "a.jsonl", cells=grid_cells(), forks=6, run="20260101-000000-aaaa")
    new = make_run(tmp_path / "b.jsonl", cells=sleep_cells(), forks=6, run="20260201-000000-bbbb")
    known = {"mine": claim(part(PROCESSES, Bound(low=1.1)))}
    frame = load([old, new])
    (found,) = agreed(judge(frame, known), frame.attrs["headers"])
    assert found.run == "20260101-000000-aaaa"
    assert found.word is Word.HOLDS


def proof_of(run: pd.DataFrame) -> Lookup:
    from when_async.reports.scene.evidence import scene

    return Lookup(scene(run), run["run"][0], "3.11")


def found_by(measure: Measure, proof: Lookup) -> Estimate | Outcome | Hole:
    """What a part with this measure has for a figure."""
    return estimated(part(measure, Bound(low=0.0)), proof)


def test_a_value_over_a_constant_and_over_a_bound_of_arithmetic(tmp_path: Path) -> None:
    cells = [replace(one, bounds={"side by side": 0.05}) for one in grid_cells()]
    run = load([make_run(tmp_path / "a.jsonl", cells=cells, forks=6, noise=0.0, fork_noise=0.0)])
    proof = proof_of(run)
    over = found_by(OverBound((GRID, "multiprocessing"), "side by side"), proof)
    assert isinstance(over, Estimate)
    assert over.point == pytest.approx(0.096 / 0.05)
    same = found_by(Over((GRID, "multiprocessing"), "makespan", 0.05), proof)
    assert same == over
    assert isinstance(found_by(OverBound((GRID, "multiprocessing"), "another"), proof), Hole)


def test_a_figure_of_a_workload_is_read_before_a_field_of_the_row(tmp_path: Path) -> None:
    cells = [replace(one, figures={"parallelism": 7.0}) for one in grid_cells()]
    run = load([make_run(tmp_path / "a.jsonl", cells=cells, forks=6, noise=0.0, fork_noise=0.0)])
    found = found_by(Value((GRID, "sync"), "parallelism"), proof_of(run))
    assert isinstance(found, Estimate)
    assert found.point == pytest.approx(7.0)


def test_a_percentile_of_a_process_is_read_in_seconds_and_over_that_of_another(tmp_path: Path) -> None:
    slow = {"sync": 30, "threading": 10}
    cells = [replace(one, latencies_ns=[slow.get(one.cell.runner, 1) * 10**6] * 50) for one in grid_cells()]
    run = load([make_run(tmp_path / "a.jsonl", cells=cells, forks=6, noise=0.0, fork_noise=0.0)])
    value = found_by(Value((GRID, "sync"), "p50"), proof_of(run))
    over = found_by(Ratio((GRID, "sync"), (GRID, "threading"), "p50"), proof_of(run))
    assert isinstance(value, Estimate)
    assert isinstance(over, Estimate)
    assert (value.point, value.unit) == (pytest.approx(0.03, rel=1e-2), "s")
    assert over.point == pytest.approx(3.0, rel=1e-2)
    assert isinstance(found_by(Value((GRID, "sync"), "p99.9"), proof_of(run)), Hole)


def test_the_best_of_some_is_held_against_the_best_of_the_others(run: pd.DataFrame) -> None:
    found = found_by(BestOver(GRID, ("asyncio", "multiprocessing"), ("sync", "threading")), proof_of(run))
    direct = found_by(Ratio((GRID, "multiprocessing"), (GRID, "sync"), "throughput"), proof_of(run))
    assert isinstance(found, Estimate)
    assert found == direct


def test_a_limit_that_was_met_is_an_outcome_and_another_failure_is_a_hole(tmp_path: Path) -> None:
    def cells(reason: str) -> list[CellSpec]:
        return [
            replace(one, status=Status.UNSUPPORTED, reason=reason) if one.cell.runner == "threading" else one
            for one in grid_cells()
        ]

    for index, (reason, kind) in enumerate((("can't start new thread", Outcome), ("it fell over", Hole))):
        run = load([make_run(tmp_path / f"{index}.jsonl", cells=cells(reason), forks=6)])
        found = found_by(Ran((GRID, "threading"), "can't start new thread"), proof_of(run))
        assert isinstance(found, kind)
    assert found_by(Ran((GRID, "sync"), "can't"), proof_of(run)) == Outcome(True, "ran in all 6 processes")


def behaviour_run(tmp_path: Path, **seen: Any) -> pd.DataFrame:
    path = make_run(tmp_path / "a.jsonl", cells=grid_cells(), forks=2)
    frame = load([path])
    record = {"run": frame["run"][0], "claim": "inert", "python": "3.11", "version": "3.11.7", "said": "nothing ran"}
    frame.attrs["behaviours"] = [{**record, "absent": "", **seen}]
    return frame


INERT = Behaviour(name="inert", section="Concurrency", statement="It is inert.", scope="Here.")


@pytest.mark.parametrize(
    ("shown", "expected"), [(3, Word.HOLDS), (0, Word.REFUTED), (2, Word.DEPENDS)]
)  # fmt: skip
def test_a_behaviour_is_judged_by_how_many_fresh_processes_showed_it(
    tmp_path: Path, shown: int, expected: Word
) -> None:
    (found,) = judge(behaviour_run(tmp_path, shown=shown, tried=3), {"inert": INERT})
    assert found.word is expected
    assert f"in {shown} of 3 fresh processes" in found.sentence
    assert found.flat()["unit"] == "share"


def test_a_behaviour_that_cannot_be_seen_here_says_why(tmp_path: Path) -> None:
    frame = behaviour_run(tmp_path, shown=0, tried=0, absent="pytest-asyncio is missing; pip install pytest-asyncio")
    (found,) = judge(frame, {"inert": INERT})
    assert found.word is Word.NOT_MEASURED
    assert "pip install pytest-asyncio" in found.sentence


def test_the_interval_of_a_share_is_that_of_clopper_and_pearson() -> None:
    all_, none = share(3, 3), share(0, 3)
    assert all_
    assert none
    assert (all_.low, all_.high) == (pytest.approx(0.2924, abs=1e-4), 1.0)
    assert (none.low, none.high) == (0.0, pytest.approx(0.7076, abs=1e-4))


@pytest.mark.parametrize("name", [name for name, one in claims().items() if isinstance(one, Claim)])
def test_every_cell_of_a_claim_names_a_point_and_a_contestant_that_exist(name: str) -> None:
    from when_async.bench.registry import bodies_for

    known = catalogue()
    for place, contestant in claims()[name].cells:
        found, point = point_of(place, known.workloads)
        assert comparison_id(found.value, point) == place
        runner, _, library = contestant.partition("/")
        bodies = bodies_for(found.value, known.runners[runner].value)
        assert library in {key.partition("/")[2] for key in bodies}, f"{contestant} has no body in {place}"


def test_async_first_is_judged_over_every_point_of_the_decision_map() -> None:
    asked = {place for place, _ in claims()["async-first"].cells}
    mixed = catalogue().workloads["mixed"].value
    assert asked == {comparison_id(mixed, point) for point in mixed.grid["full"]}


@pytest.mark.parametrize("one", claims().values(), ids=lambda one: one.name)
def test_a_claim_names_its_section_its_source_and_its_scope(one: Any) -> None:
    assert one.section in SECTIONS
    assert one.link.startswith("https://")
    assert one.statement.endswith(".")
    assert one.scope.endswith(".")


@pytest.mark.parametrize("one", [one for one in claims().values() if isinstance(one, Claim)], ids=lambda one: one.name)
def test_each_case_of_a_claim_has_a_place_of_its_own_that_ends_its_clause(one: Claim) -> None:
    wheres = [part.where for part in one.parts]
    assert len(set(wheres)) == len(wheres)
    prepositions = {"for", "with", "in", "on", "to", "by", "under", "at", "as", "while", "when", "without"}
    assert {where.split()[0] for where in wheres} <= prepositions


def test_the_ids_of_the_design_are_all_there() -> None:
    wanted = {
        "chess", "overlap", "blocking-stalls", "async-veneer", "chain", "queue-handoff", "queue-scale", "comprehension",
        "one-core", "many-loops", "first-result", "grid-search", "threads-dont-speed-cpu", "thread-ceiling",
        "thread-memory", "io-bound", "server-side", "chat", "file-writes", "db-driver", "limit", "uvloop",
        "uvloop-today",
        "alternatives", "asyncer", "async-first", "coroutine-inert", "syntax-yield-from", "syntax-await",
        "await-protocol", "unawaited-task", "gather-order", "queue-join", "semaphore-threads", "races-threads",
        "races-tasks", "aged-all-tasks", "aged-get-event-loop", "aged-event-loop-fixture", "pytest-asyncio-modes",
    }  # fmt: skip
    assert wanted <= claims().keys()


def test_the_id_of_a_point_leaves_out_what_is_zero() -> None:
    known = catalogue().workloads
    assert point_of("database_sqlite[rows=20000,n=400,c=10]", known)[1].params["writes"] == 0
    with pytest.raises(RegistryError, match="did you mean 'sleep'"):
        point_of("slep[wait=1ms,n=4,c=2]", known)


def test_several_cores_are_not_held_against_one_while_other_programs_have_them(busy: pd.DataFrame) -> None:
    found = word_of(busy, part(PROCESSES, Bound(low=1.1)))
    assert found.word is Word.INCONCLUSIVE
    assert "while other programs kept 0.98 cores busy" in found.sentence
    assert "while other programs kept 0.98 cores busy" in found.brief()


@pytest.mark.parametrize(
    ("measure", "word"),
    [
        (speedup(SLEEP, "uvloop", "asyncio"), Word.HOLDS),
        (speedup(GRID, "multiprocessing", "threading"), Word.HOLDS),
        (Value((GRID, "multiprocessing"), "parallelism"), Word.INCONCLUSIVE),
        (Value((GRID, "multiprocessing"), "pss"), Word.HOLDS),
        (Value((GRID, "sync"), "makespan"), Word.HOLDS),
    ],
)
def test_what_needs_no_more_cores_than_the_other_side_is_decided_all_the_same(
    busy: pd.DataFrame, measure: Measure, word: Word
) -> None:
    assert word_of(busy, part(measure, Bound(low=1e-9))).word is word


def test_on_a_quiet_machine_the_same_is_decided(run: pd.DataFrame) -> None:
    assert word_of(run, part(PROCESSES, Bound(low=1.1))).word is Word.HOLDS
