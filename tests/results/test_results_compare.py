"""What a comparison promises: paired inside blocks, one number per process, and None where n is too small."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
import pytest

from support.run_files import (
    CellSpec,
    cell_line,
    grid_cells,
    header_line,
    http_cells,
    make_run,
    measurement_line,
    sample_line,
    sleep_cells,
    trial_line,
    write_lines,
)
from when_async.bench.model import Estimate, Phase, Status
from when_async.results.cells.noise import noise
from when_async.results.cells.summary import Row, digest_conflicts, summary
from when_async.results.frame import load
from when_async.results.stats.estimate import log_interval, positive

ESTIMATES = [field.name for field in fields(Row) if str(field.type).startswith("Estimate")]


def rows_of(path: Path, **options: Any) -> dict[str, Row]:
    """The rows of a synthetic run by contestant (and interpreter, where there is more than one)."""
    rows = summary(load([make_run(path / "run.jsonl", **options)]))
    several = len({row.python for row in rows}) > 1
    return {f"{row.contestant}@{row.python}" if several else row.contestant: row for row in rows}


def point(estimate: Estimate | None) -> float:
    assert estimate is not None
    return estimate.point


def exact(spec: CellSpec, **changes: Any) -> CellSpec:
    return replace(spec, **changes)


def test_without_noise_every_number_is_what_the_definition_says(tmp_path: Path) -> None:
    row = rows_of(tmp_path, cells=sleep_cells(), noise=0, fork_noise=0)["asyncio"]
    # 100 waits of 10 ms, 10 in flight, 3.5 ms beyond the ideal of 100 ms; CPU 2.1 ms + 0.7 ms.
    for name, value, unit in [
        ("makespan", 0.1035, "s"),
        ("throughput", 100 / 0.1035, "op/s"),
        ("speedup", 1.011 / 0.1035, "x"),
        ("overhead", 0.035, "fraction"),
        ("overhead_per_op", 35e-6, "s"),
        ("cpu_per_op", 28e-6, "s"),
        ("parallelism", 0.0028 / 0.1035, "cores"),
        ("stall", 0.0004, "s"),
        ("startup", 0.004, "s"),
        ("launch", 0.08, "s"),
        ("teardown", 0.001, "s"),
        ("pss", 21e6, "bytes"),
        ("peak_rss", 30e6, "bytes"),
    ]:
        estimate = getattr(row, name)
        assert (estimate.point, estimate.unit, estimate.n) == (pytest.approx(value), unit, 3), name
    assert point(row.switches_per_op) == pytest.approx(1.01, abs=0.02)
    assert row.arithmetic_speedup == pytest.approx(10)
    assert (row.forks, row.rounds, row.digests, row.affinity) == (3, 15, ("5ee9",), "0 or 1")
    assert (row.params, row.ops, row.headline) == ({"wait_s": 0.01, "n": 100}, 100, "overhead")
    assert (row.status, row.gil, row.one_core, row.python_version) == ("OK", True, True, "3.11.7")


def test_the_reference_has_no_speedup_and_a_row_without_loop_no_stall(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, cells=sleep_cells())
    assert rows["sync"].reference
    assert rows["sync"].speedup is None
    assert rows["threading"].stall is None
    assert rows["threading"].speedup is not None


def test_a_workload_without_ideal_has_no_overhead(tmp_path: Path) -> None:
    row = rows_of(tmp_path, cells=grid_cells())["multiprocessing"]
    assert (row.ideal_s, row.overhead, row.overhead_per_op, row.arithmetic_speedup) == (None, None, None, None)
    assert point(row.parallelism) > 1.5


def test_where_nothing_waits_there_is_no_ideal_to_stand_above(tmp_path: Path) -> None:
    row = rows_of(tmp_path, cells=[replace(spec, ideal_s=0.0) for spec in sleep_cells()])["threading"]
    assert (row.overhead, row.overhead_per_op, row.arithmetic_speedup) == (None, None, None)
    assert row.throughput is not None


def test_every_cell_that_was_asked_for_has_one_row_in_order(tmp_path: Path) -> None:
    specs = http_cells()
    rows = rows_of(tmp_path, cells=specs)
    assert list(rows) == [spec.cell.contestant for spec in specs]
    failed, unsupported = rows["multiprocessing/requests"], rows["trio/httpx"]
    assert (failed.status, failed.reason[:16], failed.rounds) == ("FAILED", "fork 0, round 2:", 2)
    assert (unsupported.status, unsupported.forks, unsupported.affinity) == ("UNSUPPORTED", 0, "")
    for row in (failed, unsupported):
        assert {getattr(row, name) for name in (*ESTIMATES, "headroom")} == {None}
        assert not row.server_bound


def test_with_one_fork_all_estimates_are_none(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, cells=http_cells(), forks=1)
    for row in rows.values():
        assert {getattr(row, name) for name in (*ESTIMATES, "headroom")} == {None}
    assert (rows["uvloop/aiohttp"].forks, rows["uvloop/aiohttp"].rounds) == (1, 5)
    assert rows["uvloop/aiohttp"].server_bound


def test_intervals_count_processes_and_never_rounds(tmp_path: Path) -> None:
    row = rows_of(tmp_path, cells=sleep_cells(), forks=4, rounds=20)["asyncio"]
    assert {estimate.n for name in ESTIMATES if (estimate := getattr(row, name))} == {4}
    assert row.rounds == 80


def test_each_process_is_reduced_to_the_median_of_its_rounds(tmp_path: Path) -> None:
    path = make_run(tmp_path / "run.jsonl", cells=sleep_cells(), forks=4, rounds=7, noise=0.3, fork_noise=0.1)
    frame = load([path])
    mine = frame[(frame["contestant"] == "threading") & (frame["phase"] == "measure")]
    medians = [median(rows["makespan_s"].tolist()) for _, rows in mine.groupby("fork")]
    (row,) = [row for row in summary(frame) if row.contestant == "threading"]
    assert row.makespan == log_interval(medians, "s")


def pair_lines(spec: CellSpec, makespans: dict[tuple[int, int], float]) -> list[dict[str, Any]]:
    return [
        sample_line(spec.cell.id, fork=fork, block=block, round=block, makespan_s=makespan_s)
        for (fork, block), makespan_s in makespans.items()
    ]


def two_cells(tmp_path: Path, reference: dict[tuple[int, int], float], other: dict[tuple[int, int], float]) -> Row:
    """The row of a contestant from hand-written makespans by (fork, block), and those of its reference."""
    sync, threads = sleep_cells()[:2]
    specs = (sync, threads)
    path = write_lines(
        tmp_path / "run.jsonl",
        [
            header_line(),
            *map(cell_line, specs),
            *pair_lines(sync, reference),
            *pair_lines(threads, other),
            *(measurement_line(spec.cell.id) for spec in specs),
        ],
    )
    return summary(load([path]))[1]


def test_what_slows_a_whole_block_cancels_in_the_speedup(tmp_path: Path) -> None:
    slow = {(fork, block): 1.0 + fork + 7.0 * block for fork in range(3) for block in range(4)}
    row = two_cells(tmp_path, {key: 0.6 * by for key, by in slow.items()}, {key: 0.2 * by for key, by in slow.items()})
    assert row.speedup is not None
    assert (row.speedup.point, row.speedup.low, row.speedup.high) == (pytest.approx(3),) * 3


def test_only_blocks_that_both_have_enter_the_speedup(tmp_path: Path) -> None:
    other = {(fork, block): 1.0 for fork in range(3) for block in range(3)}
    # The reference lost its first block everywhere and the whole of fork 2; what it has says 2x.
    reference = {(fork, block): 2.0 for fork in range(2) for block in (1, 2)}
    other |= {(fork, 0): 99.0 for fork in range(3)}
    row = two_cells(tmp_path, reference, other)
    assert row.speedup is not None
    assert (row.speedup.point, row.speedup.n, row.forks) == (pytest.approx(2), 2, 3)


def test_the_speedup_of_a_process_is_the_median_over_its_blocks(tmp_path: Path) -> None:
    other = {(fork, block): 1.0 for fork in range(2) for block in range(3)}
    reference = {(0, 0): 2.0, (0, 1): 3.0, (0, 2): 50.0, (1, 0): 3.0, (1, 1): 3.0, (1, 2): 0.01}
    row = two_cells(tmp_path, reference, other)
    assert point(row.speedup) == pytest.approx(3)


def test_without_a_reference_there_is_no_speedup(tmp_path: Path) -> None:
    assert two_cells(tmp_path, {}, {(fork, 0): 1.0 for fork in range(3)}).speedup is None
    assert two_cells(tmp_path, {(0, 0): 1.0}, {(fork, 0): 1.0 for fork in range(3)}).speedup is None


def test_a_failed_reference_is_compared_with_nothing(tmp_path: Path) -> None:
    sync, *others = sleep_cells()
    specs = [exact(sync, status=Status.FAILED, reason="wrong answer", failed_after=3), *others]
    assert {row.speedup for row in rows_of(tmp_path, cells=specs).values()} == {None}


def test_each_interpreter_is_compared_with_its_own_reference(tmp_path: Path) -> None:
    cells = [
        exact(spec, makespan_s=spec.makespan_s * (2 if spec.cell.python == "3.13t" else 1), ideal_s=None)
        for python in ("3.11", "3.13t")
        for spec in grid_cells(python)
    ]
    rows = rows_of(tmp_path, cells=cells, noise=0, fork_noise=0)
    assert point(rows["multiprocessing@3.11"].speedup) == pytest.approx(0.165 / 0.096)
    assert point(rows["multiprocessing@3.13t"].speedup) == pytest.approx(0.165 / 0.096)
    assert (rows["sync@3.11"].gil, rows["sync@3.13t"].gil) == (True, False)


def test_two_runs_are_never_mixed(tmp_path: Path) -> None:
    slow = [exact(spec, makespan_s=spec.makespan_s * 2, ideal_s=None) for spec in grid_cells()]
    one = make_run(tmp_path / "one.jsonl", run="one", cells=grid_cells(), noise=0, fork_noise=0)
    two = make_run(tmp_path / "two.jsonl", run="two", cells=slow, noise=0, fork_noise=0)
    rows = summary(load([one, two]))
    assert [row.run for row in rows] == ["one"] * 5 + ["two"] * 5
    assert point(rows[5].makespan) == pytest.approx(2 * point(rows[0].makespan))
    assert point(rows[7].speedup) == pytest.approx(point(rows[2].speedup))


def test_a_row_is_server_bound_when_the_service_can_take_less_than_three_times_as_much(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, cells=http_cells(), noise=0, fork_noise=0)
    fast, slow = rows["uvloop/aiohttp"], rows["sync/requests"]
    assert (fast.server_bound, slow.server_bound) == (True, False)
    # 4300 op/s against 100 ops in 66 ms.
    assert fast.headroom == pytest.approx(4300 / (100 / 0.066), rel=0.02)
    assert rows["threading/requests"].headroom is not None


@pytest.mark.parametrize(("share", "bound"), [(0.69, False), (0.71, True)])
def test_a_row_is_server_bound_when_the_service_keeps_its_core_busy(tmp_path: Path, share: float, bound: bool) -> None:
    specs = [exact(spec, service_cpu_share=share, capacity_per_s=1e6) for spec in http_cells()]
    assert rows_of(tmp_path, cells=specs)["uvloop/aiohttp"].server_bound is bound


def test_without_a_service_there_is_no_headroom(tmp_path: Path) -> None:
    row = rows_of(tmp_path, cells=sleep_cells())["uvloop"]
    assert (row.headroom, row.server_bound) == (None, False)


def test_a_clock_too_coarse_for_the_round_gives_a_linear_interval_and_no_crash(tmp_path: Path) -> None:
    specs = [exact(spec, cpu_user_s=0.0, cpu_system_s=0.0) for spec in sleep_cells()]
    row = rows_of(tmp_path, cells=specs)["asyncio"]
    assert (point(row.cpu_per_op), point(row.parallelism)) == (0, 0)


def test_a_trial_without_memory_figures_leaves_only_these_out(tmp_path: Path) -> None:
    spec = sleep_cells()[0]
    lines = [header_line(), cell_line(spec), *pair_lines(spec, {(fork, 0): 1.0 for fork in range(3)})]
    lines += [trial_line(spec.cell.id, fork, pss_bytes=None, teardown_s=None) for fork in range(3)]
    (row,) = summary(load([write_lines(tmp_path / "run.jsonl", [*lines, measurement_line(spec.cell.id)])]))
    assert (row.pss, row.teardown) == (None, None)
    assert point(row.startup) == pytest.approx(0.004)


@pytest.mark.parametrize("options", [{"forks": 0}, {"finished": False}, {"rounds": 0}])
def test_a_run_without_any_number_has_rows_without_numbers(tmp_path: Path, options: dict[str, Any]) -> None:
    rows = rows_of(tmp_path, cells=sleep_cells(), **options)
    assert len(rows) == 5
    assert {getattr(row, name) for row in rows.values() for name in ESTIMATES} == {None}


def test_a_frame_without_rows_has_no_summary_and_no_conflict() -> None:
    frame = load([])
    assert summary(frame) == []
    assert digest_conflicts(frame) == []
    assert noise(frame)["word"] == "not recorded"


def test_cells_that_came_to_different_results_are_a_conflict(tmp_path: Path) -> None:
    specs = sleep_cells()
    odd = exact(specs[3], digest="0dd0")
    frame = load([make_run(tmp_path / "run.jsonl", cells=[*specs[:3], odd, specs[4], *grid_cells()])])
    assert digest_conflicts(frame) == ["sleep[wait=10ms,n=100,c=10]"]
    assert {row.digests for row in summary(frame) if row.contestant == "asyncio"} == {("0dd0",), ("b7a2",)}


def test_a_failed_cell_and_other_runs_make_no_conflict(tmp_path: Path) -> None:
    specs = sleep_cells()
    broken = exact(specs[3], digest="0dd0", status=Status.FAILED, reason="wrong", failed_after=2)
    one = make_run(tmp_path / "one.jsonl", run="one", cells=[*specs[:3], broken, specs[4]])
    other_seed = [exact(spec, digest="7777") for spec in specs]
    two = make_run(tmp_path / "two.jsonl", run="two", cells=other_seed)
    assert digest_conflicts(load([one, two])) == []


@pytest.mark.parametrize(
    ("steal", "pressure", "word"),
    [
        (0.0, 0.0, "quiet"),
        (0.019, 0.19, "quiet"),
        (0.12, 0.0, "disturbed: 12 % steal"),
        (0.0, 0.31, "disturbed: 31 % CPU pressure"),
        (0.12, 0.31, "disturbed: 12 % steal, 31 % CPU pressure"),
    ],
)
def test_noise_says_in_a_word_how_quiet_the_machine_was(
    tmp_path: Path, steal: float, pressure: float, word: str
) -> None:
    found = noise(load([make_run(tmp_path / "run.jsonl", cells=sleep_cells(), steal=steal, pressure=pressure)]))
    assert found["word"] == word
    assert found["steal_share"] == pytest.approx(steal)
    assert found["pressure_share"] == pytest.approx(pressure)


def test_pressure_that_a_contestant_with_many_processes_makes_itself_is_no_disturbance(tmp_path: Path) -> None:
    sync, _, pool = grid_cells()[:3]
    busy = {"steal_s": 0.0, "pressure_s": 0.09}
    lines = [header_line(), cell_line(sync), cell_line(pool), sample_line(sync.cell.id)]
    lines += [sample_line(pool.cell.id, noise=busy), measurement_line(sync.cell.id), measurement_line(pool.cell.id)]
    found = noise(load([write_lines(tmp_path / "run.jsonl", lines)]))
    assert (found["word"], found["pressure_share_one_core"]) == ("quiet", 0.0)
    assert found["pressure_share"] == pytest.approx(0.45)


@pytest.mark.parametrize(("others", "word"), [(0.0, "quiet"), (0.2, "quiet"), (0.98, "other programs kept 0.98 cores")])
def test_a_core_that_other_programs_keep_busy_is_seen(tmp_path: Path, others: float, word: str) -> None:
    frame = load([make_run(tmp_path / "run.jsonl", cells=[*sleep_cells(), *http_cells()], others=others)])
    found = noise(frame)
    assert found["others_cores"] == pytest.approx(others, abs=1e-9)
    assert word in str(found["word"])
    known = {row.workload: row.others for row in summary(frame) if row.status == "OK"}
    assert known["sleep"] == pytest.approx(others, abs=1e-9)
    assert known["http_fetch"] is None, "its server computes too, and not each server counts its own"


def test_noise_that_was_not_recorded_is_not_called_quiet(tmp_path: Path) -> None:
    spec = sleep_cells()[0]
    lines = [header_line(), cell_line(spec), sample_line(spec.cell.id, noise={}), measurement_line(spec.cell.id)]
    found = noise(load([write_lines(tmp_path / "run.jsonl", lines)]))
    assert (found["word"], found["steal_share"], found["involuntary_per_s"]) == ("not recorded", None, 10.0)


def test_warm_up_rounds_never_enter(tmp_path: Path) -> None:
    spec = sleep_cells()[0]
    rounds = [sample_line(spec.cell.id, fork=fork, makespan_s=0.2) for fork in range(2)]
    warm = [
        sample_line(spec.cell.id, fork=fork, phase=Phase.WARMUP, makespan_s=9.0, digest="cold", noise={"steal_s": 9.0})
        for fork in range(2)
    ]
    lines = [header_line(), cell_line(spec), *warm, *rounds, measurement_line(spec.cell.id)]
    frame = load([write_lines(tmp_path / "run.jsonl", lines)])
    (row,) = summary(frame)
    assert (point(row.makespan), row.rounds, row.digests) == (pytest.approx(0.2), 2, ("d1",))
    assert noise(frame)["steal_share"] == 0
    assert digest_conflicts(frame) == []


def test_a_frame_that_came_back_from_parquet_says_the_same(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    frame = load([make_run(tmp_path / "run.jsonl", cells=http_cells())])
    frame.to_parquet(tmp_path / "run.parquet")
    assert summary(pd.read_parquet(tmp_path / "run.parquet")) == summary(frame)


def test_the_noise_of_processes_is_inside_the_interval(tmp_path: Path) -> None:
    row = rows_of(tmp_path, cells=grid_cells(), forks=9, noise=0.05, fork_noise=0.05)["threading"]
    assert row.speedup is not None
    assert row.speedup.low < 0.165 / 0.172 < row.speedup.high
    assert math.log(row.speedup.high / row.speedup.low) < 0.3


def test_an_interval_of_counts_with_a_zero_among_them_does_not_reach_below_zero() -> None:
    counts = positive(pd.Series([0.0, 0.0, 1.0]), "switches")
    assert counts is not None
    assert (counts.low, counts.point) == (0.0, pytest.approx(1 / 3))


def test_an_interval_of_overheads_may_reach_below_zero_where_timers_fired_early() -> None:
    early = positive(pd.Series([-0.1, 0.0, 0.1]), "fraction")
    assert early is not None
    assert early.low < 0


def test_the_run_file_says_which_workload_measures_the_instrument(tmp_path: Path) -> None:
    cells = [*sleep_cells()[:1], *(replace(spec, calibration=True) for spec in grid_cells()[:1])]
    flags = {row.workload: row.calibration for row in summary(load([make_run(tmp_path / "run.jsonl", cells=cells)]))}
    assert flags == {"sleep": False, "grid_search": True}


def test_in_an_older_run_file_the_name_says_it(tmp_path: Path) -> None:
    spec = sleep_cells()[0]
    empty = replace(spec, cell=replace(spec.cell, workload="empty", comparison="empty[n=100,c=10]"))
    lines = [header_line(), *(cell_line(one) for one in (spec, empty))]
    for line in lines:
        line.pop("calibration", None)
    frame = load([write_lines(tmp_path / "run.jsonl", lines)])
    assert frame["calibration"].isna().all()
    assert {row.workload: row.calibration for row in summary(frame)} == {"sleep": False, "empty": True}


def test_processes_that_lie_apart_are_counted_and_kept(tmp_path: Path) -> None:
    """One process of six at four times the time of the others: it is labelled, and its value still counts."""
    path = make_run(tmp_path / "run.jsonl", cells=grid_cells(), forks=6, noise=0.0, fork_noise=0.001)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        if line["kind"] == "sample" and line["fork"] == 5 and "asyncio" in line["cell"]:
            line["makespan_s"] *= 4
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    rows = {row.contestant: row for row in summary(load([path]))}
    assert rows["asyncio"].outliers == {"high severe": 1}
    assert rows["asyncio"].forks == 6
    assert rows["asyncio"].makespan is not None
    assert rows["asyncio"].makespan.high > 2 * rows["uvloop"].makespan.high  # type: ignore[union-attr]
