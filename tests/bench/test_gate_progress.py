"""Whoever waits for a gate sees which pass it is in and about how long it still takes."""

from __future__ import annotations

import io
import re

import pytest

from support.fakes import Clock
from when_async.bench.gate.progress import GateProgress
from when_async.bench.gate.walk import PairStep
from when_async.bench.model import Pair


class Asking:
    """A judge that always wants so many pairs; 0 is decided."""

    def __init__(self, count: int) -> None:
        self.count = count

    def wants(self) -> tuple[str, int] | None:
        return ("first", self.count) if self.count else None

    def owed(self) -> int:
        return self.count

    def urgent(self) -> bool:
        return False

    def add(self, pair: Pair) -> None:
        raise AssertionError("progress only looks on")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def progress(clock: Clock, stream: io.StringIO, *counts: int, budget_s: float = 600.0) -> GateProgress:
    asks = {f"cell {number}": Asking(count) for number, count in enumerate(counts)}
    return GateProgress(asks, budget_s, stream, began=clock(), clock=clock)


def test_a_log_gets_one_line_for_each_pass() -> None:
    clock, stream = Clock(), io.StringIO()
    with progress(clock, stream, 6, 6) as shown:
        for passed in range(2):
            for place in range(2):
                shown.step(PairStep(passed, f"cell {place}", place, 2))
                clock.pass_s(3.0)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("pass 1  1 of 2 undecided  ")
    assert lines[1].startswith("pass 2  1 of 2 undecided  ")


def test_the_time_that_is_left_follows_the_pace_so_far() -> None:
    clock, stream = Clock(), io.StringIO()
    with progress(clock, stream, 6, 6) as shown:
        for place in range(2):
            shown.step(PairStep(0, f"cell {place}", place, 2))
            clock.pass_s(3.0)
        # Two cells still want six pairs each, and a pair took 3 s: 36 s.
        shown.step(PairStep(1, "cell 0", 0, 2))
    assert stream.getvalue().splitlines()[1].endswith("0:06 gone, about 0:36 left")


def test_no_more_time_is_left_than_the_budget_has() -> None:
    clock, stream = Clock(), io.StringIO()
    with progress(clock, stream, 42, 42, budget_s=10.0) as shown:
        shown.step(PairStep(0, "cell 0", 0, 2))
        clock.pass_s(4.0)
        shown.step(PairStep(1, "cell 0", 0, 2))
    assert stream.getvalue().splitlines()[1].endswith("0:04 gone, about 0:06 left")


def test_decided_cells_need_no_time() -> None:
    clock, stream = Clock(), io.StringIO()
    with progress(clock, stream, 0, 0) as shown:
        shown.step(PairStep(0, "cell 0", 0, 1))
    assert stream.getvalue().endswith("about 0:00 left\n")


def test_a_line_that_stays_is_written_as_it_is() -> None:
    stream = io.StringIO()
    with progress(Clock(), stream, 6) as shown:
        shown.say("BROKEN tiny[n=20,c=4]-sync: head: killed [bold]")
    assert stream.getvalue() == "BROKEN tiny[n=20,c=4]-sync: head: killed [bold]\n"


def test_a_terminal_shows_the_cell_with_its_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with progress(Clock(), stream, 6) as shown:
        shown.step(PairStep(0, "tiny[n=20,c=4]-sync", 0, 1))
        shown.say("BROKEN tiny[n=20,c=4]-sync: [red]no")
    assert "tiny[n=20,c=4]-sync: [red]no" in stream.getvalue()


def test_the_live_line_is_stopped_on_the_way_out_of_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with pytest.raises(KeyboardInterrupt), progress(Clock(), stream, 6):
        raise KeyboardInterrupt
    # The cursor is hidden as long as the line lives, and shown again in the end.
    assert re.findall(r"\x1b\[\?25[hl]", stream.getvalue()) == ["\x1b[?25l", "\x1b[?25h"]
