"""Every sentence that is made of the reference run can be read aloud: short, and with few figures."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from support.plain_words import figures, sentences, too_much
from when_async.reports.answers.answer import Answer, gathered
from when_async.reports.answers.telling import told
from when_async.reports.answers.topics import TOPICS, answers
from when_async.reports.scene import gil
from when_async.reports.scene.findings import per_facet
from when_async.reports.scene.libraries import split_sentence
from when_async.reports.scene.rows import Scene, comparisons, facets, headline
from when_async.reports.verdicts.behaviours import seen_in
from when_async.reports.verdicts.claim import Word
from when_async.reports.verdicts.guidance import guidance
from when_async.reports.verdicts.judging import Verdict, claims
from when_async.reports.verdicts.lookup import Hole

JARGON = re.compile(r"\b(?:op|fork|cell|round|contestant)s?\b")


@pytest.fixture(scope="module")
def quoted(frame: pd.DataFrame, verdicts: list[Verdict]) -> list[str]:
    """What a run file records in the words of runners and of programs."""
    holes = [one.found for verdict in verdicts for one in verdict.readings if isinstance(one.found, Hole)]
    said = [part for one in seen_in(frame) for part in (one.absent, *one.said.split("; "))]
    found = [text.rstrip(".") for text in (*(one.reason for one in holes), *said)]
    return [*found, *(text[:1].upper() + text[1:] for text in found)]


@pytest.fixture(scope="module")
def answered(frame: pd.DataFrame, verdicts: list[Verdict]) -> list[Answer]:
    """An answer to every question on every interpreter."""
    known = gathered(verdicts, frame.attrs["headers"], reference=True)
    pythons = dict.fromkeys(one.source.python for one in known)
    return [one for python in pythons for one in answers((), known, python, page=False)]


def test_a_sentence_is_counted_as_it_is_read() -> None:
    assert sentences("It was 2.5 µs [2, 3] with http.client. No? uvloop won.") == [
        "It was 2.5 µs [2, 3] with http.client.", "No?", "uvloop won.",
    ]  # fmt: skip
    assert figures("It was 1.04× [1.03, 1.08] with `x[n=3]` on 3.13t, 10 000 in flight.") == 2
    assert list(too_much(["word " * 31])) == [f"31 words, 0 figures: {'word ' * 30}word"]
    assert list(too_much(["1 of 2, 3 of 4"])) == ["6 words, 4 figures: 1 of 2, 3 of 4"]


def test_verdicts_on_all_interpreters_can_be_read_aloud(verdicts: list[Verdict], quoted: list[str]) -> None:
    assert len({one.python for one in verdicts}) >= 6
    assert list(too_much((text for one in verdicts for text in (one.sentence, one.brief())), quoted)) == []


def test_claims_can_be_read_aloud() -> None:
    assert list(too_much(text for one in claims().values() for text in (one.statement, one.scope))) == []


def test_answers_can_be_read_aloud_and_have_no_word_of_ours_that_needs_a_glossary(answered: list[Answer]) -> None:
    assert (
        list(too_much(text for one in answered for text in (one.sentence, one.advice, one.limits, one.decides))) == []
    )
    assert [line for one in answered for line in told(one) if JARGON.search(line)] == []


def test_findings_can_be_read_aloud(seen: Scene) -> None:
    places = [seen.of(comparison=one) for one in comparisons(seen.rows)]
    texts = [per_facet(one, headline(one.rows)) for one in places]
    texts += [text for one in places for text in gil.told(one)]
    alone = [one.of_facet(facet) for one in places for facet in facets(one.rows)]
    texts += [text for one in alone if (text := split_sentence(one))]
    texts += [one.answer for one in guidance(seen)]
    assert list(too_much(texts)) == []


def test_the_reference_decides_every_question(answered: list[Answer]) -> None:
    assert {one.topic for one in answered if one.decided} == {one.name for one in TOPICS}
    assert [one.topic for one in answered if not one.decided] == []


def test_a_refuted_claim_says_how_near_it_comes(verdicts: list[Verdict]) -> None:
    """Nearly twice is not two to four times, and not nothing either."""
    refuted = [one for one in verdicts if one.word is Word.REFUTED and one.readings]
    assert refuted
    for one in refuted:
        assert re.search(r"That is (?:just |far )?(?:below|above) the claimed \S", one.sentence), one.sentence
