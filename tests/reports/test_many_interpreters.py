"""Charts of a page of many interpreters show the ends of each build, its tables all of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from support.run_files import sleep_cells
from when_async.reports.page.workloads import SIDE_BY_SIDE, of_each_build
from when_async.reports.page.writing import write
from when_async.reports.scene.evidence import scene
from when_async.reports.scene.rows import facets

Frames = Callable[..., pd.DataFrame]
SIX = ("3.11", "3.12", "3.13", "3.13t", "3.14", "3.14t")


def asked(pythons: tuple[str, ...]) -> list[object]:
    return [one for python in pythons for one in sleep_cells(python) if one.cell.runner in ("sync", "asyncio")]


@pytest.mark.parametrize(
    ("pythons", "kept"),
    [
        (SIX[:SIDE_BY_SIDE], SIX[:SIDE_BY_SIDE]),
        (SIX, ("3.11", "3.13t", "3.14", "3.14t")),
        (("3.11", "3.12", "3.13", "3.14", "3.15"), ("3.11", "3.15")),
    ],
)
def test_of_many_interpreters_charts_show_the_first_and_the_last_of_each_build(
    frame_of: Frames, pythons: tuple[str, ...], kept: tuple[str, ...]
) -> None:
    found = of_each_build(scene(frame_of(f"of-{len(pythons)}-{kept[-1]}", cells=asked(pythons), forks=2)))
    assert tuple(python for _, python in facets(found.rows)) == kept


def test_the_page_says_which_and_its_table_has_all(frame_of: Frames, tmp_path: Path) -> None:
    cells = [*asked(SIX), *(one for python in SIX for one in sleep_cells(python, 100) if one.cell.runner == "asyncio")]
    cells += [one for python in SIX for c in (10, 100) for one in sleep_cells(python, c) if one.cell.runner == "uvloop"]
    write(frame_of("six", cells=cells, forks=2), tmp_path, command="x")
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    section = text[text.index('data-workload="sleep"') :]
    said = "Charts show Python 3.11, Python 3.13t (no GIL), Python 3.14 and Python 3.14t (no GIL)"
    assert f"{said}; the tables have every interpreter." in section
    figures = "".join(re.findall(r"<figure>.*?</figure>", section, re.DOTALL))
    for python in SIX:
        drawn = re.search(rf"Python {re.escape(python)}(?!t)\b", figures)
        assert (drawn is not None) is (python not in ("3.12", "3.13")), python
        assert f'data-python="{python}"' in section
