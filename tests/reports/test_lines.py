"""Lines on a narrow terminal: nothing is cut, and a figure keeps its interval."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from when_async.reports.lines import flowed, line, wrapped

ROW = [("  asyncio              ", ""), ("      35.0", "bold"), (" [34.7, 35.3] ", "dim"), ("  1.67×", "")]


def texts(width: int) -> list[str]:
    return ["".join(text for text, _ in parts).rstrip() for parts in flowed(ROW, width)]


def test_a_line_that_fits_stays_as_it_is() -> None:
    assert flowed(ROW, 80) == [ROW]


def test_a_figure_goes_on_below_its_name_together_with_its_interval() -> None:
    assert texts(40) == ["  asyncio", "    35.0 [34.7, 35.3]   1.67×"]


@pytest.mark.parametrize("width", [30, 40, 50])
def test_nothing_is_lost_and_no_line_is_wider_than_there_is_room(width: int) -> None:
    assert max(map(len, texts(width))) <= width
    assert " ".join(texts(width)).split() == "".join(text for text, _ in ROW).split()


@pytest.mark.parametrize("width", [40, 60])
def test_what_is_printed_is_no_wider_than_the_terminal(width: int) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=width)
    line(console, "Each figure says how many times as long B takes as A, with its 95 % interval: below 1 B is faster.")
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= width
    assert "".join(lines).endswith("faster.")


def test_a_paragraph_is_as_wide_as_the_terminal_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert max(map(len, wrapped("word " * 40))) <= 40
    monkeypatch.setenv("COLUMNS", "400")
    assert 90 < max(map(len, wrapped("word " * 40))) <= 100
