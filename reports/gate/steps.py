"""What to do after a gate run: the one command that the outcome asks for."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from when_async.bench.model import Workload
from when_async.bench.registry import collect
from when_async.results.gate.report import (
    BROKEN,
    BROKEN_WORDS,
    REGRESSION,
    UNDECIDED,
    CellResult,
    Flip,
    GateReport,
    Word,
    exit_code,
    outcome,
)

from .. import words
from . import telling

_CELL = re.compile(r"^(?P<comparison>[^\[]+\[[^\]]*\])-(?P<runner>[^/@]+)(?:/[^@]*)?@(?P<python>.+)$")
_LONGEST = 1000


@dataclass(frozen=True)
class NextStep:
    """What to do next: a sentence that ends where the command begins."""

    sentence: str
    command: str


def next_step(report: GateReport, source: str = "") -> NextStep | None:
    """The one thing to do next, or None after a pass without reservations.

    `source` is where gate.json lies, for commands that must find it; empty where they look first.
    """
    code = exit_code(report)
    if code == BROKEN:
        return _mend(report, source)
    if code == REGRESSION and report.injected:
        return None
    if code == REGRESSION and report.of(Word.REGRESSED):
        return NextStep("If this is meant, say why:", _accept("why it is worth it", source))
    if code == REGRESSION:
        return _look_again(report, next(flip for flip in report.flips if flip.changed))
    if report.of(Word.INCONCLUSIVE):
        return _decide(report)
    if code == UNDECIDED and outcome(report) == "NEW":
        return NextStep("To let in what is the first of its kind:", f"{_shown(report.command)} --allow-new")
    if code == UNDECIDED or not all(canary.passed for canary in report.canaries):
        return NextStep("To see what this machine can tell at all:", "when-async calibrate")
    return None


def _accept(reason: str, source: str) -> str:
    place = ["--from", source] if source else []
    return shlex.join(["when-async", "gate", "accept", *place, "--reason", reason])


def _mend(report: GateReport, source: str) -> NextStep:
    broken = telling.ranked(report.of(*BROKEN_WORDS))
    if not report.cells:
        return NextStep("To see which benchmarks there are:", "when-async list")
    if broken and broken[0].word is Word.BROKEN:
        return NextStep("To see the first of them fail alone:", _alone(report, broken[0]))
    if broken and broken[0].word in (Word.MISSING, Word.RENAMED):
        return NextStep("If it was meant to go, say why:", _accept("why it is gone", source))
    if broken:
        return NextStep("Give base and head the same environment, then:", _shown(report.command))
    if not telling.compared(report) and not report.interrupted:
        return NextStep("Choose a base that has these benchmarks:", with_option(report.command, "--base", "REF"))
    return NextStep("To run it again:", _shown(report.command))


def _alone(report: GateReport, cell: CellResult) -> str:
    """The smallest run that shows a failure; of a workload from somebody's file only the gate knows where it is."""
    found = _CELL.match(cell.cell)
    if found is None:
        return _shown(report.command)
    if _ours(found["comparison"]):
        parts = ["when-async", "run", "--profile", "smoke", "-w", found["comparison"], "-r", found["runner"]]
        return shlex.join(parts)
    return _shown(shlex.join([*_without(_split(report.command), "-r", "--runner"), "-r", found["runner"]]))


def _look_again(report: GateReport, flip: Flip) -> NextStep:
    """Rankings cannot be accepted, so the one that changed is measured again with all pairs."""
    parts = _without(_split(report.command), "-r", "--runner", "--thorough")
    if _ours(flip.comparison):
        parts = [*_without(parts, "-w", "--workload"), "-w", flip.comparison]
    for contestant in (flip.first, flip.second):
        parts += ["-r", contestant.partition("/")[0]]
    return NextStep("To look at the first of them again, with all pairs:", _shown(shlex.join([*parts, "--thorough"])))


def _ours(comparison: str) -> bool:
    return telling.workload(comparison) in collect("when_async.workloads", Workload)


def _decide(report: GateReport) -> NextStep:
    """More time where it ran out, else a margin as wide as what this noise lets one see."""
    if report.seconds >= 0.9 * report.budget_s:
        minutes = max(1, math.ceil(2 * report.budget_s / 60))
        command = with_option(report.command, "--budget", f"{minutes}m")
        return NextStep("The budget was used up; with more time:", command)
    effects = [
        metric.smallest_effect
        for cell in report.of(Word.INCONCLUSIVE)
        for metric in cell.metrics
        if metric.smallest_effect is not None and math.isfinite(metric.smallest_effect)
    ]
    wider = max([*effects, report.margin + 0.01])
    command = with_option(report.command, "--margin", f"{math.ceil(round(100 * wider, 6))}%")
    return NextStep("What is undecided asks for a quieter machine or a wider margin:", command)


def with_option(command: str, option: str, value: str) -> str:
    """The command with that option set to `value`, in place of what it was."""
    return _shown(shlex.join([*_without(_split(command), option), option, value]))


def _split(command: str) -> list[str]:
    try:
        return shlex.split(words.one_line(command, _LONGEST)) or ["when-async", "gate"]
    except ValueError:
        return ["when-async", "gate"]


def _without(parts: Iterable[str], *options: str) -> list[str]:
    """The parts of a command without these options and their values; `--thorough` has none."""
    kept, rest = [], iter(parts)
    for part in rest:
        if part in options:
            if part != "--thorough":
                next(rest, None)
        elif not part.startswith(tuple(f"{option}=" for option in options)):
            kept.append(part)
    return kept


def _shown(command: str) -> str:
    return words.one_line(command, _LONGEST)
