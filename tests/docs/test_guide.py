"""The guide, the README's answers and the advice are those of the committed reference run, and of nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from docs import guide
from when_async.bench.cli.claims import REFERENCE
from when_async.reports.scene.rows import Scene
from when_async.reports.verdicts.claim import Behaviour, Word
from when_async.reports.verdicts.judging import Verdict, claims

INTERVAL = r"\d(?:×| \S+)? \[−?[\d.]+, −?[\d.]+\]"
MOST_BYTES = 20 * 2**20


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


def test_no_verdict_has_a_number_without_an_interval_or_the_count_of_processes(verdicts: list[Verdict]) -> None:
    known = [one for one in verdicts if one.estimate is not None]
    assert {isinstance(one.claim, Behaviour) for one in known} == {True, False}
    for one in known:
        assert one.estimate is not None
        assert one.estimate.n >= 2
        shown = r"\bin \d+ of \d+ fresh processes\b" if isinstance(one.claim, Behaviour) else INTERVAL
        assert re.search(shown, one.sentence), one.sentence


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


def test_the_readme_shows_an_answer_with_its_code_before_any_table(texts: dict[Path, str]) -> None:
    lines = texts[guide.README].splitlines()
    table = next(place for place, line in enumerate(lines) if line.startswith("|"))
    early = "\n".join(lines[:40])
    assert table > 40
    assert "when-async ask http" in early
    assert re.search(INTERVAL, early)
    assert "```python\nfrom concurrent.futures import" in early


def test_the_readme_answers_five_questions_each_with_its_figure(texts: dict[Path, str]) -> None:
    inside = texts[guide.README].partition(guide.ANSWERS[0])[2].partition(guide.ANSWERS[1])[0]
    rows = [line.split(" | ") for line in inside.splitlines() if line.startswith("| ")][2:]
    assert len(rows) == len(guide.FIVE) == 5
    for _, answer, figure, _ in rows:
        assert re.fullmatch(r"\*\*.+\*\*", answer)
        assert re.match(r"[\d.]+× \\\[[\d.]+, [\d.]+\\\], ", figure)


def test_what_was_written_by_hand_between_the_marks_of_the_readme_is_replaced_and_nothing_else_is(
    frame: pd.DataFrame, seen: Scene, texts: dict[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "README.md"
    text = texts[guide.README]
    for first, last in (guide.ASKED, guide.ANSWERS):
        assert (text.count(first), text.count(last)) == (1, 1)
        text = text.replace(first, f"{first}\nby hand").replace(last, f"by hand\n{last}")
    mine.write_text(text, encoding="utf-8")
    monkeypatch.setattr(guide, "README", mine)
    assert guide.made(frame, seen)[mine] == texts[guide.ROOT / "README.md"]
