"""The gate as GitHub workflow commands, which show as annotations of the job.

Escaping follows actions/toolkit, packages/core/src/command.ts. GitHub shows ten errors, ten warnings and ten notices
of a step and drops the others without a word, so the tenth says how many there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from when_async.results.gate.report import BROKEN_WORDS, OK, GateReport, Word, exit_code

from .. import words
from . import telling
from .figures import percent, ratio

MOST = 10
DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
PROPERTY = DATA | {":": "%3A", ",": "%2C"}

Said = tuple[str, str]
"""Title and message of one annotation."""


def render(report: GateReport) -> list[str]:
    """The commands, one a line: errors for what fails the gate, warnings for doubts, notices for the rest."""
    errors, warnings, notices = _errors(report), _doubts(report), _notices(report)
    if report.fail_inconclusive:
        errors, warnings = [*errors, *warnings], []
    kinds = (("error", errors), ("warning", warnings), ("notice", notices))
    return [command(kind, *said) for kind, found in kinds for said in _ten(found)]


def command(kind: str, title: str, message: str) -> str:
    """One workflow command: `::error title=...::...`."""
    return f"::{kind} title={_escaped(title, PROPERTY)}::{_escaped(message, DATA)}"


def _escaped(raw: str, table: dict[str, str]) -> str:
    return "".join(table.get(character, character) for character in words.clean(raw))


def _ten(found: Sequence[Said]) -> Iterable[Said]:
    if len(found) <= MOST:
        return found
    left = len(found) - MOST + 1
    return [*found[: MOST - 1], ("when-async gate", f"and {left} more: see the job summary or gate.md")]


def _errors(report: GateReport) -> list[Said]:
    found = [("when-async gate", words.sentence(fault)) for fault in telling.run_faults(report)]
    found += _cells(report, Word.REGRESSED)
    found += [
        (f"verdict changed: {words.one_line(flip.comparison, 120)}", telling.meaning(flip))
        for flip in report.flips
        if flip.changed
    ]
    return found + _cells(report, *BROKEN_WORDS)


def _cells(report: GateReport, *kinds: Word) -> list[Said]:
    cells = telling.ranked(report.of(*kinds))
    return [
        (f"{cell.word} {words.one_line(cell.cell, 120)}", telling.sentence(cell) or str(cell.word)) for cell in cells
    ]


def _doubts(report: GateReport) -> list[Said]:
    found = [
        (f"control failed: {words.one_line(canary.cell, 120)}", f"{telling.control(canary)}: {ratio(canary.ratio)}.")
        for canary in report.canaries
        if not canary.passed
    ]
    return found + _cells(report, Word.INCONCLUSIVE)


def _notices(report: GateReport) -> list[Said]:
    title = f"when-async gate: {'PASS' if exit_code(report) == OK else 'FAIL'}"
    said = [telling.verdict(report), *telling.operating(report.operating, telling.fought(report))[-1:]]
    found = [(title, f"Margin {percent(report.margin)}. {' '.join(said)}")]
    return found + _cells(report, Word.IMPROVED)
