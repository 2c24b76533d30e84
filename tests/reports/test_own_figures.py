"""What only one workload reports, how long things waited, and what arithmetic gives: tables and charts of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from support import fakes
from support.run_files import CellSpec, make_cell
from when_async.bench.model import Figure, Status
from when_async.reports.drawing import svg
from when_async.reports.drawing.axes import NARROW, WIDE
from when_async.reports.drawing.plotting import Plot
from when_async.reports.page.own_figures import figures_table, latency_table
from when_async.reports.page.writing import write
from when_async.reports.plots.latency_curve import LATENCY_CURVE
from when_async.reports.scene.evidence import scene
from when_async.reports.scene.findings import lead_sentence
from when_async.reports.scene.libraries import library_sentence
from when_async.reports.scene.rows import CPU, Scene, headline
from when_async.reports.scene.tables import Table, workload_table

Frames = Callable[..., pd.DataFrame]
MS = 1_000_000
TURNS = {"one after another": 2.4, "taking turns": 0.2}
QUEUE = fakes.workload(
    "queue",
    figures=(Figure("items_per_s", "items handed over", "higher"), Figure("waited_share", "share that waited")),
)


def tails(slowest_ms: int, count: int = 250) -> tuple[int, ...]:
    """Latencies of one round: 1 ms, but for one in fifty."""
    return tuple(slowest_ms * MS if index % 50 == 0 else MS for index in range(count))


def cells(count: int = 250) -> list[CellSpec]:
    """Three contestants of a queue: one is quick, one has a long tail, one is missing."""
    comparison = "queue[n=250,c=10]"
    typical = {"sync": (2.45, 90), "threading": (0.26, 40), "asyncio": (0.21, 4), "uvloop": (0.21, 4)}
    made = []
    for runner, (makespan_s, slowest_ms) in typical.items():
        cell = make_cell("queue", runner, comparison, {"n": 250}, 10, reference=runner == "sync")
        spec = CellSpec(
            cell, makespan_s=makespan_s, ops=250, digest="d", answer="250 items", bounds=TURNS,
            figures={"items_per_s": 250 / makespan_s, "waited_share": 0.02}, latencies_ns=tails(slowest_ms, count),
            latency_of="put to get",
        )  # fmt: skip
        made.append(replace(spec, status=Status.UNSUPPORTED, reason="no wheel") if runner == "uvloop" else spec)
    return made


@pytest.fixture(scope="module")
def rows(frame_of: Frames) -> Scene:
    return scene(frame_of("own-figures", cells=cells()))


def texts(table: Table) -> Mapping[str, list[str]]:
    """Head of a line -> the points in it."""
    return {line.head: [entry[0].text for entry in line.entries] for group in table.groups for line in group.lines}


def test_the_figures_of_a_workload_have_a_column_each_with_their_unit(rows: Scene) -> None:
    table = figures_table(rows, QUEUE)
    assert table is not None
    assert list(table.columns) == ["items/s", "waited share"]
    assert "items: items handed over" in table.caption
    assert float(texts(table)["asyncio"][0]) == pytest.approx(1190, rel=0.1)


def test_a_workload_that_the_house_does_not_know_still_has_its_figures(rows: Scene) -> None:
    table = figures_table(rows, None)
    assert table is not None
    assert len(table.columns) == 2


def test_a_row_without_figures_keeps_its_place_with_the_reason(rows: Scene) -> None:
    for table in (figures_table(rows, QUEUE), latency_table(rows)):
        assert table is not None
        assert texts(table)["uvloop"] == ["UNSUPPORTED"]


def test_a_workload_that_reports_nothing_has_no_table(standard: Scene) -> None:
    assert figures_table(standard, None) is None
    assert latency_table(standard) is None


def test_percentiles_are_shown_as_far_as_every_process_has_samples_for_them(rows: Scene, frame_of: Frames) -> None:
    table = latency_table(rows)
    assert table is not None
    assert list(table.columns)[-1].startswith("p99,"), "5 rounds of 250 support p99 and not p99.9"
    assert "put to get" in table.caption
    few = latency_table(scene(frame_of("own-figures-few", cells=cells(count=20))))
    assert few is not None
    assert [column.partition(",")[0] for column in few.columns] == ["p50", "p90"]


def drawn(plot: Plot, rows: Scene, width: float) -> str:
    return re.sub(r"<[^>]+>", " ", svg.inline(svg.render(plot.draw(rows, width), plot.name), plot.name, "label"))


def test_what_arithmetic_gives_is_a_line_through_the_bars(rows: Scene) -> None:
    axis = workload_table(rows).axis
    assert axis is not None
    assert {guide.text for guide in axis.guides} == set(TURNS)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_curve_names_percentiles_and_contestants(rows: Scene, width: float) -> None:
    text = drawn(LATENCY_CURVE, rows, width)
    assert "p99" in text
    assert "threading" in text
    assert "uvloop" not in text, "there is nothing to draw of it; the table says why"


def test_the_title_orders_tails_only_where_their_intervals_do(rows: Scene, frame_of: Frames) -> None:
    assert re.match(r"asyncio had the shortest p99, \S+ ms \[.*\], and sync the longest", LATENCY_CURVE.title(rows))
    alike = [replace(spec, latencies_ns=tails(5)) for spec in cells()]
    assert LATENCY_CURVE.title(scene(frame_of("own-figures-alike", cells=alike))).startswith("No order can be told")


def test_the_page_and_its_twin_hold_both_tables_and_the_chart(frame_of: Frames, tmp_path: Path) -> None:
    write(frame_of("own-figures", cells=cells()), tmp_path, command="when-async report", workloads={"queue": QUEUE})
    for name in ("index.html", "report.md"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert "What else it reports" in text
        assert "had the shortest p99" in text


def test_work_on_a_schedule_is_read_by_its_cpu_and_not_by_a_throughput_that_the_schedule_sets(
    frame_of: Frames, tmp_path: Path
) -> None:
    paced = [replace(spec, headline="cpu", cpu_user_s=0.01 + 0.02 * place) for place, spec in enumerate(cells())]
    frame = frame_of("own-figures-paced", cells=paced)
    assert headline(scene(frame).rows) is CPU
    assert lead_sentence(scene(frame), CPU).startswith("sync used least CPU, ")
    write(frame, tmp_path, command="when-async report", workloads={"queue": QUEUE})
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "the throughput of" not in text
    assert "CPU per op" in text


def test_a_way_to_write_a_body_is_not_told_as_a_client_library(frame_of: Frames) -> None:
    def named(face: bool) -> Scene:
        made = []
        for library, makespan_s in (("gather", 0.2), ("comprehension", 1.0)):
            cell = make_cell("fanout", f"asyncio/{library}", "fanout[n=9,c=9]", {"n": 9}, 9)
            made.append(CellSpec(replace(cell, face=face), makespan_s=makespan_s, ops=9, digest="d", answer="9"))
        return scene(frame_of(f"faces-{face}", cells=made))

    assert library_sentence(named(face=False)) is not None
    assert library_sentence(named(face=True)) is None
