"""The gate as a comment on a pull request: what changed in a table, everything else folded away below it.

GitHub refuses a comment of more than 65 536 characters, so unchanged cells are left out first, and it is said.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Iterable, Sequence

from when_async.results.gate.report import CellResult, Flip, GateReport, MetricResult, outcome

from .. import words
from ..page.markdown import code, pipes
from ..page.markdown import text as plain
from ..scene import conditions
from . import steps, telling
from .figures import label, margins, metric_of, percent, ratio, share, visible

LIMIT = 65_000
MOST = 20
"""Notes, verdicts or controls that are shown; more are counted."""
ID = 160
MARK = "<!-- when-async gate -->"
"""First line of the comment, by which a bot finds the one to bring up to date."""
TICKS = {"PASS": "✓", "NEW": "○", "UNDECIDED": "?", "FAIL": "✗"}
COLUMNS = ("", "benchmark", "wall", "CPU", "margin", "pairs", "sees", "why")
LEGEND = (
    "wall and CPU are head / base, above 1 is slower, with 95 % intervals over process pairs. "
    "“sees” is the smallest slow-down that 95 % of such runs see."
)


def render(report: GateReport) -> str:
    """GitHub Markdown of at most `LIMIT` characters."""
    first, rest = telling.changed(report), telling.ranked(report.cells)
    short = _longest(lambda most: _compose(report, first, rest[:most]), len(rest))
    if len(short) <= LIMIT:
        return short
    return _longest(lambda most: _compose(report, first[:most], []), len(first))


def _longest(compose: Callable[[int], str], most: int) -> str:
    """The text with as many rows as fit, or the one without any."""
    return compose(max(0, bisect(range(most + 1), LIMIT, key=lambda rows: len(compose(rows))) - 1))


def text(raw: object) -> str:
    """Text as it is: a name in it notifies nobody, and a number refers to no issue."""
    quiet = re.sub(r"@(?=\w)|(?<!&)#(?=\d)", lambda found: f"{found[0]}<!-- -->", plain(raw))
    return quiet.replace("~", "\\~")


def _name(raw: str) -> str:
    """A benchmark's name as code."""
    return code(words.one_line(raw, ID))


