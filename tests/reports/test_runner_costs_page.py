"""What one more in flight costs: on the page, in Markdown, in the terminal, in a picture and as flat objects."""

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

from support.calibration_files import LIMIT, NODE, REFUSED, cost_of, costs, put
from when_async.reports.calibration import costs as runner_costs
from when_async.reports.calibration import costs_plot as runner_costs_plot
from when_async.reports.calibration.costs import (
    finding,
    flat_costs,
    in_order,
    intro,
    memory_table,
    show_costs,
    time_table,
)
from when_async.reports.drawing.plotting import NARROW, WIDE
from when_async.reports.page.writing import write
from when_async.results.calibration.file import read
from when_async.results.calibration.runner_costs import RunnerCosts, parse_costs

NASTY = "<script>alert('x')</script> [red]x[/red] \x1b[31m"
INTERVAL = r"[\d.]+ ?\[[\d.]+, [\d.]+\]"


def found(**changes: Any) -> RunnerCosts:
    return parse_costs(costs(**changes))


def printed(given: RunnerCosts, width: int = 100) -> str:
    stream = io.StringIO()
    show_costs(given, Console(file=stream, width=width, force_terminal=False))
    return stream.getvalue()


def visible(text: str) -> str:
    tree = Tree()
    tree.feed(text)
    return " ".join(" ".join(tree.text).split())


@pytest.fixture(scope="session")
def small(frame_of: Any) -> Any:
    """A run without figures, whose page is drawn in no time."""
    return frame_of("costs-smoke", forks=1, rounds=2, profile="smoke")


def pages(frame: pd.DataFrame, folder: Path, **changes: Any) -> tuple[str, str]:
    """The page and its Markdown twin."""
    calibration = read(put(folder, **changes))
    write(frame, folder / "out", command="x", calibrations={NODE: calibration}, workloads={})
    out = folder / "out"
    return (out / "index.html").read_text(encoding="utf-8"), (out / "report.md").read_text(encoding="utf-8")


def test_the_least_memory_comes_first_and_what_has_no_figure_last() -> None:
    names = [one.name for one in in_order(found())]
    assert names == ["asyncio", "curio", "threading", "multiprocessing", "sync", "interpreters"]


def test_the_title_is_the_finding_with_its_intervals() -> None:
    said = finding(found())
    assert re.match(
        r"One more in flight takes [\d.]+ KiB \[.*\] on asyncio and [\d.]+ MiB \[.*\] on multiprocessing; "
        r"asyncio held 1\u202f000\u202f000 at once$",
        said,
    ), said
    assert finding(found(runners=[])) == "Nothing was measured of what one more in flight costs"


def test_many_that_got_equally_far_are_counted_and_not_named() -> None:
    body = costs()
    ladder = {"cause": "top", "reason": "no more were asked for", "rungs": [{"in_flight": 50}]}
    body["runners"] = [cost_of(f"r{place}", "asyncio", ladder, []) for place in range(6)]
    assert finding(parse_costs(body)) == "6 of 6 runners held 50 at once"


def test_every_runner_has_a_line_with_its_interval_or_the_reason() -> None:
    table = memory_table(found())
    lines = {line.head: line for line in table.groups[0].lines}
    first = lines["asyncio"].entries
    assert table.columns == ["one more in flight, KiB", "largest in flight", "what stopped it"]
    assert first[0][0].bounds.startswith("[")
    assert (first[1][0].text, first[2][0].text) == ("1\u202f000\u202f000", "no more were tried")
    assert lines["threading"].entries[2][0].text == LIMIT
    assert lines["sync"].entries[0][0].title == "serves one op at a time"
    assert (lines["interpreters"].quiet, lines["interpreters"].entries[0][0].text) == (True, REFUSED)


def test_only_a_best_that_is_beyond_doubt_is_bold() -> None:
    bold = [line.head for line in memory_table(found()).groups[0].lines if line.entries[0][0].best]
    assert bold == ["asyncio"]
    body = costs()
    for runner in body["runners"][:4]:
        runner["quantities"][-1]["values"] = [1000.0 + 100 * place for place in range(8)]
    assert not any(line.entries[0][0].best for line in memory_table(parse_costs(body)).groups[0].lines)


