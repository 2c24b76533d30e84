"""Charts: they are found by type, say what the data supports and stay text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest

from support.run_files import (
    CellSpec,
    cell_line,
    header_line,
    http_cells,
    measurement_line,
    sample_line,
    sleep_cells,
    standard_cells,
    write_lines,
)
from when_async.bench.model import Estimate, Status
from when_async.bench.registry import collect
from when_async.reports.drawing import style, svg
from when_async.reports.drawing.axes import NARROW, WIDE, plain, ratio_ticks, spread
from when_async.reports.drawing.dots import Panel, guide_levels
from when_async.reports.drawing.plotting import Plot
from when_async.reports.plots.library_gap import LIBRARY_GAP
from when_async.reports.plots.scaling import SCALING, knee, lines
from when_async.reports.scene.evidence import scene
from when_async.reports.scene.findings import lead, lead_sentence, per_facet
from when_async.reports.scene.libraries import split, split_sentence
from when_async.reports.scene.rows import OVERHEAD, THROUGHPUT, Scene, headline
from when_async.results.cells.summary import Row
from when_async.results.frame import load

PLOTS = {name: found.value for name, found in collect("when_async.reports.plots", Plot).items()}
Frames = Callable[..., pd.DataFrame]


def drawn(plot: Plot, rows: Scene, width: float = WIDE) -> str:
    return svg.inline(svg.render(plot.draw(rows, width), plot.name), plot.name, plot.title(rows))


def with_makespan(spec: CellSpec, seconds: float) -> CellSpec:
    return replace(spec, makespan_s=seconds)


def test_every_plot_of_the_package_is_found_by_its_type() -> None:
    assert set(PLOTS) == {"gil", "latency_curve", "library_gap", "scaling"}


@pytest.mark.parametrize("name", PLOTS)
@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("workload", ["sleep", "http_fetch", "grid_search"])
def test_a_plot_that_fits_draws_valid_svg_with_its_text_as_text(
    standard: Scene, name: str, width: float, workload: str
) -> None:
    plot, rows = PLOTS[name], standard.of(workload=workload)
    if not plot.spans:
        rows = rows.of(comparison=rows.rows[0].comparison)
    if not plot.fits(rows):
        return
    raw = svg.render(plot.draw(rows, width), name)
    root = ET.fromstring(svg.standalone(raw, name, plot.title(rows)))
    said = "".join(root.itertext())
    assert "threading" in said
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
    assert "uvloop" in re.sub(r"<[^>]+>", "", svg.inline(raw, name, "label"))


@pytest.mark.parametrize("name", PLOTS)
def test_no_plot_fails_on_a_run_in_which_nothing_is_ok(frame_of: Frames, name: str) -> None:
    cells = [replace(spec, status=Status.FAILED, reason="it broke", failed_after=0) for spec in standard_cells()]
    rows = scene(frame_of(f"nothing-{name}", cells=cells)).of(workload="http_fetch")
    plot = PLOTS[name]
    if plot.fits(rows):
        assert "it broke" in drawn(plot, rows)
        assert plot.title(rows)


def test_colours_follow_the_theme_of_the_reader(standard: Scene) -> None:
    text = drawn(LIBRARY_GAP, standard.of(workload="http_fetch"))
    assert "var(--ink)" in text
    assert "var(--f-threads)" in text
    assert not re.search(r": #[0-9a-f]{6}", text)


def test_the_picture_for_markdown_carries_its_own_light_and_dark(standard: Scene) -> None:
    raw = svg.render(LIBRARY_GAP.draw(standard.of(workload="http_fetch"), WIDE), "x")
    text = svg.standalone(raw, "x", "a title & more")
    assert "prefers-color-scheme:dark" in text
    assert ET.fromstring(text)[0].text == "a title & more"


def test_drawing_leaves_the_settings_of_matplotlib_alone(standard: Scene) -> None:
    before = dict(mpl.rcParams)
    drawn(LIBRARY_GAP, standard.of(workload="http_fetch"))
    assert dict(mpl.rcParams) == before


def test_the_families_differ_in_colour_and_variants_in_marker_and_line() -> None:
    colours = [look.light for look in (*style.FAMILIES.values(), style.OTHER)]
    assert len(set(colours)) == len(colours)
    looks = style.looks([("threading/a", "threads"), ("threading/b", "threads"), ("asyncio", "asyncio")])
    assert looks["threading/a"] != looks["threading/b"]


def luminance(colour: str) -> float:
    """Relative luminance by WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize("ground", ["paper", "card"])
