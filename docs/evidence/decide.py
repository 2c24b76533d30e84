"""Replay recorded noise through our gate and through others, and print the tables of docs/gate.md.

    python -m docs.evidence.decide [TRACES.jsonl.gz ...] [--decisions 10000] [--write docs/gate.md]

Each condition gets that many decisions, drawn from its trace in contiguous blocks. Our gate gets the pairs it asks for;
the others get as many processes as our gate uses on an unchanged cell on average, so the same machine time.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from docs.evidence import estimators, live, plainly
from docs.evidence.blocks import draw
from docs.evidence.rates import per_run, shown
from docs.evidence.rivals import RIVALS, pyperf_compare
from docs.evidence.traces import LIVE, METRICS, Floats, Trace, load
from when_async.results.gate.operating import smallest_effect
from when_async.results.stats.estimate import share_limits
from when_async.results.stats.sequential import DEFAULT, replay

DECISIONS = 10_000
UNCHANGED = 200_000
"""Decisions of our gate on unchanged cells: fewer could not tell one false alarm in 1 000 runs of 60."""
PORTION = 10_000
CHUNK = 500
PYPERF_SHARE = 5
"""Its decisions are a fifth of ours: there are many sizes to try, and each takes long."""
ONE_CORE = ("sleep", "http_fetch", "grid_search")
Traces = Mapping[tuple[str, float], Trace]


@dataclass(frozen=True)
class Ours:
    """Our gate on one condition at one margin: share of alarms by wall or CPU time, and by wall time alone."""

    either: float
    wall: float
    pairs: float
    seconds: float


def ours(trace: Trace, margin: float, decisions: int, random: np.random.Generator, shift: float = 0.0) -> Ours:
    """Decisions of our gate, each on its own draw of pairs.

    With `shift` (0.03 is 3 %) every pair is made slower by so much.
    """
    parts = [
        _ours(trace, margin, min(PORTION, decisions - start), random, shift) for start in range(0, decisions, PORTION)
    ]
    either, wall, pairs = (float(np.concatenate(part).mean()) for part in zip(*parts, strict=True))
    return Ours(either, wall, pairs, pairs * float(trace.seconds.mean()))


def _ours(
    trace: Trace, margin: float, decisions: int, random: np.random.Generator, shift: float
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """For each decision: an alarm by either metric, an alarm by wall time, and how many pairs it took."""
    chosen = draw(len(trace), decisions, 2 * DEFAULT.most, random)
    d = {metric: trace.logs(metric)[chosen] + np.log1p(shift) for metric in METRICS}
    done = {m: replay(rows[:, : DEFAULT.most], rows[:, DEFAULT.most :], margin) for m, rows in d.items()}
    wall, cpu = done["wall"], done["cpu"]
    return wall.alarmed | cpu.alarmed, wall.alarmed, np.maximum(wall.pairs, cpu.pairs)


def sides(trace: Trace, processes: int, decisions: int, random: np.random.Generator) -> Iterator[tuple[Floats, Floats]]:
    """Rounds of base and then of head for as many decisions, some at a time; head's processes follow base's in time."""
    for start in range(0, decisions, CHUNK):
        count = min(CHUNK, decisions - start)
        first = random.integers(0, len(trace) - 2 * processes + 1, size=count)
        rows = first[:, None] + np.arange(2 * processes)
        yield trace.base["wall"][rows[:, :processes]], trace.head["wall"][rows[:, processes:]]


def rival(name: str, trace: Trace, processes: int, decisions: int, random: np.random.Generator) -> float:
    """Share of alarms of another gate that gets so many processes a side."""
    alarms = [RIVALS[name](base, head).mean() for base, head in sides(trace, processes, decisions, random)]
    return float(np.mean(alarms))


def achieved(trace: Trace) -> str:
    """The injected slow-down as all pairs of the trace show it."""
    d = trace.logs()
    middle = float(np.expm1(np.median(d)))
    error = 1.2533 * 1.4826 * float(np.median(np.abs(d - np.median(d)))) / len(d) ** 0.5
    return f"{middle:+.1%} ± {1.96 * error:.1%}"


def noise_rows(traces: Traces) -> list[str]:
    """What was recorded."""
    rows = ["| cell | injected | pairs | measured slow-down | spread of a pair, quiet / disturbed | seconds a pair |",
            "|---|---|---|---|---|---|"]  # fmt: skip
    for (cell, effect), trace in sorted(traces.items()):
        spread = " / ".join(_spread(trace.only(busy)) for busy in (False, True))
        rows.append(
            f"| {cell} | {effect:.0%} | {len(trace)} | {achieved(trace)} | {spread} | {trace.seconds.mean():.2f} |"
        )
    return rows


def _spread(trace: Trace) -> str:
    if not len(trace):
        return "-"
    d = trace.logs()
    return f"{1.4826 * np.median(np.abs(d - np.median(d))):.1%} ({d.std(ddof=1):.1%})"


def false_alarm_rows(traces: Traces, decisions: int, margin: float, random: np.random.Generator) -> list[str]:
    """False alarms of every gate on unchanged cells."""
    rows = ["| gate | cell | false alarms | per run of 60 | upper limit per run | machine s a decision |",
            "|---|---|---|---|---|---|"]  # fmt: skip
    for (cell, effect), trace in sorted(traces.items()):
        if effect:
            continue
        many = decisions * UNCHANGED // DECISIONS
        done = ours(trace, margin, many, random)
        rate = done.either
        rows.append(_row(f"**ours, margin {margin:.1%}**", cell, rate, many, done.seconds))
        processes = max(2, round(done.pairs))
        for name in RIVALS:
            rate = rival(name, trace, processes, decisions, random)
            rows.append(_row(name, cell, rate, decisions, processes * trace.seconds.mean()))
    return rows


def _row(name: str, cell: str, rate: float, decisions: int, seconds: float) -> str:
    limit = share_limits(round(rate * decisions), decisions, 0.9)[1]
    return (
        f"| {name} | {cell} | {rate:.3%} of {decisions} | {per_run(rate):.2%} | {per_run(limit):.2%} | {seconds:.1f} |"
    )


def power_rows(traces: Traces, decisions: int, random: np.random.Generator) -> list[str]:
    """Share of decisions that alarm, by slow-down; our margin is half of it."""
    rows = ["| gate | cell | slow-down | margin | alarms | pairs a decision | machine s a decision |",
            "|---|---|---|---|---|---|---|"]  # fmt: skip
    for (cell, effect), trace in sorted(traces.items()):
        if not effect:
            continue
        done = ours(trace, effect / 2, decisions, random)
        rate = shown(done.either, decisions)
        rows.append(f"| **ours** | {cell} | {effect:.0%} | {effect / 2:.1%} | {rate} | {done.pairs:.1f} | "
                    f"{done.seconds:.1f} |")  # fmt: skip
        for name in RIVALS:
            rate = shown(rival(name, trace, 7, decisions, random), decisions)
            rows.append(f"| {name} | {cell} | {effect:.0%} | - | {rate} | 7 | {7 * trace.seconds.mean():.1f} |")
    return rows


def shifted_rows(traces: Traces, decisions: int, random: np.random.Generator) -> list[str]:
    """Power at exactly 3 and 5 %: the unchanged pairs, of which there are most, each made slower by so much."""
    rows = ["| cell | slow-down | margin | alarms | by wall time alone | pairs a decision | machine s a decision |",
            "|---|---|---|---|---|---|---|"]  # fmt: skip
    for (cell, effect), trace in sorted(traces.items()):
        for shift in (0.03, 0.05) if not effect else ():
            done = ours(trace, shift / 2, decisions, random, shift)
            rows.append(f"| {cell} | {shift:.0%} | {shift / 2:.1%} | {shown(done.either, decisions)} | "
                        f"{shown(done.wall, decisions)} | "
                        f"{done.pairs:.1f} | {done.seconds:.1f} |")  # fmt: skip
    return rows


def pyperf_time_rows(traces: Traces, decisions: int, random: np.random.Generator) -> list[str]:
    """How many processes pyperf needs before it sees a slow-down as often as we do, and what it then cries falsely."""
    rows = ["| cell | slow-down | our power | our machine s, unchanged | pyperf: processes a side | machine s | "
            "its false alarms then |", "|---|---|---|---|---|---|---|"]  # fmt: skip
    for (cell, effect), trace in sorted(traces.items()):
        for shift in (0.03, 0.05) if not effect and cell in ONE_CORE else ():
            wanted = ours(trace, shift / 2, decisions, random, shift).either
            unchanged = ours(trace, shift / 2, decisions, random).seconds
            processes, power, false = pyperf_needs(trace, shift, wanted, decisions, random)
            need = str(processes) if power >= wanted else f"more than {processes} ({power:.0%} with them)"
            spent = f"{'' if power >= wanted else '> '}{processes * trace.seconds.mean():.0f}"
            cries = shown(false, decisions // PYPERF_SHARE, 0)
            power_text = shown(wanted, decisions, 1)
            rows.append(f"| {cell} | {shift:.0%} | {power_text} | {unchanged:.1f} | {need} | {spent} | {cries} |")
    return rows


def pyperf_needs(
    trace: Trace, shift: float, wanted: float, decisions: int, random: np.random.Generator
) -> tuple[int, float, float]:
    """The least number of processes a side, of some, that gives `wanted` power; its power and false alarms then."""
    slower = replace(trace, head={metric: rounds * (1 + shift) for metric, rounds in trace.head.items()})
    steps = [n for n in (2, 3, 5, 7, 10, 14, 20, 28, 40, 56, 80, 112, 160, 224) if n <= len(trace) // 2]
    power = 0.0
    for processes in steps:
        power = _pyperf(slower, processes, decisions, random)
        if power >= wanted:
            break
    return processes, power, _pyperf(trace, processes, decisions, random)


def _pyperf(trace: Trace, processes: int, decisions: int, random: np.random.Generator) -> float:
    found = sides(trace, processes, decisions // PYPERF_SHARE, random)
    return float(np.mean([pyperf_compare(base, head).mean() for base, head in found]))


def agreement_rows(
    traces: Traces, decisions: Sequence[Mapping[str, Any]], count: int, random: np.random.Generator
) -> list[str]:
    """What the gate printed of itself in live runs of unchanged cells, beside what the traces say of the same cells."""
    unchanged = [trace for (cell, effect), trace in traces.items() if not effect and cell in ONE_CORE]
    drawn = [trace.logs()[draw(len(trace), count, 2 * DEFAULT.most, random)] for trace in unchanged]
    rows = np.concatenate(drawn)
    pair = rows[:, : DEFAULT.most], rows[:, DEFAULT.most :]
    rate = replay(*pair, live.MARGIN).rate
    effect = smallest_effect(pair, live.MARGIN)
    printed = {one["seed"]: one["operating"] for one in decisions if not one["effect"] and one["operating"]}.values()
    effects = sorted(one["smallest_effect"] for one in printed if one["smallest_effect"])
    alarms = sum(one["false_alarms"] for one in printed)
    replays = sum(one["simulated"] for one in printed)
    traced = f"{effect:.1%}" if effect else "-"
    shown = (
        f"{np.median(effects):.1%} ({effects[0]:.1%} to {effects[-1]:.1%} in {len(effects)} runs)" if effects else "-"
    )
    return [
        "| | recorded traces | printed by the gate |",
        "|---|---|---|",
        f"| false alarms of a comparison | {rate:.3%} of {len(rows)} | {alarms} of {replays} replays |",
        f"| smallest slow-down seen in 95 %, margin {live.MARGIN:.0%} | {traced} | {shown} |",
    ]


def replace_between(text: str, name: str, rows: Sequence[str]) -> str:
    """The page with the rows between <!-- name --> and <!-- /name -->."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"the page has no place for {name}")
    return pattern.sub(lambda match: match[1] + "\n".join(rows) + "\n" + match[2], text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path, nargs="*", help="by default all that are kept")
    parser.add_argument("--decisions", type=int, default=DECISIONS)
    parser.add_argument("--seed", type=int, default=20260)
    parser.add_argument("--write", type=Path, help="page to put the tables into")
    options = parser.parse_args()
    _, traces = load(*options.traces)
    random = np.random.default_rng(options.seed)
    tables = {
        "recorded": noise_rows(traces),
        "estimators": estimators.table(traces),
        "false alarms": false_alarm_rows(traces, options.decisions, 0.015, random)
        + false_alarm_rows(traces, options.decisions, 0.03, random)[2:],
        "power": power_rows(traces, options.decisions, random),
        "shifted": shifted_rows(traces, options.decisions, random),
        "pyperf": pyperf_time_rows(traces, options.decisions, random),
        "live": live.table(live.read(LIVE)),
        "plainly": plainly.table(plainly.read()),
        "agreement": agreement_rows(traces, live.read(LIVE), options.decisions, random),
    }
    page = options.write.read_text(encoding="utf-8") if options.write else ""
    for name, rows in tables.items():
        print(f"\n## {name}\n" + "\n".join(rows))
        page = replace_between(page, name, rows) if page else page
    if options.write:
        options.write.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
