"""The summary in a terminal and in a pipe."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest
from rich.console import Console

from support.run_files import http_cells
from when_async.reports.scene.evidence import rounds
from when_async.reports.terminal.run import bar, summary
from when_async.results.cells.summary import summary as rows_of

BLOCKS = set("█▏▎▍▌▋▊▉")


def printed(frame: pd.DataFrame, *, terminal: bool, width: int = 140, told: bool = False) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, color_system=None, width=width)
    summary(rows_of(frame), console, rounds(frame) if told else None)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_line_is_longer_than_100_columns_or_than_the_terminal(frame: pd.DataFrame, width: int) -> None:
    lines = printed(frame, terminal=True, width=width, told=True).splitlines()
    assert max(map(len, lines)) <= min(100, width)


def test_the_fastest_stands_first_with_its_interval_and_the_longest_bar(frame: pd.DataFrame) -> None:
    lines = printed(frame, terminal=True).splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("http_fetch"))
    names = [line.split()[0] for line in lines[start + 2 : start + 11]]
    assert names[0] == "uvloop/aiohttp"
    assert names[-2:] == ["multiprocessing/requests", "trio/httpx"]
    lengths = [sum(character in BLOCKS for character in line) for line in lines[start + 2 : start + 9]]
    assert lengths == sorted(lengths, reverse=True)
    assert all("[" in line for line in lines[start + 2 : start + 9])


def test_holes_say_why(frame: pd.DataFrame) -> None:
    text = printed(frame, terminal=False)
    assert "UNSUPPORTED: trio is not installed in 3.11" in text
    assert "FAILED: fork 0, round 2" in text


def test_what_is_no_terminal_gets_plain_lines(frame: pd.DataFrame) -> None:
    text = printed(frame, terminal=False)
    assert "\x1b" not in text
    assert not BLOCKS & set(text)


def test_the_finding_is_told_where_the_rounds_are_known(frame: pd.DataFrame) -> None:
    assert "multiprocessing led, with" in printed(frame, terminal=True, told=True)
    assert "multiprocessing led" not in printed(frame, terminal=True)


def test_a_smoke_run_prints_no_figure(frame_of: Callable[..., pd.DataFrame]) -> None:
    text = printed(frame_of("terminal-smoke", forks=1, profile="smoke"), terminal=True, told=True)
    assert "ran, answer checked; no figure" in text
    assert "[0." not in text
    assert not BLOCKS & set(text)


def test_names_are_never_read_as_markup(frame_of: Callable[..., pd.DataFrame]) -> None:
    spec = http_cells()[0]
    odd = replace(spec, cell=replace(spec.cell, runner="[red]x[/red]", library=""))
    assert "[red]x[/red]" in printed(frame_of("markup", cells=[odd]), terminal=True)


def test_a_bar_grows_by_eighths() -> None:
    assert bar(0) == ""
    assert bar(1, 4) == "████"
    assert bar(0.5, 3) == "█▌"
    assert bar(7, 2) == "██"
