"""The history of cells in a terminal and as a picture: what is said, what is drawn, and that no text covers another."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from rich.console import Console

from support.histories import CELL, history
from when_async.bench.model import Estimate
from when_async.reports.drawing.axes import NARROW, WIDE
from when_async.reports.history.plot import draw, labelled, write
from when_async.reports.history.terminal import BLOCKS, CAUTION, detail, finding, overview, percent, sparkline
from when_async.reports.words import ReportError
from when_async.results.history.cells import History
from when_async.results.history.trend import steps

STEP = [0.1, 0.101, 0.099, 0.1, 0.102, 0.1, 0.108, 0.109, 0.107, 0.108, 0.108, 0.109]
NEWER = {"interpreter": "CPython 3.11.9"}
OLDER = {"interpreter": "CPython 3.11.7"}


def console(*, terminal: bool = False, width: int = 100) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, color_system=None, width=width)


def shown(one: History, *, terminal: bool = False, width: int = 100) -> str:
    to = console(terminal=terminal, width=width)
    detail(one, to)
    return to.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def listed(*histories: History) -> str:
    to = console()
    overview(histories, to)
    return to.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def flat(text: str) -> str:
    return " ".join(text.split())


def said(one: History) -> str:
    return finding(one, steps(one))


def test_a_change_is_told_in_percent_with_its_interval_and_a_large_one_as_a_factor() -> None:
    assert percent(Estimate(1.041, 1.012, 1.0713, "x", 9)) == "+4.1 % [1.2, 7.1]"
    assert percent(Estimate(0.98, 0.9, 1.05, "x", 9)) == "−2.0 % [−10.0, 5.0]"
    assert percent(Estimate(1.0001, 0.9999, 1.0003, "x", 9)) == "0.0 % [0.0, 0.0]"
    assert percent(Estimate(0.9999, 0.99, 1.01, "x", 9)) == "0.0 % [−1.0, 1.0]"
    assert percent(Estimate(1.5, 0.5, 12.0, "x", 2)) == "+50.0 % [−50.0, 1100]"
    assert percent(Estimate(2.5, 2.4, 2.61, "x", 9)) == "2.50× [2.40, 2.61]"


def test_the_finding_names_the_step_with_its_run_and_its_interval() -> None:
    pattern = r"The makespan of a round stepped by \+7\.\d % \[6\.\d, 9\.\d\] with the run of 28 November 2026 "
    assert re.fullmatch(pattern + r"\(ab1e66d\), p = 0\.0\d\d", said(history(STEP)))
    assert "(ab1" not in said(history(STEP, commits=False))


def test_the_finding_says_when_no_step_was_found_and_never_that_nothing_changed() -> None:
    text = said(history([0.1, 0.101, 0.099] * 3))
    assert text.startswith(
        "No step of the makespan of a round was found in 9 comparable runs; the latest stands at −1.0 %"
    )
    assert "same" not in text
    assert "and fewer than 8 can hardly show one" in said(history([0.1, 0.101, 0.099] * 2))
    assert said(history([0.1, 0.101])).startswith("2 comparable runs are too few to look for a step")


def test_a_step_among_runs_that_cannot_be_compared_any_more_is_told_apart() -> None:
    text = said(history([*STEP, 0.2, 0.2], environments={12: NEWER}))
    assert text.startswith("2 comparable runs are too few")
    assert text.endswith("; 1 step before, in other environments")


def test_with_fewer_than_two_comparable_runs_it_says_what_to_do() -> None:
    text = shown(history([*STEP, 0.2], environments={12: NEWER}))
    assert "The latest run can be compared with no other, and a trend needs 2 comparable runs" in text
    assert "Measure again: when-async run -w 'sleep[wait=10ms,n=100,c=10]'" in text
    assert "No run has a number, and a trend needs 2 comparable runs" in shown(history([None, None]))
    assert "measure again: when-async run" in flat(listed(history([0.1]), history([None])))
    assert "measure again" not in flat(listed(history([0.1, 0.1]), history([None])))


@pytest.mark.parametrize("one", [history(STEP), history([0.1])], ids=["many", "one"])
def test_every_view_says_that_it_is_no_verdict(one: History) -> None:
    assert f"{CAUTION}." in flat(shown(one))
    assert f"{CAUTION}." in flat(listed(one))
    assert CAUTION in flat(" ".join(text.get_text() for text in draw(one, steps(one)).texts))


def test_the_list_has_a_line_for_each_run_with_all_that_is_known_of_it() -> None:
    lines = shown(history([0.1, None, 0.11], noise={2: "disturbed: 12 % steal"}, environments={2: NEWER})).splitlines()
    assert "  2026-11-22 15:01  ab12cd3   100 [98.0, 102]             3.11.7          quiet" in lines
    assert "  2026-11-23 15:01  ab14bc2   FAILED: the server saw 99 requests where 100 were asked for" in lines
    last = "  2026-11-24 15:01  ab16ab1   110 [108, 112]              3.11.9          disturbed: 12 % steal"
    assert last in lines
    assert lines[lines.index(last) - 1] == "  -- CPython 3.11.7 → 3.11.9: not comparable with the value above"


def test_a_step_stands_between_the_runs_that_it_parts() -> None:
    lines = shown(history(STEP)).splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith("  -- step of +7."))
    assert lines[at - 1].startswith("  2026-11-27")
    assert lines[at + 1].startswith("  2026-11-28")


def test_the_trend_is_for_terminals_and_fits_them() -> None:
    one = history([*STEP, None, 0.12] * 9, environments={13: NEWER})
    assert "▁" not in shown(one)
    for width in (60, 80, 100, 160):
        lines = shown(one, terminal=True, width=width).splitlines()
        assert max(map(len, lines)) <= min(100, width)
        assert [len(line) for line in lines if "▁" in line] == [min(100, width)]


def test_a_sparkline_scales_each_environment_by_itself_and_shows_breaks_and_holes() -> None:
    one = history([0.1, 0.2, None, 5.0, 5.0, 10.0], environments={3: NEWER})
    assert sparkline(one) == "▁█·|▁▁█"
    assert sparkline(one, 4) == "|▁▁█"


def test_a_sparkline_keeps_what_hardly_moved_flat() -> None:
    assert set(sparkline(history([0.1, 0.1004, 0.0997, 0.1]))) <= set(BLOCKS[3:5])
    assert sparkline(history([None])) == "·"


def test_the_overview_shows_id_runs_latest_value_change_and_trend_in_the_order_given() -> None:
    one = history([0.3, 0.1, 0.1, 0.1, 0.11], environments={1: NEWER})
    lines = listed(one, history([None], cell="zzz")).splitlines()
    at = lines.index(CELL)
    assert re.fullmatch(r" +4 of 5  110 ms \[108, 112\] +\+10\.0 % \[7\.\d, 12\.\d\] +[▁▂▃▄▅▆▇█|]{6}", lines[at + 1])
    assert lines[at + 2 : at + 4] == [
        "zzz",
        "        0 of 1  no number                     –                         ·",
    ]


def test_the_overview_says_which_direction_is_the_slow_one() -> None:
    assert "A change above 0 % is slower" in listed(history(STEP))
    assert "A change above 0 % is faster" in listed(history(STEP, metric="throughput"))


def test_no_line_is_longer_than_100_columns_and_markup_of_others_is_text() -> None:
    nasty = "[bold]x[/bold]\x1b[31m" + "y" * 200
    one = history(
        [0.1, 0.1, None], cell=nasty, environments={1: {"interpreter": nasty, "lib": nasty}}, noise={1: nasty}
    )
    for text in (shown(one), shown(one, terminal=True), listed(one)):
        assert max(map(len, text.splitlines())) <= 100
        assert "[bold]x[/bold]" in text
        assert "\x1b[31m" not in text


def busy(runs: int, every: int) -> Mapping[int, Mapping[str, str]]:
    """A new interpreter now and then, and a new machine every other time."""
    return {
        index: {"interpreter": f"CPython 3.{index}.10", **({"machine": str(index)} if index // every % 2 else {})}
        for index in range(every, runs, every)
    }


PICTURES = {
    "one run": history([0.1]),
    "two runs": history([0.1, 0.1]),
    "a step": history(STEP),
    "a step, holes and a disturbed run": history([*STEP[:3], None, *STEP], noise={5: "disturbed: 9 % steal"}),
    "a break at the last run": history([*STEP, 0.12], environments={12: NEWER}),
    "a step, a break and the old interpreter again": history(
        [*STEP, 0.2, 0.2, *STEP[-5:]], environments={12: NEWER, 14: OLDER}
    ),
    "a break at every run": history([0.1] * 14, environments=busy(14, 1)),
    "many runs": history([0.1, 0.101, 0.099] * 40, environments=busy(120, 15), commits=False),
    "a wide span over New Year": history([0.01, 0.1, 1.0] * 3, start=datetime(2026, 12, 28, tzinfo=UTC)),
}


def texts(figure: Figure) -> list[Text]:
    """All texts that are drawn: matplotlib keeps labels of ticks beyond the limits too, and does not draw them."""
    (axes,) = figure.axes
    low, high = axes.get_ylim()
    beyond = [tick.label1 for tick in axes.yaxis.get_major_ticks() if not low <= tick.get_loc() <= high]
    found: list[Text] = figure.findobj(Text)  # type: ignore[assignment]
    return [text for text in found if text.get_visible() and text.get_text().strip() and text not in beyond]


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("name", PICTURES)
def test_no_text_of_the_picture_covers_another_or_leaves_it(name: str, width: float) -> None:
    one = PICTURES[name]
    figure = draw(one, steps(one), width)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    frame = figure.bbox.padded(1)
    boxes = {text: text.get_window_extent() for text in texts(figure)}
    out = [text.get_text() for text, box in boxes.items() if box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < 0]
    assert out == []
    covered = [
        (one.get_text(), other.get_text())
        for (one, a), (other, b) in combinations(boxes.items(), 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 0.5 and min(a.y1, b.y1) - max(a.y0, b.y0) > 0.5
    ]
    assert covered == []


def joined(figure: Figure) -> list[tuple[int, int]]:
    """The pairs of runs that a line joins."""
    axes = figure.axes[0]
    across = [line for line in axes.lines if line.get_linestyle() == "-" and line.get_linewidth() == 1.2]
    return [(int(xs[0]), int(xs[1])) for line in across if (xs := list(line.get_xdata()))]  # type: ignore[arg-type]


def test_a_line_joins_neighbours_that_may_be_compared_and_nothing_else() -> None:
    one = history([0.1, 0.1, 0.1, None, 0.1, 0.1, 0.1], environments={2: NEWER, 6: OLDER})
    assert joined(draw(one, {})) == [(0, 1), (4, 5)]


def test_breaks_and_steps_are_named_in_the_picture() -> None:
    one = history([*STEP, 0.2, 0.2], environments={12: NEWER})
    said_there = [text.get_text() for text in texts(draw(one, steps(one)))]
    assert "CPython 3.11.7 → 3.11.9" in said_there
    assert any(re.fullmatch(r"\+7\.\d % \[6\.\d, 9\.\d\]", text) for text in said_there)


def test_what_is_left_unnamed_or_unusual_is_told() -> None:
    crowded, odd = PICTURES["a break at every run"], PICTURES["a step, holes and a disturbed run"]
    assert any("had no room for" in text.get_text() for text in texts(draw(crowded, {})))
    assert "Hollow points are disturbed runs; × is a run without a number" in [
        text.get_text() for text in texts(draw(odd, steps(odd)))
    ]


@pytest.mark.parametrize("runs", [1, 2, 7, 8, 9, 15, 16, 100])
def test_at_most_eight_runs_are_labelled_at_equal_steps_with_the_latest_among_them(runs: int) -> None:
    places = labelled(runs, 8)
    assert places[-1] == runs - 1
    assert len(places) <= 8
    assert len({b - a for a, b in pairwise(places)}) <= 1


def test_the_years_are_named_where_there_are_several() -> None:
    said_there = [text.get_text() for text in texts(draw(PICTURES["a wide span over New Year"], {}))]
    assert "5 Jan 27\n" in "".join(f"{text}\n" for text in said_there)


def test_the_picture_is_a_valid_svg_with_its_own_ground_light_and_dark(tmp_path: Path) -> None:
    one = history(STEP)
    assert write(one, tmp_path / "new" / "picture.svg")
    root = ET.fromstring((tmp_path / "new" / "picture.svg").read_text(encoding="utf-8"))
    text = ET.tostring(root, encoding="unicode")
    assert "prefers-color-scheme:dark" in text
    assert "var(--paper,#fdfdfb)" in text
    assert not re.search(r": #[0-9a-f]{6}", text.partition("</ns0:style>")[2])
    assert f"{CELL}: {said(one)}" == root[0].text


def test_without_a_number_nothing_is_drawn(tmp_path: Path) -> None:
    assert not write(history([None]), tmp_path / "picture.svg")
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(ReportError, match=r"^cannot write the picture .*: .*; name a file in a writable folder$"):
        write(history([0.1]), tmp_path / "taken" / "picture.svg")
