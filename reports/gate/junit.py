"""The gate as JUnit XML, which CI servers other than GitHub know how to show.

One suite; a test case for each cell, control and verdict, and one for the run itself, because a suite without cases
counts as passed with many readers. The elements and attributes are those that pytest writes (family xunit2).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree

from when_async.results.gate.report import (
    BROKEN_WORDS,
    Canary,
    CellResult,
    Flip,
    GateReport,
    MetricResult,
    Word,
    only_new,
    run_faults,
)

from .. import words
from . import telling
from .figures import label, margins, percent, probability, ratio, visible

FAILURE, ERROR, SKIPPED = "failure", "error", "skipped"
RUN, FLIP, CONTROL = "RUN", "FLIP", "CONTROL"
"""Kinds of a case that is no cell; a cell's kind is its word."""


@dataclass(frozen=True)
class Case:
    """One test case; `outcome` is empty where it passed."""

    group: str
    name: str
    outcome: str = ""
    kind: str = ""
    message: str = ""
    output: str = ""
    seconds: float = 0.0


def render(report: GateReport) -> str:
    """Well-formed XML whatever the texts hold: control characters are taken out."""
    found = list(cases(report))
    count = {kind: str(sum(case.outcome == kind for case in found)) for kind in (FAILURE, ERROR, SKIPPED)}
    totals = {
        "name": "when-async gate",
        "tests": str(len(found)),
        "failures": count[FAILURE],
        "errors": count[ERROR],
        "skipped": count[SKIPPED],
        "time": f"{report.seconds:.3f}",
    }
    root = ElementTree.Element("testsuites", totals)
    suite = ElementTree.SubElement(root, "testsuite", {**totals, "timestamp": words.one_line(report.started)})
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in _properties(report):
        ElementTree.SubElement(properties, "property", {"name": name, "value": words.one_line(value, 1000)})
    for case in found:
        _add(suite, case)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False).join(
        ('<?xml version="1.0" encoding="UTF-8"?>\n', "\n")
    )


def _add(suite: ElementTree.Element, case: Case) -> None:
    named = {"classname": words.one_line(case.group, 400), "name": words.one_line(case.name, 400)}
    element = ElementTree.SubElement(suite, "testcase", {**named, "time": f"{case.seconds:.3f}"})
    if case.outcome:
        said = {"message": words.one_line(case.message, 1000), "type": case.kind}
        ElementTree.SubElement(element, case.outcome, said).text = words.clean(case.output or case.message)
    elif case.output:
        ElementTree.SubElement(element, "system-out").text = words.clean(case.output)


def _properties(report: GateReport) -> Iterable[tuple[str, str]]:
    yield "base", telling.side(report.base)
    yield "head", telling.side(report.head)
    yield "versions", telling.differences(report)
    yield "margin", percent(report.margin)
    yield "seed", str(report.seed)
    yield "noise", report.noise
    yield "verdict", telling.verdict(report)
    yield "command", report.command


def cases(report: GateReport) -> Iterable[Case]:
    """The run itself, then cells, verdicts and controls."""
    faults = "; ".join(run_faults(report))
    outcome = ERROR if faults else ""
    said = "\n".join(telling.operating(report.operating, telling.to_decide(report)))
    yield Case("gate", "every benchmark was decided", outcome, RUN, faults, said, report.seconds)
    for cell in telling.ranked(report.cells):
        yield _cell(cell, not report.allow_undecided, bool(only_new(report)) and not report.allow_new)
    for flip in telling.ordered_flips(report):
        yield _flip(flip)
    for canary in report.canaries:
        yield _control(canary, not report.allow_undecided)


def _cell(cell: CellResult, strict: bool, strict_new: bool) -> Case:
    outcome = ""
    if cell.word is Word.REGRESSED:
        outcome = FAILURE
    elif cell.word in BROKEN_WORDS:
        outcome = ERROR
    elif cell.word is Word.INCONCLUSIVE:
        outcome = FAILURE if strict else SKIPPED
    elif cell.word is Word.NEW:
        outcome = FAILURE if strict_new else SKIPPED
    message = ": ".join(part for part in (str(cell.word), telling.sentence(cell)) if part)
    output = "\n".join([message, *_numbers(cell)])
    return Case(telling.workload(cell.cell), cell.cell, outcome, str(cell.word), message, output, cell.seconds)


def _numbers(cell: CellResult) -> Iterable[str]:
    for metric in cell.metrics:
        yield _number(metric, "head / base")
    for metric in cell.confirmation:
        yield _number(metric, "head / base on fresh pairs")
    if cell.metrics:
        yield f"margin {margins(cell)}, {words.count(cell.pairs, 'pair')}, smallest visible slow-down {visible(cell)}"


def _number(metric: MetricResult, what: str) -> str:
    tested = "" if metric.p is None else f", p {probability(metric.p)}"
    tested += "" if metric.p_holm is None else f" (Holm {probability(metric.p_holm)})"
    return f"{label(metric.metric)} {what}: {ratio(metric.ratio)}{tested}"


def _flip(flip: Flip) -> Case:
    message = f"{telling.flip_word(flip)}: {telling.meaning(flip)}"
    output = f"{message}\n{telling.pair(flip)}: base {ratio(flip.base)}, head {ratio(flip.head)}"
    outcome = FAILURE if flip.changed else SKIPPED
    name = f"{flip.comparison}: {telling.pair(flip)}"
    return Case("verdicts about models", name, outcome, FLIP, message, output)


def _control(canary: Canary, strict: bool) -> Case:
    said = words.sentence(f"{telling.control(canary)}: {ratio(canary.ratio)}, {words.count(canary.pairs, 'pair')}")
    outcome = "" if canary.passed else FAILURE if strict else SKIPPED
    kind = canary.kind if canary.kind == "unchanged" else f"{canary.kind} {percent(canary.injected)}"
    return Case("controls", f"{kind}: {canary.cell}", outcome, CONTROL, said, said)