def test_a_figure_at_fewer_than_a_thousand_says_at_how_many() -> None:
    lines = {line.head: line for line in time_table(found()).groups[0].lines}
    assert [entry[0].label for entry in lines["multiprocessing"].entries] == ["", "at 128:", "", "at 128:", ""]
    assert {entry[0].label for entry in lines["asyncio"].entries} == {""}


def test_columns_of_one_kind_share_their_unit() -> None:
    columns = time_table(found()).columns
    assert [column.rpartition(", ")[0] for column in columns] == [
        "empty op at 1", "empty op at 1\u202f000", "start-up at 1", "start-up at 1\u202f000", "launch",
    ]  # fmt: skip
    units = [column.rpartition(", ")[2] for column in columns]
    assert units[0] == units[1]
    assert units[2] == units[3]


def test_the_intro_tells_date_interpreter_versions_and_an_interruption() -> None:
    said = intro(found())
    assert "Measured on 21 November 2026 by when-async calibrate with CPython 3.11.7 (curio 1.6)" in said
    assert "8 fresh processes a figure" in said
    assert "quickly" not in said
    assert "interrupted" not in said
    assert ", quickly:" in intro(found(quick=True))
    assert "It was interrupted" in intro(found(interrupted=True))


def test_the_terminal_shows_every_runner_within_100_columns() -> None:
    text = printed(found())
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    memory, op, startup = text.split("\n\n")[1:]
    assert len(re.findall(INTERVAL, memory)) == 4
    assert len(re.findall(INTERVAL, op)) == 4 * 2 + 1
    assert len(re.findall(INTERVAL, startup)) == 4 * 3 + 2
    for part in (memory, op, startup):
        assert REFUSED in part
    assert re.search(r"^threading .* 31\u202f765  vm.max_map_count is 65530", memory, re.MULTILINE)
    assert "…" not in text
    assert "at 128: " in op


def test_long_names_still_fit_the_terminal() -> None:
    body = costs()
    for runner in body["runners"]:
        runner["name"] = f"multiprocessing+{runner['name']}"
    assert max(map(len, printed(parse_costs(body)).splitlines())) <= 100


def test_without_costs_nothing_is_printed_and_no_object_given() -> None:
    stream = io.StringIO()
    show_costs(None, Console(file=stream))
    assert stream.getvalue() == ""
    assert list(flat_costs(None)) == []


def test_flat_objects_hold_every_figure_and_how_far_each_runner_got() -> None:
    rows = json.loads(json.dumps(list(flat_costs(found()))))
    figures = [row for row in rows if row["kind"] == "cost"]
    assert len(figures) == 6 * 6
    assert all(row["reason"] if row["point"] is None else row["low"] <= row["point"] <= row["high"] for row in figures)
    reach = {row["runner"]: (row["reached"], row["cause"]) for row in rows if row["kind"] == "reach"}
    assert reach["threading"] == (31_765, "limit")
    assert len(rows) == len(figures) + 6


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_picture_names_every_runner_and_says_how_far_it_got(width: float) -> None:
    figure = runner_costs_plot.draw_memory(found(), width)
    texts = [text.get_text().replace("\u202f", " ") for text in figure.axes[0].texts]
    assert {"asyncio", "curio", "threading", "sync"} <= set(texts)
    assert any(text.startswith("31 765") for text in texts)
    assert any("needs Python" in text for text in texts)
    assert figure.axes[0].get_xscale() == "log"
    if width == WIDE:
        assert "31 765, vm.max_map_count" in texts
        assert "1 000 000, no more tried" in texts
        assert "10 000, then it failed" in texts
        assert "128, 64 processes a core on 2 cores" in texts


def test_the_points_of_the_picture_stand_where_the_figures_are() -> None:
    given = found()
    axes = runner_costs_plot.draw_memory(given, WIDE).axes[0]
    drawn = sorted(line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 1)
    points = sorted(one.memory.estimate.point / 1024 for one in given.runners if one.memory.estimate)
    assert drawn == pytest.approx(points)
    low, high = axes.get_xlim()
    assert all(low < point < high for point in drawn)


