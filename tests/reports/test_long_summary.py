"""A summary of many points shows those with most in flight, and is opened at will where it is long all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from support.run_files import CellSpec, sleep_cells
from when_async.reports.page.writing import write
from when_async.reports.scene.evidence import scene
from when_async.reports.scene.tables import LONG, summary_table

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
Frames = Callable[..., pd.DataFrame]


def asked(concurrencies: Iterable[int]) -> list[CellSpec]:
    """One point of each model, because it is the number of rows that is looked at."""
    found = [one for python in PYTHONS for c in concurrencies for one in sleep_cells(python, c)]
    return [one for one in found if one.cell.runner in ("sync", "asyncio")]


@pytest.mark.parametrize(("concurrencies", "shown"), [((2, 10), {"c=2", "c=10"}), (range(2, 23, 2), {"c=22"})])
def test_of_many_points_those_with_most_in_flight_are_shown(
    frame_of: Frames, concurrencies: Iterable[int], shown: set[str]
) -> None:
    table = summary_table(scene(frame_of(f"points-{len(shown)}", cells=asked(concurrencies), forks=2)))
    assert {line.head for group in table.groups for line in group.lines} == shown
    assert ("Points with fewer in flight stand in the tables" in table.caption) is (len(shown) == 1)
    assert not table.long


def test_what_is_long_all_the_same_is_opened_at_will(frame_of: Frames, tmp_path: Path) -> None:
    cells = []
    for number in range(LONG // len(PYTHONS) + 1):
        for one in asked([10]):
            wait_ms = number + 1
            params, place = {**one.cell.params, "wait_s": wait_ms / 1000}, f"sleep[wait={wait_ms}ms,n=100,c=10]"
            cells.append(replace(one, cell=replace(one.cell, params=params, comparison=place)))
    frame = frame_of("long", cells=cells, forks=2)
    table = summary_table(scene(frame))
    assert table.long
    write(frame, tmp_path, command="x")
    said = f"All of it in figures: {table.size} rows"
    assert f"<details><summary>{said}</summary>" in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert f"<details><summary>{said}</summary>" in (tmp_path / "report.md").read_text(encoding="utf-8")