@pytest.mark.parametrize("token", ["ink", "soft", "accent", "good", "bad"])
def test_text_has_enough_contrast_in_light_and_dark(theme: int, ground: str, token: str) -> None:
    one, other = sorted((luminance(style.TOKENS[name][theme]) for name in (token, ground)), reverse=True)
    assert (one + 0.05) / (other + 0.05) >= 4.5


@pytest.mark.parametrize("reach", [1.2, 1.5, 2.4, 9, 40, 900, 1e6])
def test_ratio_ticks_mirror_each_other_around_one(reach: float) -> None:
    ticks = ratio_ticks(reach)
    assert 1.0 in ticks
    assert ticks == pytest.approx([1 / tick for tick in reversed(ticks)])
    assert all(1 / reach <= tick <= reach for tick in ticks)


def test_ticks_are_plain_numbers() -> None:
    assert [plain(tick) for tick in (0.05, 0.5, 2 / 3, 1, 50, 20000)] == [
        "0.05",
        "0.5",
        "0.667",
        "1",
        "50",
        "20\u202f000",
    ]


def test_an_order_is_claimed_only_where_the_interval_excludes_one(frame_of: Frames) -> None:
    near = [
        with_makespan(spec, s)
        for spec, s in zip(http_cells(), (0.7, 0.7, 0.1, 0.101, 0.2, 0.1, 0.1, 0.1, 1), strict=True)
    ]
    rows = scene(frame_of("near", cells=near, fork_noise=0.05))
    found = lead(rows, THROUGHPUT)
    assert found is not None
    assert len(found.top) > 1
    said = lead_sentence(rows, THROUGHPUT)
    assert re.search(r": (no difference larger than [\d.]+ % was seen|the intervals are too wide)", said)
    assert "same" not in said


def test_nobody_leads_alone_while_a_noisy_row_further_down_could_be_as_good(standard: Scene) -> None:
    """The second is clearly behind the first, the third by its point alone."""
    known = next(row for row in standard.rows if row.throughput is not None)

    def row(name: str, low: float, point: float, high: float) -> Row:
        throughput = Estimate(point, low, high, "op/s", 3)
        return replace(known, cell=name, contestant=name, reference=False, speedup=None, throughput=throughput)

    found = lead(Scene((row("a", 99, 100, 101), row("b", 89, 90, 91), row("c", 20, 80, 320))), THROUGHPUT)
    assert found is not None
    assert [one.contestant for one in found.top] == ["a", "c"]
    assert found.behind is not None
    assert found.behind.contestant == "b"


def test_a_clear_leader_is_named_with_the_interval_of_its_ratio(standard: Scene) -> None:
    said = lead_sentence(standard.of(workload="grid_search"), THROUGHPUT)
    assert re.match(r"multiprocessing led, with [\d.]+× \[[\d.]+, [\d.]+\] the throughput of ", said)


def test_waiting_is_judged_by_overhead_and_not_by_speed_up(standard: Scene) -> None:
    said = lead_sentence(standard.of(workload="sleep", concurrency=10), OVERHEAD)
    assert re.match(r"uvloop added least to the wait, [\d.]+ µs \[[\d.]+, [\d.]+\] per op", said)
    assert headline(standard.of(workload="sleep").rows) is OVERHEAD


def test_an_overhead_that_may_be_nothing_is_compared_by_difference(frame_of: Frames) -> None:
    early = [replace(spec, makespan_s=0.0999) if spec.cell.runner == "uvloop" else spec for spec in sleep_cells()]
    said = lead_sentence(scene(frame_of("early", cells=early)), OVERHEAD)
    assert re.match(
        r"uvloop added least to the wait, −[\d.]+ µs \[.*\] per op; asyncio added [\d.]+ µs \[.*\] more", said
    )


def test_with_several_interpreters_the_title_says_where(frame_of: Frames) -> None:
    rows = scene(frame_of("pythons", pythons=("3.11", "3.13t"))).of(workload="grid_search")
    assert per_facet(rows, THROUGHPUT) == "multiprocessing led on 3.11 and 3.13t (no GIL)"


def libraries(cpu: float = 0.04) -> list[CellSpec]:
    """Threads with two libraries and asyncio with one: 4x by the library, 1.25x beyond it."""
    by_name = {spec.cell.contestant: spec for spec in http_cells()}
    return [
        by_name["sync/requests"],
        with_makespan(by_name["threading/requests"], 0.5),
        with_makespan(by_name["threading/httpx"], 0.125),
        with_makespan(by_name["asyncio/aiohttp"], 0.1),
    ]


