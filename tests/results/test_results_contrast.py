"""What a comparison of two things promises: paired where they met, told what is unlike, refused where meaningless."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from support.run_files import (
    HEADER,
    MODULES,
    CellSpec,
    cell_line,
    grid_cells,
    header_line,
    http_cells,
    make_run,
    measurement_line,
    sample_line,
    sleep_cells,
    write_lines,
)
from when_async.bench.model import Estimate, Status
from when_async.results.cells.pairing import cell_rounds, log_ratios, measured
from when_async.results.cells.summary import summary
from when_async.results.contrast.resolve import ContrastError, Kind, resolve
from when_async.results.contrast.rows import (
    UNPAIRED,
    ContrastRow,
    contrast_cells,
    contrast_environments,
    contrast_named,
    contrast_runs,
)
from when_async.results.frame import load
from when_async.results.stats.samples import PairedRounds
from when_async.results.stats.standing import Outcome

GRID = "grid_search[unit=10ms,n=16,c=2]"
SLEEP = "sleep[wait=10ms,n=100,c=10]"
HTTP = "http_fetch[body=4KiB,delay=5ms,n=100,c=10]"


def a_run(tmp_path: Path, name: str = "run", **options: Any) -> pd.DataFrame:
    settings: dict[str, Any] = {"cells": grid_cells(), "forks": 6, "rounds": 3, "run": name, **options}
    return load([make_run(tmp_path / f"{name}.jsonl", **settings)])


def two_pythons(factor: float = 2.0, a: str = "3.13", b: str = "3.14") -> list[CellSpec]:
    """The cells of grid_search on two interpreters, of which the second takes 1 / `factor` of the time."""
    fast = [replace(s, makespan_s=s.makespan_s / factor, cpu_user_s=s.cpu_user_s / factor) for s in grid_cells(b)]
    return [*grid_cells(a), *fast]


def exact(rows: Iterable[ContrastRow], label: str, metric: str = "wall") -> ContrastRow:
    (row,) = [row for row in rows if row.label == label and row.metric == metric]
    return row


def ratio(row: ContrastRow) -> Estimate:
    assert row.contrast is not None, row.reason
    assert row.contrast.ratio is not None
    return row.contrast.ratio


# two cells of one run


def test_two_cells_give_the_time_of_the_first_over_that_of_the_second(tmp_path: Path) -> None:
    frame = a_run(tmp_path, noise=0, fork_noise=0)
    wall, cpu = contrast_cells(frame, f"{GRID}-sync@3.11", f"{GRID}-multiprocessing@3.11")
    assert (wall.metric, wall.label) == ("wall", f"{GRID}: sync vs multiprocessing on 3.11")
    assert (wall.cell_a, wall.cell_b) == (f"{GRID}-sync@3.11", f"{GRID}-multiprocessing@3.11")
    assert (ratio(wall).point, ratio(wall).unit, ratio(wall).n) == (pytest.approx(0.165 / 0.096), "x", 6)
    # 16 ops: 165 ms x .98 against 170 ms in user mode, 2 ms in the kernel on both sides.
    assert ratio(cpu).point == pytest.approx((0.165 * 0.98 + 0.002) / 0.172)
    assert wall.contrast is not None
    assert (wall.contrast.verdict, wall.contrast.paired) == (Outcome.FASTER, True)
    assert (wall.differs, wall.warning, wall.reason) == ((), "", "")


def test_the_ratio_to_the_reference_is_the_speedup_of_the_summary(tmp_path: Path) -> None:
    frame = a_run(tmp_path)
    speedups = {row.contestant: row.speedup for row in summary(frame)}
    for name in ("threading", "uvloop"):
        assert ratio(contrast_cells(frame, "sync", name)[0]) == speedups[name]


def test_swapping_the_sides_turns_ratio_and_verdict_round(tmp_path: Path) -> None:
    frame = a_run(tmp_path)
    one, other = (
        contrast_cells(frame, "sync", "multiprocessing")[0],
        contrast_cells(frame, "multiprocessing", "sync")[0],
    )
    assert ratio(other).low == pytest.approx(1 / ratio(one).high)
    assert one.contrast is not None
    assert other.contrast is not None
    assert (one.contrast.verdict, other.contrast.verdict) == (Outcome.FASTER, Outcome.SLOWER)


def test_a_plain_difference_needs_three_forks_and_has_no_p_before_six(tmp_path: Path) -> None:
    row = contrast_cells(a_run(tmp_path, forks=3), "sync", "multiprocessing")[0]
    assert ratio(row).low > 1
    assert row.contrast is not None
    assert (row.contrast.verdict, row.contrast.forks_needed) == (Outcome.FASTER, None)
    assert row.p_holm is None


def test_contestants_are_compared_in_every_comparison_that_both_take_part_in(tmp_path: Path) -> None:
    frame = a_run(tmp_path, cells=[*sleep_cells(), *sleep_cells(concurrency=100), *grid_cells()])
    rows = contrast_cells(frame, "asyncio", "uvloop")
    assert [row.label for row in rows if row.metric == "wall"] == [
        f"{SLEEP}: asyncio vs uvloop on 3.11",
        "sleep[wait=10ms,n=100,c=100]: asyncio vs uvloop on 3.11",
        f"{GRID}: asyncio vs uvloop on 3.11",
    ]


def test_runners_are_compared_with_the_same_library_and_the_rest_is_told(tmp_path: Path) -> None:
    rows = contrast_cells(a_run(tmp_path, cells=http_cells()), "sync", "threading")
    assert [row.label for row in rows if row.metric == "wall"] == [
        f"{HTTP}: sync/requests vs threading/requests on 3.11",
        f"{HTTP}: sync/httpx vs threading/httpx on 3.11",
    ]
    assert not any(row.reason for row in rows)
    rows = contrast_cells(a_run(tmp_path, "other", cells=http_cells()), "threading", "asyncio")
    missing = exact(rows, f"{HTTP}: threading/requests vs asyncio/requests on 3.11")
    assert missing.contrast is None
    assert missing.reason == (
        f"{HTTP}-asyncio/requests@3.11 was not asked for; to compare across libraries name both contestants with theirs"
    )
    assert exact(rows, f"{HTTP}: threading/aiohttp vs asyncio/aiohttp on 3.11").cell_b == f"{HTTP}-asyncio/aiohttp@3.11"


def test_contestants_named_with_their_libraries_may_differ_in_them(tmp_path: Path) -> None:
    rows = contrast_cells(a_run(tmp_path, cells=http_cells()), "threading/requests", "asyncio/aiohttp")
    assert [row.metric for row in rows] == ["wall", "cpu"]
    assert ratio(rows[0]).point == pytest.approx(0.115 / 0.075, rel=0.1)


def test_cells_of_two_interpreters_may_be_named_in_full_and_what_differs_is_told(tmp_path: Path) -> None:
    frame = a_run(tmp_path, cells=two_pythons())
    row = contrast_cells(frame, f"{GRID}-asyncio@3.13", f"{GRID}-uvloop@3.14")[0]
    assert row.label == f"{GRID}: asyncio@3.13 vs uvloop@3.14"
    assert row.differs == ("Python 3.13.7 vs 3.14.7",)
    assert contrast_cells(frame, "asyncio@3.13", "uvloop@3.14")[0] == row


def test_cells_of_different_comparisons_are_refused(tmp_path: Path) -> None:
    frame = a_run(tmp_path, cells=[*sleep_cells(), *grid_cells()])
    with pytest.raises(ContrastError, match="are different work; name two cells of one comparison"):
        contrast_cells(frame, f"{SLEEP}-asyncio@3.11", f"{GRID}-asyncio@3.11")


def test_contestants_that_never_meet_are_refused(tmp_path: Path) -> None:
    frame = a_run(tmp_path, cells=[sleep_cells()[3], grid_cells()[4]])
    with pytest.raises(ContrastError, match=r"uvloop never meet in one comparison on the same interpreter$"):
        contrast_cells(frame, "asyncio", "uvloop")
    frame = a_run(tmp_path, "http", cells=[http_cells()[2], http_cells()[6]])
    with pytest.raises(ContrastError, match=r"with the same library; name both with their libraries$"):
        contrast_cells(frame, "threading", "asyncio")


def with_digest(specs: Sequence[CellSpec], runner: str, digest: str) -> list[CellSpec]:
    return [replace(spec, digest=digest) if spec.cell.runner == runner else spec for spec in specs]


def test_two_cells_that_did_unequal_work_are_refused(tmp_path: Path) -> None:
    frame = a_run(tmp_path, cells=with_digest(grid_cells(), "uvloop", "0dd0"))
    words = r"unequal work: the results differ \(digest b7a2 vs 0dd0\)"
    with pytest.raises(ContrastError, match=words):
        contrast_cells(frame, f"{GRID}-asyncio@3.11", f"{GRID}-uvloop@3.11")
    rows = contrast_cells(frame, "asyncio", "uvloop")
    assert {row.contrast for row in rows} == {None}
    assert rows[0].reason == "unequal work: the results differ (digest b7a2 vs 0dd0)"


def test_a_cell_that_is_not_ok_is_a_row_that_says_why(tmp_path: Path) -> None:
    frame = a_run(tmp_path, cells=http_cells())
    for row in contrast_cells(frame, f"{HTTP}-sync/requests@3.11", f"{HTTP}-multiprocessing/requests@3.11"):
        assert row.contrast is None
        assert row.reason.startswith(
            f"{HTTP}-multiprocessing/requests@3.11 is FAILED: fork 0, round 2: the server saw 99"
        )
    (wall, _) = contrast_cells(frame, "asyncio/httpx", "trio/httpx")
    assert wall.reason == f"{HTTP}-trio/httpx@3.11 is UNSUPPORTED: trio is not installed in 3.11"


def test_an_interpreter_is_no_cell_and_nothing_is_compared_with_itself(tmp_path: Path) -> None:
    frame = a_run(tmp_path)
    with pytest.raises(ContrastError, match=r"^3\.11 is an interpreter; compare it with another one"):
        contrast_cells(frame, "3.11", "asyncio")
    for same in ("asyncio", "3.11", f"{GRID}-asyncio@3.11"):
        with pytest.raises(ContrastError, match="would be compared with itself; name two different sides"):
            contrast_named(frame, same, same)


def one_sided(
    tmp_path: Path, a: dict[tuple[int, int], float], b: dict[tuple[int, int], float], **changes: Any
) -> pd.DataFrame:
    """A run of two cells from makespans by (fork, block)."""
    specs = sleep_cells()[3:]
    lines = [header_line(), *map(cell_line, specs)]
    for spec, makespans in zip(specs, (a, b), strict=True):
        for (fork, block), makespan_s in makespans.items():
            lines.append(
                sample_line(spec.cell.id, fork=fork, block=block, round=block, makespan_s=makespan_s, **changes)
            )
    return load([write_lines(tmp_path / "run.jsonl", [*lines, *(measurement_line(spec.cell.id) for spec in specs)])])


def test_a_clock_too_coarse_for_the_rounds_is_a_hole_with_a_reason(tmp_path: Path) -> None:
    times = {(fork, block): 1.0 for fork in range(6) for block in range(3)}
    wall, cpu = contrast_cells(one_sided(tmp_path, times, times, cpu_user_s=0.0, cpu_system_s=0.0), "asyncio", "uvloop")
    assert wall.contrast is not None
    assert (cpu.contrast, cpu.reason) == (
        None,
        "the clock read 0 in some round, and 0 has no ratio; take longer rounds",
    )


def test_cells_that_never_met_in_a_block_have_no_ratio(tmp_path: Path) -> None:
    frame = one_sided(tmp_path, {(0, 0): 1.0, (1, 0): 1.0}, {(0, 1): 1.0, (2, 0): 1.0})
    rows = contrast_cells(frame, "asyncio", "uvloop")
    assert {(row.contrast, row.reason) for row in rows} == {
        (None, "the two never met in a block, so they have no paired ratio")
    }


def test_what_slows_a_whole_block_cancels(tmp_path: Path) -> None:
    slow = {(fork, block): 1.0 + fork + 7.0 * block for fork in range(6) for block in range(4)}
    frame = one_sided(
        tmp_path, {key: 0.6 * by for key, by in slow.items()}, {key: 0.2 * by for key, by in slow.items()}
    )
    found = ratio(contrast_cells(frame, "asyncio", "uvloop")[0])
    assert (found.low, found.point, found.high) == (pytest.approx(3),) * 3


def test_each_process_gives_the_median_log_ratio_of_its_paired_rounds(tmp_path: Path) -> None:
    frame = measured(a_run(tmp_path, noise=0.3))
    cells = {cell.partition("-")[2]: own for (_, cell), own in cell_rounds(frame, ["makespan", "cpu_per_op"]).items()}
    base, head = cells["asyncio@3.11"], cells["threading@3.11"]
    for quantity in ("makespan", "cpu_per_op"):
        sides = zip(base.processes(quantity), head.processes(quantity), strict=True)
        pairs = [PairedRounds(*side) for side in sides]
        assert [len(pair.base) for pair in pairs] == [3] * 6
        assert log_ratios(head, base, quantity) == pytest.approx([pair.median_log_ratio() for pair in pairs])


# two environments of one run


def test_every_cell_of_two_interpreters_is_compared(tmp_path: Path) -> None:
    rows = contrast_environments(a_run(tmp_path, cells=two_pythons(), noise=0, fork_noise=0), "3.13", "3.14")
    names = ("sync", "threading", "multiprocessing", "asyncio", "uvloop")
    assert [row.label for row in rows if row.metric == "wall"] == [f"{GRID}-{name}" for name in names]
    for row in rows:
        if row.metric == "wall":
            assert ratio(row).point == pytest.approx(2)
        assert (row.cell_a, row.cell_b) == (f"{row.label}@3.13", f"{row.label}@3.14")
        assert row.differs == ("Python 3.13.7 vs 3.14.7",)


def test_what_slows_a_block_for_both_interpreters_cancels(tmp_path: Path) -> None:
    frame = a_run(tmp_path, cells=two_pythons(), noise=0, fork_noise=0)
    frame["makespan_s"] *= 1.0 + frame["fork"] + 7.0 * frame["block"]
    for row in contrast_environments(frame, "3.13", "3.14"):
        if row.metric == "wall":
            assert row.contrast is not None
            assert row.contrast.paired
            assert (ratio(row).low, ratio(row).high) == (pytest.approx(2), pytest.approx(2))


def test_a_lock_that_is_off_on_one_side_and_a_library_of_another_version_are_told(tmp_path: Path) -> None:
    specs = two_pythons(a="3.14", b="3.14t")
    path = make_run(tmp_path / "run.jsonl", cells=specs, forks=2)
    frame = load([path])
    other = {**MODULES, "aiohttp": "3.13.0", "trio": "0.30.0"}
    frame.attrs["headers"][0]["environments"][1]["modules"] = other
    row = contrast_environments(frame, "3.14", "3.14t")[0]
    assert row.differs == ("GIL on vs off", "aiohttp 3.14.5 vs 3.13.0", "trio missing vs 0.30.0")


def test_a_cell_on_one_side_only_is_a_row_that_says_so(tmp_path: Path) -> None:
    specs = [spec for spec in two_pythons() if spec.cell.id != f"{GRID}-uvloop@3.14"]
    specs = [
        replace(spec, status=Status.UNSUPPORTED, reason="no wheel") if spec.cell.id == f"{GRID}-asyncio@3.13" else spec
        for spec in specs
    ]
    rows = contrast_named(a_run(tmp_path, cells=specs), "3.13", "3.14")
    missing, unsupported = exact(rows, f"{GRID}-uvloop"), exact(rows, f"{GRID}-asyncio", "cpu")
    assert (missing.contrast, missing.reason) == (None, f"{GRID}-uvloop@3.14 was not asked for")
    assert (unsupported.contrast, unsupported.reason) == (None, f"{GRID}-asyncio@3.13 is UNSUPPORTED: no wheel")
    assert len(rows) == 10


def test_a_contestant_is_no_interpreter(tmp_path: Path) -> None:
    with pytest.raises(ContrastError, match=r"^asyncio is not an interpreter of this run; it has 3\.13, 3\.14$"):
        contrast_environments(a_run(tmp_path, cells=two_pythons()), "3.13", "asyncio")


def test_p_values_of_a_metric_are_one_family(tmp_path: Path) -> None:
    rows = contrast_environments(a_run(tmp_path, cells=two_pythons(1.0)), "3.13", "3.14")
    for metric in ("wall", "cpu"):
        own = [row for row in rows if row.metric == metric]
        raw = [row.contrast.p for row in own if row.contrast and row.contrast.p is not None]
        adjusted = [row.p_holm for row in own if row.p_holm is not None]
        assert len(raw) == len(adjusted) == 5
        assert min(adjusted) == pytest.approx(min(1.0, 5 * min(raw)))


# two runs


def other_run(tmp_path: Path, factor: float = 1.0, **options: Any) -> pd.DataFrame:
    cells = [replace(spec, makespan_s=spec.makespan_s * factor) for spec in grid_cells()]
    return a_run(tmp_path, "other", **{"cells": cells, "seed": 8, **options})


def same_seed(frame: pd.DataFrame) -> pd.DataFrame:
    frame.attrs["headers"][0]["seed"] = 7
    return frame


def test_two_runs_are_compared_cell_by_cell_and_said_to_be_unpaired(tmp_path: Path) -> None:
    rows = contrast_runs(a_run(tmp_path), other_run(tmp_path, 0.8))
    assert len(rows) == 10
    for row in rows:
        assert row.contrast is not None
        assert (row.contrast.paired, row.warning) == (False, UNPAIRED)
        assert row.cell_a == row.cell_b == row.label
    assert all(ratio(row).low <= 1.25 <= ratio(row).high for row in rows if row.metric == "wall")
    assert {row.contrast.verdict for row in rows if row.metric == "wall" and row.contrast} == {Outcome.FASTER}


def test_each_process_of_a_run_counts_once_with_the_median_of_its_rounds(tmp_path: Path) -> None:
    one, other = a_run(tmp_path, rounds=20), other_run(tmp_path, forks=5)
    assert {ratio(row).n for row in contrast_runs(one, other)} == {5}


def test_a_run_against_itself_less_one_process_is_no_difference(tmp_path: Path) -> None:
    whole = a_run(tmp_path, forks=9)
    for gone in (0, 8):
        less = whole[whole["fork"] != gone]
        less.attrs = whole.attrs
        for rows in (contrast_runs(whole, less), contrast_runs(less, whole)):
            assert len(rows) == 10
            for row in rows:
                assert row.contrast is not None
                assert row.contrast.verdict in (Outcome.EQUIVALENT, Outcome.INCONCLUSIVE)
                assert ratio(row).low <= 1 <= ratio(row).high


def test_runs_of_two_machines_are_refused_unless_that_is_asked_for_and_then_told(tmp_path: Path) -> None:
    here = a_run(tmp_path)
    machine = {**HEADER["machine"], "node_id": "00ff", "cpu": "AMD EPYC 7763"}
    there = other_run(tmp_path, machine=machine)
    words = (
        r"^the runs were made on different machines \(machine 3f6c0a51d2 vs 00ff, processor AMD EPYC 9B14 vs "
        r"AMD EPYC 7763\); measure both sides on one machine$"
    )
    with pytest.raises(ContrastError, match=words):
        contrast_runs(here, there)
    for row in contrast_runs(here, there, across_machines=True):
        assert row.differs == ("machine 3f6c0a51d2 vs 00ff", "processor AMD EPYC 9B14 vs AMD EPYC 7763")
        assert row.contrast is not None


def test_another_kernel_interpreter_or_pinning_is_told(tmp_path: Path) -> None:
    machine = {**HEADER["machine"], "system": "Linux 6.19"}
    there = other_run(tmp_path, machine=machine, pin=False)
    there.attrs["headers"][0]["environments"][0]["version"] = "3.11.9"
    row = contrast_runs(a_run(tmp_path), there)[0]
    assert row.differs == ("kernel Linux 6.18 vs Linux 6.19", "pinning yes vs no", "Python 3.11.7 vs 3.11.9")


def test_runs_with_other_results_are_not_compared_and_the_seeds_are_named(tmp_path: Path) -> None:
    there = other_run(tmp_path, cells=with_digest(grid_cells(), "uvloop", "0dd0"))
    rows = contrast_runs(a_run(tmp_path), there)
    row = exact(rows, f"{GRID}-uvloop@3.11")
    assert row.contrast is None
    assert row.reason == (
        "unequal work: the results differ (digest b7a2 vs 0dd0); "
        "the runs have seeds 7 and 8, measure both with one --seed"
    )
    assert exact(contrast_runs(a_run(tmp_path, "again"), same_seed(there)), f"{GRID}-uvloop@3.11").reason == (
        "unequal work: the results differ (digest b7a2 vs 0dd0)"
    )


def test_a_cell_of_one_run_only_is_a_row_and_runs_without_a_common_cell_are_refused(tmp_path: Path) -> None:
    one = a_run(tmp_path)
    rows = contrast_runs(one, other_run(tmp_path, cells=[*grid_cells()[:2], sleep_cells()[0]]))
    assert exact(rows, f"{GRID}-uvloop@3.11").reason == f"{GRID}-uvloop@3.11 was not asked for"
    assert exact(rows, f"{SLEEP}-sync@3.11", "cpu").reason == f"{SLEEP}-sync@3.11 was not asked for"
    with pytest.raises(ContrastError, match="the two runs have no cell in common"):
        contrast_runs(one, a_run(tmp_path, "sleep", cells=sleep_cells()))


def test_a_frame_of_several_runs_is_no_side(tmp_path: Path) -> None:
    frame = load([make_run(tmp_path / f"{name}.jsonl", run=name) for name in ("one", "two")])
    with pytest.raises(ContrastError, match="one run file is needed on each side, got 2"):
        contrast_runs(frame, frame)
    with pytest.raises(ContrastError, match="got 0"):
        contrast_runs(load([]), frame)


# names


@pytest.mark.parametrize(
    ("text", "kind", "cells", "library", "python"),
    [
        (f"{HTTP}-threading/httpx@3.11", Kind.CELL, 1, True, True),
        ("3.11", Kind.PYTHON, 14, False, True),
        ("threading/httpx", Kind.CONTESTANT, 1, True, False),
        ("threading", Kind.CONTESTANT, 3, False, False),
        (" threading@3.11 ", Kind.CONTESTANT, 3, False, True),
        ("threading/requests@3.11", Kind.CONTESTANT, 1, True, True),
    ],
)
def test_a_text_names_a_cell_an_interpreter_or_contestants(
    tmp_path: Path, text: str, kind: Kind, cells: int, library: bool, python: bool
) -> None:
    name = resolve(a_run(tmp_path, cells=[*http_cells(), *grid_cells()], forks=1), text)
    assert (name.kind, len(name.cells), name.library, name.python) == (kind, cells, library, python)
    assert name.text == text.strip()


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("asynco", "did you mean 'asyncio'?"),
        ("threading/request", "did you mean 'threading/requests'?"),
        ("3.12", "did you mean '3.11'?"),
        ("uvloop@3.12", "did you mean 'uvloop@3.11'?"),
        (f"{GRID}-threads@3.11", f"did you mean '{GRID}-threading@3.11'?"),
        ("zzz", "known are sync, threading, multiprocessing, asyncio, uvloop"),
    ],
)
def test_an_unknown_name_suggests_the_nearest(tmp_path: Path, text: str, hint: str) -> None:
    cells = grid_cells() if "threading/" not in text else http_cells()
    with pytest.raises(ContrastError) as caught:
        resolve(a_run(tmp_path, cells=cells, forks=1), text)
    words = str(caught.value)
    assert words.startswith(f"there is no cell, contestant or interpreter named {text!r}; {hint}")
    assert "\n" not in words
