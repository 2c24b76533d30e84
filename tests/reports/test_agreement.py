"""Recordings of one interpreter on one machine have to agree, machines stand apart, a change is told with causes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.plain_words import too_much
from support.run_files import HEADER, MODULES, CellSpec, header_line, make_cell, make_run
from when_async.bench.model import Estimate
from when_async.reports.answers.answer import Evidence, gathered
from when_async.reports.answers.said import Said
from when_async.reports.answers.topics import Topic, answer
from when_async.reports.page.claims import shared_by
from when_async.reports.page.writing import write
from when_async.reports.recordings.agreement import agreed, counted, one_each, otherwise
from when_async.reports.recordings.causes import modules_of
from when_async.reports.recordings.changes import changes, matched
from when_async.reports.verdicts.claim import Behaviour, Bound, Claim, Part, Reading, Side, Word
from when_async.reports.verdicts.judging import Verdict, of_readings
from when_async.reports.verdicts.lookup import Hole
from when_async.reports.verdicts.measures import Ratio
from when_async.results.frame import load
from when_async.results.overview import overview

PLACE = "http_fetch[body=4KiB,delay=5ms,n=100,c=10]"
CELLS = (PLACE, "asyncio/aiohttp"), (PLACE, "sync/requests")
PART = Part("here", Ratio(*CELLS, "makespan"), Bound(high=1.15), "it is {}")
CLAIM = Claim(name="mine", section="Concurrency", statement="Something is so.", scope="Only here.", parts=(PART,))
FIRST, SECOND, THIRD = "20261201-151000-aaaa", "20261201-182000-bbbb", "20261202-090500-cccc"
INTEL = {**HEADER["machine"], "cpu": "Intel(R) Xeon(R) Processor"}
PGO, PLAIN = ({"pgo": yes, "compiler": "GCC 12.2.0", "maker": "hand"} for yes in (True, False))
HOLDS, OPEN, REFUTED = (1.12, 1.11, 1.13), (1.14, 1.12, 1.16), (1.3, 1.2, 1.4)


def verdict(run: str, figure: tuple[float, float, float] | None, python: str = "3.11", **more: Any) -> Verdict:
    """The verdict on the one part of the claim; without a figure it was not measured."""
    found = Hole("it was not part of this run", asked=False) if figure is None else Estimate(*figure, "x", 6)
    side = Side.MISSING if isinstance(found, Hole) else PART.bound.side(found)
    return of_readings(CLAIM, run, python, (Reading(PART, found, side, **more),))


def head(run: str, **more: Any) -> dict[str, Any]:
    started = f"{run[:4]}-{run[4:6]}-{run[6:8]}T{run[9:11]}:{run[11:13]}:00+00:00"
    made = header_line(run=run, started=started, **{"profile": "claims", "forks": 6, **more})
    return {**made, "pythons": [one["label"] for one in made["environments"]]}


def built(header: dict[str, Any], **environment: Any) -> dict[str, Any]:
    """The header of a run on another build or version, or with other libraries."""
    (one,) = header["environments"]
    return {**header, "environments": [{**one, **environment}]}


def shown(verdicts: Sequence[Verdict], *headers: dict[str, Any]) -> Verdict:
    (one,) = agreed(verdicts, headers)
    return one


def test_recordings_that_say_the_same_agree_and_say_how_many_they_are() -> None:
    one = shown([verdict(FIRST, HOLDS), verdict(SECOND, HOLDS)], head(FIRST), head(SECOND))
    assert (one.word, one.run, counted(one)) == (Word.HOLDS, SECOND, "agreed in 2 recordings")
    assert not one.disputed


@pytest.mark.parametrize("order", [1, -1])
def test_shown_is_the_recording_with_six_processes_throughout_and_not_a_newer_that_stopped_early(order: int) -> None:
    early = head(SECOND, profile="decide", forks=6)
    both = [verdict(FIRST, HOLDS), verdict(SECOND, (1.1, 1.0, 1.12))][::order]
    one = shown(both, head(FIRST), early)
    assert one.run == FIRST
    assert one.record is not None
    assert [each.rule for each in one.record.heard] == ["6 processes throughout", "stopped when decided"]
    assert one_each({Path("early"): early, Path("whole"): head(FIRST)}) == [Path("whole")]


@pytest.mark.parametrize("other", [OPEN, REFUTED])
def test_anything_but_equal_words_is_told_as_disagreement_with_each_word_and_date(other: Any) -> None:
    one = shown([verdict(SECOND, other), verdict(FIRST, HOLDS)], head(FIRST), head(SECOND))
    word = verdict(SECOND, other).word
    assert one.word is Word.INCONCLUSIVE
    assert one.sentence == f"Recordings disagree: HOLDS on 1 December 15:10, {word} at 18:20."
    assert (one.estimate, one.brief(), counted(one)) == (None, one.sentence, "")
    assert [each.side for each in one.readings] == [Side.ACROSS]
    assert list(too_much([one.sentence])) == []
    flat = one.flat()["recordings"]
    assert [each["verdict"] for each in flat] == ["HOLDS", str(word)]
    assert flat[0]["high"] == HOLDS[2]


def test_a_recording_without_a_figure_has_no_say_and_one_of_another_day_is_dated() -> None:
    said = [verdict(FIRST, HOLDS), verdict(SECOND, None), verdict(THIRD, HOLDS)]
    heads = [head(FIRST), head(SECOND), head(THIRD)]
    one = shown(said, *heads)
    assert (one.word, one.run) == (Word.HOLDS, THIRD)
    assert counted(one) == "in 2 of 3 recordings, the others have no figure for it"
    assert shown([verdict(FIRST, None), verdict(SECOND, None)], *heads).word is Word.NOT_MEASURED
    apart = shown([*said[:2], verdict(THIRD, OPEN)], *heads)
    assert apart.sentence == "Recordings disagree: HOLDS on 1 December 15:10, INCONCLUSIVE on 2 December 09:05."


@pytest.mark.parametrize(("other", "agree"), [(HOLDS, True), (OPEN, False)])
def test_a_recording_that_lacks_parts_and_is_open_for_that_alone_has_no_say(
    other: tuple[float, float, float], agree: bool
) -> None:
    later = replace(PART, where="there")
    both = replace(CLAIM, parts=(PART, later))
    lacking = Reading(later, Hole("it was not part of this run", asked=False), Side.MISSING)

    def found(figure: tuple[float, float, float], part: Part = PART) -> Reading:
        estimate = Estimate(*figure, "x", 6)
        return Reading(part, estimate, part.bound.side(estimate))

    older = of_readings(both, FIRST, "3.11", (found(other), lacking))
    newer = of_readings(both, SECOND, "3.11", (found(HOLDS), found(HOLDS, later)))
    assert older.word is Word.INCONCLUSIVE
    one = shown([older, newer], head(FIRST), head(SECOND))
    assert (one.record is not None and one.record.agree) is agree
    assert one.word is (Word.HOLDS if agree else Word.INCONCLUSIVE)


def test_recordings_on_unlike_builds_or_versions_never_agree_or_disagree_without_a_word() -> None:
    first, second = built(head(FIRST), build=PLAIN), built(head(SECOND), build=PGO, version="3.11.9")
    one = shown([verdict(FIRST, HOLDS), verdict(SECOND, HOLDS)], first, second)
    unlike = "not of one interpreter: version 3.11.7 vs 3.11.9; profile-guided optimisation no vs yes"
    assert counted(one) == f"agreed in 2 recordings; {unlike}"
    assert unlike in shown([verdict(FIRST, HOLDS), verdict(SECOND, OPEN)], first, second).sentence


def test_machines_stand_side_by_side_and_another_word_there_is_marked() -> None:
    heads = [head(FIRST), head(SECOND, machine=INTEL)]
    own, other = agreed([verdict(FIRST, HOLDS), verdict(SECOND, OPEN)], heads)
    assert own.record is not None
    assert other.record is not None
    assert (own.record.machine, other.record.machine) == ("AMD EPYC 9B14", "Intel Xeon")
    assert (own.word, other.word) == (Word.HOLDS, Word.INCONCLUSIVE), "machines have no say on each other"
    assert otherwise(own, [own, other]) == [other]
    same = agreed([verdict(FIRST, HOLDS), verdict(SECOND, HOLDS)], heads)
    assert otherwise(same[0], same) == []


def test_an_answer_that_another_recording_gives_otherwise_is_not_given() -> None:
    def rule(seen: Evidence) -> Said | None:
        found = seen.estimate("mine", "here")
        return Said("level" if found and found.high < 1.15 else "behind", "S.", found, "", "", "", "", ("mine",))

    topic = Topic("t", "Is it so?", rule, ("mine",))
    heads = [head(FIRST), head(SECOND)]
    for figure, said in ((HOLDS, "level"), (OPEN, "recordings disagree")):
        verdicts = agreed([verdict(FIRST, HOLDS), verdict(SECOND, figure)], heads)
        one = answer(topic, gathered(verdicts, heads))
        assert one is not None
        assert (one.answer, one.decided) == (said, said == "level")
    assert one.sentence == (
        "Recordings disagree: behind by that of 1 December 2026; level by that of 1 December 2026, 15:10."
    )


def test_the_page_has_a_column_for_each_machine_and_lists_recordings_that_disagree(tmp_path: Path) -> None:
    params = {"wait_s": 0.005, "cpu_s": 0.005, "n": 16}
    runners = (("asyncio", 0.1), ("asyncio+multiloop", 0.06))

    def run(name: str, loops_s: float, **more: Any) -> Path:
        place = "mixed[wait=5ms,cpu=5ms,n=16,c=8]"
        cells = [
            CellSpec(make_cell("mixed", who, place, params, 8), loops_s if "+" in who else typical_s, 16)
            for who, typical_s in runners
        ]
        started = head(name)["started"]
        return make_run(tmp_path / f"{name}.jsonl", cells=cells, forks=6, run=name, started=started, **more)

    whole = [run(FIRST, 0.06), run(THIRD, 0.06, machine=INTEL)]
    older = run(SECOND, 0.1, asked_claims=["many-loops"])
    write(load(whole), tmp_path, command="x", older=[overview(older)])
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    claim = text.partition('id="claim-many-loops"')[2].partition("</details>\n")[0]
    assert '<th scope="col">AMD EPYC 9B14</th><th scope="col">Intel Xeon</th>' in claim
    assert "Recordings disagree: HOLDS on 1 December 15:10, REFUTED at 18:20." in claim
    assert "1 December 2026, 18:20, 6 processes throughout: REFUTED" in claim
    assert "? INCONCLUSIVE</b> ≠" in claim
    assert "On 3.11 on AMD EPYC 9B14: recordings disagree." in claim
    assert "| AMD EPYC 9B14 | Intel Xeon |" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_columns_are_of_the_interpreters_that_all_machines_have() -> None:
    assert shared_by([("a", "3.11"), ("a", "3.12"), ("b", "3.11")]) == ["3.11"]
    assert shared_by([("a", "3.12"), ("b", "3.11")]) == []


def test_a_change_with_nothing_behind_it_is_noise_or_a_bound_nearby_with_both_figures() -> None:
    headers = [built(head(run), build=PGO) for run in (FIRST, SECOND)]
    (one,) = changes([verdict(SECOND, OPEN)], [verdict(FIRST, HOLDS)], headers)
    assert [cause.kind for cause in one.causes] == ["noise"]
    assert one.said == (
        "It turned on 1.14× [1.12, 1.16] after 1.12× [1.11, 1.13] here, where at most 1.15× was claimed. "
        "Likely cause: noise, or a bound nearby: machine, build, version, libraries and rule are the same."
    )
    assert one.flat()["before"] == "HOLDS"
    assert one.flat()["causes"][0]["kind"] == "noise"


LIKE = {**MODULES, "aiohttp": "4.0.0", "trio": "1.0"}


@pytest.mark.parametrize(
    ("now", "figure", "kinds"),
    [
        (head(SECOND, machine=INTEL), REFUTED, ["machine"]),
        (head(SECOND, machine=INTEL), OPEN, ["noise", "machine"]),
        (built(head(SECOND), build=PGO, version="3.11.9"), REFUTED, ["build", "version"]),
        (built(head(SECOND), build=PLAIN, modules=LIKE), REFUTED, ["library"]),
        (built(head(SECOND, profile="decide", budget_s=300), build=PLAIN), OPEN, ["rule", "noise"]),
        (built(head(SECOND, profile="decide", budget_s=300), build=PLAIN), REFUTED, ["rule"]),
        (built(head(SECOND, commit="b"), build=PLAIN), REFUTED, ["noise", "suite"]),
    ],
)
def test_each_difference_is_a_cause_and_of_several_none_is_asserted(
    now: dict[str, Any], figure: Any, kinds: list[str]
) -> None:
    was = built(head(FIRST, commit="a"), build=PLAIN)
    if "build" not in now["environments"][0]:
        now = built(now, build=PLAIN)
    (one,) = changes([verdict(SECOND, figure)], [verdict(FIRST, HOLDS)], [was, now])
    assert [cause.kind for cause in one.causes] == kinds
    assert ("Likely cause: " in one.said) == (len(kinds) == 1)


def test_a_part_without_a_figure_and_a_busy_machine_are_causes_by_themselves() -> None:
    headers = [head(FIRST), head(SECOND, machine=INTEL)]
    (one,) = changes([verdict(SECOND, HOLDS)], [verdict(FIRST, None)], headers)
    assert [cause.said for cause in one.causes] == ["1 part has no figure before: it was not part of this run"]
    crowded = replace(
        verdict(SECOND, HOLDS), word=Word.INCONCLUSIVE,
        readings=(Reading(PART, Estimate(*HOLDS, "x", 6), Side.ACROSS, others=0.4),),
    )  # fmt: skip
    (one,) = changes([crowded], [verdict(FIRST, HOLDS)], headers)
    assert [cause.said for cause in one.causes] == ["other programs kept 0.4 cores busy now"]


def test_recordings_that_disagreed_before_are_the_first_cause() -> None:
    heads = [head(FIRST), head(SECOND), head(THIRD)]
    before = agreed([verdict(FIRST, HOLDS), verdict(SECOND, OPEN)], heads[:2])
    (one,) = changes([verdict(THIRD, HOLDS)], before, heads)
    assert one.causes[0].said == "the recordings before disagree among themselves"


def test_a_verdict_is_held_against_that_of_its_own_machine() -> None:
    heads = [head(FIRST), head(SECOND), head(THIRD, machine=INTEL)]
    old, new, other = verdict(FIRST, HOLDS), verdict(SECOND, OPEN), verdict(THIRD, OPEN)
    assert matched([new, other], [old], heads) == [(new, old), (other, None)]
    assert matched([other], [old], heads) == [(other, old)], "where no machine was recorded both times"
    assert changes([new], [verdict(FIRST, HOLDS, "3.12")], heads) == []


def test_only_the_modules_that_the_cells_of_a_claim_import_count() -> None:
    assert set(modules_of(verdict(FIRST, HOLDS), ())) == {"aiohttp", "requests"}
    shows = Behaviour(name="b", section="Testing", statement="S.", scope="S.", requires=("pytest_asyncio",))
    assert modules_of(replace(verdict(FIRST, HOLDS), claim=shows), ()) == ["pytest_asyncio"]