def test_the_gap_between_models_is_taken_apart_into_library_and_rest(frame_of: Frames) -> None:
    rows = scene(frame_of("libraries", cells=libraries(), noise=0.001, fork_noise=0.001))
    found = split(rows)
    assert found is not None
    assert found.whole.point == pytest.approx(5, rel=0.01)
    assert found.library.point == pytest.approx(4, rel=0.01)
    assert found.rest.point == pytest.approx(1.25, rel=0.01)
    said = LIBRARY_GAP.title(rows)
    assert said.startswith("asyncio with aiohttp is 5.0")
    assert "The client library makes 4.00× [3.99, 4.02] of it (requests to httpx)." in said
    assert "The model, with httpx against aiohttp, makes 1.25×" in said


def test_without_a_second_library_nothing_is_taken_apart(frame_of: Frames) -> None:
    few = [spec for spec in libraries() if spec.cell.contestant != "threading/httpx"]
    rows = scene(frame_of("few", cells=few))
    assert split_sentence(rows) is None
    assert "confounded" in LIBRARY_GAP.title(rows)


def test_scaling_needs_two_concurrencies_of_otherwise_equal_work(standard: Scene) -> None:
    assert SCALING.fits(standard.of(workload="sleep"))
    assert not SCALING.fits(standard.of(workload="sleep", concurrency=10))
    assert not SCALING.fits(standard.of(workload="http_fetch"))


def test_panels_side_by_side_have_their_labels_at_their_own_left(frame_of: Frames) -> None:
    both = scene(frame_of("side-by-side", pythons=("3.11", "3.13"))).of(workload="sleep")
    figure = SCALING.draw(both, WIDE)
    assert len({axes.get_position().x0 for axes in figure.axes}) == 2
    heads = [text for axes in figure.axes for text in axes.texts if "Python" in text.get_text()]
    assert len({text.get_position()[0] for text in heads}) == 1


def test_the_knee_is_where_no_later_step_gains_beyond_doubt(frame_of: Frames) -> None:
    cells = []
    for concurrency, seconds in ((2, 0.4), (4, 0.2), (8, 0.1), (16, 0.1)):
        one = next(spec for spec in http_cells(concurrency=concurrency) if spec.cell.contestant == "asyncio/aiohttp")
        cells.append(replace(with_makespan(one, seconds), cell=replace(one.cell, reference=False)))
    points = lines(scene(frame_of("knee", cells=cells, noise=0.001, fork_noise=0.001)), THROUGHPUT)["asyncio/aiohttp"]
    found = knee(points)
    assert found is not None
    assert found.concurrency == 8
    assert knee(points[:3]) is None


def test_labels_are_pushed_apart_and_stay_inside() -> None:
    placed = spread([0.9, 0.89, 0.05, 0.04, 0.03], 0.0, 1.0, 0.1)
    assert all(upper - lower >= 0.1 - 1e-9 for upper, lower in pairwise(placed))
    assert min(placed) >= 0
    assert max(placed) <= 1


def test_ratios_are_formed_inside_blocks(frame_of: Frames) -> None:
    """Drift that both sides share cancels, so the interval is narrower than that of the two estimates."""
    rows = scene(frame_of("drift", cells=sleep_cells(), fork_noise=0.1)).of(workload="sleep")
    one, other = rows.of(runner="uvloop").rows[0], rows.of(runner="asyncio").rows[0]
    paired = rows.difference(other, one, OVERHEAD)
    apart = Scene(rows.rows).difference(other, one, OVERHEAD)
    assert paired is not None
    assert apart is not None
    assert paired.high - paired.low < apart.high - apart.low


def test_a_block_that_an_interruption_tore_apart_is_no_pair(tmp_path: Path) -> None:
    one, other = (spec.cell for spec in sleep_cells()[:2])
    lines = [header_line(), *(cell_line(spec) for spec in sleep_cells()[:2])]
    for fork in (0, 1):
        lines += [sample_line(cell.id, fork=fork, attempt=fork * place) for place, cell in enumerate((one, other))]
    lines += [measurement_line(cell.id) for cell in (one, other)]
    rows = scene(load([write_lines(tmp_path / "run.jsonl", lines)]))
    # Fork 0 was measured in one go; in fork 1 the second contestant took its turn after the interruption.
    assert len(rows.ratios(*rows.rows, THROUGHPUT)) == 1


def test_labels_of_guides_that_lie_close_together_stand_above_each_other() -> None:
    guides = [(72.0, "taking turns"), (83.0, "taking turns, first move to last reply"), (864.0, "one after another")]
    panel = Panel("", [], "makespan, ms", limits=(0.0, 1000.0), guides=guides)
    assert guide_levels(panel, 4.3) == [0, 1, 0]
