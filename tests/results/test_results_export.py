"""What export promises: the same rows in another format, or one clear line."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from support.run_files import make_run
from when_async.results.columns import COLUMNS
from when_async.results.export import ExportError, export
from when_async.results.frame import load


@pytest.fixture
def frame(tmp_path: Path) -> pd.DataFrame:
    return load([make_run(tmp_path / "run.jsonl", forks=1, rounds=2)])


def test_csv_has_a_header_line_and_an_empty_field_for_na(frame: pd.DataFrame, tmp_path: Path) -> None:
    export(frame, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(COLUMNS) == list(rows[0])
    assert len(frame) == len(rows)
    assert [row["makespan_s"] for row in rows if row["status"] == "UNSUPPORTED"] == [""]


def test_a_text_that_a_spreadsheet_would_run_is_a_text_in_csv(tmp_path: Path) -> None:
    names = ["=1+1", "+x", "-x", "@x", "a=b", "\tx"]
    export(pd.DataFrame({"runner": names, "figure": [-1.5] * len(names)}), tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["runner"] for row in rows] == ["'=1+1", "'+x", "'-x", "'@x", "a=b", "'\tx"]
    assert {row["figure"] for row in rows} == {"-1.5"}


def test_json_is_a_list_of_flat_objects_with_all_digits(frame: pd.DataFrame, tmp_path: Path) -> None:
    export(frame, str(tmp_path / "out.json"))
    rows = json.loads((tmp_path / "out.json").read_text())
    assert list(COLUMNS) == list(rows[0])
    assert [None if pd.isna(x) else x for x in frame["makespan_s"]] == [row["makespan_s"] for row in rows]
    assert frame["start_ns"].dropna().tolist() == [row["start_ns"] for row in rows if row["start_ns"] is not None]
    assert {True} == {row["gil"] for row in rows}


def test_json_of_no_rows_is_an_empty_list(tmp_path: Path) -> None:
    export(load([]), tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text()) == []


def test_parquet_gives_back_the_same_frame(frame: pd.DataFrame, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    export(frame, tmp_path / "out.parquet")
    pd.testing.assert_frame_equal(frame, pd.read_parquet(tmp_path / "out.parquet"))


def test_parquet_without_pyarrow_says_what_to_install(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ExportError, match=r"run: pip install 'when-async\[parquet\]'"):
        export(frame, tmp_path / "out.parquet")


@pytest.mark.parametrize("name", ["out.xlsx", "out"])
def test_an_unknown_suffix_is_told_the_known_ones(frame: pd.DataFrame, tmp_path: Path, name: str) -> None:
    with pytest.raises(ExportError, match=r"name a file that ends in \.csv, \.parquet, \.json"):
        export(frame, tmp_path / name)


def test_a_file_that_cannot_be_written_is_one_clear_line(frame: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"cannot write .*: no such file or directory; name a file in a writable"):
        export(frame, tmp_path / "none" / "out.json")


def test_a_failed_export_leaves_the_old_file_and_no_draft(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.json"
    path.write_text("old")

    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(json, "dumps", full)
    with pytest.raises(ExportError, match="no space left on device"):
        export(frame, path)
    assert path.read_text() == "old"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["out.json", "run.jsonl"]
