"""The gate in a terminal or a log: what changed with its numbers, how sure, and what to do, within 100 columns."""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console

from when_async.results.gate.report import CellResult, GateReport, MetricResult, Word, outcome

from .. import words
from ..lines import GLUE, WIDTH, Parts, folded, line, width_of, wrapped
from . import steps, telling
from .figures import label, margins, percent, ratio, share, visible

NARROWEST = 40
MOST = 20
"""Notes or verdicts that are shown; more are counted."""
WORD = 14
"""Columns for the longest word."""
LOOKS = {
    Word.REGRESSED: "bold red", Word.BROKEN: "bold magenta", Word.MISSING: "bold magenta",
    Word.RENAMED: "bold magenta", Word.NOT_COMPARABLE: "bold magenta", Word.INCONCLUSIVE: "bold yellow",
    Word.IMPROVED: "bold green", Word.NEW: "cyan", Word.EQUIVALENT: "green", Word.NO_ALARM: "green",
}  # fmt: skip
ENDS = {"PASS": "bold green", "NEW": "bold cyan", "UNDECIDED": "bold yellow", "FAIL": "bold red"}


def render(
    report: GateReport,
    *,
    width: int = WIDTH,
    colour: bool = False,
    verbose: bool = False,
    kept: Path | None = None,
    named: bool = False,
) -> str:
    """The whole report as text; no line is wider than `width` columns, nor than 100.

    Without `colour` there is no escape sequence in it. `verbose` shows the cells that ask nothing of the reader too.
    `kept` is the folder in which the files of this report lie, `named` whether `gate accept` has to be told of it.
    """
    out = io.StringIO()
    console = Console(
        file=out, width=max(NARROWEST, width), force_terminal=True, color_system="standard" if colour else None,
        no_color=not colour,
    )  # fmt: skip
    for parts in _lines(report, width_of(console), verbose, kept, named):
        line(console, parts)
    return out.getvalue()


def _lines(report: GateReport, width: int, verbose: bool, kept: Path | None, named: bool) -> Iterable[Parts]:
    yield from _head(report, width)
    yield from _cells(report, width, verbose)
    yield from _flips(report, width)
    yield from _controls(report, width)
    yield from _operating(report, width, verbose)
    yield from _notes(report, width)
    yield from _end(report, width, kept, named)


def _wrapped(text: str, width: int, look: str = "", indent: str = "", hanging: str | None = None) -> Iterable[Parts]:
    for each in wrapped(text, width, indent, hanging):
        yield [(each, look)]


def _title(text: str) -> Iterable[Parts]:
    yield []
    yield [(text, "bold")]


def _head(report: GateReport, width: int) -> Iterable[Parts]:
    sides = f"when-async gate: {telling.side(report.base)} → {telling.side(report.head)}"
    yield from _wrapped(sides, width, "bold")
    versions = telling.differences(report)
    yield from _wrapped(versions, width, "dim")
    yield from _wrapped(telling.setting(report), width, "dim")


def _cells(report: GateReport, width: int, verbose: bool) -> Iterable[Parts]:
    shown = telling.ranked(report.cells) if verbose else telling.changed(report)
    folded = telling.folded(report)
    if shown:
        legend = (
            "head / base, above 1 is slower, with 95 % intervals over process pairs; "
            "'sees' is the smallest slow-down that 95 % of such runs see"
        )
        yield []
        yield from _wrapped(legend, width, "dim")
    for cell in shown:
        yield from _cell(cell, width)
    if folded:
        yield []
        yield from _wrapped(f"✓ {'Of all: ' if verbose else ''}{folded}", width, hanging="  ")


def _cell(cell: CellResult, width: int) -> Iterable[Parts]:
    """A cell in two to four lines: word and id, numbers, reason, what fresh pairs said."""
    yield from _marked(telling.SIGNS[cell.word], cell.word, cell.cell, LOOKS[cell.word], width)
    if cell.metrics:
        more = [f"margin {margins(cell)}", words.count(cell.pairs, "pair"), f"sees {visible(cell)}"]
        chunks = [chunk.replace(" ", GLUE) for chunk in (*_ratios(cell.metrics), *more)]
        for each in folded("  ".join(chunks), width, indent="    "):
            yield [(each, "")]
    if cell.reason:
        yield from _wrapped(f"why: {telling.reason(cell)}", width, indent="    ", hanging="         ")
    if cell.confirmation:
        pairs = max((metric.ratio.n for metric in cell.confirmation if metric.ratio), default=0)
        found = ", ".join(part.strip() for part in _ratios(cell.confirmation))
        yield from _wrapped(f"again on {words.count(pairs, 'fresh pair')}: {found}", width, indent="    ")


