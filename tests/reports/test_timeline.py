"""The picture of a round says in words what lay side by side, and shows waits, work and what nobody knows apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from when_async.bench.model import Lane, Span, Timeline
from when_async.reports.drawing.axes import NARROW, WIDE
from when_async.reports.drawing.timeline import (
    MOST,
    draw,
    joined,
    meaning,
    peak,
    stretches,
    subtitle,
    title,
    without,
    write,
)
from when_async.reports.words import ReportError


def span(kind: str, start_ms: float, end_ms: float, lane: int = 0, label: str = "", cpu_ms: float = 0.0) -> Span:
    return Span(lane, kind, start_ms / 1e3, end_ms / 1e3, label, cpu_ms / 1e3)


def timeline(*spans: Span, noun: str = "task", program: bool = False, family: str = "asyncio") -> Timeline:
    count = 1 + max((each.lane for each in spans), default=0)
    return Timeline(
        cell="chess[n=3,c=3]-asyncio@3.11", comparison="chess[n=3,c=3]", contestant="asyncio", family=family,
        python="3.11", noun=noun, program=program, makespan_s=0.1,
        lanes=tuple(Lane(1, 1, "", f"{noun} {number + 1}") for number in range(count)), spans=spans,
    )  # fmt: skip


def boards(count: int) -> list[Span]:
    """Boards that are begun one after another and wait side by side."""
    return [
        each
        for lane in range(count)
        for each in (
            span("op", lane, 50 + lane, lane, str(lane), cpu_ms=1.0),
            span("wait", lane + 1, 50 + lane, lane),
        )
    ]


def test_spans_that_follow_one_another_are_not_side_by_side() -> None:
    assert peak([span("wait", 0, 10), span("wait", 10, 20)]) == 1
    assert peak([span("wait", 0, 11), span("wait", 10, 20), span("wait", 10.5, 12)]) == 3
    assert peak([]) == 0


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (timeline(*boards(24)), "24 of 24 tasks waited at once"),
        (timeline(*boards(3)[:-1], span("wait", 90, 95, 2)), "2 of 3 tasks waited at once"),
        (timeline(span("wait", 0, 5), span("wait", 5, 9)), "One wait at a time: none of the 2 lay beside another"),
        (timeline(span("wait", 0, 5)), "There was one wait in the whole round"),
        (timeline(span("op", 0, 5)), "There was one op"),
        (timeline(span("op", 0, 5), span("op", 5, 9)), "One op at a time: none of the 2 lay beside another"),
        (timeline(span("op", 0, 50), span("op", 5, 90, 1)), "2 of 2 ops were open at once"),
        (
            timeline(span("op", 0, 100, cpu_ms=49), span("op", 0, 100, 1, cpu_ms=50)),
            "2 of 2 ops were open at once, and took turns on one core",
        ),
        (
            timeline(span("op", 0, 100, cpu_ms=98), span("op", 0, 100, 1, cpu_ms=97)),
            "2 of 2 ops were open at once, and computed on 2 cores",
        ),
        (
            timeline(span("wait", 1, 5, 1), span("wait", 1, 5, 2), span("op", 0, 9), span("wait", 1, 9), program=True),
            "2 of 2 tasks waited at once",
        ),
        (
            timeline(span("op", 0, 9), span("wait", 1, 9), program=True),
            "The program was seen from outside only: no wait in it goes through the kit",
        ),
    ],
)
def test_the_title_says_what_lay_side_by_side(found: Any, words: str) -> None:
    assert title(found) == words


def test_the_rest_of_an_op_is_work_only_where_a_cpu_was_used() -> None:
    def kinds(*spans: Any) -> dict[str, list[tuple[float, float]]]:
        return {kind: [(round(a * 1e3, 6), round(b * 1e3, 6)) for a, b in pieces]
                for kind, pieces in stretches(spans).items()}  # fmt: skip

    busy = kinds(span("op", 0, 10, cpu_ms=4.5), span("wait", 2, 7))
    assert busy == {"wait": [(2, 7)], "work": [(0, 2), (7, 10)], "unknown": []}
    idle = kinds(span("op", 0, 10, cpu_ms=0.5), span("wait", 2, 7))
    assert idle == {"wait": [(2, 7)], "work": [], "unknown": [(0, 2), (7, 10)]}
    assert kinds(span("op", 0, 0.1)) == {"wait": [], "work": [(0, 0.1)], "unknown": []}
    assert kinds(span("wait", 0, 5), span("wait", 4, 9))["wait"] == [(0, 9)]


def test_pieces_are_joined_over_gaps_that_nobody_sees_and_cut_where_there_are_holes() -> None:
    assert joined([(0, 1), (1.05, 2), (3, 4), (3.5, 3.6)], 0.1) == [(0, 2), (3, 4)]
    assert without((0, 10), [(-5, 1), (2, 3), (9, 12), (20, 21)]) == [(1, 2), (3, 9)]
    assert without((0, 10), [(0, 10)]) == []


def test_holding_the_thread_of_others_is_called_so() -> None:
    assert meaning("unknown", "task") == meaning("unknown", "greenlet") == "holds its thread, but no CPU"
    assert meaning("unknown", "thread") == meaning("unknown", "process") == "in an op, but not on a CPU"


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("heading", [True, False])
def test_a_timeline_is_drawn_wide_and_narrow(width: float, heading: bool) -> None:
    figure = draw(timeline(*boards(5), span("op", 60, 90, 4)), width, heading=heading)
    assert figure.get_size_inches()[0] == width
    texts = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert {"task 1", "task 5", "0", "4"} <= texts
    assert figure.axes[0].get_xlabel() == "time since the round began, ms"
    said = {text.get_text() for text in figure.texts}
    assert said >= {"waits", "works", "holds its thread, but no CPU"}
    assert (title(timeline(*boards(5))) in said) == heading


def test_of_very_many_lanes_the_first_are_drawn_and_this_is_told() -> None:
    found = timeline(*boards(MOST + 5))
    assert subtitle(found).endswith(f"one round of {MOST + 5} tasks, of which the first {MOST} are drawn")
    names = {text.get_text() for text in draw(found).axes[0].texts}
    assert f"task {MOST}" in names
    assert f"task {MOST + 1}" not in names


def test_the_file_is_a_picture_of_its_own_with_light_and_dark(tmp_path: Path) -> None:
    path = tmp_path / "new" / "timeline.svg"
    write(timeline(*boards(3), family="greenlets", noun="greenlet"), path)
    text = path.read_text(encoding="utf-8")
    ElementTree.fromstring(text)
    assert "<title>chess[n=3,c=3]-asyncio@3.11: 3 of 3 greenlets waited at once</title>" in text
    assert "prefers-color-scheme:dark" in text


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file in the way")
    with pytest.raises(ReportError, match="cannot write the picture"):
        write(timeline(*boards(2)), tmp_path / "taken" / "timeline.svg")
