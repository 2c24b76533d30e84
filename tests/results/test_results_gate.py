"""The exit code of a gate: what is broken decides before what is slow, and that before what is unclear."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support import gate_reports
from support.gate_reports import BLIND, CANARIES, FLIPS, around, cell, regressed, report
from when_async.results.gate.report import BROKEN_WORDS, CellResult, Word, exit_code, exit_reasons, outcome

CALM = cell("calm", Word.NO_ALARM, wall=around(1.0))
UNSURE = cell("unsure", Word.INCONCLUSIVE, wall=around(1.02))


def codes(*cells: CellResult, **changes: object) -> list[int]:
    return [code for code, _ in exit_reasons(report(*cells, **changes))]


@pytest.mark.parametrize("word", [Word.NO_ALARM, Word.EQUIVALENT, Word.IMPROVED, Word.NEW])
def test_these_words_pass(word: Word) -> None:
    assert exit_code(report(CALM, cell("other", word))) == 0


@pytest.mark.parametrize("word", BROKEN_WORDS)
def test_what_could_not_be_compared_is_never_a_pass_and_never_slower(word: Word) -> None:
    assert exit_code(report(CALM, cell("other", word))) == 3


def test_a_regression_is_1() -> None:
    assert exit_code(report(CALM, regressed())) == 1


def test_if_several_apply_3_comes_before_1_and_1_before_4_and_all_are_listed() -> None:
    cells = (CALM, UNSURE, regressed(), cell("gone", Word.MISSING))
    assert codes(*cells) == [3, 1, 4]
    assert exit_code(report(*cells)) == 3
    assert codes(CALM, UNSURE, regressed()) == [1, 4]


@pytest.mark.parametrize("cells", [(), (cell("late", Word.INCONCLUSIVE),)])
def test_nothing_compared_is_3(cells: tuple[CellResult, ...]) -> None:
    assert exit_code(report(*cells)) == 3
    assert "nothing compared is not a pass" in exit_reasons(report(*cells))[0][1]


def test_what_is_all_new_is_called_new_and_passes_only_where_that_is_allowed() -> None:
    fresh = cell("new", Word.NEW)
    for allowed, code in ((False, 4), (True, 0)):
        found = report(fresh, allow_new=allowed, canaries=())
        assert (exit_code(found), outcome(found)) == (code, "NEW")
    assert (exit_code(report(CALM, fresh)), outcome(report(CALM, fresh))) == (0, "PASS")
    assert exit_code(report(fresh, cell("gone", Word.MISSING), allow_new=True)) == 3
    assert exit_code(report(fresh, allow_undecided=True, canaries=())) == 4


def test_an_interrupted_gate_is_3_even_with_a_regression() -> None:
    assert codes(CALM, regressed(), interrupted=True) == [3, 1]


def test_what_is_undecided_is_no_pass_unless_that_is_allowed_and_is_still_not_called_one() -> None:
    assert exit_code(report(CALM, UNSURE)) == 4
    allowed = report(CALM, UNSURE, allow_undecided=True)
    assert (exit_code(allowed), outcome(allowed)) == (0, "UNDECIDED")
    assert outcome(report(CALM)) == "PASS"


def test_a_control_that_failed_or_never_began_leaves_the_gate_undecided() -> None:
    assert exit_code(report(CALM, canaries=BLIND)) == 4
    assert exit_code(report(CALM, canaries=BLIND, allow_undecided=True)) == 0
    assert exit_code(report(CALM, canaries=CANARIES)) == 0
    assert exit_code(report(CALM, canaries=(), controls_missed=True)) == 4


def test_a_ranking_that_changed_is_1_and_one_that_can_no_longer_be_told_is_not() -> None:
    changed, unclear = FLIPS
    assert changed.changed
    assert exit_code(report(CALM, flips=(changed,))) == 1
    assert exit_code(report(CALM, flips=(replace(changed, changed=False), unclear))) == 0


def test_reasons_count_in_plain_words() -> None:
    said = dict(exit_reasons(gate_reports.report(CALM, regressed("a"), regressed("b"), cell("x", Word.BROKEN))))
    assert said[1] == "2 benchmarks regressed"
    assert said[3].startswith("1 benchmark failed")
