"""`when-async report` says how far it is: a bar on a terminal, a line now and then elsewhere, none when it is quick."""

from __future__ import annotations

import io

import pytest

from when_async.bench.cli.report import QUIET_S, drawing


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_without_a_terminal_a_line_comes_when_ten_seconds_have_gone_and_none_before() -> None:
    now, out = [0.0], io.StringIO()
    with drawing(out, lambda: now[0]) as on_section:
        for done, name in enumerate(("sleep", "mixed", "chain", "queue")):
            on_section(done, 4, name)
            now[0] += 0.6 * QUIET_S
    assert out.getvalue() == "drawing chain, 2 of 4 sections done\n"


def test_a_page_that_is_drawn_at_once_says_nothing() -> None:
    out = io.StringIO()
    with drawing(out, lambda: 0.0) as on_section:
        on_section(0, 1, "sleep")
    assert out.getvalue() == ""


def test_on_a_terminal_the_section_that_is_drawn_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()
    with drawing(out) as on_section:
        on_section(3, 4, "mixed")
    assert "drawing mixed" in out.getvalue()
