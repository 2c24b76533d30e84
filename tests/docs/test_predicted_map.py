"""The page of the predicted map is that of the figures that advise knows."""

from __future__ import annotations

import pytest

from docs.evidence.predicted_map import BUILDS, FOLDER, PAGE, winners
from when_async.bench.cli.advise import KNOWN
from when_async.reports.drawing.predicted_map import SHOWN
from when_async.reports.page.elsewhere import MAP
from when_async.results.prediction.advice_file import read
from when_async.results.prediction.mapped import CORES, FLIGHTS, SHARES, SIZES_S, kept, tiles


def test_the_page_has_who_wins_by_the_figures_of_today() -> None:
    python = BUILDS[0]
    known = {one.python: one for one in read(KNOWN)[0]}[python]
    text = PAGE.read_text(encoding="utf-8").partition(f"## Python {python}")[2].partition("## ")[0]
    own = tiles(known, 8)
    assert f"| 8 | {winners(own)} |" in text, "run python -m docs.evidence.predicted_map"
    stored = next(one for one in kept(MAP) if one.python == python)
    assert [one.level for one in stored.of(8)] == [one.level for one in own], "pages draw the same"
    assert len(own) == len(SIZES_S) * len(SHARES) * len(FLIGHTS)
    assert {8, *SHOWN} <= set(CORES)


@pytest.mark.parametrize("python", BUILDS)
def test_the_picture_names_what_is_predicted_and_marks_what_was_measured(python: str) -> None:
    drawn = (FOLDER / f"predicted_map_{python.replace('.', '_')}.svg").read_text(encoding="utf-8")
    assert "64 cores, predicted" in drawn
    assert "2 cores, predicted" not in drawn
