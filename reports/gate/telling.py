"""What every outlet of the gate says alike: signs, order, the verdict, its reservations, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath

from when_async.bench.model import Estimate
from when_async.results.gate.report import (
    BROKEN_WORDS,
    OK,
    Canary,
    CellResult,
    Flip,
    GateReport,
    Operating,
    Side,
    Word,
    exit_code,
    exit_reasons,
    only_new,
    outcome,
    undecided,
)

from .. import words
from .figures import at_most, change, duration, number, percent

SIGNS = {
    Word.REGRESSED: "✗", Word.BROKEN: "!", Word.MISSING: "!", Word.RENAMED: "!", Word.NOT_COMPARABLE: "!",
    Word.INCONCLUSIVE: "?", Word.IMPROVED: "▼", Word.NEW: "○", Word.EQUIVALENT: "✓", Word.NO_ALARM: "✓",
}  # fmt: skip
"""A sign for each word, in the order in which a reader needs them."""
QUIET = (Word.NEW, Word.EQUIVALENT, Word.NO_ALARM)
"""Words that ask nothing of the reader, and are folded into a count."""
_ORDER = {word: place for place, word in enumerate(SIGNS)}


def workload(cell: str) -> str:
    """The workload in a cell's id: `sleep` of `sleep[wait=10ms,n=100,c=10]-asyncio@3.14`."""
    return words.one_line(cell.partition("[")[0] or cell)


@dataclass(frozen=True)
class Move:
    """How far a cell moved in one metric, and the margin that this was held against."""

    metric: str
    ratio: Estimate
    margin: float


def decisive(cell: CellResult) -> Move | None:
    """The metric that says most about the verdict, or None where nothing was measured."""
    known = [Move(one.metric, one.ratio, one.margin) for one in cell.metrics if one.ratio is not None]
    if cell.word is Word.IMPROVED:
        return min(known, key=lambda move: move.ratio.high, default=None)
    if cell.word is Word.REGRESSED:
        return max(known, key=lambda move: move.ratio.low / (1 + move.margin), default=None)
    return max(known, key=lambda move: move.ratio.high / (1 + move.margin), default=None)


def ranked(cells: Iterable[CellResult]) -> list[CellResult]:
    """The cells as a reader needs them: by word, within a word those first that moved furthest for certain."""

    def rank(cell: CellResult) -> tuple[int, float, str]:
        move = decisive(cell)
        if move is None:
            return _ORDER[cell.word], 0.0, cell.cell
        far = move.ratio.high if cell.word is Word.IMPROVED else -move.ratio.low / (1 + move.margin)
        return _ORDER[cell.word], far, cell.cell

    return sorted(cells, key=rank)


def changed(report: GateReport) -> list[CellResult]:
    """The cells that ask something of the reader, the most urgent first."""
    return ranked(cell for cell in report.cells if cell.word not in QUIET)


def folded(report: GateReport) -> str:
    """What became of the cells that ask nothing, in one sentence; empty where there are none."""
    said = {
        Word.EQUIVALENT: "equivalent within the margin",
        Word.NO_ALARM: "without alarm at an early look (equivalence is not claimed)",
        Word.NEW: "new (nothing to compare with yet)",
    }
    parts = [f"{len(found)} {text}" for word, text in said.items() if (found := report.of(word))]
    if not parts:
        return ""
    highest = highest_limit(report)
    limit = "" if highest is None else f" The highest upper limit among them is a slow-down of {at_most(highest)}."
    return f"{'; '.join(parts)}.{limit}"


def highest_limit(report: GateReport) -> float | None:
    """The slow-down that none of the benchmarks without alarm reaches, by its interval; None where there are none."""
    moves = [one.ratio for cell in report.of(Word.EQUIVALENT, Word.NO_ALARM) for one in cell.metrics if one.ratio]
    return max(0.0, max(ratio.high for ratio in moves) - 1) if moves else None


