"""How ratios of others and of ours are held against each other, on made-up figures."""

from __future__ import annotations

import json
from argparse import Namespace
from datetime import timedelta
from math import exp, log
from pathlib import Path
from typing import Any

import pytest

from docs.evidence import independent
from docs.evidence.against_wrk import Failed
from docs.evidence.outside.compared import AGREES, DIFFERS, MEETS, held, logs, meet, same_direction, within, word
from docs.evidence.outside.groups import CPU, GROUPS, RATE, Comparison, Group
from docs.evidence.outside.page import page
from docs.evidence.outside.theirs import KINDS
from when_async.bench.model import Estimate

ECHO = GROUPS[0]
FIRST = ECHO.comparisons[0]


def ratio(low: float, point: float, high: float) -> Estimate:
    return Estimate(point, low, high, "x", 6, 0.95)


def segment(theirs: float, ours: float, number: int = 0) -> dict[str, Any]:
    """Two blocks a side in which the first contestant of the first comparison is so many times as fast."""
    wobble = 1 + number / 1000

    def readings(by: float) -> list[dict[str, Any]]:
        return [
            {"contestant": name, "process": process, "rate": rate * (wobble if process else 1)}
            for process in (0, 1)
            for name, rate in ((FIRST.first, by * 1000), (FIRST.second, 1000.0))
        ]

    sides = {"theirs": readings(theirs), "ours": readings(ours)}
    return {"group": ECHO.name, "number": number, "began": "2026-01-01T10:00:00+00:00",
            "ended": "2026-01-01T10:01:00+00:00", **sides}  # fmt: skip


def kept(segments: list[dict[str, Any]]) -> dict[str, Any]:
    return {"machine": {"cpu": "a CPU", "cores": 2, "system": "a system"}, "commits": {"uvloop": "0123456789abcdef"},
            "versions": {"uvloop": "1.0"}, "segments": segments}  # fmt: skip


def test_ratios_on_one_side_of_1_have_one_direction_and_so_has_one_that_cannot_be_told_from_1() -> None:
    assert same_direction(ratio(1.1, 1.2, 1.3), ratio(1.9, 2.0, 2.1))
    assert not same_direction(ratio(1.1, 1.2, 1.3), ratio(0.7, 0.8, 0.9))
    assert same_direction(ratio(1.1, 1.2, 1.3), ratio(0.7, 0.8, 1.01))


def test_two_agree_where_the_figure_of_either_lies_in_the_interval_of_the_other() -> None:
    wide, narrow = ratio(1.1, 1.5, 2.0), ratio(1.10, 1.11, 1.12)
    assert within(wide, narrow)
    assert within(narrow, wide)
    assert word(wide, narrow) == word(narrow, wide) == AGREES


def test_intervals_that_only_meet_are_no_agreement() -> None:
    low, high = ratio(1.1, 1.2, 1.35), ratio(1.3, 1.45, 1.6)
    assert meet(low, high)
    assert not within(low, high)
    assert word(low, high) == MEETS
    assert word(low, ratio(1.4, 1.5, 1.6)) == DIFFERS


def test_a_figure_within_the_other_interval_does_not_make_up_for_another_direction() -> None:
    assert word(ratio(1.01, 1.02, 1.05), ratio(0.9, 0.99, 0.995)) == DIFFERS


def test_the_ratio_is_above_1_where_the_first_is_faster_whatever_is_compared() -> None:
    one, other = {RATE: 20.0, CPU: 1.0}, {RATE: 10.0, CPU: 2.0}
    readings = [{"contestant": "a", "process": 0, **one}, {"contestant": "b", "process": 0, **other}]
    for quantity in (RATE, CPU):
        assert logs(Comparison("a", "b", quantity), [{"theirs": readings}], "theirs") == [pytest.approx(log(2))]


def test_contestants_are_held_against_each_other_within_a_block_only() -> None:
    readings = [{"contestant": "a", "process": 0, RATE: 20.0}, {"contestant": "b", "process": 1, RATE: 10.0}]
    assert logs(Comparison("a", "b", RATE), [{"theirs": readings}], "theirs") == []


