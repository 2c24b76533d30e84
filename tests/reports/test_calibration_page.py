"""What a calibration says: on the page, in Markdown, in the terminal, and in plain sentences with what to do."""

from __future__ import annotations

import copy
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from markdown_it import MarkdownIt
from reports_markup import VOID, Tree
from rich.console import Console

from support.calibration_files import ABSENT, NODE, put, record
from support.run_files import header_line
from when_async.reports.calibration.cards import card, flat, show
from when_async.reports.calibration.findings import Finding, findings
from when_async.reports.page.writing import write
from when_async.results.calibration import Calibration, CalibrationError, read

NASTY = "<script>alert('x')</script> [red]x[/red] \x1b[31m"
INTERVAL = re.compile(r"−?[\d.]+ ?\S* ?\[−?[\d.]+, −?[\d.]+\]")


def calibration(tmp_path: Path, **changes: Any) -> Calibration:
    return read(put(tmp_path, **changes))


def visible(text: str) -> str:
    tree = Tree()
    tree.feed(text)
    return " ".join(" ".join(tree.text).split())


def pages(frame: pd.DataFrame, folder: Path, found: Calibration | None) -> tuple[str, str]:
    """The page and its Markdown twin."""
    write(frame, folder, command="x", calibrations={found.node_id: found} if found else {}, workloads={})
    return (folder / "index.html").read_text(encoding="utf-8"), (folder / "report.md").read_text(encoding="utf-8")


def printed(found: Calibration, width: int = 100) -> str:
    stream = io.StringIO()
    show(found, Console(file=stream, width=width, force_terminal=False))
    return stream.getvalue()


@pytest.fixture(scope="session")
def small(frame_of: Any) -> Any:
    """A run without figures, whose page is drawn in no time."""
    return frame_of("calibrated-smoke", forks=1, rounds=2, profile="smoke")


def test_a_machine_that_was_not_calibrated_is_told_how_to_be(small: pd.DataFrame, tmp_path: Path) -> None:
    page, markdown = pages(small, tmp_path / "out", None)
    assert "This machine was not calibrated. when-async calibrate measures" in visible(page)
    assert "This machine was not calibrated. `when-async calibrate` measures it" in markdown


def test_the_page_shows_figures_with_intervals_date_and_number_of_processes(
    small: pd.DataFrame, tmp_path: Path
) -> None:
    page, markdown = pages(small, tmp_path / "out", calibration(tmp_path))
    for text in (visible(page), markdown.replace("\\", "")):
        assert "Calibrated on 22 November 2026 with CPython 3.11.7: 10 fresh processes a figure" in text
        assert "was not calibrated" not in text
        heads = ("step of the clock that times rounds", "time.sleep(1 ms) ends late by", "free to move between cores")
        for head in heads:
            assert INTERVAL.search(text.partition(head)[2][:60]), head
        assert ABSENT in text
        assert "10 pairs" in text


def test_the_page_with_a_calibration_is_well_formed(small: pd.DataFrame, tmp_path: Path) -> None:
    page, markdown = pages(small, tmp_path / "out", calibration(tmp_path))
    tree = Tree()
    tree.feed(page)
    assert tree.complaints == []
    assert [tag for tag in tree.open if tag not in VOID] == []
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    assert sum(token.type == "table_open" for token in tokens) == 3
    assert [token.content for token in tokens if token.type == "html_block"] == []


def test_what_needs_something_done_is_said_above_the_table_and_the_rest_below(
    small: pd.DataFrame, tmp_path: Path
) -> None:
    around = record()["surroundings"] | {"quota_cores": 1.5}
    page, markdown = pages(small, tmp_path / "out", calibration(tmp_path, surroundings=around))
    text = visible(page)
    assert text.index("grants 1.50 of 2 cores") < text.index("time.sleep(1 ms)") < text.index("clock source of the")
    assert "▲ The control group grants 1.50 of 2 cores" in markdown


def test_names_of_a_file_are_shown_and_never_run(small: pd.DataFrame, tmp_path: Path) -> None:
    around = record()["surroundings"] | {"clock_source": NASTY, "governors": [NASTY]}
    quantities = [one | {"row": f"{NASTY} {one['row']}", "column": NASTY} for one in record()["quantities"]]
    found = calibration(
        tmp_path, surroundings=around, quantities=quantities, failures=[{"title": NASTY, "reason": NASTY}]
    )
    page, markdown = pages(small, tmp_path / "out", found)
    prose = re.sub(r"`[^`\n]*`|^    .*$", "", markdown, flags=re.MULTILINE)
    for text in (page, prose):
        assert "<script>alert" not in text
    for text in (page, markdown, printed(found)):
        assert "\x1b" not in text
    assert "[red]x[/red]" in printed(found)


