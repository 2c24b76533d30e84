"""Every runner of the house on two interpreters: charts and tables grow, and no name hides another."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from itertools import pairwise

import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from rich.console import Console

from support.crowds import RUNNERS, fetching, searching, sleeping
from support.run_files import CellSpec
from when_async.bench.registry import collect
from when_async.reports import words
from when_async.reports.drawing import style
from when_async.reports.drawing.axes import NARROW, WIDE
from when_async.reports.drawing.plotting import Plot
from when_async.reports.plots.library_gap import LIBRARY_GAP
from when_async.reports.plots.scaling import SCALING, lines, named
from when_async.reports.scene.evidence import scene
from when_async.reports.scene.findings import lead, lead_sentence
from when_async.reports.scene.libraries import library_sentence, split, with_library
from when_async.reports.scene.rows import OVERHEAD, THROUGHPUT, Scene, models, uncrowded
from when_async.reports.scene.tables import absent, workload_table
from when_async.reports.terminal.run import summary

Frames = Callable[..., pd.DataFrame]
PYTHONS = ("3.14", "3.14t")
PLOTS = {name: found.value for name, found in collect("when_async.reports.plots", Plot).items()}


@pytest.fixture(scope="module")
def frame(frame_of: Frames) -> pd.DataFrame:
    cells = [
        spec
        for python in PYTHONS
        for spec in (*sleeping(python, 10), *sleeping(python, 100), *fetching(python, 20), *fetching(python, 100))
    ]
    return frame_of("crowd", cells=[*cells, *(spec for python in PYTHONS for spec in searching(python))])


@pytest.fixture(scope="module")
def crowd(frame: pd.DataFrame) -> Scene:
    return scene(frame)


def shown(crowd: Scene, plot: Plot, workload: str) -> Scene:
    """The rows that a page would give to a plot."""
    rows = crowd.of(workload=workload)
    most = max(row.concurrency for row in rows.rows)
    return rows if plot.spans else rows.of(concurrency=most)


@pytest.fixture(scope="module")
def drawn(crowd: Scene) -> Callable[[Plot, str, float], Figure]:
    """A plot of a workload in a width; drawn once, as several tests look at the same pictures."""
    return cache(lambda plot, workload, width: plot.draw(shown(crowd, plot, workload), width))


def written(figure: Figure) -> list[Text]:
    """Every text of a figure outside its ticks."""
    return [text for axes in figure.axes for text in axes.texts]


def boxes(figure: Figure, names: Iterable[str]) -> list[tuple[float, float, float, float]]:
    """(left, right, bottom, top) in inches of the texts that are one of these names."""
    wanted, found = set(names), []
    for text in written(figure):
        if text.get_text() in wanted:
            box = text.get_window_extent()
            found.append(tuple(edge / figure.dpi for edge in (box.x0, box.x1, box.y0, box.y1)))
    return found


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    slack = 0.02
    across = min(one[1], other[1]) - max(one[0], other[0])
    upright = min(one[3], other[3]) - max(one[2], other[2])
    return across > slack and upright > slack


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("name", PLOTS)
@pytest.mark.parametrize("workload", ["sleep", "http_fetch", "grid_search"])
def test_every_plot_draws_a_crowd(
    crowd: Scene, drawn: Callable[[Plot, str, float], Figure], name: str, workload: str, width: float
) -> None:
    plot, rows = PLOTS[name], shown(crowd, PLOTS[name], workload)
    if plot.fits(rows):
        figure = drawn(plot, workload, width)
        assert figure.get_size_inches()[0] == pytest.approx(width)
        assert plot.title(rows)
        assert plot.subtitle(rows)


def test_a_crowd_has_something_for_every_plot_but_those_of_what_it_does_not_report(crowd: Scene) -> None:
    fitting = {
        name
        for name, plot in PLOTS.items()
        for workload in ("sleep", "http_fetch", "grid_search")
        if plot.fits(shown(crowd, plot, workload))
    }
    assert fitting >= {"gil", "library_gap", "scaling"}


@pytest.mark.parametrize(("workload", "metric"), [("sleep", OVERHEAD), ("http_fetch", THROUGHPUT)])
def test_of_many_lines_one_of_each_model_has_a_name(crowd: Scene, workload: str, metric: object) -> None:
    rows = crowd.of(workload=workload, python="3.14")
    found = lines(rows, metric)  # type: ignore[arg-type]
    full = named(found, metric)  # type: ignore[arg-type]
    runners = sorted(found[name][0][0].runner for name in full)
    measured = {points[0][0].runner for points in found.values()}
    assert runners == sorted(runner.name for runner in RUNNERS if "+" not in runner.name and runner.name in measured)
    few = {name: points for name, points in found.items() if points[0][0].runner in ("threading", "threading+per_op")}
    assert named(few, metric) == set(few)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("workload", ["sleep", "http_fetch"])
def test_names_at_the_ends_of_lines_do_not_cover_each_other(crowd: Scene, workload: str, width: float) -> None:
    rows = crowd.of(workload=workload, python="3.14")
    figure = SCALING.draw(rows, width)
    names = [text for text in written(figure) if text.get_text() not in ("Python 3.14",) and text.get_ha() == "left"]
    found = boxes(figure, [text.get_text() for text in names if "per op" not in text.get_text()])
    column = sorted((box for box in found if box[0] > width * 0.3), key=lambda box: -box[2])
    assert len(column) >= 12
    assert [pair for pair in pairwise(column) if overlap(*pair)] == []
    assert max(box[1] for box in column) <= width + 0.1


def test_the_library_chart_of_a_crowd_is_of_models(crowd: Scene) -> None:
    rows = shown(crowd, LIBRARY_GAP, "http_fetch")
    assert LIBRARY_GAP.fits(rows)
    lanes = {text.get_text() for text in written(LIBRARY_GAP.draw(rows, WIDE))}
    assert {"threading", "asyncio", "trio", "gevent", "dask"} <= lanes
    assert not [lane for lane in lanes if "+" in lane]
    assert "Variants of a model stand in the table." in LIBRARY_GAP.subtitle(rows)


def test_no_two_of_forty_of_a_family_look_alike() -> None:
    looks = style.looks((f"processes/{index:02}", "processes") for index in range(40))
    assert len({(marker, str(dash)) for marker, dash in looks.values()}) == 40
    assert len(set(style.MARKERS)) == len(style.MARKERS) >= 9


def test_a_model_looks_the_same_with_and_without_its_variants() -> None:
    alone = style.looks([("threading", "threads")])
    among = style.looks([("threading", "threads"), ("asyncio+to_thread", "threads"), ("threading+executor", "threads")])
    assert among["threading"] == alone["threading"]


def test_the_families_of_all_runners_have_a_colour() -> None:
    assert {runner.family for runner in RUNNERS} <= set(style.FAMILIES)


def test_a_family_without_its_bare_model_is_stood_for_by_a_variant(crowd: Scene) -> None:
    rows = [row for row in crowd.of(workload="sleep").rows if row.runner not in ("threading", "uvloop")]
    kept = models(rows)
    assert [name for name in kept if name.startswith("threading")] == ["threading+executor"]
    assert "rloop" in kept
    assert "asyncio+gather" not in kept
    assert {row.runner for row in uncrowded(rows)} == set(kept)


def test_a_tie_of_many_is_counted_and_not_listed(frame_of: Frames) -> None:
    even = [replace(spec, makespan_s=0.4) for spec in searching("3.14")]
    rows = scene(frame_of("tie", cells=even))
    found = lead(rows, THROUGHPUT)
    assert found is not None
    assert len(found.top) > 20
    assert found.names.endswith(f"and {len(found.top) - words.NAMED} others")
    assert len(lead_sentence(rows, THROUGHPUT)) < 400


def contestants(*names: str, **seconds: float) -> list[CellSpec]:
    """HTTP cells of these contestants; `seconds` replaces the makespan of a runner."""
    known = {spec.cell.contestant: spec for spec in fetching("3.14", 20)}
    return [
        replace(known[name], makespan_s=seconds.get(name.partition("/")[0].replace("+", "_"), known[name].makespan_s))
        for name in names
    ]


def test_what_is_left_of_a_gap_is_between_models_and_never_between_variants(frame_of: Frames) -> None:
    cells = contestants(
        "threading/http.client", "threading/requests", "threading+executor/http.client", "asyncio/aiohttp",
        "asyncio+eager/aiohttp", "asyncio+to_thread/requests", asyncio_eager=0.01, threading_executor=0.01,
    )  # fmt: skip
    rows = scene(frame_of("split", cells=cells))
    found = split(rows)
    assert found is not None
    assert {found.slow.runner, found.lean.runner, found.fast.runner} == {"threading", "asyncio"}
    assert {row.runner for row in with_library(rows)} == {"threading", "asyncio"}


def test_a_model_is_not_set_against_its_own_variant(frame_of: Frames) -> None:
    cells = contestants("threading/http.client", "threading/requests", "threading+executor/requests")
    rows = scene(frame_of("own", cells=cells))
    assert split(rows) is None
    said = library_sentence(rows)
    assert said
    assert said.startswith("With threading on both sides, ")
    assert LIBRARY_GAP.title(rows) == said


def test_two_models_that_cannot_be_told_apart_are_not_ordered_by_the_title(frame_of: Frames) -> None:
    cells = contestants("threading/requests", "gevent/requests", "asyncio/aiohttp", threading=0.5, gevent=0.5)
    said = LIBRARY_GAP.title(scene(frame_of("even", cells=cells, fork_noise=0.1)))
    assert said.startswith("With requests on both sides, ")
    assert "had" not in said


def printed(crowd: Scene, width: int) -> list[str]:
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=width)
    summary(crowd.rows, console, crowd.rounds)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_a_crowd_fits_the_terminal(crowd: Scene, width: int) -> None:
    assert max(map(len, printed(crowd, width))) <= min(width, 100)


@pytest.mark.parametrize("width", [80, 100])
def test_long_names_stay_told_apart_in_a_terminal(crowd: Scene, width: int) -> None:
    lines = iter(printed(crowd, width))
    assert next(line for line in lines if line.startswith("http_fetch"))
    names = []
    for line in lines:
        if not line:
            break
        word = line.split()[0]
        if word.startswith("mul") and "/" in word:
            names.append(word)
            assert line.count("]") == 2
    kinds = {row.contestant for row in crowd.of(workload="http_fetch").rows if row.runner.startswith("multi")}
    assert len(kinds) == 10
    assert len(set(names)) == len(names) == len(kinds)


def test_every_cell_of_a_crowd_is_in_a_table(crowd: Scene) -> None:
    for workload in ("sleep", "http_fetch", "grid_search"):
        own = crowd.of(workload=workload)
        rows = [row for row in own.rows if row.status != "UNSUPPORTED"]
        assert sum(len(group.lines) for group in workload_table(own).groups) == len(rows)
        assert bool(absent(own.rows)) is (len(rows) < len(own.rows))
