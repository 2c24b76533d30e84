"""Stored runs become histories: what may be compared is joined, what may not is parted, what is damaged is told."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.histories import history
from support.run_files import CellSpec, header_line, http_cells, make_run, sleep_cells
from when_async.bench.model import Status
from when_async.results.history.cells import QUANTITIES, History, histories, read_folder
from when_async.results.history.trend import breaks, change, moved, steps
from when_async.results.runfile import RunFileError

CELL = "sleep[wait=10ms,n=100,c=10]-uvloop@3.11"
Write = Callable[..., Path]


def uses(workload: str, runner: str) -> Collection[str] | None:
    """As the front door tells it: uvloop is what the runner of that name imports."""
    return {"uvloop": ("uvloop",)}.get(runner, ())


def one(runner: str = "uvloop") -> list[CellSpec]:
    return [spec for spec in sleep_cells() if spec.cell.runner == runner]


def fetch() -> list[CellSpec]:
    return [spec for spec in http_cells() if spec.cell.contestant == "asyncio/aiohttp"]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the run of a day in November; other names change its header, `python` and `modules` its environment."""

    def written(day: int, *, python: str = "3.11.7", modules: Any = None, node: str = "", **changes: Any) -> Path:
        head = header_line()
        environment = head["environments"][0]
        settings = {
            "cells": one(),
            "forks": 2,
            "rounds": 1,
            "run": f"run-{day}",
            "started": f"2026-11-{day:02d}T15:01:02+00:00",
            "environments": [
                {**environment, "version": python, "modules": {**environment["modules"], **(modules or {})}}
            ],
            "machine": {**head["machine"], "node_id": node or head["machine"]["node_id"]},
        }
        return make_run(tmp_path / f"{changes.pop('name', f'{100 - day}')}.jsonl", **{**settings, **changes})

    return written


def of(folder: Path, cell: str = CELL, metric: str = "wall") -> History:
    """The history of one cell, from files without a complaint."""
    runs, notes = read_folder(folder)
    assert notes == []
    (found,) = histories(runs, QUANTITIES[metric], uses, [cell])
    return found


def test_runs_stand_in_the_order_in_which_they_began(write: Write, tmp_path: Path) -> None:
    for day in (3, 1, 2):
        write(day)
    found = of(tmp_path)
    assert [point.run for point in found.points] == ["run-1", "run-2", "run-3"]
    assert found.comparable == [0, 1, 2]
    assert found.groups == (0, 0, 0)


def test_a_point_has_the_estimate_of_its_run_and_says_where_it_comes_from(write: Write, tmp_path: Path) -> None:
    write(1, noise=0.0, fork_noise=0.0, steal=0.12)
    write(2, noise=0.0, fork_noise=0.0, commit="ab12cd3")
    old, new = of(tmp_path).points
    assert old.value is not None
    assert (old.value.point, old.value.unit, old.value.n) == (pytest.approx(one()[0].makespan_s), "s", 2)
    assert (old.noise, new.noise) == ("disturbed: 12 % steal", "quiet")
    assert (old.commit, new.commit) == (None, "ab12cd3")
    assert (old.python, old.file, old.started) == ("CPython 3.11.7", "99.jsonl", "2026-11-01T15:01:02+00:00")


def test_each_metric_is_the_one_that_was_asked_for(write: Write, tmp_path: Path) -> None:
    write(1, noise=0.0, fork_noise=0.0)
    runs, _ = read_folder(tmp_path)
    for metric, expected in (("wall", 0.1021), ("cpu", 0.0021 * 0.8 / 100), ("throughput", 100 / 0.1021)):
        (found,) = histories(runs, QUANTITIES[metric], uses)
        assert [value.point for value in found.values([0])] == [pytest.approx(expected)]


def test_another_environment_breaks_the_line_and_says_why(write: Write, tmp_path: Path) -> None:
    """Each run keeps what was new in the one before it, but for the last, which is wholly new."""
    newer = {"python": "3.11.9"}
    moved = {**newer, "node": "aaaa"}
    looped = {**moved, "modules": {"uvloop": "0.23.0"}}
    free = {**looped, "pin": False}
    upgraded = {**free, "tool_version": "0.2.0"}
    rewritten = {**upgraded, "cells": [replace(one()[0], digest="0ther")]}
    for day, changes in enumerate(({}, {}, newer, moved, looped, free, upgraded, rewritten, {"node": "bbbb"}), start=1):
        write(day, **changes)
    found = of(tmp_path)
    assert [(gap.index, gap.label) for gap in breaks(found)] == [
        (2, "CPython 3.11.7 → 3.11.9"),
        (3, "another machine"),
        (4, "uvloop 0.22.1 → 0.23.0"),
        (5, "pinned → not pinned"),
        (6, "when-async 0.1.0 → 0.2.0"),
        (7, "other results"),
        (8, "another machine, CPython 3.11.9 → 3.11.7, uvloop 0.23.0 → 0.22.1, when-async 0.2.0 → 0.1.0, "
            "not pinned → pinned, other results"),
    ]  # fmt: skip
    assert found.comparable == [8]
    assert change(found) is None


