"""An answer says how far off predictions were before the judge, by costs that were got as its own were."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from when_async.results.prediction.before_judge import CALIBRATED, REFERENCE, Verdict, judged, read, write
from when_async.results.prediction.fitted import Fitted
from when_async.results.prediction.judged import Accuracy
from when_async.results.prediction.model import Model

OWN, OTHER = Accuracy(110, 108, 20, 20), Accuracy(110, 80, 20, 15)
SAID = {
    CALIBRATED: Verdict({"3.11": OWN}, {"asyncio": (-0.05, 0.04)}),
    REFERENCE: Verdict({"3.11": OTHER}, {"asyncio": (-0.3, 0.2)}),
}
KNOWN = Fitted(
    "3.11", True, 2, "run", (Model("asyncio", "asyncio", error_low=-0.01), Model("trio", "trio", error_low=-0.02)),
    Accuracy(86, 84, 16, 15),
)  # fmt: skip


def test_what_the_judge_said_survives_a_file_and_a_damaged_one_says_nothing(tmp_path: Path) -> None:
    write(tmp_path / "judge.json", SAID)
    assert read(tmp_path / "judge.json") == SAID
    (tmp_path / "judge.json").write_text('{"calibrated": []}', encoding="utf-8")
    assert read(tmp_path / "judge.json") == {}
    assert read(tmp_path / "none.json") == {}


def test_calibrated_costs_are_as_good_as_calibrated_ones_were_and_others_as_those_of_another_machine() -> None:
    mine, other = judged([replace(KNOWN, calibrated="2026-12-01"), KNOWN], SAID)
    assert (mine.accuracy, mine.models[0].error_low, mine.judged) == (OWN, -0.05, True)
    assert (other.accuracy, other.models[0].error_low, other.judged) == (OTHER, -0.3, True)


def test_of_whom_the_judge_said_nothing_what_was_known_stays() -> None:
    (found,) = judged([KNOWN], SAID)
    assert found.models[1] == KNOWN.models[1]
    assert judged([replace(KNOWN, python="3.9")], SAID) == [replace(KNOWN, python="3.9")]
    assert judged([KNOWN], {}) == [KNOWN]
