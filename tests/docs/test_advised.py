"""The programs that advise prints are run as printed, and the page shows what came of it."""

from __future__ import annotations

import asyncio
import inspect
import json
from pathlib import Path
from typing import Any

import pytest

from docs.evidence import advised
from docs.evidence.advised_shapes import COMPUTING, PYTHON, SHA256, SHAPES, ZLIB, Shape, given
from docs.evidence.decide import replace_between

STALE = "run python -m docs.evidence.advised --measure --write"
RATES = dict.fromkeys(COMPUTING, 1e6)


def test_the_page_shows_what_the_script_found() -> None:
    text = advised.PAGE.read_text(encoding="utf-8")
    shown = replace_between(text, advised.NAME, advised.table(advised.stored()))
    assert shown == text, "run python -m docs.evidence.advised --write"


def test_the_programs_that_were_run_are_those_that_are_printed_today() -> None:
    found = advised.stored()
    if found is None:
        pytest.skip(f"nothing was measured yet; {STALE}")
    for kept, shape in zip(found["shapes"], SHAPES, strict=True):
        rows = advised.advised(shape, "--python", found["python"], "--cores", str(found["cores"]))
        today = [(row["runner"], row["in_flight"], row["recommended"]) for row in rows]
        assert [(one["runner"], one["in_flight"], one["recommended"]) for one in kept["programs"]] == today, STALE


def test_the_shapes_cover_what_is_asked() -> None:
    assert len(set(SHAPES)) == 30
    assert {min(one.wait_s for one in SHAPES), max(one.wait_s for one in SHAPES)} == {0.0, 0.3}
    assert {min(one.cpu_s for one in SHAPES), max(one.cpu_s for one in SHAPES)} == {0.0, 0.05}
    assert {min(one.in_flight for one in SHAPES), max(one.in_flight for one in SHAPES)} == {1, 500}
    assert {one.kind for one in SHAPES} == {PYTHON, SHA256, ZLIB}


def test_what_is_measured_is_what_is_asked_about() -> None:
    shape = Shape(5e-3, 2e-3, 200, 16, SHA256, 2**18)
    assert shape.arguments == [
        "--wait", "5000us", "--cpu", "2000us", "--ops", "200", "-c", "16", "--payload", "262144B", "--gil-free", "1",
    ]  # fmt: skip
    assert shape.label == "200 × (wait 5 ms + sha256 2 ms → 256 KiB), 16 in flight"


def made(shape: Shape, runner: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(given(shape, runner, RATES), names)
    return names


@pytest.mark.parametrize("kind", COMPUTING)
def test_work_of_every_kind_can_be_done_by_blocking_models_and_by_loops(kind: str) -> None:
    shape = Shape(1e-6, 1e-4, 3, 2, kind)
    names = made(shape, "threading")
    assert [names["work"](item) for item in names["items"]] == [0, 1, 2]
    names = made(shape, "uvloop")
    assert asyncio.run(names["work"](2)) == 2


def test_a_loop_waits_by_its_own_sleep_and_work_that_never_waits_calls_none() -> None:
    assert "trio.sleep(0.3)" in given(SHAPES[0], "trio", RATES)
    assert "sleep(" not in given(Shape(0.0, 1e-4, 3, 2), "asyncio", RATES)
    assert inspect.iscoroutinefunction(made(Shape(0.0, 1e-4, 3, 2), "asyncio")["work"])


def test_a_result_is_as_large_as_it_was_asked_to_be() -> None:
    assert len(made(Shape(0.0, 1e-6, 3, 2, PYTHON, 1000), "sync")["work"](1)) == 1000


def test_a_program_is_run_as_it_is_printed_and_its_results_are_counted(tmp_path: Path) -> None:
    shape = Shape(0.0, 1e-5, 3, 2)
    row = {"runner": "sync", "code": "results = [work(item) for item in items]\n"}
    advised.write_program(tmp_path / "good", shape, row, RATES)
    assert row["code"] in (tmp_path / "good" / "program.py").read_text(encoding="utf-8")
    assert advised.run(tmp_path / "good", 60.0) is not None
    advised.write_program(tmp_path / "lazy", shape, {**row, "code": "results = [1]\n"}, RATES)
    with pytest.raises(SystemExit, match="lazy ended with 1"):
        advised.run(tmp_path / "lazy", 60.0)


def test_a_program_that_does_not_end_is_stopped(tmp_path: Path) -> None:
    row = {"runner": "sync", "code": "import threading\nthreading.Event().wait()\n"}
    advised.write_program(tmp_path / "stuck", Shape(0.0, 1e-5, 3, 2), row, RATES)
    assert advised.run(tmp_path / "stuck", 0.01) is None


def one(runner: str, seconds: list[float], *, recommended: bool = False) -> dict[str, Any]:
    return {
        "runner": runner, "in_flight": 8, "recommended": recommended, "predicted_s": 0.1, "seconds": seconds,
        "stopped_s": None if seconds else 1.0,
    }  # fmt: skip


def test_the_recommended_program_is_held_against_the_best_of_all() -> None:
    shape = {"label": "work", "programs": [one("sync", [0.3, 0.2, 0.4], recommended=True), one("asyncio", [0.2])]}
    assert advised.judged(shape)[2] == pytest.approx(1.5)
    assert advised.table_row(shape) == "| work | 2 | sync | 100 ms | 300 ms | 1.50× | asyncio, 8: 200 ms |"
    shape["programs"] = [one("sync", [0.21], recommended=True), one("asyncio", [0.2]), one("trio", [])]
    assert advised.table_row(shape).endswith("| 1.05× |  |")


def test_the_table_says_whether_the_goal_was_met_and_on_which_machine() -> None:
    good = {"label": "work", "programs": [one("threading", [0.1], recommended=True)]}
    bad = {"label": "work", "programs": [one("sync", [0.2], recommended=True), one("asyncio", [0.1])]}
    found = {"machine": "a machine", "version": "3.11.7", "turns": 5, "seconds": 300.0}
    lines = advised.table({**found, "shapes": [good] * 27 + [bad] * 3})
    assert "In 27 of 30 shapes" in lines[0]
    assert "is met" in lines[0]
    assert "a machine" in lines[2]
    assert "missed by 1" in advised.table({**found, "shapes": [good] * 26 + [bad] * 4})[0]
    assert json.dumps(advised.table(None)) == json.dumps([advised.PENDING])