def test_a_build_without_gil_another_processor_and_fewer_cores_break_the_line_too(write: Write, tmp_path: Path) -> None:
    head = header_line()
    write(1)
    write(2, environments=[{**head["environments"][0], "gil": False}])
    write(3, machine={**head["machine"], "cpu": "Another", "cores": 1})
    said = [gap.label for gap in breaks(of(tmp_path))]
    assert said[0] == "CPython 3.11.7 → 3.11.7 without GIL"
    assert said[1].startswith("cpu AMD EPYC 9B14 → Another, 2 → 1 cores, ")


def test_only_a_library_that_the_cell_can_feel_breaks_its_line(write: Write, tmp_path: Path) -> None:
    write(1, cells=[*one(), *fetch()])
    write(2, cells=[*one(), *fetch()], modules={"aiohttp": "3.15.0"})
    runs, _ = read_folder(tmp_path)
    sleep, http = histories(runs, QUANTITIES["wall"], uses)
    assert breaks(sleep) == []
    assert [gap.label for gap in breaks(http)] == ["aiohttp 3.14.5 → 3.15.0"]
    blind, _ = histories(runs, QUANTITIES["wall"], lambda workload, runner: None)
    assert [gap.label for gap in breaks(blind)] == ["aiohttp 3.14.5 → 3.15.0"]


def test_back_in_the_old_environment_the_old_runs_may_be_compared_again(write: Write, tmp_path: Path) -> None:
    write(1)
    write(2, python="3.11.9")
    write(3)
    found = of(tmp_path)
    assert found.comparable == [0, 2]
    assert len(breaks(found)) == 2


def test_a_cell_that_failed_is_a_hole_with_its_reason_and_breaks_no_line(write: Write, tmp_path: Path) -> None:
    write(1)
    write(2, cells=[replace(one()[0], status=Status.FAILED, reason="it broke")])
    write(3, finished=False)
    write(4, forks=1)
    write(5)
    found = of(tmp_path)
    assert [point.value is None for point in found.points] == [False, True, True, True, False]
    assert [point.reason for point in found.points[1:4]] == [
        "FAILED: it broke",
        "INCOMPLETE: the run was interrupted before this cell was decided",
        "1 process with this number, an interval needs 2",
    ]
    assert found.comparable == [0, 4]
    assert breaks(found) == []


def test_a_number_too_small_for_the_clock_is_a_hole_and_no_logarithm_of_nothing(write: Write, tmp_path: Path) -> None:
    write(1, cells=[replace(one()[0], cpu_user_s=0.0, cpu_system_s=0.0)])
    (point,) = of(tmp_path, metric="cpu").points
    assert (point.value, point.reason) == (None, "too short for the clock: its interval holds 0")


def test_every_cell_of_every_run_has_its_history(write: Write, tmp_path: Path) -> None:
    write(1, cells=one())
    write(2, cells=[*one("asyncio"), *one()])
    runs, _ = read_folder(tmp_path)
    found = {history.cell: len(history.points) for history in histories(runs, QUANTITIES["wall"], uses)}
    assert found == {CELL: 2, CELL.replace("uvloop", "asyncio"): 1}


def test_the_command_for_one_more_run_names_the_cell(write: Write, tmp_path: Path) -> None:
    write(1)
    assert of(tmp_path).again == "when-async run -w 'sleep[wait=10ms,n=100,c=10]' -r uvloop"
    environment = {**header_line()["environments"][0], "default": False, "pins": ["uvloop==0.22.*"]}
    write(2, sources={"sleep": "mine.py"}, environments=[environment])
    said = "when-async run -w 'mine.py[wait=10ms,n=100,c=10]' -r uvloop --python 3.11 --with 'uvloop==0.22.*'"
    assert of(tmp_path).again == said


def test_a_pinned_package_counts_whoever_uses_it(write: Write, tmp_path: Path) -> None:
    environment = {**header_line()["environments"][0], "pins": ["aiohttp[speedups]>=3.14"]}
    for day, version in ((1, "3.14.5"), (2, "3.15.0")):
        write(day, environments=[{**environment, "modules": {"aiohttp": version}}])
    assert [gap.label for gap in breaks(of(tmp_path))] == ["aiohttp 3.14.5 → 3.15.0"]


def test_the_commit_is_that_of_the_measured_tree_where_it_is_not_our_own(write: Write, tmp_path: Path) -> None:
    write(1, commit="ab12cd3", environments=[{**header_line()["environments"][0], "source": "ffff000"}])
    assert of(tmp_path).points[0].commit == "ffff000"


HEAD = json.dumps(header_line(run="odd"))
DAMAGED = [
    ("", "is empty"),
    ("Dear Sir\n", "is not a run file of when-async"),
    ('{"kind": "letter"}\n', "is not a run file of when-async"),
    (HEAD.replace('"schema": 1', '"schema": 99'), "has schema 99"),
    (f"{HEAD}\nnot JSON\n{json.dumps({'kind': 'account'})}\n", "line 2 is corrupt (not JSON)"),
    (HEAD.replace('"label": "3.11", ', "") + "\n", "corrupt (environments[0]: missing required field label)"),
    (json.dumps({**header_line(run="odd"), "environments": 5}), "(environments: expected a list, got a whole number)"),
]