def _marked(sign: str, word: str, name: str, look: str, width: int) -> Iterable[Parts]:
    """A sign, a word and a name, which is wrapped beside them."""
    mark = f"{sign} {word:<{WORD}} "
    for each in wrapped(name, width - len(mark)):
        yield [(mark, look), (each, "bold")]
        mark = " " * len(mark)


def _ratios(metrics: Sequence[MetricResult]) -> list[str]:
    return [f"{label(metric.metric)} {ratio(metric.ratio):<20}" for metric in metrics]


def _flips(report: GateReport, width: int) -> Iterable[Parts]:
    flips = telling.ordered_flips(report)
    if flips:
        yield from _title("Verdicts about models")
    for flip in flips[:MOST]:
        sign, look = ("✗", "bold red") if flip.changed else ("?", "yellow")
        said = f"{telling.pair(flip)}: base {ratio(flip.base)}, head {ratio(flip.head)}"
        yield from _marked(sign, telling.flip_word(flip), flip.comparison, look, width)
        yield from _wrapped(telling.meaning(flip), width, indent="    ")
        yield from _wrapped(said, width, indent="    ")
    yield from _more(len(flips) - MOST, "verdict", width)


def _controls(report: GateReport, width: int) -> Iterable[Parts]:
    yield from _title("Controls")
    if not report.canaries:
        yield from _wrapped("None were run, so this run did not check itself.", width, indent="  ")
    for canary in report.canaries:
        sign, look = ("✓", "green") if canary.passed else ("✗", "bold red")
        said = f"{telling.control(canary)}: {ratio(canary.ratio)}, {words.count(canary.pairs, 'pair')}"
        yield from _marked(sign, words.one_line(canary.kind, WORD), canary.cell, look, width)
        yield from _wrapped(said, width, indent="    ")


def _operating(report: GateReport, width: int, verbose: bool) -> Iterable[Parts]:
    yield from _title("What this run could have seen")
    said = telling.operating(report.operating, telling.to_decide(report))
    if verbose and report.operating and report.operating.power:
        shares = (f"+{percent(size)} in {share(rate)}" for size, rate in sorted(report.operating.power.items()))
        said.append(f"Slow-downs seen: {', '.join(shares)} of replays.")
    for sentence in said:
        yield from _wrapped(sentence, width, indent="  ")


def _notes(report: GateReport, width: int) -> Iterable[Parts]:
    if report.notes:
        yield from _title("Notes")
    for note in report.notes[:MOST]:
        yield from _wrapped(f"- {words.sentence(note)}", width, indent="  ", hanging="    ")
    yield from _more(len(report.notes) - MOST, "note", width)


def _more(number: int, noun: str, width: int) -> Iterable[Parts]:
    if number > 0:
        yield from _wrapped(f"and {words.count(number, f'more {noun}')}, in gate.json", width, "dim", "  ")


def _end(report: GateReport, width: int, kept: Path | None, named: bool) -> Iterable[Parts]:
    doubts = telling.reservations(report)
    yield []
    if kept:
        yield from _wrapped(f"Kept in {kept}: gate.json, gate.md, gate.xml and gate.txt", width, "dim")
    look = ENDS[outcome(report)]
    yield from _wrapped(telling.verdict(report), width, look)
    for sentence in (*map(str, telling.headlines(report)), *doubts):
        yield from _wrapped(sentence, width)
    step = steps.next_step(report, str(kept) if kept and named else "")
    if step:
        yield [(step.sentence, "")]
        yield from _command(step.command, width)


def _command(command: str, width: int) -> Iterable[Parts]:
    """A command on lines of its own, continued as a shell has it, options beside their values, to be copied."""
    try:
        parts = [shlex.quote(part).replace(" ", GLUE) for part in shlex.split(command)]
    except ValueError:
        parts = command.split()
    units = re.sub(r"(?<= )(-\S+) (?!-)", rf"\1{GLUE}", " ".join(parts))
    *first, last = folded(units, width - len(" \\"), "  ", "    ", break_words=False) or [""]
    yield from ([(f"{each} \\", "bold")] for each in first)
    yield [(last, "bold")]
