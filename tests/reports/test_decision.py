"""The decision map says who is best where, by how much, and where nobody can be told from the best."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from support.mixed_cells import POINTS, mixed_cells
from support.run_files import sleep_cells
from when_async.reports.drawing.decision_map import DECISION_MAP
from when_async.reports.scene.decision import maps, regions
from when_async.reports.scene.evidence import scene
from when_async.reports.scene.rows import Scene
from when_async.reports.verdicts.guidance import guidance


@pytest.fixture(scope="module")
def map_scene(frame_of: Callable[..., pd.DataFrame]) -> Scene:
    return scene(frame_of("map", cells=mixed_cells(), forks=6, noise=0.01, fork_noise=0.005))


@pytest.fixture(scope="module")
def level(frame_of: Callable[..., pd.DataFrame]) -> Scene:
    return scene(frame_of("level", cells=mixed_cells(level=True), forks=6, noise=0.01, fork_noise=0.005))


def test_a_region_for_each_point_in_order_of_waiting_and_ops_in_flight(map_scene: Scene) -> None:
    found = [(round(one.waiting, 3), one.concurrency) for one in regions(map_scene)]
    assert found == sorted(POINTS)


def test_the_best_is_named_with_its_margin_over_the_second(map_scene: Scene) -> None:
    by_place = {(round(one.waiting, 3), one.concurrency): one for one in regions(map_scene)}
    computing, waiting = by_place[(0.0, 8)], by_place[(0.99, 32)]
    assert (computing.best.runner, waiting.best.runner) == ("multiprocessing", "asyncio")
    assert waiting.second is not None
    assert waiting.margin is not None
    assert waiting.margin.low > 1


def test_where_the_best_cannot_be_told_all_candidates_are_named(level: Scene) -> None:
    region = next(one for one in regions(level) if one.waiting > 0.95)
    assert not region.sure
    assert {row.runner for row in region.top} == {"asyncio", "threading"}


def test_too_few_points_make_no_map(frame_of: Callable[..., pd.DataFrame]) -> None:
    few = scene(frame_of("few", cells=mixed_cells()[:8], forks=3))
    assert maps(few) == {}
    assert not DECISION_MAP.fits(few)
    assert not DECISION_MAP.fits(scene(frame_of("none", cells=sleep_cells())))


def texts(figure: Any) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.mark.parametrize("width", [7.5, 3.7])
def test_the_map_draws_a_tile_with_name_and_margin_for_each_region(map_scene: Scene, width: float) -> None:
    shown = texts(DECISION_MAP.draw(map_scene, width))
    assert len(shown) == 2 * len(POINTS)
    assert "asyncio" in shown
    assert "processes" in shown
    assert any(re.fullmatch(r"[\d.]+×( threads)?", one) for one in shown)


def test_a_tile_without_a_clear_best_and_no_other_is_hatched_and_names_the_second(
    level: Scene, map_scene: Scene
) -> None:
    for seen, open_ones in ((level, 2), (map_scene, 0)):
        assert [one.sure for one in regions(seen)].count(False) == open_ones
        figure = DECISION_MAP.draw(seen, 7.5)
        assert len([patch for axes in figure.axes for patch in axes.patches if patch.get_hatch()]) == open_ones
        assert len([one for one in texts(figure) if one.startswith("or ")]) == open_ones


def test_the_title_counts_who_leads_where(map_scene: Scene) -> None:
    assert DECISION_MAP.title(map_scene).startswith("Of 5 mixes of waiting and computing, ")
    assert "asyncio wins" in DECISION_MAP.title(map_scene)


def test_each_interpreter_has_a_map_of_its_own(frame_of: Callable[..., pd.DataFrame]) -> None:
    cells = [*mixed_cells("3.14"), *mixed_cells("3.14t")]
    both = scene(frame_of("both", cells=cells, pythons=("3.14", "3.14t"), forks=3))
    assert [place[1] for place in maps(both)] == ["3.14", "3.14t"]
    assert " on Python 3.14" in DECISION_MAP.title(both)


def test_guidance_says_who_wins_by_kind_of_op(map_scene: Scene) -> None:
    lines = guidance(map_scene)
    assert [line.question for line in lines] == [
        "Ops that compute all the time",
        "Ops that wait for about half their time",
        "Ops that wait for 90 % of their time and more",
    ]
    assert "multiprocessing wins 1 of 1 region" in lines[0].answer


def test_guidance_is_silent_where_nothing_is_known(frame_of: Callable[..., pd.DataFrame]) -> None:
    assert guidance(scene(frame_of("quiet", cells=sleep_cells()))) == []
