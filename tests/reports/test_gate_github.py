"""The gate as GitHub workflow commands: escaped, at most ten of a kind, and as serious as the exit code."""

from __future__ import annotations

import re

import pytest

from support.gate_reports import BLIND, REPORTS, cell, inconclusive, regressed, report, unchanged
from when_async.reports.gate.github import command, render
from when_async.results.gate.report import OK, GateReport, Word, exit_code

every = pytest.mark.parametrize("found", [pytest.param(found, id=name) for name, found in REPORTS.items()])
COMMAND = re.compile(r"^::(?P<kind>error|warning|notice) title=(?P<title>[^:,\r\n]*)::(?P<message>[^\r\n]+)$")
BACK = {"%25": "%", "%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ","}


def read(line: str) -> tuple[str, str, str]:
    """What the runner makes of a command: kind, title and message with the escapes undone."""
    found = COMMAND.match(line)
    assert found, line
    title, message = (re.sub("%[0-9A-F]{2}", lambda code: BACK[code[0]], found[name]) for name in ("title", "message"))
    return found["kind"], title, message


def kinds(found: GateReport) -> list[str]:
    return [read(line)[0] for line in render(found)]


@every
def test_every_line_is_one_command(found: GateReport) -> None:
    assert all(read(line) for line in render(found))


@every
def test_there_is_an_error_exactly_where_the_gate_fails(found: GateReport) -> None:
    assert ("error" in kinds(found)) is (exit_code(found) != OK)


def test_percent_line_ends_and_in_titles_colon_and_comma_are_escaped() -> None:
    line = command("error", "a: b, c 5 %", "a: b, 5 %\nsecond")
    assert line == "::error title=a%3A b%2C c 5 %25::a: b, 5 %25%0Asecond"
    assert read(line) == ("error", "a: b, c 5 %", "a: b, 5 %\nsecond")


def test_a_text_cannot_start_a_command_of_its_own() -> None:
    lines = render(report(cell("a", Word.BROKEN, "first\r\n::stop-commands::x\n::add-mask::y")))
    assert [read(line)[0] for line in lines] == ["error", "error", "notice"]
    assert not any(line.startswith(("::stop", "::add")) for line in "\n".join(lines).splitlines())


def test_a_regression_is_an_error_with_its_name_and_how_much() -> None:
    kind, title, message = read(render(REPORTS["regression"])[0])
    assert (kind, title) == ("error", "REGRESSED empty[n=1000,c=100]-uvloop@3.14")
    assert message.startswith("31.0 % more wall time [30.1, 31.9]: wall and cpu beyond the margin")


def test_doubts_are_warnings_and_errors_where_they_were_asked_to_fail() -> None:
    assert kinds(REPORTS["inconclusive"]).count("warning") == 1
    assert kinds(REPORTS["blind"]).count("warning") == len(BLIND)
    assert kinds(REPORTS["strict"]).count("warning") == 0
    assert kinds(REPORTS["strict and blind"]).count("error") == len(BLIND)


def test_the_verdict_and_improvements_are_notices() -> None:
    told = [read(line) for line in render(REPORTS["regression"])]
    notices = [(title, message) for kind, title, message in told if kind == "notice"]
    assert notices[0][0] == "when-async gate: FAIL"
    assert "FAIL (exit 1): 2 benchmarks regressed." in notices[0][1]
    assert notices[1][0].startswith("IMPROVED http_fetch")


@pytest.mark.parametrize("count", [10, 11, 40])
def test_at_most_ten_of_a_kind_and_the_last_says_how_many_more(count: int) -> None:
    cells = [regressed(f"sleep[wait={index}ms,n=1,c=1]-asyncio@3.14") for index in range(count)]
    cells += [inconclusive(f"sleep[wait={index}ms,n=1,c=1]-trio@3.14") for index in range(count)]
    told = [read(line) for line in render(report(*cells, *unchanged(3), allow_undecided=True))]
    for kind in ("error", "warning"):
        own = [message for found, _, message in told if found == kind]
        assert len(own) == 10
        assert own[-1].startswith(f"and {count - 9} more") is (count > 10)


def test_a_changed_verdict_and_a_failed_control_are_told_by_name() -> None:
    changed = read(render(REPORTS["flips"])[0])
    assert changed[:2] == ("error", "verdict changed: sleep[wait=1ms,n=1000,c=64]: asyncio ÷ threading")
    assert "asyncio beat threading; in head threading is the faster one." in changed[2]
    failed = [read(line) for line in render(REPORTS["blind"])]
    assert failed[0][1].startswith("control failed: unchanged: sleep[")
    assert "base against base gave REGRESSED: 1.061 [1.054, 1.068]" in failed[0][2]
