"""The gate as JUnit XML: a reader that only counts failures and errors comes to the same verdict as the exit code."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from support.gate_reports import COMMAND, FETCH, NASTY, REPORTS, SLEEP
from when_async.reports.gate.junit import render
from when_async.results.gate.report import BROKEN, OK, REGRESSION, UNDECIDED, GateReport, exit_code

every = pytest.mark.parametrize("found", [pytest.param(found, id=name) for name, found in REPORTS.items()])
OUTCOMES = ("failure", "error", "skipped")


def suite(found: GateReport) -> ElementTree.Element:
    root = ElementTree.fromstring(render(found).encode())
    assert root.tag == "testsuites"
    (only,) = root
    return only


def outcomes(found: GateReport) -> dict[str, tuple[str, str]]:
    """Name of a case -> what became of it, and the message."""
    result = {}
    for case in suite(found).iter("testcase"):
        (told,) = [child for child in case if child.tag in OUTCOMES] or [None]
        result[case.attrib["name"]] = (told.tag, told.attrib["message"]) if told is not None else ("", "")
    return result


@every
def test_the_counts_are_those_of_the_cases(found: GateReport) -> None:
    top = suite(found)
    kinds = [kind for kind, _ in outcomes(found).values()]
    assert int(top.attrib["tests"]) == len(list(top.iter("testcase")))
    for name, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(top.attrib[name]) == kinds.count(kind)


@every
def test_failures_and_errors_tell_the_exit_code(found: GateReport) -> None:
    kinds = {kind for kind, _ in outcomes(found).values()}
    assert (exit_code(found) == OK) is not bool(kinds & {"failure", "error"})
    assert (exit_code(found) == BROKEN) is ("error" in kinds)
    if exit_code(found) in (REGRESSION, UNDECIDED):
        assert "failure" in kinds


def test_a_regressed_cell_fails_with_how_much_and_how_sure() -> None:
    kind, message = outcomes(REPORTS["regression"])[SLEEP]
    assert kind == "failure"
    assert message.startswith("REGRESSED: 8.2 % more wall time [7.3, 9.1]: wall and cpu beyond the margin")
    case = next(one for one in suite(REPORTS["regression"]).iter("testcase") if one.attrib["name"] == SLEEP)
    assert case.attrib["classname"] == "sleep"
    assert case.attrib["time"] == "4.250"
    text = case.findtext("failure")
    assert text is not None
    assert "wall head / base: 1.082 [1.073, 1.091], p 0.00006 (Holm 0.0036)" in text
    assert "wall head / base on fresh pairs: 1.079 [1.070, 1.088]" in text


@pytest.mark.parametrize(("name", "kind"), [("inconclusive", "skipped"), ("strict", "failure")])
def test_an_inconclusive_cell_is_skipped_unless_it_was_asked_to_fail(name: str, kind: str) -> None:
    assert outcomes(REPORTS[name])[FETCH][0] == kind


def test_broken_missing_renamed_and_incomparable_cells_are_errors() -> None:
    found = outcomes(REPORTS["broken"])
    errors = {message.partition(":")[0] for kind, message in found.values() if kind == "error"}
    assert errors == {"BROKEN", "MISSING", "RENAMED", "NOT_COMPARABLE"}


def test_new_cells_are_skipped_and_improved_ones_pass() -> None:
    found = outcomes(REPORTS["regression"])
    assert found["new[n=10,c=1]-asyncio@3.14"][0] == "skipped"
    assert found[FETCH][0] == ""


def test_verdicts_and_controls_are_cases_of_their_own() -> None:
    found = outcomes(REPORTS["flips"])
    assert found["sleep[wait=1ms,n=1000,c=64]: asyncio ÷ threading"][0] == "failure"
    assert found["http_fetch[body=1KiB,delay=5ms,n=100,c=10]: uvloop/aiohttp ÷ asyncio/aiohttp"][0] == "skipped"
    assert found[f"unchanged: {SLEEP}"][0] == ""
    assert outcomes(REPORTS["blind"])[f"unchanged: {SLEEP}"][0] == "skipped"
    assert outcomes(REPORTS["strict and blind"])[f"unchanged: {SLEEP}"][0] == "failure"


@pytest.mark.parametrize("name", ["empty", "interrupted"])
def test_a_run_that_compared_nothing_or_was_cut_short_is_an_error_of_its_own(name: str) -> None:
    assert outcomes(REPORTS[name])["every benchmark was decided"][0] == "error"


def test_the_properties_say_what_was_run() -> None:
    found = {one.attrib["name"]: one.attrib["value"] for one in suite(REPORTS["pass"]).iter("property")}
    assert found["base"] == "main (3f2a1c9)"
    assert found["head"] == "HEAD (91ab02e)"
    assert found["margin"] == "3 %"
    assert found["seed"] == "20260"
    assert found["command"] == COMMAND


def test_any_text_gives_well_formed_xml() -> None:
    assert "\x00" in NASTY
    message = next(message for kind, message in outcomes(REPORTS["nasty"]).values() if "BROKEN" in message)
    assert "<script>alert('x')</script> | `code` @octocat #12 **bold** second ]]> line & more" in message