def test_a_slope_around_zero_is_drawn_to_the_edge_and_one_below_it_is_said() -> None:
    body = costs()
    body["runners"][1]["quantities"][-1]["values"] = [900.0, 2.0, 1.0, -900.0, 5.0, 400.0, -2.0, 1.0]
    body["runners"][2]["quantities"][-1]["values"] = [-900.0 - place for place in range(8)]
    axes = runner_costs_plot.draw_memory(parse_costs(body), WIDE).axes[0]
    assert axes.get_xlim()[0] > 0
    assert "none seen" in [text.get_text() for text in axes.texts]
    for line in axes.lines:
        assert min(line.get_xdata()) >= 0


def test_the_times_are_drawn_in_three_panels_that_leave_out_who_has_none() -> None:
    figure = runner_costs_plot.draw_times(found(), WIDE)
    assert len(figure.axes) == 3
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert "sync" in texts
    assert "interpreters" not in texts
    assert "serves one op at a time" in [text.get_text() for text in figure.axes[1].texts]


def test_nothing_measured_can_still_be_drawn() -> None:
    body = costs()
    body["runners"] = body["runners"][-1:]
    given = parse_costs(body)
    assert runner_costs_plot.draw_memory(given, WIDE).axes
    assert REFUSED in printed(given)


def test_page_and_markdown_have_the_section_with_pictures_tables_and_reasons(
    small: pd.DataFrame, tmp_path: Path
) -> None:
    page, markdown = pages(small, tmp_path, costs=costs())
    for text in (visible(page), markdown.replace("\\", "")):
        assert "What one more thing in flight costs" in text
        assert "One more in flight takes" in text
        assert LIMIT in text
        assert REFUSED in text
        assert "at 100 000: ValueError: filedescriptor out of range in select()" in text
        assert re.search(rf"asyncio[ |]+{INTERVAL}", text)
    assert '<a href="#cost">' in page
    assert page.count("<svg") == 4
    for picture in re.findall(r"!\[[^\]]*\]\((img/[^)]*)\)", markdown):
        assert (tmp_path / "out" / picture).is_file()
    assert "img/cost-u1-memory.svg" in markdown


def test_the_page_with_costs_is_well_formed(small: pd.DataFrame, tmp_path: Path) -> None:
    page, markdown = pages(small, tmp_path, costs=costs())
    tree = Tree()
    tree.feed(page)
    assert tree.complaints == []
    assert [tag for tag in tree.open if tag not in VOID] == []
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    assert [token.content for token in tokens if token.type == "html_block"] == []


def test_a_page_without_costs_has_no_such_section(small: pd.DataFrame, tmp_path: Path) -> None:
    page, markdown = pages(small, tmp_path)
    assert 'id="cost"' not in page
    assert "One more in flight" not in page + markdown


def test_names_of_a_file_are_shown_and_never_run(small: pd.DataFrame, tmp_path: Path) -> None:
    body = costs()
    for runner in body["runners"]:
        runner["name"], runner["ladder"]["reason"] = f"{NASTY} {runner['name']}", NASTY
    body["python"] = NASTY
    body["runners"][0]["versions"] = {NASTY: NASTY}
    page, markdown = pages(small, tmp_path, costs=body)
    prose = re.sub(r"`[^`\n]*`|^    .*$", "", markdown, flags=re.MULTILINE)
    for text in (page, prose):
        assert "<script>alert" not in text
    for text in (page, markdown, printed(parse_costs(body))):
        assert "\x1b" not in text
    assert "[red]x[/red]" in printed(parse_costs(body))


ODD = (None, "x", -1, 0, [None], {}, 1e999, 10**400)


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


def test_no_damage_ever_breaks_what_is_shown() -> None:
    small = costs(n=2)
    small["runners"] = small["runners"][1:2]
    refused = shown = 0
    for body in spoilt(small):
        try:
            given = parse_costs(body)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            refused += 1
            continue
        shown += 1
        assert finding(given)
        assert memory_table(given).columns
        assert printed(given)
        assert json.dumps(list(flat_costs(given)))
        assert runner_costs_plot.draw_memory(given, WIDE)
        if any(one.measured for one in given.runners):
            assert runner_costs_plot.draw_times(given, NARROW)
    assert refused > 100
    assert shown > 30


def test_the_words_of_the_section_are_those_of_the_terminal() -> None:
    assert printed(found()).strip().splitlines()[0] == runner_costs.HEADING
