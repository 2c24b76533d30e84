"""An answer says no more than its figures: which sentence it is follows from the side on which intervals lie."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from when_async.bench.model import Estimate
from when_async.reports.answers import computing, network
from when_async.reports.answers.answer import Evidence, Source, Standing, standing
from when_async.reports.answers.telling import listed, told
from when_async.reports.answers.topics import TOPICS, UnknownTopic, answer, answers, find
from when_async.reports.verdicts.claim import Claim, Reading, Side, Word
from when_async.reports.verdicts.judging import Verdict, claims
from when_async.reports.verdicts.lookup import Hole, Outcome

KNOWN = claims()
UV = "uvloop-today"
ROOM = {size: ("chat", f"with memory kept and {size} members") for size in (500, 200, 10)}
JARGON = re.compile(r"\b(?:op|fork|cell|round|contestant)s?\b")
HTTP = ("io-bound", network.HTTP_CLIENT)
ALL = tuple((name, part.where) for name, one in KNOWN.items() if isinstance(one, Claim) for part in one.parts)


def ratio(point: float, width: float = 0.02) -> Estimate:
    return Estimate(point, point * (1 - width), point * (1 + width), "x", 6)


def seen(figures: dict[tuple[str, str], Estimate | Outcome | Hole], **more: object) -> Evidence:
    """Evidence with these figures for parts of claims, and nothing else."""
    source = Source(**{"run": "r1", "machine": "a box", "python": "3.11", "version": "3.11.7", "date": "today", **more})  # type: ignore[arg-type]
    verdicts = {}
    for name in {claim for claim, _ in figures}:
        claim = KNOWN[name]
        assert isinstance(claim, Claim)
        readings = tuple(
            Reading(part, found, Side.MISSING if isinstance(found, Hole) else part.bound.side(found))
            for part in claim.parts
            if (found := figures.get((name, part.where)))
        )
        verdicts[name] = Verdict(claim, source.run, source.python, Word.DEPENDS, "said", readings=readings)
    return Evidence(source, verdicts)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1.1, 1.4, Standing.AHEAD), (0.7, 0.9, Standing.BEHIND), (0.9, 1.12, Standing.LEVEL),
        (1.02, 1.14, Standing.LEVEL), (1.02, 1.3, Standing.OPEN), (0.5, 2.0, Standing.OPEN),
    ],
)  # fmt: skip
def test_a_ratio_wins_by_a_tenth_and_is_level_within_fifteen_per_cent_and_else_open(
    low: float, high: float, expected: Standing
) -> None:
    assert standing(Estimate((low + high) / 2, low, high, "x", 6)) is expected
    assert standing(None) is Standing.MISSING


@pytest.mark.parametrize(
    ("point", "short", "sentence"),
    [
        (1.01, "threads or asyncio alike", "are level: asyncio was 1.01× [0.990, 1.03] as fast."),
        (1.04, "threads or asyncio alike", "are nearly level: asyncio was 1.04× [1.02, 1.06] as fast."),
        (2.0, "asyncio", "asyncio wins: it was 2.00× [1.96, 2.04] as fast as threads."),
        (0.5, "threads", "threads win: they were 2.00× [1.96, 2.04] as fast as asyncio."),
    ],
)
def test_the_sentence_follows_from_the_side_of_the_interval(point: float, short: str, sentence: str) -> None:
    said = network.http(seen({HTTP: ratio(point)}))
    assert said is not None
    assert said.answer == short
    assert said.sentence.endswith(sentence)


def test_an_interval_that_decides_nothing_gives_no_answer() -> None:
    assert network.http(seen({HTTP: ratio(1.1, 0.3)})) is None
    assert network.http(seen({})) is None
    for one in TOPICS:
        assert one.rule(seen({})) is None


def test_the_client_library_decides_only_where_the_models_are_level() -> None:
    library = {("io-bound", network.REQUESTS): ratio(3.3)}
    level, apart = network.http(seen({HTTP: ratio(1.0), **library})), network.http(seen({HTTP: ratio(2.0), **library}))
    assert level is not None
    assert apart is not None
    assert level.decides.startswith("the library: threads with requests take 3.30×")
    assert apart.decides == "the model itself"


def test_what_overlap_wins_over_one_call_after_another_comes_first() -> None:
    said = network.http(seen({HTTP: ratio(1.0), ("io-bound", network.OVERLAP): ratio(16.0)}))
    assert said is not None
    assert said.decides == "overlap: 16.0× [15.7, 16.3] a plain loop, 20 at once; then the model itself"


def test_who_computes_in_numpy_learns_what_processes_reach_beside_threads() -> None:
    alone = computing.native(seen({computing.NUMPY: ratio(1.8)}))
    both = computing.native(seen({computing.NUMPY: ratio(1.8), (computing.GRID, "in NumPy"): ratio(0.9)}))
    assert alone is not None
    assert both is not None
    assert (alone.answer, both.answer) == ("threads", "threads")
    assert alone.decides == "the library lets the GIL go"
    assert both.decides.endswith("two processes were 0.900× [0.882, 0.918] as fast as two threads")


def test_the_answer_on_uvloop_cannot_be_read_as_advice_for_programs_that_compute() -> None:
    waits = {(UV, "for HTTP calls, by the clock"): ratio(1.0), (UV, "for bare waits"): ratio(1.6)}
    said = network.uvloop(seen(waits))  # type: ignore[arg-type]
    assert said is not None
    assert said.answer == "saves CPU, not time"


def test_who_serves_http_learns_with_what() -> None:
    said = network.serving(seen({("server-side", "for HTTP, aiohttp against waitress"): ratio(0.5)}))
    assert said is not None
    assert said.answer == "asyncio, such as aiohttp"
    assert "no handler blocks" in said.decides


def test_a_figure_of_several_cores_that_others_had_answers_nothing() -> None:
    here = seen({("grid-search", "with units of 5 ms"): ratio(0.98)})
    (reading,) = here.verdicts["grid-search"].readings
    busy = replace(here.verdicts["grid-search"], readings=(replace(reading, side=Side.ACROSS, others=0.98),))
    crowded = replace(here, verdicts={"grid-search": busy})
    assert here.estimate("grid-search", "with units of 5 ms") is not None
    assert crowded.estimate("grid-search", "with units of 5 ms") is None
    assert crowded.reason("grid-search", "with units of 5 ms").startswith("other programs kept 0.98 cores busy")


def test_threads_compute_only_where_they_are_seen_to() -> None:
    processes = {computing.UNITS[0]: ratio(1.9)}
    locked = computing.cpu(seen({**processes, computing.THREADS: ratio(0.99)}))
    free = computing.cpu(seen({**processes, computing.THREADS: ratio(1.9)}))
    assert locked is not None
    assert free is not None
    assert (locked.answer, free.answer) == ("processes", "threads")


def test_free_threading_is_answered_by_builds_without_the_gil_only() -> None:
    figures: dict[tuple[str, str], Estimate | Outcome | Hole] = {computing.THREADS: ratio(1.9)}
    assert computing.free_threading(seen(figures)) is None
    assert computing.free_threading(seen(figures, python="3.14t", gil=False)) is not None


def test_a_small_room_is_named_where_it_turns() -> None:
    rooms = {ROOM[500]: ratio(1.0), ROOM[10]: ratio(1.7)}
    said = network.chat(seen(rooms))  # type: ignore[arg-type]
    assert said is not None
    assert said.answer == "threads or asyncio alike"
    assert "with 10 members asyncio used 1.70×" in said.limits


def test_an_unclear_large_room_is_passed_over_for_the_next_that_is_clear() -> None:
    rooms = {ROOM[500]: ratio(1.0, 0.3), ROOM[200]: ratio(1.0)}
    said = network.chat(seen(rooms))  # type: ignore[arg-type]
    assert said is not None
    assert said.sentence.startswith("With 200 members")


def test_whoever_decided_answers_and_the_reference_is_named_as_another_machine() -> None:
    own = seen({HTTP: ratio(1.0)})
    other = seen({HTTP: ratio(2.0), (UV, "for HTTP calls, by the clock"): ratio(1.05)}, reference=True)
    found = {one.topic: one for one in answers([own], [other])}
    assert found["http"].source is own.source
    assert found["uvloop"].source is other.source
    assert "another machine" in found["uvloop"].source.said
    assert "your run r1" in found["http"].source.said
    assert [found["files"].decided, found["http"].decided] == [False, True]
    assert "when-async run --claim file-writes" in found["files"].advice


def test_the_interpreter_that_is_asked_for_answers_first_and_then_those_with_the_gil() -> None:
    three = [seen({HTTP: ratio(point)}, python=python, gil=python != "3.13t")
             for python, point in (("3.13t", 0.5), ("3.11", 1.0), ("3.14", 2.0))]  # fmt: skip
    pythons = {asked: answer(find("http"), three, python=asked) for asked in ("3.14", "3.13t", None)}
    assert {asked: one.source.python for asked, one in pythons.items() if one} == {
        "3.14": "3.14", "3.13t": "3.13t", None: "3.11",
    }  # fmt: skip


def test_the_page_asks_nine_questions_in_their_order_and_the_command_more() -> None:
    own = [seen({HTTP: ratio(1.0)})]
    first = [one.topic for one in answers(own)]
    assert first == [
        "http", "cpu", "native", "connections", "serving", "database", "files", "uvloop", "free-threading",
    ]  # fmt: skip
    assert [one.topic for one in answers(own, page=False)] == [*first, "chat", "threads"]
    assert answers([]) == []


def test_a_topic_has_other_names_and_an_unknown_one_is_told_with_the_nearest_and_all() -> None:
    assert find("processes").name == "cpu"
    assert find("Free_Threading").name == "free-threading"
    with pytest.raises(UnknownTopic, match=r"did you mean 'uvloop'\? topics: http, cpu, .*threads"):
        find("uvlop")
    with pytest.raises(UnknownTopic, match="on 'cooking'; topics: "):
        find("cooking")


@pytest.mark.parametrize("one", TOPICS, ids=lambda one: one.name)
def test_a_rule_reads_parts_that_exist_of_the_claims_that_its_topic_names(one: object) -> None:
    """Whatever the figures are: level, ahead, behind; and its words are those of people."""
    topic = find(one.name)  # type: ignore[attr-defined]
    assert set(topic.claims) <= KNOWN.keys()
    figures: dict[tuple[str, str], Estimate | Outcome | Hole]
    for point in (1.0, 2.0, 0.5):
        figures = {key: ratio(point) for key in ALL if key[0] in topic.claims and key[0] != "thread-ceiling"}
        figures |= {
            key: Outcome(False, "stopped") for key in ALL if key[0] in topic.claims and key[0] == "thread-ceiling"
        }
        gil = topic.name != "free-threading"
        found = answer(topic, [seen(figures, python="3.11" if gil else "3.13t", gil=gil)])
        assert found is not None
        assert found.decided
        assert set(found.claims) <= set(topic.claims)
        text = "\n".join(told(found))
        assert not JARGON.search(text), text
        assert max(map(len, text.splitlines())) <= 100


def test_every_part_that_a_rule_names_is_a_part_of_that_claim() -> None:
    """A misspelt place would be silence."""
    asked: set[tuple[str, str]] = set()

    class Watching(Evidence):
        def reading(self, claim: str, where: str) -> Reading | None:
            asked.add((claim, where))
            return super().reading(claim, where)

    full = seen({key: ratio(1.0) for key in ALL if key[0] != "thread-ceiling"}, python="3.13t", gil=False)
    for topic in TOPICS:
        topic.rule(Watching(full.source, full.verdicts))
    assert asked <= set(ALL)
    assert len(asked) > 15


def test_the_list_has_a_line_for_each_topic_with_its_short_answer_and_whose_it_is() -> None:
    lines = list(listed(answers([seen({HTTP: ratio(1.0)})], page=False)))
    assert re.match(r"http +threads or asyncio alike +1.00× \[0.98", lines[0])
    assert lines[1].split()[1:] == ["not", "decided"]
    assert any("your run r1: a box" in line for line in lines)


def test_what_nobody_decided_has_no_number_for_machines_either() -> None:
    (first, second, *_) = answers([seen({HTTP: ratio(1.0)})])
    assert first.flat()["point"] == 1.0
    assert second.flat()["point"] is None
    assert first.flat()["claims"] == ["io-bound"]


def test_answers_are_told_without_the_libraries_that_take_long_to_import() -> None:
    """What was kept of a run needs none of them, so `ask` answers at once."""
    names = ("numpy", "pandas", "scipy", "matplotlib")
    code = (
        "import sys; from when_async.reports.answers import telling, topics; "
        "from when_async.reports.verdicts import kept; from when_async.reports.scene import conditions; "
        f"print([one for one in {names} if one in sys.modules])"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environ)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_the_answer_on_uvloop_names_page_faults_where_they_are_most_of_what_it_gains() -> None:
    echoed = [(UV, f"to echo in a closed loop by protocols with memory {how}") for how in ("kept", "given back")]
    wall = (UV, "for HTTP calls, by the clock")
    most = network.uvloop(seen(dict(zip([wall, *echoed], map(ratio, (1.0, 1.05, 3.0)), strict=True))))
    little = network.uvloop(seen(dict(zip([wall, *echoed], map(ratio, (1.0, 1.05, 1.06)), strict=True))))
    assert most is not None
    assert most.advice.startswith("Look at page faults first: to echo messages asyncio used 3.00×")
    assert little is not None
    assert "page faults" not in little.advice
