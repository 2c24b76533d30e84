"""The page of faults shows what the inputs came to, and each test that it names is in the suite."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest

from docs.evidence.faults import Input, Kind
from docs.evidence.faults.page import KEPT, PAGE, key, kinds, page
from docs.evidence.faults.running import judge

ROOT = Path(__file__).resolve().parents[2]
HANDED = {
    "01", "02", "03", "05", "06", "08", "10", "12", "13", "14", "15", "16", "20", "23", "24", "29", "30",
    "faults/gate28x", "faults/own/checkfalse", "faults/own/wrongassert", "faults/own/items0", "faults/own/osexit",
    "faults/own/tophang", "faults/own/printer", "faults/runfiles",
}  # fmt: skip
"""The inputs that were handed over."""


@cache
def names_of_tests() -> set[str]:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    return {name for text in texts for name in re.findall(r"^(?:async )?def (test_\w+)", text, re.MULTILINE)}


def test_the_page_is_that_of_the_kept_outcomes() -> None:
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    assert page(kept) == PAGE.read_text(encoding="utf-8"), "run python -m docs.evidence.faults --page"


def test_every_input_was_tried_and_came_to_what_is_right() -> None:
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    assert set(kept) == {key(kind, case) for kind in kinds() for case in kind.inputs}
    assert {name: outcome["wrong"] for name, outcome in kept.items() if outcome["wrong"]} == {}


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.name)
def test_a_kind_has_a_promise_three_inputs_of_ours_and_tests_that_hold_it(kind: Kind) -> None:
    assert kind.promise
    assert len([case for case in kind.inputs if not case.handed]) >= 3
    assert kind.tests
    assert set(kind.tests) <= names_of_tests()


def test_all_inputs_that_were_handed_over_are_on_the_page() -> None:
    assert {case.handed for kind in kinds() for case in kind.inputs} - {""} == HANDED


@pytest.mark.parametrize(
    ("printed", "code", "wrong"),
    [
        ("all is\nwell", 0, ""), ("all is well", 3, "exit 3, not 0"), ("nothing", 0, "nothing like 'is well'"),
        ("is well\nTraceback (most recent call last):", 0, "a traceback"), ("is well PASS", 0, "'PASS' is said"),
    ],
)  # fmt: skip
def test_an_outcome_is_held_against_what_is_right(printed: str, code: int, wrong: str) -> None:
    assert judge(Input("it", "true", "is well", never="PASS"), code, printed).wrong == wrong
