"""Interpreters that were built unlike are never shown side by side without a word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from support.run_files import header_line, make_run, sleep_cells
from when_async.bench.model.builds import said, unlike
from when_async.bench.worker.build import build, compiler, maker
from when_async.reports.page.writing import write
from when_async.reports.scene.builds import told
from when_async.reports.terminal.comparison import between
from when_async.results.frame import load

PGO: dict[str, Any] = {"pgo": True, "lto": True, "debug": False, "compiler": "Clang 22.1.1", "maker": "hand"}
PLAIN: dict[str, Any] = {"pgo": False, "lto": False, "debug": False, "compiler": "GCC 12.2.0", "maker": "pyenv"}
MARK = "a difference between interpreters may be one of builds and not of versions"


def header(*builds: Any) -> dict[str, Any]:
    found = header_line(pythons=("3.11", "3.13", "3.13t")[: len(builds)])
    for one, made in zip(found["environments"], builds, strict=True):
        one["build"] = made
    return found


def run(folder: Path, *builds: Any) -> Path:
    cells = [one for python in ("3.11", "3.13") for one in sleep_cells(python) if one.cell.runner == "asyncio"]
    environments = header(*builds)["environments"]
    return make_run(folder / "run.jsonl", cells=cells, forks=6, environments=environments)


def test_this_interpreter_tells_how_it_was_built_without_a_path() -> None:
    found = build()
    assert set(found) == {"pgo", "lto", "debug", "assertions", "jit", "tail_calls", "compiler", "maker"}
    assert compiler().split()[0] in ("GCC", "Clang", "unknown", "MSC")
    assert "/" not in str(found)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [("'--prefix=/install' '--with-lto'", "python-build-standalone"), ("'--prefix=/x/pyenv/versions/3.13'", "pyenv")],
)
def test_a_maker_is_told_by_what_configure_was_given(arguments: str, expected: str) -> None:
    assert maker(arguments) == expected


def test_what_makes_builds_unlike_is_named_and_a_later_compiler_of_the_same_kind_is_not() -> None:
    assert unlike(PLAIN, PGO) == [
        "profile-guided optimisation no vs yes", "link-time optimisation no vs yes", "compiler GCC 12 vs Clang 22",
    ]  # fmt: skip
    assert unlike(PLAIN, {**PLAIN, "compiler": "GCC 12.4.1"}) == []
    assert unlike({}, {}) == []
    assert unlike({}, PLAIN) == ["how one of them was built was not recorded"]
    assert said(PLAIN) == "GCC 12.2.0, made by pyenv, without profile-guided optimisation"


def test_unlike_and_unknown_builds_are_told_and_like_ones_need_no_word() -> None:
    assert told([header(PLAIN, PLAIN)], ("3.11", "3.13")) == ""
    assert told([header(PLAIN, PGO)], ("3.11",)) == ""
    found = told([header(PLAIN, PGO, {})], ("3.11", "3.13", "3.13t"))
    assert found.startswith("these interpreters are unlike builds: 3.11 (GCC 12.2.0, made by pyenv, without profile-")
    assert "; how 3.13t was built was not recorded: " in found
    assert found.endswith(MARK)


def test_two_builds_of_one_version_in_two_runs_are_unlike_too() -> None:
    assert MARK in told([header(PLAIN), header(PGO)], ("3.11",))


def test_the_page_and_its_table_of_two_interpreters_mark_them(tmp_path: Path) -> None:
    frame: pd.DataFrame = load([run(tmp_path, PLAIN, PGO)])
    write(frame, tmp_path, command="x")
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert MARK in text
    assert MARK in (tmp_path / "report.md").read_text(encoding="utf-8")
    found = between(frame)
    assert found is not None
    assert "profile-guided optimisation no vs yes" in found.groups[0].detail
    write(load([run(tmp_path, PLAIN, PLAIN)]), tmp_path, command="x")
    assert MARK not in (tmp_path / "index.html").read_text(encoding="utf-8")