def test_a_machine_that_changed_since_is_told(tmp_path: Path) -> None:
    header = header_line()
    header["machine"] = header["machine"] | {"cores": 8}
    said = card(calibration(tmp_path), header).intro
    assert "It had another number of usable cores then (2); calibrate again." in said
    assert "another" not in card(calibration(tmp_path), header_line()).intro


def test_the_terminal_shows_every_figure_within_100_columns(tmp_path: Path) -> None:
    found = calibration(tmp_path)
    text = printed(found)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    rows = [line for line in lines if INTERVAL.search(line)]
    assert sum(len(INTERVAL.findall(line)) for line in rows) >= sum(one.estimate is not None for one in found.figures)
    assert "epoll, which asyncio waits with, counts whole milliseconds" in " ".join(text.split())
    assert text.index("Clocks") < text.index("Waits") < text.index("Speed of") < text.index("Noise floor")


def test_a_system_whose_short_waits_are_short_is_not_told_that_they_are_rounded_up(tmp_path: Path) -> None:
    quantities = record()["quantities"]
    for one in quantities:
        if (one["row"], one["column"]) == ("select.epoll", "50 µs"):
            one["values"] = [value / 20 for value in one["values"]]
    assert "whole milliseconds" not in printed(calibration(tmp_path, quantities=quantities))


def test_flat_objects_hold_every_figure_and_every_finding(tmp_path: Path) -> None:
    found = calibration(tmp_path)
    rows = json.loads(json.dumps(flat(found)))
    figures = [row for row in rows if row["kind"] == "figure"]
    assert len(figures) == len(found.figures)
    assert all(row["reason"] if row["point"] is None else row["low"] <= row["point"] <= row["high"] for row in figures)
    assert len(rows) - len(figures) == len(findings(found))
    assert not [row for row in rows if any(isinstance(value, list | dict) for value in row.values())]


def said(tmp_path: Path, subject: str, **changes: Any) -> Finding:
    """The one finding on a subject after changing facts of surroundings, machine or noise."""
    body = record()
    for part, facts in changes.items():
        body[part] = facts if isinstance(facts, list) else body[part] | facts
    (found,) = (one for one in findings(calibration(tmp_path, **body)) if one.subject == subject)
    return found


@pytest.mark.parametrize(
    ("subject", "changes", "sentence", "todo"),
    [
        ("CPU quota", {}, "No control group limits", ""),
        ("CPU quota", {"surroundings": {"quota_cores": 1.5}},
         "The control group grants 1.50 of 2 cores: rows that use several cores will be throttled.", "whole cores"),
        ("CPU quota", {"surroundings": {"quota_cores": 0.5}}, "every row will be throttled", "whole cores"),
        ("CPU quota", {"surroundings": {"quota_cores": 2.0}}, "as many as can be used", ""),
        ("throttling", {}, "withheld CPU time for 0 %", ""),
        ("throttling", {"busy_noise": {"throttled_s": 2.4}}, "withheld CPU time for 10.0 %", "CPU limit"),
        ("throttling", {"busy_noise": {"throttled_s": None}}, "does not tell", ""),
        ("steal", {}, "gave 0.0417 % of the time to other guests", ""),
        ("steal", {"busy_noise": {"steal_s": 2.4}}, "gave 10.0 %", "quieter"),
        ("steal", {"busy_noise": {"steal_s": None}}, "does not tell", ""),
        ("pressure", {}, "some task waited for a CPU in 0.100 %", ""),
        ("pressure", {"idle_noise": {"pressure_s": 0.3}}, "in 30.0 %", "end it before measuring"),
        ("pressure", {"idle_noise": {"pressure_s": None}}, "does not tell", ""),
        ("load", {}, "was 0.100 on 2 cores", ""),
        ("load", {"surroundings": {"load": [1.2, 1, 1]}}, "was 1.20 on 2 cores", "Wait"),
        ("hyperthreads", {}, "a hypervisor may hide", ""),
        ("hyperthreads", {"machine": {"virtual": None}}, "No two usable cores share", ""),
        ("hyperthreads", {"surroundings": {"siblings": [[0, 1]]}}, "hyperthreads of one physical core: 0 and 1", "SMT"),
        ("hyperthreads", {"surroundings": {"siblings": [[0, 4], [1, 5]]}}, "a hypervisor may hide", ""),
        ("hyperthreads", {"surroundings": {"siblings": None}}, "does not tell", ""),
        ("frequency governor", {}, "not visible, as is usual in a virtual machine", ""),
        ("frequency governor", {"surroundings": {"governors": ["performance"]}}, "is performance", ""),
        ("frequency governor", {"surroundings": {"governors": ["powersave"]}}, "is powersave", "cpupower"),
        ("clock source", {}, "is tsc", ""),
        ("clock source", {"surroundings": {"clock_source": "hpet"}}, "is hpet", "clocksource=tsc"),
        ("clock source", {"surroundings": {"clock_source": None}}, "not visible", ""),
    ],
)  # fmt: skip
def test_each_finding_says_what_is_and_what_to_do_where_something_is_amiss(
    tmp_path: Path, subject: str, changes: Any, sentence: str, todo: str
) -> None:
    found = said(tmp_path, subject, **changes)
    assert sentence in found.said
    assert todo in found.todo
    assert bool(found.todo) == bool(todo)
    assert found.sign == ("▲" if todo else "●")


