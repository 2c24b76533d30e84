"""`when-async history`: cells over stored runs, as a table, a picture or JSON, and never a verdict."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result

from support.commands import Call
from support.run_files import header_line, make_run, sleep_cells
from when_async.bench.quantity import typed

ASYNCIO = "sleep[wait=10ms,n=100,c=10]-asyncio@3.11"
UVLOOP = ASYNCIO.replace("asyncio", "uvloop")
Store = Callable[..., None]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Stores runs of asyncio and uvloop where runs are kept, the former `slower` by that factor."""

    def stored(*slower: float, python: str = "3.11.7", start: int = 1, folder: str = ".when-async/runs") -> None:
        environment = {**header_line()["environments"][0], "version": python}
        for day, factor in enumerate(slower, start=start):
            cells = [spec for spec in sleep_cells() if spec.cell.runner in ("asyncio", "uvloop")]
            cells[0] = replace(cells[0], makespan_s=cells[0].makespan_s * factor)
            make_run(
                tmp_path / folder / f"{day:02d}.jsonl", cells=cells, forks=2, rounds=1, seed=day, run=f"run-{day}",
                started=f"2026-11-{day:02d}T15:01:02+00:00", environments=[environment], noise=0.001, fork_noise=0.001,
            )  # fmt: skip

    return stored


def refused(result: Result) -> str:
    """The one line that a refusal says."""
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line.removeprefix("when-async: ")


def test_without_a_cell_all_are_listed_and_what_moved_most_stands_first(call: Call, store: Store) -> None:
    store(1.0, 1.0, 1.2)
    result = call("history")
    assert result.exit_code == 0
    assert result.stdout.index(ASYNCIO) < result.stdout.index(UVLOOP)
    assert "3 of 3" in result.stdout
    assert "when-async gate" in result.stdout


def test_a_slower_run_never_fails_a_build(call: Call, store: Store) -> None:
    store(1.0, 1.0, 5.0)
    assert call("history").exit_code == 0
    assert call("history", ASYNCIO).exit_code == 0


def test_a_part_of_an_id_that_only_one_cell_has_is_enough(call: Call, store: Store) -> None:
    store(1.0, 1.0)
    assert call("history", "uvloop").stdout.startswith(UVLOOP)
    assert call("history", UVLOOP).stdout == call("history", "uvloop").stdout


def test_a_part_that_several_have_and_a_wrong_name_are_one_line_with_the_nearest_ids(call: Call, store: Store) -> None:
    store(1.0)
    named = f"'{typed(ASYNCIO)}', '{typed(UVLOOP)}'"
    assert refused(call("history", "sleep")) == f"'sleep' is part of 2 cells; name one of {named}"
    nearest = f"did you mean '{typed(ASYNCIO)}'?"
    assert refused(call("history", "asincio")) == f"no stored run has a cell 'asincio'; {nearest}"
    assert refused(call("history", "zzz")).startswith("no stored run has a cell 'zzz'; known are 'sleep:")


def test_the_picture_goes_where_it_was_asked_for(call: Call, store: Store, tmp_path: Path) -> None:
    store(1.0, 1.0)
    result = call("history", "uvloop", "-o", "trend.svg")
    assert result.stdout.endswith("trend.svg\n")
    assert (tmp_path / "trend.svg").read_text(encoding="utf-8").startswith("<svg ")


def test_a_picture_needs_a_cell_and_a_name_that_ends_in_svg(call: Call, store: Store) -> None:
    store(1.0)
    assert refused(call("history", "-o", "trend.svg")).startswith(
        "a picture shows one cell; name it: when-async history"
    )
    assert refused(call("history", UVLOOP, "-o", "trend.png")) == "cannot draw trend.png: name a file that ends in .svg"


def test_json_has_a_flat_object_for_each_cell_or_run(call: Call, store: Store, tmp_path: Path) -> None:
    store(1.0, 1.0)
    store(1.2, python="3.11.9", start=3)
    cells = json.loads(call("history", "--json").stdout)
    assert [(cell["runs"], cell["comparable"], cell["change"]) for cell in cells] == [(3, 1, None)] * 2
    result = call("history", ASYNCIO, "--json", "-o", "trend.svg")
    runs = json.loads(result.stdout)
    assert [run["break"] for run in runs] == ["", "", "CPython 3.11.7 → 3.11.9"]
    assert [run["comparable_with_latest"] for run in runs] == [False, False, True]
    assert all(run["value_low"] < run["value"] < run["value_high"] and run["unit"] == "s" for run in runs)
    assert result.stderr == "trend.svg\n"


def test_the_metric_and_the_folder_are_chosen(call: Call, store: Store) -> None:
    store(1.0, 1.2, folder="elsewhere")
    (faster, _) = json.loads(call("history", "--runs", "elsewhere", "--metric", "throughput", "--json").stdout)
    assert faster["cell"] == ASYNCIO
    assert faster["change"] == pytest.approx(1 / 1.2, rel=0.01)
    assert faster["unit"] == "op/s"


def test_damaged_files_are_told_on_stderr_and_the_rest_is_shown(call: Call, store: Store, tmp_path: Path) -> None:
    store(1.0, 1.0)
    (tmp_path / ".when-async/runs/odd.jsonl").write_text("Dear Sir\n")
    result = call("history", UVLOOP)
    assert result.exit_code == 0
    assert "2026-11-02" in result.stdout
    (line,) = result.stderr.splitlines()
    assert line.startswith("note: left out: .when-async/runs/odd.jsonl is not a run file of when-async")


def test_without_any_run_it_says_how_to_get_one(call: Call, tmp_path: Path) -> None:
    words = "there is no run in .when-async/runs; measure first with: when-async run"
    assert refused(call("history")) == words
    (tmp_path / ".when-async/runs").mkdir(parents=True)
    assert refused(call("history", UVLOOP)) == words


def test_one_run_is_no_trend_and_says_what_to_do(call: Call, store: Store) -> None:
    store(1.0)
    assert "Measure again: when-async run -w 'sleep[wait=10ms,n=100,c=10]' -r uvloop" in call("history", UVLOOP).stdout
    overview = call("history")
    assert overview.exit_code == 0
    assert "No cell has 2 comparable runs yet, so there is no trend; measure again: when-async run" in overview.stdout
