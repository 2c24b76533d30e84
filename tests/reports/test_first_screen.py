"""The first screen is read without a legend elsewhere: what is another machine's says so, and nothing is cut."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from support.mixed_cells import mixed_cells
from support.run_files import grid_cells, make_run, sleep_cells
from when_async.bench.model import Estimate
from when_async.reports.answers.answer import Evidence, gathered
from when_async.reports.drawing.axes import WIDE, log_limits
from when_async.reports.drawing.decision_map import DECISION_MAP, PER_BOLD
from when_async.reports.page import elsewhere
from when_async.reports.page.writing import unbroken, write
from when_async.reports.scene.bars import ratio_axis
from when_async.reports.scene.evidence import scene
from when_async.reports.verdicts.judging import claims, judge
from when_async.results.frame import load

Frames = Callable[..., pd.DataFrame]
THERE = "20250101-000000-aaaa"


def estimate(point: float, low: float, high: float) -> Estimate:
    return Estimate(point, low, high, "x", 6)


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A reference that has a map on 3.14."""
    folder = tmp_path / "reference"
    folder.mkdir()
    make_run(folder / "claims-3.14.jsonl", cells=mixed_cells("3.14"), pythons=("3.14",), forks=3, run=THERE)
    monkeypatch.setattr(elsewhere, "REFERENCE", folder)
    return folder


@pytest.fixture
def reference(frame_of: Frames) -> Callable[[Sequence[str]], Sequence[Evidence]]:
    """Verdicts of that machine."""
    place = "grid_search[unit=5ms,n=40,c=2]"
    cells = [replace(one, cell=replace(one.cell, comparison=place)) for one in grid_cells("3.14")]
    told = frame_of("first-screen-told", cells=cells, pythons=("3.14",), forks=6, run=THERE)
    return lambda names: gathered(
        judge(told, {name: claims()[name] for name in names}), told.attrs["headers"], reference=True
    )


