"""Threads with and without the GIL: which builds are compared, how ratios across them are formed, what is shown."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from support.run_files import CellSpec, grid_cells, http_cells, make_cell
from when_async.bench.model import Status
from when_async.reports.drawing import svg
from when_async.reports.drawing.axes import NARROW, WIDE
from when_async.reports.page import gil_table
from when_async.reports.page.writing import write
from when_async.reports.plots.gil import GIL
from when_async.reports.scene import gil
from when_async.reports.scene.evidence import scene
from when_async.reports.scene.rows import THROUGHPUT, Scene, value
from when_async.results.stats.estimate import quotient

Frames = Callable[..., pd.DataFrame]
STILL = {"noise": 0.0, "fork_noise": 0.0}
SECONDS = {
    "3.13": {"sync": 0.4, "threading": 0.4, "multiprocessing": 0.16, "asyncio": 0.4},
    "3.13t": {"sync": 0.5, "threading": 0.2, "multiprocessing": 0.2, "asyncio": 0.5},
    "3.14": {"sync": 0.38, "threading": 0.4, "multiprocessing": 0.16, "asyncio": 0.4},
    "3.14t": {"sync": 0.4, "threading": 0.1, "multiprocessing": 0.2, "asyncio": 0.5},
}


def searches(*pythons: str, **changed: float) -> list[CellSpec]:
    """A search on these builds; `changed` replaces the seconds of a runner on every build."""
    return [
        replace(spec, makespan_s=changed.get(spec.cell.runner, SECONDS[python][spec.cell.runner]))
        for python in pythons
        for spec in grid_cells(python)
        if spec.cell.runner in SECONDS[python]
    ]


def pools(*pythons: str) -> list[CellSpec]:
    """A pool of interpreters, which 3.14 has and older versions do not."""
    comparison, params = "grid_search[unit=10ms,n=16,c=2]", {"unit_s": 0.01, "n": 16}
    made = []
    for python in pythons:
        cell = make_cell("grid_search", "interpreters", comparison, params, 2, python=python)
        spec = CellSpec(replace(cell, family="interpreters"), 0.2, 16, digest="b7a2")
        if python.startswith("3.13"):
            reason = f"interpreters needs Python 3.14 or newer, this is {python}"
            spec = replace(spec, status=Status.UNSUPPORTED, reason=reason)
        made.append(spec)
    return made


def of(frame_of: Frames, cells: Sequence[CellSpec], name: str, **options: float) -> Scene:
    return scene(frame_of(f"gil-{name}", cells=cells, **(STILL | options)))


def drawn(rows: Scene, width: float = WIDE) -> str:
    return svg.standalone(svg.render(GIL.draw(rows, width), "gil"), "gil", GIL.title(rows))


def texts(picture: str) -> list[str]:
    return ["".join(node.itertext()) for node in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]


@pytest.fixture(scope="module")
def three(frame_of: Frames) -> Scene:
    """The builds that are the question, and one more for the pool of interpreters."""
    return of(frame_of, [*searches("3.13", "3.13t", "3.14"), *pools("3.13", "3.13t", "3.14")], "three")


def test_a_build_without_the_gil_is_compared_with_the_nearest_version_that_has_it(frame_of: Frames) -> None:
    rows = of(frame_of, searches("3.14", "3.13t", "3.13", "3.14t"), "four")
    assert [(pair.free, pair.gil, pair.close) for pair in gil.builds(rows)] == [
        ("3.14t", "3.14", True),
        ("3.13t", "3.13", True),
    ]


def test_of_two_versions_equally_near_the_older_is_taken_and_the_difference_is_told(frame_of: Frames) -> None:
    cells = [
        *(replace(spec, cell=replace(spec.cell, python="3.12")) for spec in searches("3.13")),
        *searches("3.13t", "3.14"),
    ]
    rows = of(frame_of, cells, "between")
    assert [(pair.gil, pair.close) for pair in gil.builds(rows)] == [("3.12", False)]
    assert "3.13t and 3.12 differ in more than the GIL" in gil.sentences(rows)[0]
    assert GIL.title(rows).endswith("; the versions differ, too")


def test_a_build_on_which_nothing_ran_is_no_side_of_a_comparison(frame_of: Frames) -> None:
    gone = [replace(spec, status=Status.UNSUPPORTED, reason="no such interpreter") for spec in searches("3.13t")]
    rows = of(frame_of, [*searches("3.13"), *gone], "gone")
    assert gil.builds(rows) == []
    assert not GIL.fits(rows)


def test_the_chart_is_of_work_and_never_of_waits_nor_of_the_instrument(frame_of: Frames) -> None:
    cells = searches("3.13", "3.13t")
    assert GIL.fits(of(frame_of, cells, "work"))
    for name, changed in {"waits": {"ideal_s": 0.1}, "instrument": {"calibration": True}}.items():
        rows = of(frame_of, [replace(spec, **changed) for spec in cells], name)
        assert not GIL.fits(rows)
        assert gil_table.table(rows) is None
        assert gil.told(rows) == []
    fetched = [spec for python in ("3.13", "3.13t") for spec in http_cells(python)]
    assert not GIL.fits(of(frame_of, fetched, "fetched"))


def test_every_ratio_is_to_one_named_reference(three: Scene) -> None:
    standings = [one for group in gil.standings(three, three.rows[0].run) for one in group]
    points = {(one.row.contestant, one.row.python): one.ratio and (one.ratio.point, len(one.raw)) for one in standings}
    assert points == {
        ("multiprocessing", "3.13"): (pytest.approx(2.5), 3),
        ("multiprocessing", "3.13t"): (pytest.approx(2.0), 3),
        ("threading", "3.13"): (pytest.approx(1.0), 3),
        ("threading", "3.13t"): (pytest.approx(2.0), 3),
        ("interpreters", "3.13"): None,
        ("interpreters", "3.13t"): None,
        ("interpreters", "3.14"): (pytest.approx(2.0), 3),
        ("sync", "3.13"): (1.0, 0),
        ("sync", "3.13t"): (pytest.approx(0.8), 3),
    }
    assert [(one.row.contestant, one.row.python) for one in standings if one.base] == [("sync", "3.13")]


def test_the_fastest_contestant_is_on_top_and_its_builds_stand_together(three: Scene) -> None:
    groups = gil.standings(three, three.rows[0].run)
    assert [group[0].row.contestant for group in groups] == ["multiprocessing", "interpreters", "threading", "sync"]
    assert [[one.row.python for one in group] for group in groups][:3:2] == [["3.13", "3.13t"]] * 2


def test_a_model_of_one_thread_is_left_to_the_table(three: Scene) -> None:
    assert not any("asyncio" in text for text in texts(drawn(three)))
    table = gil_table.table(three)
    assert table is not None
    assert "asyncio" in [line.head for line in table.groups[0].lines]


def test_without_sync_the_reference_of_the_run_stays_on_the_chart(frame_of: Frames) -> None:
    cells = [spec for spec in searches("3.13", "3.13t") if spec.cell.runner in ("asyncio", "multiprocessing")]
    cells = [replace(spec, cell=replace(spec.cell, reference=spec.cell.runner == "asyncio")) for spec in cells]
    assert "asyncio, 3.13 GIL" in texts(drawn(of(frame_of, cells, "serverless")))


def test_where_the_newest_build_has_no_reference_the_next_pair_is_shown(frame_of: Frames) -> None:
    cells = [
        replace(spec, status=Status.FAILED, reason="it broke") if spec.cell.id.endswith("sync@3.14") else spec
        for spec in searches("3.13", "3.13t", "3.14", "3.14t")
    ]
    found = gil.chief(of(frame_of, cells, "broken"))
    assert found is not None
    assert (found[0].free, found[1].python) == ("3.13t", "3.13")


def test_a_ratio_across_builds_is_formed_inside_blocks(frame_of: Frames) -> None:
    """All builds of a run share its blocks, so a drift that both saw cancels."""
    rows = of(frame_of, searches("3.13", "3.13t"), "drift", noise=0.001, fork_noise=0.1)
    free, locked, paired = next(one for one in gil.both(rows, gil.builds(rows)[0]) if one[0].runner == "threading")
    one, other = value(free, THROUGHPUT), value(locked, THROUGHPUT)
    assert one
    assert other
    apart = quotient(one, other)
    assert apart
    assert paired.high / paired.low < apart.high / apart.low


def test_rows_of_two_runs_never_meet(frame_of: Frames, tmp_path: Path) -> None:
    cells = searches("3.13")
    first = scene(frame_of("gil-run-a", cells=cells, run="20261121-000000-aaaa"))
    second = scene(frame_of("gil-run-b", cells=searches("3.13t"), run="20261122-000000-bbbb"))
    both = Scene((*first.rows, *second.rows), {**first.rounds, **second.rounds})
    assert both.ratios(first.rows[0], second.rows[0], THROUGHPUT) == []
    assert gil.builds(both) == []


def test_a_gain_is_told_with_its_interval_and_with_both_builds(three: Scene) -> None:
    assert GIL.title(three) == (
        "Without the GIL (3.13t) threading had 2.00× [2.00, 2.00] its throughput with it (3.13); "
        "multiprocessing (3.13) had 1.25× [1.25, 1.25] that"
    )
    assert "sync on 3.13, which has the GIL" in GIL.subtitle(three)
    said = gil.sentences(three)
    assert len(said) == 1
    assert "against interpreters (3.14) no difference larger than 0 % was seen" in said[0]
    assert said[0].endswith("One op after another (sync), 3.13t had 0.800× [0.800, 0.800] the throughput of 3.13.")


def test_an_interval_that_holds_one_is_no_gain(frame_of: Frames) -> None:
    cells = searches("3.13", "3.13t", threading=0.3)
    said = GIL.title(of(frame_of, cells, "even", fork_noise=0.05))
    assert said.startswith("Without the GIL (3.13t) or with it (3.13), for threading ")
    assert re.search(r"threading (no difference larger than [\d.]+ % was seen|the intervals are too wide)", said)


def test_plain_threads_are_spoken_of_even_where_a_variant_is_faster(frame_of: Frames) -> None:
    faster = [
        replace(spec, cell=replace(spec.cell, runner="threading+executor"), makespan_s=spec.makespan_s / 2)
        for spec in searches("3.13", "3.13t")
        if spec.cell.runner == "threading"
    ]
    rows = of(frame_of, [*searches("3.13", "3.13t"), *faster], "variant")
    assert GIL.title(rows).startswith("Without the GIL (3.13t) threading had 2.00×")


def test_without_threads_the_price_of_the_build_is_the_finding(frame_of: Frames) -> None:
    cells = [spec for spec in searches("3.13", "3.13t") if spec.cell.runner in ("sync", "multiprocessing")]
    assert GIL.title(of(frame_of, cells, "threadless")).startswith("One op after another (sync), 3.13t had 0.800×")


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_builds_are_told_apart_by_a_word_and_by_the_fill(three: Scene, width: float) -> None:
    picture = drawn(three, width)
    said = texts(picture)
    assert {
        f"{name}, 3.13{build}" for name in SECONDS["3.13"] if name != "asyncio" for build in (" GIL", "t no GIL")
    } < {*said}
    assert "interpreters, 3.14 GIL" in said
    hollow = r"fill:var\(--paper,[^)]*\);stroke:var\(--f-threads"
    filled = r"fill:var\(--f-threads,[^)]*\);stroke:var\(--paper"
    assert re.search(hollow, picture)
    assert re.search(filled, picture)


def test_a_hole_keeps_its_row_with_the_reason(three: Scene) -> None:
    assert sum(text.startswith("UNSUPPORTED: interpreters needs Python 3.14") for text in texts(drawn(three))) == 2


def test_a_contestant_without_any_figure_has_one_row(frame_of: Frames) -> None:
    cells = [*searches("3.13", "3.13t"), *pools("3.13", "3.13t")]
    rows = of(frame_of, cells, "none")
    last = gil.standings(rows, rows.rows[0].run)[-1]
    assert [(one.row.contestant, one.ratio) for one in last] == [("interpreters", None)]
    assert "interpreters needs Python 3.14" in last[0].note


def test_the_table_has_each_runner_with_and_without_the_gil(three: Scene) -> None:
    table = gil_table.table(three)
    assert table is not None
    (group,) = table.groups
    assert "3.13 with the GIL, 3.13t without" in group.detail
    shown = {line.head: [entry[0].text for entry in line.entries] for line in group.lines}
    assert shown == {
        "threading": ["1.00", "2.00", "2.00"],
        "multiprocessing": ["2.50", "2.00", "0.800"],
        "sync": ["reference", "0.800", "0.800"],
        "asyncio": ["1.00", "0.800", "0.800"],
    }
    assert all(entry[0].bounds for line in group.lines for entry in line.entries if entry[0].text != "reference")


def test_page_and_markdown_hold_sentence_chart_and_table(frame_of: Frames, tmp_path: Path) -> None:
    frame = frame_of("gil-page", cells=searches("3.13", "3.13t"), **STILL)
    write(frame, tmp_path, command="x")
    html = (tmp_path / "index.html").read_text(encoding="utf-8")
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    for form in (html, text):
        assert "With the GIL and without it" in form
        assert "One op after another" in form
        assert "without it / with it" in form
    assert [path.name for path in (tmp_path / "img").iterdir() if path.name.endswith("gil.svg")]


def test_a_run_with_the_gil_alone_has_nothing_of_this(frame_of: Frames, tmp_path: Path) -> None:
    frame = frame_of("gil-less", cells=searches("3.13", "3.14"), **STILL)
    write(frame, tmp_path, command="x")
    assert "With the GIL and without it" not in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert not list(tmp_path.glob("img/*gil.svg"))
