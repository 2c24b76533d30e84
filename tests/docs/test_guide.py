"""The guide, the README's verdicts and the advice are those of the committed reference run, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from docs import guide
from when_async.bench.cli.claims import REFERENCE, references
from when_async.reports.scene.evidence import scene
from when_async.reports.scene.rows import Scene
from when_async.reports.verdicts.claim import Word
from when_async.reports.verdicts.judging import Verdict, claims, judge, latest
from when_async.results.frame import load

MOST_BYTES = 20 * 2**20


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return load(references())


@pytest.fixture(scope="module")
def seen(frame: pd.DataFrame) -> Scene:
    return scene(frame)


@pytest.fixture(scope="module")
def verdicts(frame: pd.DataFrame, seen: Scene) -> list[Verdict]:
    return latest(judge(frame, scene=seen))


@pytest.fixture(scope="module")
def texts(frame: pd.DataFrame, seen: Scene) -> dict[Path, str]:
    return guide.made(frame, seen)


def test_the_texts_are_those_that_the_run_gives(texts: dict[Path, str]) -> None:
    stale = [str(path.relative_to(guide.ROOT)) for path, wanted in texts.items() if not guide.same(path, wanted)]
    assert stale == [], "renew them: python -m docs.guide"
    assert set(texts) == {guide.PAGE, guide.PICTURE, guide.GAP, guide.README}


def test_every_claim_has_a_verdict_on_every_interpreter_of_the_run(verdicts: list[Verdict]) -> None:
    pythons = {one.python for one in verdicts}
    assert {(one.claim.name, one.python) for one in verdicts} == {
        (name, python) for name in claims() for python in pythons
    }


def test_what_was_not_measured_says_why(verdicts: list[Verdict]) -> None:
    for one in verdicts:
        if one.word is Word.NOT_MEASURED:
            assert one.sentence.startswith("Not measured: ")
            assert "this run has no figure for its cells" not in one.sentence


def test_no_verdict_has_a_number_without_an_interval(verdicts: list[Verdict]) -> None:
    for one in verdicts:
        if one.estimate is not None:
            assert one.estimate.n >= 2
            assert "[" in one.sentence or one.kind == "share"


def test_the_reference_is_small_enough_to_be_committed() -> None:
    assert sum(path.stat().st_size for path in REFERENCE.iterdir()) < MOST_BYTES


def test_a_guide_that_is_not_of_its_run_is_told_and_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = guide.ROOT / "docs" / "old.md"
    monkeypatch.setattr(guide, "load", lambda paths: pd.DataFrame())
    monkeypatch.setattr(guide, "made", lambda frame: {old: "new text"})
    assert guide.main(["--check"]) == 1
    assert "docs/old.md is not that of the reference run; renew it: python -m docs.guide" in capsys.readouterr().out
    assert not old.exists()


def words_of(readme: str) -> Iterator[str]:
    yield from (word for word in Word if f" {word}".replace("_", "\\_") in readme)


def test_the_readme_tells_the_verdicts_and_nothing_between_its_marks_is_written_by_hand(texts: dict[Path, str]) -> None:
    before, _, rest = guide.README.read_text(encoding="utf-8").partition(guide.MARKS[0])
    inside, _, after = rest.partition(guide.MARKS[1])
    assert before
    assert after
    assert "by hand" not in guide.between(f"x{guide.MARKS[0]}by hand{guide.MARKS[1]}y", guide.MARKS, "the table")
    assert {"HOLDS", "DEPENDS", "REFUTED"} <= set(words_of(inside))
