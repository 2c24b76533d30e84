"""What a gate run found: the words, the numbers beside them, and the exit code that follows from both.

Pure values: `bench/gate/walk.py` measures, `results/stats/sequential.py` decides, `reports/gate/` shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from when_async.bench.model import Estimate

OK, REGRESSION, USAGE, BROKEN, UNDECIDED = 0, 1, 2, 3, 4
"""Exit codes of `when-async gate` (method.md, exit codes)."""


class Word(StrEnum):
    """The verdict on one cell; each cell gets exactly one (method.md, verdicts of the gate)."""

    REGRESSED = "REGRESSED"
    """The test rejects the margin, and did so again on fresh pairs."""
    IMPROVED = "IMPROVED"
    """The mirror image."""
    EQUIVALENT = "EQUIVALENT"
    """The whole interval lies within the margin."""
    NO_ALARM = "NO_ALARM"
    """Stopped at an early look: nothing points to a regression; equivalence is not claimed."""
    INCONCLUSIVE = "INCONCLUSIVE"
    """None of these: too noisy, not confirmed, or out of time."""
    NOT_COMPARABLE = "NOT_COMPARABLE"
    """Base and head ran in environments that must not be compared."""
    MISSING = "MISSING"
    """In base, not in head."""
    RENAMED = "RENAMED"
    """In base under a name that head does not have, while head has one like it that base does not have."""
    BROKEN = "BROKEN"
    """It failed, hung or gave other results on one side."""
    NEW = "NEW"
    """Only in head: nothing to compare with yet."""


BROKEN_WORDS = (Word.MISSING, Word.RENAMED, Word.BROKEN, Word.NOT_COMPARABLE)


@dataclass(frozen=True)
class MetricResult:
    """One metric of one cell: head / base over process pairs.

    `metric` is `wall`, `cpu`, `p50` or `p99`; `ratio` has the unit `x` and is above 1 where head is slower; `p` is
    of the one-sided test against the margin and `p_holm` the same adjusted for all cells of the run, both None where no
    test was made. `margin` is the tolerated slow-down that was used (0.03 is 3 %), `spread` the robust standard
    deviation of a pair's log-ratio, `smallest_effect` the slow-down seen in 95 % of such runs with these pairs.
    `base_s` and `head_s` are median seconds per op.
    """

    metric: str
    ratio: Estimate | None
    p: float | None
    p_holm: float | None
    margin: float
    spread: float | None
    smallest_effect: float | None
    base_s: float | None
    head_s: float | None


@dataclass(frozen=True)
class CellResult:
    """The verdict on one cell; `metrics` are of the first series of pairs, `confirmation` of the fresh one."""

    cell: str
    word: Word
    reason: str
    pairs: int = 0
    metrics: tuple[MetricResult, ...] = ()
    confirmation: tuple[MetricResult, ...] = ()
    seconds: float = 0.0
    """Machine time spent on it, launches included."""


@dataclass(frozen=True)
class Canary:
    """A control: base against base must be silent, base against base with injected extra work must alarm.

    `kind` is `unchanged` or `injected`; `injected` the slow-down that was put in (0.0 for unchanged); `passed` says
    that the gate did what it must on it.
    """

    cell: str
    kind: str
    injected: float
    word: Word
    passed: bool
    ratio: Estimate | None
    pairs: int


@dataclass(frozen=True)
class Flip:
    """A verdict about models that base and head answer differently, such as who of two runners is faster.

    `changed` says that both sides are conclusive and contradict each other, which fails the gate; otherwise
    one side cannot say, which is only told. `base` and `head` are the ratio second / first on each side.
    """

    comparison: str
    first: str
    second: str
    base: Estimate
    head: Estimate
    changed: bool
    sentence: str


@dataclass(frozen=True)
class Operating:
    """What this gate run could and could not have seen, by replaying its own noise through its own rule.

    `false_alarms` of `simulated` replays of an unchanged cell alarmed; `false_alarm_bound` is the upper 95 % limit of
    that rate for one comparison and `per_run_bound` for all comparisons of this run. `power` maps an injected slow-down
    (0.03 is 3 %) to the share of replays that alarmed. `smallest_effect` is the least slow-down seen in 95 % of them.
    `noise_pairs` counts the pairs whose residuals were replayed. `seconds_per_decision` is machine time.
    """

    simulated: int
    false_alarms: int
    false_alarm_bound: float
    per_run_bound: float
    power: dict[float, float]
    smallest_effect: float | None
    noise_pairs: int
    seconds_per_decision: float
    cut_short: bool = False
    """Whether the budget ended before every benchmark was decided; then nothing is said of what was visible."""


@dataclass(frozen=True)
class Side:
    """Base or head: the text that was asked for, and what it turned out to be."""

    asked: str
    commit: str | None
    """Short hash of the commit, or None for a folder or pins."""
    python: str
    pins: tuple[str, ...] = ()
    modules: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class GateReport:
    """All that a gate run found; `reports/gate/` shows it, `to_json` keeps it."""

    base: Side
    head: Side
    started: str
    command: str
    margin: float
    budget_s: float
    seconds: float
    seed: int
    machine: dict[str, Any]
    noise: str
    """`quiet`, `disturbed: 12 % steal` or `not recorded`."""
    cells: tuple[CellResult, ...]
    canaries: tuple[Canary, ...] = ()
    flips: tuple[Flip, ...] = ()
    operating: Operating | None = None
    notes: tuple[str, ...] = ()
    """Sentences for the reader: skipped cells with reasons, accepted regressions, a budget that ran out."""
    interrupted: bool = False
    allow_new: bool = False
    """Whether a gate that found nothing but new benchmarks ends with exit code 0."""
    allow_undecided: bool = False
    """Whether a gate that left something undecided ends with exit code 0; a pass it is not."""
    controls_missed: bool = False
    """Whether the budget ended before the controls began."""
    injected: float = 0.0
    """The slow-down that was put into head to see the gate alarm; 0.0 in earnest."""

    def of(self, *words: Word) -> list[CellResult]:
        """The cells with one of these verdicts."""
        return [cell for cell in self.cells if cell.word in words]


def run_faults(report: GateReport) -> list[str]:
    """What is wrong with the run itself and not with one cell."""
    faults = []
    if not any(cell.metrics for cell in report.cells) and not only_new(report):
        faults.append("no benchmark was compared, and nothing compared is not a pass")
    if report.interrupted:
        faults.append("the gate was interrupted before every benchmark was decided")
    return faults


def exit_reasons(report: GateReport) -> list[tuple[int, str]]:
    """Every reason not to pass as (exit code, sentence), the one that decides first (method.md: 3, then 1, then 4)."""
    found: list[tuple[int, str]] = []
    broken = report.of(*BROKEN_WORDS)
    if broken:
        found.append((BROKEN, f"{_count(broken, 'benchmark')} failed, missing, renamed or not comparable"))
    found += [(BROKEN, fault) for fault in run_faults(report)]
    regressed = report.of(Word.REGRESSED)
    if regressed:
        found.append((REGRESSION, f"{_count(regressed, 'benchmark')} regressed"))
    flips = [flip for flip in report.flips if flip.changed]
    if flips:
        found.append((REGRESSION, f"{_count(flips, 'verdict')} changed"))
    if not report.allow_undecided:
        found += [(UNDECIDED, sentence) for sentence in undecided(report)]
    if not report.allow_new and (new := only_new(report)):
        found.append((UNDECIDED, new))
    order = (USAGE, BROKEN, REGRESSION, UNDECIDED)
    return sorted(found, key=lambda reason: order.index(reason[0]))


def only_new(report: GateReport) -> str:
    """That nothing could be compared because all is new; empty where something was, or nothing is new."""
    new = report.of(Word.NEW)
    if not new or any(cell.metrics for cell in report.cells):
        return ""
    be = "is" if len(new) == 1 else "are"
    return f"{_count(new, 'benchmark')} {be} new: measured and checked, nothing to compare with yet"


def undecided(report: GateReport) -> list[str]:
    """What this run left open, so that it cannot say that nothing became slower."""
    found = []
    if unsure := report.of(Word.INCONCLUSIVE):
        found.append(f"{_count(unsure, 'benchmark')} inconclusive")
    if failed := [canary for canary in report.canaries if not canary.passed]:
        found.append(f"{_count(failed, 'control')} did not do what {'it' if len(failed) == 1 else 'they'} must")
    if report.controls_missed:
        found.append("the budget ended before the controls began")
    return found


def exit_code(report: GateReport) -> int:
    """0 ok, 1 regression, 3 broken, missing or nothing compared, 4 undecided or all new, unless that is allowed."""
    reasons = exit_reasons(report)
    return reasons[0][0] if reasons else OK


def outcome(report: GateReport) -> str:
    """`PASS` where every benchmark was decided and none is slower, `NEW`, `UNDECIDED`, or `FAIL`."""
    reasons = exit_reasons(report)
    if any(code != UNDECIDED for code, _ in reasons):
        return "FAIL"
    if undecided(report):
        return "UNDECIDED"
    return "NEW" if only_new(report) else "PASS"


def _count(things: Sequence[Any], noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"