def test_a_damaged_or_foreign_file_is_told_in_one_line_and_left_out(write: Write, tmp_path: Path) -> None:
    write(1)
    for number, (content, _) in enumerate(DAMAGED):
        (tmp_path / f"odd{number}.jsonl").write_text(content)
    runs, notes = read_folder(tmp_path)
    assert [run.header["run"] for run in runs] == ["run-1"]
    for note, (_, words) in zip(notes, DAMAGED, strict=True):
        assert note.startswith("left out: ")
        assert words in note
        assert "\n" not in note
        assert "--skip-corrupt" not in note


def test_a_run_that_was_copied_counts_once(write: Write, tmp_path: Path) -> None:
    write(1)
    write(1, name="copy")
    runs, (note,) = read_folder(tmp_path)
    assert len(runs) == 1
    assert note == f"left out: {tmp_path / 'copy.jsonl'} holds the same run as {tmp_path / '99.jsonl'}"


def test_a_header_with_strange_values_is_left_out_in_a_line_that_names_the_field(write: Write, tmp_path: Path) -> None:
    strange: list[dict[str, Any]] = [{"machine": None}, {"machine": [1]}, {"sources": None}, {"started": 5}]
    strange.append({"environments": [{"label": "3.11", "pins": 7, "modules": "none"}]})
    for day, changes in enumerate(strange, start=1):
        write(day, **changes)
    write(9)
    runs, notes = read_folder(tmp_path)
    assert len(runs) == 1
    for name in ("machine: ", "sources: ", "started: ", "environments[0].pins: "):
        assert any(f"its first line is corrupt ({name}" in note for note in notes)


def test_an_unfinished_last_line_is_told_and_the_rest_is_used(write: Write, tmp_path: Path) -> None:
    path = write(1)
    path.write_bytes(path.read_bytes() + b'{"kind": "sam')
    runs, (note,) = read_folder(tmp_path)
    assert len(runs) == 1
    assert "is unfinished and was left out" in note


def test_an_empty_or_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match=r"there is no run in .*; measure first with: when-async run$"):
        read_folder(tmp_path / "nowhere")


def test_the_latest_value_is_set_against_the_median_of_the_comparable_ones_before() -> None:
    found = change(history([9.0, 1.0, 1.1, 1.0, None, 1.2], environments={1: {"interpreter": "CPython 3.11.9"}}))
    assert found is not None
    assert found.point == pytest.approx(1.2)
    assert found.n == 4


def test_with_one_earlier_run_the_interval_comes_from_the_processes_of_both() -> None:
    found = change(history([1.0, 1.1], half=0.03))
    assert found is not None
    assert math.log(found.high / found.point) == pytest.approx(math.hypot(math.log(1.03), math.log(1.03)))


def test_a_scatter_between_the_runs_widens_the_interval() -> None:
    """By hand: t(2, 97.5 %) = 4.3027, sd of log(0.9), 0, log(1.1), and 1 + pi / 6 of its variance."""
    found = change(history([0.9, 1.0, 1.1, 1.05], half=0.001))
    assert found is not None
    logs = [math.log(0.9), 0.0, math.log(1.1)]
    mean = sum(logs) / 3
    sd = math.sqrt(sum((log - mean) ** 2 for log in logs) / 2)
    assert math.log(found.high / found.point) == pytest.approx(4.302653 * sd * math.sqrt(1 + math.pi / 6), rel=1e-5)
    assert found.low < 1 < found.high


def test_without_an_earlier_comparable_run_there_is_no_change() -> None:
    assert change(history([1.0])) is None
    assert change(history([None, None])) is None


def test_cells_that_moved_for_sure_come_before_those_that_may_have() -> None:
    sure = history([1.0, 1.0, 1.0, 1.0, 1.1], half=0.01)
    noisy = history([0.7, 1.0, 1.4, 1.0, 1.5], half=0.01)
    alone = history([1.0])
    still = history([1.0, 1.0, 1.0, 1.0, 1.001], half=0.01)
    assert sorted([alone, still, noisy, sure], key=moved, reverse=True) == [sure, noisy, still, alone]


def test_steps_are_looked_for_among_comparable_runs_only() -> None:
    """A step of 10 % that falls together with a new interpreter is a break and no step."""
    values = [1.0, 1.01, 0.99, 1.0, 1.01, 0.99, 1.1, 1.11, 1.09, 1.1, 1.11, 1.09]
    assert list(steps(history(values))) == [6]
    assert steps(history(values, environments={6: {"interpreter": "CPython 3.11.9"}})) == {}


def test_a_step_is_told_by_its_place_among_all_runs() -> None:
    """Two runs of another machine and a hole lie between; they take no part."""
    away = {3: {"machine": "other"}, 5: {"machine": "3f6c0a51d2"}}
    values = [1.0, 1.01, 0.99, 7.0, 7.0, 1.0, None, 1.01, 1.1, 1.11, 1.09, 1.1, 1.12]
    (place,) = steps(history(values, environments=away))
    assert place == 8
