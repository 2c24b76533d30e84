"""The gate as JSON: what was kept comes back exactly, and what cannot be read is refused in one clear line."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.gate_reports import REPORTS, cell, metric, report
from when_async.bench.model import Estimate
from when_async.reports.gate import terminal
from when_async.reports.gate.machine import SCHEMA, GateFileError, dumps, from_json, load, to_json
from when_async.results.gate.report import GateReport, Word, exit_code, exit_reasons, outcome

every = pytest.mark.parametrize("found", [pytest.param(found, id=name) for name, found in REPORTS.items()])


@every
def test_what_was_kept_comes_back_exactly(found: GateReport) -> None:
    again = from_json(json.loads(dumps(found)))
    assert again == found
    assert from_json(to_json(found)) == found
    assert terminal.render(again, verbose=True) == terminal.render(found, verbose=True)


@every
def test_other_tools_find_the_verdict_without_knowing_the_rules(found: GateReport) -> None:
    data = to_json(found)
    assert data["exit_code"] == exit_code(found)
    assert data["verdict"] == outcome(found)
    assert [one["reason"] for one in data["exit_reasons"]] == [sentence for _, sentence in exit_reasons(found)]
    assert (data["kind"], data["schema"]) == ("gate", SCHEMA)


def test_words_and_numbers_come_back_with_their_types() -> None:
    again = from_json(json.loads(dumps(REPORTS["regression"])))
    assert all(isinstance(one.word, Word) for one in again.cells)
    assert again.operating is not None
    assert list(again.operating.power) == [0.0, 0.03, 0.05]
    assert isinstance(again.cells[0].metrics[0].ratio, Estimate)
    assert isinstance(again.cells, tuple)


def test_infinite_numbers_survive_although_json_has_none() -> None:
    endless = metric("wall", Estimate(1.0, 0.0, math.inf, "x", 6), spread=math.inf, smallest_effect=None)
    found = report(cell("a[n=1]-sync@3.14", Word.INCONCLUSIVE, metrics=(endless,)))
    text = dumps(found)
    assert "Infinity" not in text
    assert from_json(json.loads(text)) == found
    assert "–" in terminal.render(found)


def test_fields_of_a_later_version_are_ignored_and_absent_optional_ones_filled() -> None:
    data = to_json(REPORTS["pass"]) | {"mood": "good"}
    data["cells"][0]["colour"] = "blue"
    del data["notes"], data["interrupted"]
    assert from_json(data) == REPORTS["pass"]


def test_a_newer_schema_is_refused_with_what_to_do() -> None:
    data = to_json(REPORTS["pass"]) | {"schema": SCHEMA + 1}
    with pytest.raises(
        GateFileError, match=rf"^this gate report has schema {SCHEMA + 1}, .*install a newer when-async$"
    ):
        from_json(data)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "run"}, "this is no gate report"),
        ({"schema": None}, "does not say its schema"),
        ({"schema": "1"}, "does not say its schema"),
        ({"schema": True}, "does not say its schema"),
        ({"margin": None}, "`null` - at `$.margin`"),
        ({"margin": "wide"}, "`str` - at `$.margin`"),
        ({"seed": "seven"}, "`str` - at `$.seed`"),
        ({"interrupted": 2}, "`int` - at `$.interrupted`"),
        ({"base": []}, "`array` - at `$.base`"),
        ({"cells": {}}, "`object` - at `$.cells`"),
        ({"cells": [{"cell": "a", "word": "FASTER", "reason": ""}]}, "'FASTER' - at `$.cells[0].word`"),
        ({"cells": [{"cell": "a", "reason": ""}]}, "missing required field `word` - at `$.cells[0]`"),
        ({"canaries": [{"cell": "a", "kind": "", "injected": 0, "word": "\x1b[31m\n"}]}, "at `$.canaries[0].word`"),
        ({"operating": 3}, "`int` - at `$.operating`"),
    ],
)
def test_a_damaged_report_is_refused_and_says_where(change: dict[str, Any], said: str) -> None:
    with pytest.raises(GateFileError) as caught:
        from_json(to_json(REPORTS["pass"]) | change)
    assert said in str(caught.value)
    assert str(caught.value).isprintable()


def test_an_interval_that_does_not_hold_its_point_is_refused() -> None:
    data = to_json(REPORTS["regression"])
    data["cells"][0]["metrics"][0]["ratio"]["low"] = 7.0
    with pytest.raises(GateFileError, match="does not hold the point"):
        from_json(data)


@pytest.mark.parametrize("data", [None, [], "gate", 3, {}])
def test_what_is_no_report_is_refused(data: Any) -> None:
    with pytest.raises(GateFileError, match=r"^this is no gate report; give the gate\.json"):
        from_json(data)


def test_a_file_is_read_or_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "gate.json"
    with pytest.raises(GateFileError, match="no such file"):
        load(path)
    path.write_bytes(b"\xff{")
    with pytest.raises(GateFileError, match="is not JSON"):
        load(path)
    path.write_text(dumps(REPORTS["flips"]), encoding="utf-8")
    assert load(path) == REPORTS["flips"]


def test_a_word_outside_the_cells_is_read_too() -> None:
    found = replace(REPORTS["blind"], notes=("one", "two"))
    assert [canary.word for canary in from_json(to_json(found)).canaries] == [Word.REGRESSED, Word.NO_ALARM]
