"""A slow-down is accepted by name and with a reason, for one cell, and until base contains it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from support import gate_reports
from support.gate_reports import SLEEP, cell, regressed
from when_async.results.gate.acceptance import Acceptance, AcceptanceError, accept, in_force, load, save
from when_async.results.gate.report import Word

WHEN, WHY = "2026-12-03", "checks what it fetched"
ONE = Acceptance(SLEEP, "REGRESSED", "wall", 0.09, "3f2a1c9", "91ab02e", WHY, WHEN)


def test_a_regressed_cell_is_accepted_up_to_the_upper_end_of_its_interval() -> None:
    wall, cpu = accept(gate_reports.report(regressed()), f" {WHY}\n", WHEN)
    assert (wall.cell, wall.word, wall.metric, wall.reason, wall.date) == (SLEEP, "REGRESSED", "wall", WHY, WHEN)
    assert (wall.base, wall.head) == ("3f2a1c9", "91ab02e")
    assert wall.slowdown == pytest.approx(0.082 + 0.009)
    assert cpu.metric == "cpu"


def test_a_metric_that_did_not_move_is_not_accepted_with_the_one_that_did() -> None:
    slow = regressed()
    still = replace(slow.metrics[1], ratio=gate_reports.around(1.0))
    found = accept(gate_reports.report(replace(slow, metrics=(slow.metrics[0], still))), WHY, WHEN)
    assert [one.metric for one in found] == ["wall"]


@pytest.mark.parametrize("word", [Word.MISSING, Word.RENAMED])
def test_a_benchmark_that_went_can_be_accepted(word: Word) -> None:
    (found,) = accept(gate_reports.report(cell("old", word)), WHY, WHEN)
    assert (found.cell, found.word, found.metric, found.slowdown) == ("old", str(word), "", 0.0)


def test_only_what_is_named_is_accepted() -> None:
    report = gate_reports.report(regressed("one"), regressed("two"))
    assert {one.cell for one in accept(report, WHY, WHEN, ["two"])} == {"two"}


@pytest.mark.parametrize(
    ("cells", "named", "reason", "words"),
    [
        ((regressed(),), ("other",), WHY, "other neither regressed nor went missing"),
        ((cell("calm", Word.NO_ALARM), cell("bad", Word.BROKEN)), (), WHY, "there is nothing to accept"),
        ((cell("bad", Word.BROKEN),), ("bad",), WHY, "bad neither regressed nor went missing"),
        ((regressed(),), (), " \n", "an acceptance needs a reason"),
    ],
)
def test_what_cannot_be_accepted_is_refused(
    cells: tuple[gate_reports.CellResult, ...], named: tuple[str, ...], reason: str, words: str
) -> None:
    with pytest.raises(AcceptanceError, match=words):
        accept(gate_reports.report(*cells), reason, WHEN, named)


def test_an_acceptance_counts_until_the_file_of_base_holds_it_too() -> None:
    assert in_force([ONE], ()) == {(SLEEP, "wall"): ONE}
    assert in_force([ONE], [replace(ONE, reason="another one")]) == {(SLEEP, "wall"): ONE}
    assert in_force([ONE], [ONE]) == {}


def test_the_latest_of_several_counts_and_other_cells_have_none() -> None:
    later = replace(ONE, slowdown=0.20)
    assert in_force([ONE, later], ()) == {(SLEEP, "wall"): later}


def test_a_file_holds_what_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "results" / "baseline" / "accepted.json"
    save([ONE, replace(ONE, head=None)], path)
    assert load(path) == (ONE, replace(ONE, head=None))
    assert [each.name for each in path.parent.iterdir()] == ["accepted.json"]


def test_without_a_file_nothing_is_accepted(tmp_path: Path) -> None:
    assert load(tmp_path / "accepted.json") == ()


DAMAGED = [
    "", "{", "[]", "3", "{}", '{"accepted": 3}', '{"accepted": [3]}', '{"accepted": [{"cell": "x"}]}',
    json.dumps({"accepted": [{**vars(ONE), "slowdown": "much"}]}), json.dumps({"accepted": [{**vars(ONE), "more": 1}]}),
    *(json.dumps({"accepted": [{**vars(ONE), "slowdown": each}]}) for each in (float("nan"), float("inf"), -0.1, 1e9)),
]  # fmt: skip


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_file_is_told_and_not_passed_over(tmp_path: Path, text: str) -> None:
    path = tmp_path / "accepted.json"
    path.write_text(text)
    with pytest.raises(AcceptanceError, match="is not a file of acceptances"):
        load(path)


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file where a folder should be")
    with pytest.raises(AcceptanceError, match="cannot be written"):
        save([ONE], tmp_path / "results" / "accepted.json")