def _compose(report: GateReport, first: Sequence[CellResult], rest: Sequence[CellResult]) -> str:
    blocks = [
        MARK,
        f"### {TICKS[outcome(report)]} when-async gate: {text(telling.verdict(report))}",
        *map(_headline, telling.headlines(report)),
        *(f"> {text(sentence)}" for sentence in telling.reservations(report)),
        _sides(report),
        *_changes(report, first),
        text(telling.folded(report)),
        *_flips(report),
        *_next(report),
        *_everything(report, rest),
        *_details("Controls: did the gate do what it must?", _controls(report)),
        *_details("What this run could have seen", _operating(report)),
        *_details(f"Notes ({len(report.notes)})", _notes(report)),
        *_details("How to reproduce", _reproduce(report)),
        f"<sub>{text(_machine(report))}</sub>",
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _headline(one: telling.Headline) -> str:
    gap = " " if one.after.startswith(" ") else ""
    return f"**{text(one.before)} {_name(one.name)}{gap}{text(one.after)}**"


def _sides(report: GateReport) -> str:
    base, head = telling.side(report.base), telling.side(report.head)
    return f"{text(base)} → {text(head)} · {text(telling.differences(report))} · {text(telling.setting(report))}"


def _changes(report: GateReport, first: Sequence[CellResult]) -> Iterable[str]:
    if first:
        yield _table(first)
        yield f"<sub>{LEGEND}</sub>"
    left = len(telling.changed(report)) - len(first)
    if left:
        yield f"_{left} more of these are left out: a comment has room for {LIMIT} characters. See gate.json._"


def _table(cells: Iterable[CellResult]) -> str:
    return pipes(COLUMNS, map(_row, cells), range(2, 7))


def _row(cell: CellResult) -> Sequence[str]:
    return [
        f"{telling.SIGNS[cell.word]} {text(cell.word)}",
        _name(cell.cell),
        *(_ratio(metric_of(cell, name)) for name in ("wall", "cpu")),
        text(margins(cell)),
        str(cell.pairs) if cell.pairs else words.DASH,
        text(visible(cell)),
        "<br>".join(_why(cell)),
    ]


def _ratio(metric: MetricResult | None) -> str:
    return text(ratio(metric.ratio if metric else None))


def _why(cell: CellResult) -> Iterable[str]:
    if cell.reason:
        yield text(telling.reason(cell))
    latencies = [metric for metric in cell.metrics if metric.metric not in ("wall", "cpu") and metric.ratio]
    for metric in latencies:
        yield text(f"{label(metric.metric)} {ratio(metric.ratio)}")
    again = [f"{label(metric.metric)} {ratio(metric.ratio)}" for metric in cell.confirmation if metric.ratio]
    if again:
        yield text(f"Again on fresh pairs: {', '.join(again)}.")


def _flips(report: GateReport) -> Iterable[str]:
    flips = telling.ordered_flips(report)
    if not flips:
        return
    yield "#### Verdicts about models"
    yield pipes(("", "comparison", "base", "head", "what it means"), map(_flip, flips[:MOST]), (2, 3))
    if len(flips) > MOST:
        yield f"_and {len(flips) - MOST} more, in gate.json_"


def _flip(flip: Flip) -> Sequence[str]:
    comparison = f"{_name(flip.comparison)}<br>{text(telling.pair(flip))}"
    word = f"{'✗' if flip.changed else '?'} {telling.flip_word(flip)}"
    return [word, comparison, text(ratio(flip.base)), text(ratio(flip.head)), text(telling.meaning(flip))]


def _next(report: GateReport) -> Iterable[str]:
    step = steps.next_step(report, "gate.json")
    if step:
        # A reader of the comment was not where the gate ran, so a command that needs gate.json names it.
        yield f"{text(step.sentence)}\n\n{_block(step.command)}"


def _everything(report: GateReport, rest: Sequence[CellResult]) -> Iterable[str]:
    left = len(report.cells) - len(rest)
    note = [f"_{left} of them are left out: a comment has room for {LIMIT} characters. See gate.json._"] if left else []
    table = [_table(rest)] if rest else []
    return _details(f"All benchmarks ({len(report.cells)})", [*table, *note])


def _details(summary: str, blocks: Sequence[str]) -> Iterable[str]:
    """Folded away; the empty lines make GitHub read what is inside as Markdown."""
    if blocks:
        yield f"<details><summary>{summary}</summary>"
        yield from blocks
        yield "</details>"


def _controls(report: GateReport) -> list[str]:
    if not report.canaries:
        return ["None were run, so this run did not check itself."]
    rows = [
        [f"{'✓' if canary.passed else '✗'} {text(canary.kind)}", _name(canary.cell), text(ratio(canary.ratio)),
         str(canary.pairs), text(telling.control(canary))]
        for canary in report.canaries[:MOST]
    ]  # fmt: skip
    return [pipes(("", "control", "head / base", "pairs", "what it showed"), rows, (2, 3))]


def _operating(report: GateReport) -> list[str]:
    found = report.operating
    blocks = [text(" ".join(telling.operating(found, telling.to_decide(report))))]
    if found is None:
        return blocks
    if found.power:
        rows = [(percent(size), share(rate)) for size, rate in sorted(found.power.items())]
        blocks.append(pipes(("slow-down put in", "replays that alarmed"), rows, (0, 1)))
    seconds = words.digits(found.seconds_per_decision)
    blocks.append(f"Replayed from {words.count(found.noise_pairs, 'pair')}; {seconds} s of machine time a decision.")
    return blocks


def _notes(report: GateReport) -> list[str]:
    lines = [f"- {text(words.sentence(words.one_line(note, 400)))}" for note in report.notes[:MOST]]
    if len(report.notes) > MOST:
        lines.append(f"- and {len(report.notes) - MOST} more, in gate.json")
    return ["\n".join(lines)] if lines else []


def _reproduce(report: GateReport) -> list[str]:
    return [_block(report.command), "The same seed gives the same order of pairs; the noise will be another."]


def _block(command: str) -> str:
    """A fenced block; the fence is longer than any run of back-ticks inside."""
    shown = words.one_line(command, 2000)
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", shown)), default=0))
    return f"{fence}sh\n{shown}\n{fence}"


def _machine(report: GateReport) -> str:
    box = conditions.machine({"machine": report.machine})
    return f"{box} · {telling.noise(report)} · started {words.one_line(report.started, 40)}"
