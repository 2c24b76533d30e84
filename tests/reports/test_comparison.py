"""How B stands to A, as readers get it: direction, signs, what would settle an open verdict, and the page's section."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from math import log

import pandas as pd
import pytest
from rich.console import Console

from when_async.reports.terminal.comparison import as_long, between, flat, said, table
from when_async.results.contrast.rows import ContrastRow, contrast_environments
from when_async.results.stats.standing import Standing, judge

DIFFERS = ("Python 3.13.5 vs 3.14.0", "aiohttp 3.13.2 vs 3.14.1")
QUICKER = [log(1.25 + step / 1000) for step in range(8)]
"""Log of time of A / time of B: B takes 0.8 times as long."""
OPEN = [log(1 + step / 10) for step in range(-4, 5)]


def row(
    contrast: Standing | None, *, label: str = "sleep[c=1]-asyncio", metric: str = "wall", **more: object
) -> ContrastRow:
    values: dict[str, object] = {"reason": "", "differs": DIFFERS, **more}
    return ContrastRow(f"{label}@3.13", f"{label}@3.14", label, contrast, metric=metric, **values)  # type: ignore[arg-type]


def printed(rows: Sequence[ContrastRow]) -> list[str]:
    console = Console(file=io.StringIO(), width=400)
    table("3.13", "3.14", rows, console)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


def test_a_faster_b_takes_less_than_once_the_time_and_its_interval_stays_in_order() -> None:
    found = as_long(judge(QUICKER, 0.03))
    assert found is not None
    assert found.low < found.point < found.high < 1
    assert found.point == pytest.approx(0.8, rel=0.01)


def test_the_table_says_the_direction_and_the_verdict_with_a_sign() -> None:
    lines = printed([row(judge(QUICKER, 0.03)), row(judge([-each for each in QUICKER], 0.03), metric="cpu")])
    assert (
        "  Each figure says how many times as long B takes as A, with its 95 % interval: below 1 B is faster." in lines
    )
    wall = next(line for line in lines if line.startswith("  wall"))
    cpu = next(line for line in lines if line.startswith("  CPU per op"))
    assert float(wall.split()[1]) == pytest.approx(0.8, rel=0.01)
    assert "▼ faster" in wall
    assert "by more than the margin of 3 %" in wall
    assert float(cpu.split()[3]) == pytest.approx(1.25, rel=0.01)
    assert "▲ slower" in cpu


def test_what_all_rows_differ_in_is_told_once_and_above_the_table() -> None:
    lines = printed([row(judge(QUICKER, 0.03), label=f"sleep[c={c}]-asyncio") for c in (1, 2, 3)])
    told = [place for place, line in enumerate(lines) if "They differ in" in line]
    assert told == [1]
    assert lines[1] == "  They differ in: Python 3.13.5 vs 3.14.0, aiohttp 3.13.2 vs 3.14.1."


def test_no_line_is_longer_than_100_columns() -> None:
    long = "http_fetch[delay=20ms,body=1KiB,n=500,c=100]-asyncio/aiohttp-with-a-name-that-does-not-end" * 2
    rows = [row(judge(OPEN, 0.03), label=long), row(None, label="b", reason="word " * 60, differs=DIFFERS * 20)]
    assert max(map(len, printed(rows))) <= 100


def test_an_open_verdict_says_how_many_more_forks_would_settle_it() -> None:
    contrast = judge([log(1 + step / 50) for step in range(-4, 5)], 0.03)
    assert contrast.forks_needed is not None
    assert said(row(contrast)) == f"about {contrast.forks_needed - 9} more forks: --forks {contrast.forks_needed}"


def test_equivalence_is_told_with_its_margin_and_never_as_sameness() -> None:
    contrast = judge([log(1 + step / 1000) for step in range(-4, 5)], 0.03)
    assert said(row(contrast)) == "no difference larger than 3 % was seen"


def test_a_hole_is_told_once_with_its_reason() -> None:
    hole = "sleep[c=1]-uvloop@3.14 is UNSUPPORTED: uvloop is missing"
    lines = printed([row(None, reason=hole), row(None, reason=hole, metric="cpu")])
    assert [line.strip() for line in lines if "UNSUPPORTED" in line] == [f"– {hole}"]


def test_a_difference_that_many_rows_make_doubtful_says_so() -> None:
    assert "perhaps by chance" in said(row(judge(QUICKER, 0.03), p_holm=0.2))
    assert "perhaps by chance" not in said(row(judge(QUICKER, 0.03), p_holm=0.01))


def test_the_flat_row_has_the_ratio_in_the_direction_of_the_table() -> None:
    found = flat(row(judge(QUICKER, 0.03)))
    assert found["low"] < found["times_as_long"] < found["high"] < 1
    assert (found["verdict"], found["forks"], found["differs"]) == ("faster", 8, list(DIFFERS))
    assert flat(row(None, reason="why"))["times_as_long"] is None


def test_the_page_compares_every_environment_with_the_first_one_of_the_run(
    frame_of: Callable[..., pd.DataFrame],
) -> None:
    frame = frame_of("between", pythons=("3.11", "3.13", "3.14"), forks=7)
    found = between(frame)
    assert found is not None
    assert list(dict.fromkeys(group.heading for group in found.groups)) == ["3.13 against 3.11", "3.14 against 3.11"]
    assert len({group.detail for group in found.groups}) == len(found.groups)
    rows = {each.cell_a: each for each in contrast_environments(frame, "3.11", "3.13") if each.metric == "wall"}
    group = next(group for group in found.groups if group.detail.startswith("grid_search[unit=10ms,n=16,c=2] · "))
    assert {line.head for line in group.lines} == {"sync", "threading", "multiprocessing", "asyncio", "uvloop"}
    line = group.lines[0]
    contrast = rows[f"grid_search[unit=10ms,n=16,c=2]-{line.head}@3.11"].contrast
    assert contrast is not None
    assert contrast.ratio is not None
    assert float(line.entries[0][0].text) == pytest.approx(1 / contrast.ratio.point, rel=0.01)
    assert line.entries[-1][0].text == "7"


def test_a_run_of_one_environment_has_no_such_section(frame: pd.DataFrame) -> None:
    assert between(frame) is None
