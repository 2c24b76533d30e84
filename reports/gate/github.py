"""The cases of the JUnit file as GitHub workflow commands, which show as annotations of the job.

Escaping follows actions/toolkit, packages/core/src/command.ts. GitHub shows ten errors, ten warnings and ten notices
of a step and drops the others without a word, so the tenth says how many there are.
"""

from __future__ import annotations

from collections.abc import Sequence

from when_async.results.gate.report import GateReport, Word, outcome

from .. import words
from . import telling
from .figures import percent
from .junit import CONTROL, FLIP, RUN, SKIPPED, Case, cases

MOST = 10
TITLE = "when-async gate"
TOLD = {FLIP: "verdict changed:", CONTROL: "control failed:"}
DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
PROPERTY = DATA | {":": "%3A", ",": "%2C"}

Said = tuple[str, str]
"""Title and message of one annotation."""


def render(report: GateReport) -> list[str]:
    """The commands, one a line: errors for what fails the gate, warnings for doubts, notices for the rest."""
    found: dict[str, list[Said]] = {"error": [], "warning": [], "notice": [_verdict(report)]}
    for case in cases(report):
        if level := _level(case):
            found[level].append(_said(case))
    return [command(level, *said) for level, own in found.items() for said in _ten(own)]


def _level(case: Case) -> str:
    if case.outcome == SKIPPED:
        return "warning" if case.kind in (Word.INCONCLUSIVE, CONTROL) else ""
    return "error" if case.outcome else "notice" if case.kind == Word.IMPROVED else ""


def _said(case: Case) -> Said:
    title = TITLE if case.kind == RUN else f"{TOLD.get(case.kind, case.kind)} {words.one_line(case.name, 120)}"
    return title, words.sentence(case.message.removeprefix(f"{case.kind}: "))


def command(kind: str, title: str, message: str) -> str:
    """One workflow command: `::error title=...::...`."""
    return f"::{kind} title={_escaped(title, PROPERTY)}::{_escaped(message, DATA)}"


def _escaped(raw: str, table: dict[str, str]) -> str:
    return "".join(table.get(character, character) for character in words.clean(raw))


def _ten(found: Sequence[Said]) -> Sequence[Said]:
    if len(found) <= MOST:
        return found
    left = len(found) - MOST + 1
    return [*found[: MOST - 1], (TITLE, f"and {left} more: see the job summary or gate.md")]


def _verdict(report: GateReport) -> Said:
    said = [telling.verdict(report), *telling.operating(report.operating, telling.to_decide(report))[-1:]]
    title = f"{TITLE}: {outcome(report)}"
    return title, f"Margin {percent(report.margin)}. {' '.join(said)}"