def compared(report: GateReport) -> int:
    """How many cells were measured on both sides."""
    return sum(1 for cell in report.cells if cell.metrics)


def to_decide(report: GateReport) -> int:
    """How many cells the gate set out to decide; the limit for a whole run is for so many."""
    return len(report.cells) - len(report.of(Word.MISSING, Word.RENAMED, Word.NOT_COMPARABLE, Word.NEW))


def verdict(report: GateReport) -> str:
    """The first thing to know: `FAIL (exit 1): 2 benchmarks regressed.`"""
    found, code = outcome(report), exit_code(report)
    if found == "FAIL":
        return f"FAIL (exit {code}): {'; '.join(sentence for _, sentence in exit_reasons(report))}."
    if found == "UNDECIDED":
        allowed = ", which --allow-undecided lets through" if code == OK else ""
        return f"UNDECIDED (exit {code}{allowed}): {'; '.join(undecided(report))}."
    if found == "NEW":
        allowed = ", which --allow-new lets through" if code == OK else ""
        return f"NEW (exit {code}{allowed}): {only_new(report)}."
    highest = highest_limit(report)
    limit = "" if highest is None else f", and none is slower by more than {at_most(highest)} (upper 95 % limit)"
    return f"PASS (exit {OK}): {words.count(compared(report), 'benchmark')} compared{limit}."


@dataclass(frozen=True)
class Headline:
    """One sentence about one benchmark in three parts, so that an outlet can set the name apart."""

    before: str
    name: str
    after: str

    def __str__(self) -> str:
        return f"{self.before}{self.name}{self.after}"


def headlines(report: GateReport) -> list[Headline]:
    """The first of what fails the gate, by name: what broke and why, what slowed down most and by how much."""
    found = []
    broken, slower = ranked(report.of(*BROKEN_WORDS)), ranked(report.of(Word.REGRESSED))
    if broken:
        after = words.sentence(f": {reason(broken[0])}" if broken[0].reason else ".")
        found.append(Headline(f"{broken[0].word} ", words.one_line(broken[0].cell, 200), after))
    move = decisive(slower[0]) if slower else None
    if move:
        which = "The worst slow-down: " if len(slower) > 1 else "The slow-down: "
        after = f" takes {change(move.metric, move.ratio)}."
        found.append(Headline(which, words.one_line(slower[0].cell, 200), after))
    flips = [flip for flip in report.flips if flip.changed]
    if flips:
        found.append(
            Headline("Verdict changed in ", words.one_line(flips[0].comparison, 200), f": {meaning(flips[0])}")
        )
    return found


def reservations(report: GateReport) -> list[str]:
    """What a reader must know before relying on the benchmarks that did not fail."""
    found = []
    unsure, failed = report.of(Word.INCONCLUSIVE), [one for one in report.canaries if not one.passed]
    if failed:
        found.append(
            f"{words.count(len(failed), 'control')} did not do what {'it' if len(failed) == 1 else 'they'} must: "
            "on this machine and at this hour, neither an alarm nor its absence is to be relied on."
        )
    if unsure:
        verb = "is" if len(unsure) == 1 else "are"
        found.append(f"{words.count(len(unsure), 'benchmark')} {verb} inconclusive: a slow-down may hide there.")
    return found


def reason(cell: CellResult) -> str:
    """Why the cell got its word, in one line."""
    return words.one_line(cell.reason, 400)


def sentence(cell: CellResult) -> str:
    """By how much the cell moved, where that is the question, and the reason."""
    asked = cell.word in (Word.REGRESSED, Word.IMPROVED, Word.INCONCLUSIVE)
    move = decisive(cell) if asked else None
    parts = [change(move.metric, move.ratio)] if move else []
    return words.sentence(": ".join([*parts, *([reason(cell)] if cell.reason else [])]))


def meaning(flip: Flip) -> str:
    """What base and head say about two models, as a sentence that stands beside the name of the comparison."""
    return words.sentence(words.one_line(flip.sentence.replace(f" in {flip.comparison}", ""), 400))


