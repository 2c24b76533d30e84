"""What the tidy frame promises: the same columns and types for every run, and no hole without a reason."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import when_async
from support.run_files import (
    account_line,
    cell_line,
    header_line,
    http_cells,
    make_run,
    measurement_line,
    sample_line,
    service_line,
    sleep_cells,
    trial_line,
    write_lines,
)
from when_async.bench.model import Phase, Status
from when_async.results.columns import CATEGORIES, COLUMNS, documented
from when_async.results.frame import load
from when_async.results.runfile import RunFileError

ROOT = Path(__file__).resolve().parents[2]
CELL = sleep_cells()[0]
ID = CELL.cell.id


def dtypes(frame: pd.DataFrame) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in frame.dtypes.items()}


EXPECTED = {name: column.dtype for name, column in COLUMNS.items()}


def test_the_schema_document_shows_the_columns_as_they_are() -> None:
    text = (ROOT / "results" / "SCHEMA.md").read_text(encoding="utf-8")
    assert text.count("| column | dtype | unit | meaning |") == 1
    assert documented(text) == text, "write it anew: python -m when_async.results.columns"


def test_importing_results_does_not_import_pandas() -> None:
    code = "import sys, when_async.results.journal; print(sorted({'pandas', 'numpy', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_load_is_exposed_by_the_package_and_nothing_else_is_made_up() -> None:
    assert when_async.load is load
    with pytest.raises(AttributeError, match="has no attribute 'lode'"):
        _ = when_async.lode  # type: ignore[attr-defined]


def test_columns_and_dtypes_are_the_same_for_every_run(tmp_path: Path) -> None:
    full = load([make_run(tmp_path / "full.jsonl", run="full")])
    silent = load([make_run(tmp_path / "silent.jsonl", run="silent", forks=0)])
    bare = load([write_lines(tmp_path / "bare.jsonl", [header_line(run="bare")])])
    none = load([])
    both = load([tmp_path / "full.jsonl", str(tmp_path / "silent.jsonl")])
    for frame in (full, silent, bare, none, both):
        assert dtypes(frame) == EXPECTED
        for name, words in CATEGORIES.items():
            assert list(words) == list(frame[name].cat.categories)
    assert (len(silent), len(bare), len(none)) == (24, 0, 0)
    assert len(full) + len(silent) == len(both)


def test_dtypes_do_not_depend_on_pyarrow(tmp_path: Path) -> None:
    with pd.option_context("mode.string_storage", "python"):
        assert dtypes(load([make_run(tmp_path / "run.jsonl", forks=1, rounds=1)])) == EXPECTED


def test_a_row_holds_what_its_cell_sample_trial_and_service_said(tmp_path: Path) -> None:
    spec = next(spec for spec in http_cells() if spec.cell.contestant == "asyncio/aiohttp")
    cell = spec.cell
    sample = sample_line(
        cell.id, fork=1, round=2, block=3, position=4, attempt=1, makespan_s=0.25, stall_max_s=0.01,
        affinity=(0, 1), noise={"steal_s": 0.02, "pressure_s": 0.03},
        service={"requests": 100, "connections": 10, "peak_in_flight": 9, "cpu_s": 0.04},
    )  # fmt: skip
    frame = load(
        [
            write_lines(
                tmp_path / "run.jsonl",
                [
                    header_line(),
                    cell_line(spec),
                    sample,
                    trial_line(cell.id, 0, launch_s=9.0),
                    trial_line(cell.id, 1, launch_s=8.0),
                    trial_line(cell.id, 1, launch_s=0.5, pss_bytes=None, attempt=1),
                    service_line(cell.comparison, 0, 1.0),
                    service_line(cell.comparison, 1, 4000.0),
                    service_line("other", 1, 7.0),
                    measurement_line(cell.id, advice=["slow start", "drifts"]),
                ],
            )
        ]
    )
    (row,) = frame.to_dict("records")
    assert row["params"] == '{"body_bytes": 4096, "delay_s": 0.005, "n": 100}'
    assert (
        "{run} {profile} {workload} {runner} {library} {contestant} {python} {python_version} {affinity} {phase} "
        "{status}".format(**row)
    ) == "20261122-150102-ab12 quick http_fetch asyncio aiohttp asyncio/aiohttp 3.11 3.11.7 0,1 measure OK"
    assert (row["gil"], row["reference"], row["one_core"]) == (True, False, True)
    assert tuple(row[name] for name in ("fork", "block", "round", "attempt", "position")) == (1, 3, 2, 1, 4)
    assert tuple(row[name] for name in ("makespan_s", "stall_max_s", "ideal_s", "serial_ideal_s", "ops")) == (
        0.25,
        0.01,
        0.05,
        0.5,
        100,
    )
    assert (row["launch_s"], pd.isna(row["pss_bytes"]), row["service_capacity_per_s"]) == (0.5, True, 4000.0)
    assert (row["steal_s"], row["pressure_s"]) == (0.02, 0.03)
    assert tuple(row[f"service_{name}"] for name in ("requests", "connections", "peak_in_flight", "cpu_s")) == (
        100,
        10,
        9,
        0.04,
    )
    assert (row["reason"], row["advice"]) == ("", "slow start; drifts")


def test_a_cell_without_a_sample_has_one_row_that_says_why(tmp_path: Path) -> None:
    frame = load([make_run(tmp_path / "run.jsonl")])
    (row,) = frame[frame["status"] == Status.UNSUPPORTED].to_dict("records")
    assert (row["contestant"], row["reason"]) == ("trio/httpx", "trio is not installed in 3.11")
    assert row["advice"] == "pip install 'when-async[trio]'"
    for name in ("fork", "phase", "makespan_s", "digest", "affinity", "launch_s", "service_capacity_per_s"):
        assert pd.isna(row[name])


def test_a_cell_that_was_not_decided_is_incomplete(tmp_path: Path) -> None:
    frame = load([make_run(tmp_path / "run.jsonl", finished=False)])
    assert {"INCOMPLETE"} == set(frame["status"])
    assert {"the run was interrupted before this cell was decided"} == set(frame["reason"])


def test_what_an_interruption_left_undecided_has_the_figures_that_were_said_of_it_so_far(tmp_path: Path) -> None:
    path = make_run(tmp_path / "run.jsonl", cells=sleep_cells(), finished=False)
    cell = sleep_cells()[0].cell.id
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"kind": "so_far", "cell": cell, "status": "OK", "reason": "", "advice": []}) + "\n")
    frame = load([path])
    assert set(frame.loc[frame["cell"] == cell, "status"]) == {"OK"}
    assert set(frame.loc[frame["cell"] != cell, "status"]) == {"INCOMPLETE"}


def test_warm_up_rounds_are_in_the_frame_and_labelled(tmp_path: Path) -> None:
    frame = load([make_run(tmp_path / "run.jsonl", cells=sleep_cells(), forks=2, rounds=3, warmups=1)])
    assert frame["phase"].value_counts().to_dict() == {Phase.WARMUP: 10, Phase.MEASURE: 30, Phase.DISTURBED: 0}


def test_rows_follow_the_order_in_which_cells_were_asked_for(tmp_path: Path) -> None:
    specs = http_cells()
    frame = load([make_run(tmp_path / "run.jsonl", cells=specs)])
    assert [spec.cell.id for spec in specs] == list(frame["cell"].unique())
    one = frame[frame["cell"] == specs[0].cell.id]
    assert one["start_ns"].is_monotonic_increasing


def test_a_missing_gil_flag_and_ideal_are_na(tmp_path: Path) -> None:
    line = {**cell_line(CELL), "python": "nowhere", "ideal_s": None}
    (row,) = load([write_lines(tmp_path / "run.jsonl", [header_line(), line])]).to_dict("records")
    assert all(pd.isna(row[name]) for name in ("gil", "python_version", "ideal_s"))


def test_notes_headers_accounts_and_services_travel_in_attrs(tmp_path: Path) -> None:
    one = make_run(tmp_path / "one.jsonl", run="one", forks=1)
    two = make_run(tmp_path / "two.jsonl", run="two", finished=False, forks=1)
    two.write_bytes(two.read_bytes()[:-5])
    attrs = load([one, two]).attrs
    assert [header["run"] for header in attrs["headers"]] == ["one", "two"]
    assert [{"run": "one", **account_line()}] == attrs["accounts"]
    assert [service["run"] for service in attrs["services"]] == ["one", "two"]
    assert len(attrs["notes"]) == 1
    assert attrs["notes"][0].startswith("two.jsonl: the last line")


def test_a_run_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    path = make_run(tmp_path / "run.jsonl", forks=1)
    with pytest.raises(RunFileError, match=r"hold the same run 20261122-150102-ab12; name only one of them"):
        load([path, path])


def test_a_value_of_the_wrong_kind_is_one_clear_line(tmp_path: Path) -> None:
    lines = [header_line(), cell_line(CELL), {**sample_line(ID), "gc_collections": "many"}]
    with pytest.raises(RunFileError, match=r"an impossible sample: gc_collections: expected a whole number, got text"):
        load([write_lines(tmp_path / "run.jsonl", lines)])


def test_skip_corrupt_reaches_the_reader(tmp_path: Path) -> None:
    path = make_run(tmp_path / "run.jsonl", forks=1)
    path.write_text(path.read_text().replace('"kind": "sample"', '"kind" "sample"', 1))
    with pytest.raises(RunFileError, match="--skip-corrupt"):
        load([path])
    assert len(load([path], skip_corrupt=True).attrs["notes"]) == 1


def test_one_path_is_a_run_and_no_sequence_of_letters(tmp_path: Path) -> None:
    path = make_run(tmp_path / "one.jsonl")
    assert len(load(path)) == len(load(str(path))) == len(load([path])) > 0