def cores(ratio: float) -> list[dict[str, Any]]:
    values = [ratio * (1 + 0.001 * (place % 3)) for place in range(10)]
    return [
        {"group": "cores", "row": "core 1 against core 0", "column": "time", "unit": "x", "scale": "log",
         "values": values}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ratio", "sentence", "todo"),
    [
        (1.3, "the same work took 1.30×", "share a core"),
        (0.7, "the same work took 0.701×", "share a core"),
        (1.02, "the same work took 1.02×", ""),
        (0.9993, "no difference larger than 0.1 % was seen", ""),
    ],
)
def test_cores_of_unlike_speed_are_told_with_their_interval(
    tmp_path: Path, ratio: float, sentence: str, todo: str
) -> None:
    found = said(tmp_path, "speed of the cores", quantities=cores(ratio))
    assert sentence in found.said
    assert bool(found.todo) == bool(todo)
    assert todo in found.todo


def pairs(pinned: float, free: float) -> list[dict[str, Any]]:
    """Ten pairs of each kind whose log-ratios have about this size."""
    return [
        {"pinned": kind, "core": None, "base_s": [1.0], "head_s": [1 + (-1) ** place * size * (0.9 + place / 50)]}
        for place in range(10)
        for kind, size in ((True, pinned), (False, free))
    ]


@pytest.mark.parametrize(
    ("noise", "sentence", "todo"),
    [
        ((0.005, 0.05), "Pinning narrows it beyond doubt", ""),
        ((0.005, 0.005), "where they are free", ""),
        ((0.02, 0.05), "cannot tell whether that is below the usual margin of 3 %", ""),
        ((0.1, 0.1), "The ratio of two equal processes scatters by", "end other work"),
    ],
)
def test_the_noise_floor_is_held_against_the_usual_margin(
    tmp_path: Path, noise: tuple[float, float], sentence: str, todo: str
) -> None:
    found = said(tmp_path, "noise floor", pairs=pairs(*noise))
    assert sentence in found.said
    assert bool(found.todo) == bool(todo)
    assert todo in found.todo


def test_what_needs_something_done_comes_first(tmp_path: Path) -> None:
    around = record()["surroundings"] | {"quota_cores": 1.5, "clock_source": "hpet"}
    order = [bool(one.todo) for one in findings(calibration(tmp_path, surroundings=around))]
    assert order == sorted(order, reverse=True)
    assert order[:2] == [True, True]


ODD = (None, "x", -1, [None], {}, 1e999, 10**400)


def spoilt(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The record with each of its parts, down to the first entries of its lists, taken out or put to nonsense."""

    def places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        yield path
        inside = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
        for key, part in inside:
            yield from places(part, (*path, key))

    for path in list(places(body, ()))[1:]:
        for odd in (*ODD, "gone"):
            other = copy.deepcopy(body)
            target = other
            for key in path[:-1]:
                target = target[key]
            if odd == "gone":
                del target[path[-1]]
            else:
                target[path[-1]] = odd
            yield other


def test_no_damage_ever_breaks_a_report(tmp_path: Path) -> None:
    path = tmp_path / f"calibration-{NODE}.json"
    small = record(n=2)
    small["quantities"] = small["quantities"][:1]
    small["pairs"] = small["pairs"][:1]
    refused = shown = 0
    for body in spoilt(small):
        path.write_text(json.dumps(body), encoding="utf-8")
        try:
            found = read(path)
        except CalibrationError:
            refused += 1
            continue
        shown += 1
        assert card(found, header_line()).table.columns
        assert json.dumps(flat(found))
        assert printed(found)
    assert refused > 100
    assert shown > 100