def pair(flip: Flip) -> str:
    """What the ratio of a verdict is of: `asyncio ÷ threading`."""
    return words.one_line(f"{flip.second} ÷ {flip.first}", 80)


def control(canary: Canary) -> str:
    """What a control showed: `silent, as it must be`, `an injected 5 % was seen, as it must be`."""
    if canary.kind == "unchanged":
        return "silent, as it must be" if canary.passed else f"base against base gave {canary.word}"
    seen = f"an injected {percent(canary.injected)} was "
    return f"{seen}seen, as it must be" if canary.passed else f"{seen}not seen ({canary.word})"


def flip_word(flip: Flip) -> str:
    """`CHANGED` where both sides are sure and contradict each other, else `UNSURE`."""
    return "CHANGED" if flip.changed else "UNSURE"


def ordered_flips(report: GateReport) -> list[Flip]:
    """The verdicts that changed, then those of which one side cannot say."""
    return sorted(report.flips, key=lambda flip: not flip.changed)


def operating(found: Operating | None, comparisons: int) -> list[str]:
    """The operating characteristic in two sentences, limits rounded so that they hold as printed."""
    if found is None:
        return ["Too few pairs were measured to replay them: this run cannot tell what it could have seen."]
    alarms = words.count(found.false_alarms, "false alarm")
    said = (
        f"Replaying this run's own noise {number(found.simulated)} times through its own rule gave {alarms}: "
        f"below {at_most(found.false_alarm_bound)} a comparison, below {at_most(found.per_run_bound)} "
        f"a run of {comparisons} (upper 95 % limits)."
    )
    if found.cut_short:
        return [said, "The budget ended before every benchmark was decided, so no slow-down is said to be visible."]
    if found.smallest_effect is not None:
        return [said, f"A slow-down of {at_most(found.smallest_effect)} would have been seen in 95 % of runs."]
    most = f" up to {percent(max(found.power))}" if found.power else ""
    return [said, f"No slow-down{most} would have been seen in 95 % of runs: the noise is too large for this budget."]


def side(one: Side) -> str:
    """Base or head in a few words: `main (3f2a1c9) with aiohttp==3.13.*`; of a folder its name, not where it lies."""
    asked = words.one_line(one.asked, 200)
    name = words.one_line(f"…/{PurePath(asked).name}" if asked.startswith(("/", "~")) else asked, 60)
    if one.commit and not name.startswith(one.commit[:7]):
        name += f" ({words.one_line(one.commit, 12)})"
    return f"{name} with {words.one_line(' '.join(one.pins), 80)}" if one.pins else name


def differences(report: GateReport, most: int = 8) -> str:
    """Interpreter and library versions: what both sides have, or how they differ."""
    base, head = report.base, report.head
    found = [] if base.python == head.python else [f"Python {base.python} → {head.python}"]
    for name in sorted(base.modules | head.modules):
        old, new = base.modules.get(name) or "none", head.modules.get(name) or "none"
        found += [f"{name} {old} → {new}"] if old != new else []
    more = [f"{len(found) - most} more"] if len(found) > most else []
    python = f"Python {base.python}" if base.python == head.python else ""
    return words.one_line(", ".join([python, *found[:most], *more]).strip(", "), 300)


def noise(report: GateReport) -> str:
    """What the machine did meanwhile: `quiet`, `disturbed: 12 % steal`, `noise not recorded`."""
    said = words.one_line(report.noise, 60)
    return f"noise {said}" if said == "not recorded" else said


def setting(report: GateReport) -> str:
    """Margin, size, time and noise of the run in one line."""
    parts = [
        f"margin {percent(report.margin)}",
        f"{words.count(compared(report), 'benchmark')} compared",
        f"{duration(report.seconds)} of a budget of {duration(report.budget_s)}",
        noise(report),
        f"seed {report.seed}",
    ]
    return " · ".join(parts)
