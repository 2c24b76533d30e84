"""What `try` says first is something to act on, and the code below it runs."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from support.run_files import CellSpec, grid_cells, make_run, sleep_cells
from when_async.bench.model import Estimate, Status
from when_async.reports.scene.evidence import scene
from when_async.reports.scene.rows import Scene
from when_async.reports.terminal.begun import code
from when_async.reports.terminal.tried import Named, Own, _kept, answer, curve, fullest
from when_async.results.frame import load

FETCH = Named("shop:fetch", "shop", "fetch", ["tea"], {"retries": 1})


def seen(tmp_path: Path, cells: list[CellSpec]) -> Scene:
    return scene(load([make_run(tmp_path / "a.jsonl", cells=cells, forks=6, noise=0.01, fork_noise=0.01)]))


def of(cells: list[CellSpec], *runners: str) -> list[CellSpec]:
    return [cell for cell in cells if cell.cell.runner in runners]


def test_the_plainest_of_those_that_are_level_is_the_one_to_use(tmp_path: Path) -> None:
    here = seen(tmp_path, of(sleep_cells(), "sync", "threading", "asyncio"))
    (said,) = answer(here, Own(FETCH, None))
    assert said.startswith(("Use threading: ", "Use asyncio: "))
    assert " a plain loop with 10 in flight" in said


def test_what_gains_nothing_leaves_the_plain_loop(tmp_path: Path) -> None:
    here = seen(tmp_path, of(grid_cells(), "sync", "threading"))
    (said,) = answer(here, Own(FETCH, None))
    assert said.startswith("Keep the plain loop: threading reached ")


def test_a_gain_that_may_be_large_is_not_called_none(tmp_path: Path) -> None:
    cells = of(grid_cells(), "sync", "threading")
    noisy = make_run(tmp_path / "a.jsonl", cells=cells, forks=3, noise=0.3, fork_noise=0.6)
    (said,) = answer(scene(load([noisy])), Own(FETCH, None))
    assert said.startswith("Keep the plain loop until a quieter run, or more --forks, tells: threading reached ")


def test_the_row_that_is_open_is_the_one_that_decides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = seen(tmp_path, of(grid_cells(), "sync", "threading", "multiprocessing"))
    ratios = {"threading": Estimate(0.8, 0.79, 0.81, "x", 6), "multiprocessing": Estimate(0.5, 0.1, 2.1, "x", 6)}
    monkeypatch.setattr(Scene, "ratio", lambda self, row, base, quantity: ratios[row.runner])
    base = next(row for row in here.rows if row.runner == "sync")
    assert "multiprocessing reached 0.500× [0.100, 2.10] of it" in _kept(here, base)
    ratios["multiprocessing"] = Estimate(0.5, 0.4, 0.6, "x", 6)
    assert _kept(here, base).startswith("Keep the plain loop: threading reached 0.800× [0.790, 0.810] of it")


def test_twins_in_doubt_are_said_to_be_before_anything_is_recommended(tmp_path: Path) -> None:
    here = seen(tmp_path, of(sleep_cells(), "sync", "threading", "asyncio"))
    first, *_ = answer(here, Own(FETCH, FETCH, doubt="one took a tenth of the other"))
    assert first == "Find out first whether both do the same work: one took a tenth of the other."


def test_processes_are_told_with_what_they_gain(tmp_path: Path) -> None:
    (said,) = answer(seen(tmp_path, of(grid_cells(), "sync", "threading", "multiprocessing")), Own(FETCH, None))
    assert said.startswith("Use multiprocessing: 1.")


@pytest.mark.parametrize("gain", [0.5, 1.0, 3.0])
def test_whether_the_rewrite_pays_follows_from_the_best_of_both(tmp_path: Path, gain: float) -> None:
    cells = of(sleep_cells(), "sync", "threading", "asyncio")
    slow = next(one.makespan_s for one in cells if one.cell.runner == "threading")
    cells = [
        replace(one, makespan_s=slow / gain, ideal_s=None) if one.cell.runner == "asyncio" else one for one in cells
    ]
    _, said = answer(seen(tmp_path, cells), Own(FETCH, FETCH))
    assert said.startswith("The async rewrite pays" if gain > 1 else "The async rewrite does not pay"), said


def test_a_loop_that_is_held_by_its_calls_is_not_recommended(tmp_path: Path) -> None:
    (said,) = answer(seen(tmp_path, of(sleep_cells(), "asyncio")), Own(None, FETCH, stood=0.95))
    assert said.startswith("No loop helps: a call of shop:fetch holds its loop for 95 % of its time")


def test_where_nothing_has_a_figure_the_reasons_are_pointed_at(tmp_path: Path) -> None:
    failed = [replace(one, status=Status.FAILED, reason="no tea") for one in sleep_cells()]
    for cells, why in (
        (
            [*failed[:1], *sleep_cells()[1:]],
            "a figure takes two processes, and what failed has its reason beside its row",
        ),
        (failed, "the reasons stand with the rows"),
        (sleep_cells(), "it ran and was checked, and a figure takes two processes"),
    ):
        here = scene(load([make_run(tmp_path / f"{len(why)}.jsonl", cells=cells, forks=1)]))
        assert answer(here, Own(FETCH, None)) == [f"No figure for shop:fetch: {why}."]
        assert fullest(here) is None


def test_a_function_of_the_program_itself_is_not_imported() -> None:
    text = code(Named("__main__:fetch", "", "fetch", ["tea"]), "threading", 4, 8, awaits=False)
    assert "import fetch" not in text
    assert text.startswith("from concurrent.futures import ThreadPoolExecutor\n\n\ndef work(item):")
    assert code(Named("__main__:fetch", "", "fetch"), "sync", 1, 8, awaits=False).startswith("def work(item):")


def test_one_place_is_no_curve(tmp_path: Path) -> None:
    assert list(curve(seen(tmp_path, of(sleep_cells(), "sync", "threading")))) == []


@pytest.mark.parametrize(
    ("runner", "awaits"), [("sync", False), ("threading", False), ("multiprocessing", False), ("asyncio", True)]
)
def test_the_program_that_is_printed_runs_as_it_stands(tmp_path: Path, runner: str, awaits: bool) -> None:
    kind = "async def" if awaits else "def"
    (tmp_path / "shop.py").write_text(f"{kind} fetch(name, retries=0):\n    return len(name) + retries\n")
    text = code(FETCH, runner, 2, 6, awaits=awaits)
    assert text.index("from shop import fetch") < text.index("def work(item):")
    assert "fetch('tea', retries=1)" in text
    (tmp_path / "program.py").write_text(text + "\nif __name__ == '__main__':\n    print(sum(results))\n")
    done = subprocess.run([sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "24\n"), done.stderr


def test_items_are_handed_over_one_by_one() -> None:
    named = replace(FETCH, args=(), kwargs={}, items=["tea", "milk"])
    text = code(named, "sync", 1, 10, awaits=False)
    assert "    return fetch(item)\n" in text
    assert "items = ['tea', 'milk']\n" in text