def test_a_group_has_the_comparisons_that_both_sides_have_measured() -> None:
    (one,) = held(ECHO, [segment(1.5, 1.5, number) for number in range(3)])
    assert one.comparison == FIRST
    assert one.word == AGREES
    assert one.theirs.n == one.ours.n == 6
    assert one.apart.low <= 1 <= one.apart.high


def test_each_comparison_names_contestants_of_its_group_and_none_is_there_twice() -> None:
    assert sum(len(group.comparisons) for group in GROUPS) >= 12
    for group in GROUPS:
        names = [each.name for each in group.contestants]
        assert len(set(names)) == len(names)
        assert len(set(group.comparisons)) == len(group.comparisons)
        assert {name for one in group.comparisons for name in (one.first, one.second)} <= set(names)
        assert {each.kind for each in group.contestants} <= set(KINDS)


def test_a_comparison_that_differs_stands_on_the_page_with_its_cause() -> None:
    text = page(kept([segment(1.5, 3.0, number) for number in range(3)]))
    assert "Of 1 comparisons 0 agree, in 0 the intervals only meet, and 1 differ. The direction" in text
    assert f"{FIRST.cause} ({ECHO.name}: {FIRST.first} / {FIRST.second}, rate)" in text
    assert "uvloop 0123456789ab" in text


def test_the_page_is_what_the_kept_file_makes_of_it() -> None:
    path = independent.KEPT
    told = json.loads(path.read_text(encoding="utf-8")) if path.exists() else independent.NOTHING
    assert independent.PAGE.read_text(encoding="utf-8") == page(told)


def test_a_second_call_takes_what_is_missing_and_a_group_that_was_cut_in_another_hour_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from datetime import datetime

    told = kept([segment(1.5, 1.5, 0)])
    ended = datetime.fromisoformat("2026-01-01T10:01:00+00:00")
    monkeypatch.setattr(independent, "_now", lambda: ended + timedelta(minutes=5))
    assert independent.open_segments(told, ECHO, 3) == [1, 2]
    assert independent.open_segments(told, GROUPS[1], 3) == [0, 1, 2]
    monkeypatch.setattr(independent, "_now", lambda: ended + timedelta(hours=2))
    assert independent.open_segments(told, ECHO, 1) == []
    assert independent.open_segments(told, ECHO, 3) == [0, 1, 2]
    assert told["segments"] == []


def test_what_is_kept_can_be_read_again(tmp_path: Path) -> None:
    told = kept([segment(exp(0.1), 1.5, number) for number in range(2)])
    independent.keep(told, tmp_path / "independent.json")
    assert json.loads((tmp_path / "independent.json").read_text(encoding="utf-8")) == told


def test_a_second_call_goes_on_with_the_same_commits_and_versions_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(independent, "commits", lambda outside: {"uvloop": "0123"})
    monkeypatch.setattr(independent, "version", lambda name: "1.0")
    monkeypatch.setattr(independent, "wrk_version", lambda: "4.1.0")
    path = tmp_path / "independent.json"
    fresh = independent.begun(path, tmp_path)
    more = {"versions": fresh["versions"] | {"Python 3.14": "3.14.1"}, "segments": [segment(1, 1)]}
    independent.keep(fresh | more, path)
    assert independent.begun(path, tmp_path)["segments"] == [segment(1, 1)]
    monkeypatch.setattr(independent, "version", lambda name: "1.1")
    with pytest.raises(SystemExit, match="--fresh"):
        independent.begun(path, tmp_path)


def test_a_script_that_fails_costs_its_own_group_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(group: Group, number: int, *_: object) -> dict[str, Any]:
        if group is GROUPS[0]:
            raise Failed("the server ended")
        header = {"machine": {"cpu": "a CPU", "cores": 2, "system": "a system"}, "environments": []}
        return segment(1.5, 1.5, number) | {"group": group.name, "header": header}

    monkeypatch.setattr(independent, "measured", measured)
    monkeypatch.setattr(independent, "executables", lambda pythons: {"": "python"})
    told = kept([])
    assert independent.take(told, Namespace(quick=True), GROUPS[:2]) == [f"{GROUPS[0].name}: the server ended"]
    assert [each["group"] for each in told["segments"]] == [GROUPS[1].name]