def page(folder: Path) -> str:
    return (folder / "index.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("recording")
def test_a_run_without_a_map_is_lent_that_of_the_reference_which_is_grey_and_named(
    frame_of: Frames, tmp_path: Path, reference: Callable[[Sequence[str]], Sequence[Evidence]]
) -> None:
    written = write(frame_of("no-map", cells=sleep_cells()), tmp_path / "out", command="x", reference=reference)
    text = page(tmp_path / "out")
    (section,) = re.findall(r'<section id="map".*?</section>', text, re.DOTALL)
    assert section.startswith('<section id="map" class="other">')
    assert "Not measured here; elsewhere, of 5 mixes" in section
    assert 'class="whose">another machine: AMD EPYC 9B14, CPython 3.14<' in section
    assert "this machine" not in section
    assert ".other svg{filter:grayscale(1)" in text
    assert tmp_path / "out" / "img" / "mixed-map.svg" in written
    twin = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "*(another machine: AMD EPYC 9B14, CPython 3.14)*" in twin


@pytest.mark.usefixtures("recording")
def test_a_map_of_ones_own_is_not_replaced_and_a_page_without_a_reference_borrows_nothing(
    frame_of: Frames, tmp_path: Path, reference: Callable[[Sequence[str]], Sequence[Evidence]]
) -> None:
    own = frame_of("own-map", cells=[*sleep_cells(), *mixed_cells()], forks=3)
    write(own, tmp_path / "own", command="x", reference=reference)
    assert '<section id="map">' in page(tmp_path / "own")
    write(frame_of("no-map", cells=sleep_cells()), tmp_path / "alone", command="x")
    assert 'id="map"' not in page(tmp_path / "alone")


def test_the_map_that_is_predicted_is_folded_and_says_of_which_machine_and_interpreter_it_is(
    frame_of: Frames, tmp_path: Path, reference: Callable[[Sequence[str]], Sequence[Evidence]]
) -> None:
    written = write(frame_of("folded", cells=sleep_cells()), tmp_path / "out", command="x", reference=reference)
    (section,) = re.findall(r'<section id="whole-map">.*?</section>', page(tmp_path / "out"), re.DOTALL)
    assert "<details><summary>Which model for other sizes of work" in section
    assert "Predicted from what each model costs on AMD EPYC" in section
    assert "fastest on Python 3.11" in section
    assert tmp_path / "out" / "img" / "predicted_map.svg" in written
    write(frame_of("folded", cells=sleep_cells()), tmp_path / "alone", command="x")
    assert 'id="whole-map"' not in page(tmp_path / "alone")


def test_without_a_gil_it_is_the_map_without_one_and_a_file_that_cannot_be_read_costs_no_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    free = elsewhere.whole_map(gil=False)
    assert free is not None
    assert "fastest on Python 3.13t" in free.title
    monkeypatch.setattr(elsewhere, "MAP", tmp_path / "none.json")
    assert elsewhere.whole_map(gil=True) is None
    (tmp_path / "none.json").write_text('[{"python": 3}]', encoding="utf-8")
    assert elsewhere.whole_map(gil=True) is None


def test_a_map_is_lent_on_the_same_interpreter_if_there_is_one_and_never_by_the_run_itself(recording: Path) -> None:
    make_run(recording / "claims-3.12.jsonl", cells=mixed_cells("3.12"), pythons=("3.12",), forks=3, run="b")
    found = {asked: elsewhere.decision_map([asked], ()) for asked in ("3.14", "3.12", "3.9")}
    assert {asked: chart.whose[-4:] for asked, chart in found.items() if chart} == {
        "3.14": "3.14", "3.12": "3.12", "3.9": "3.12",
    }  # fmt: skip
    assert elsewhere.decision_map(["3.14"], [THERE, "b"]) is None


def test_a_reference_that_cannot_be_read_lends_no_map_and_fails_no_page(recording: Path) -> None:
    (recording / "claims-3.14.jsonl").write_text("no run file\n", encoding="utf-8")
    assert elsewhere.decision_map(["3.14"], ()) is None


def test_what_a_budget_left_open_is_a_quiet_line_and_no_alarm(frame_of: Frames, tmp_path: Path) -> None:
    frame = load([make_run(tmp_path / "run.jsonl", cells=sleep_cells(), finished=False)])
    frame.attrs["ends"] = [{"run": frame["run"][0], "decided": 38, "asked": 39, "seconds": 276.0}]
    write(frame, tmp_path / "out", command="x")
    text = page(tmp_path / "out")
    assert 'class="banner"' not in text
    assert '<p class="lead">38 of 39 claims are decided here' in text
    assert "<code>when-async run --budget 15m</code>" in text
    assert "38 of 39 claims" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("most", [1.5, 4.0, 20.0, 300.0])
def test_the_line_of_no_difference_has_a_tick(most: float) -> None:
    axis = ratio_axis([estimate(most / 1.1, most / 1.2, most)])
    (guide,) = axis.guides
    assert (guide.at, "1×") in [(tick.at, tick.text) for tick in axis.ticks]
    assert len(axis.ticks) <= 5


def test_a_figure_keeps_its_unit_and_its_interval_on_its_line() -> None:
    assert unbroken("stops the loop: 96.4 ms [83.9, 111]") == (
        'stops the loop: <span class="whole">96.4 ms [83.9, 111]</span>'
    )
    assert "<b>" not in unbroken("<b> 1.61× [1.40, 1.86]")
    assert unbroken("<b> 1.61× [1.40, 1.86]").endswith('<span class="whole">1.61× [1.40, 1.86]</span>')


def test_one_sample_or_interval_near_zero_takes_no_decades_of_a_logarithmic_axis() -> None:
    low, high = log_limits([0.02, 0.05], [estimate(0.01, 1e-9, 0.03)], 1.0)
    assert (low, high) == pytest.approx((0.001 / 1.25, 0.05 * 1.25))


def test_a_logarithmic_axis_holds_every_interval_that_is_near_its_points() -> None:
    low, high = log_limits([2.0], [estimate(3.0, 1.0, 6.0)], 10.0)
    assert low < 0.1 < 0.6 < high


def test_no_name_is_wider_than_its_tile(frame_of: Frames) -> None:
    figure = DECISION_MAP.draw(scene(frame_of("map-names", cells=mixed_cells(), forks=3)), WIDE)
    for axes in figure.axes:
        shares = axes.get_xlim()[1]
        inches = axes.get_position().width * figure.get_size_inches()[0] / shares
        names = [one for one in axes.texts if one.get_fontweight() == "bold"]
        assert names
        assert all(len(one.get_text()) * one.get_fontsize() * PER_BOLD < 0.96 * inches for one in names)
