"""How far off the predictions of `when-async advise` are, and the figures that it predicts from.

    python -m docs.evidence.advice            fit to the reference run, print how good predictions are
    python -m docs.evidence.advice --write    the same, and write results/reference/advice.json and docs/advice.md

Each cell is predicted by figures that were fitted without its place, so none is judged by what has seen it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from docs.evidence import advised, pool_spin, transfer
from when_async.bench.cli.advise import KNOWN
from when_async.bench.cli.claims import whole_references
from when_async.reports import words
from when_async.reports.scene import conditions
from when_async.reports.terminal.reasons import cost
from when_async.results.frame import load
from when_async.results.prediction.advice_file import from_frame, write
from when_async.results.prediction.fitted import Fitted
from when_async.results.prediction.judged import CLOSE_GOAL, RIGHT_GOAL

PAGE = Path(__file__).resolve().parents[1] / "advice.md"


def text(found: Sequence[Fitted], machine: str) -> str:
    """The page: what is predicted and how, then how good it was."""
    blocks = [
        "# How good the advice is",
        "Written by `python -m docs.evidence.advice --write` from the reference run; no figure is written by hand.",
        "`when-async advise` simulates the work under each model, event by event "
        "([results/prediction/simulated](../results/prediction/simulated), one small file a model): when a timer is "
        "due and in which milliseconds a loop counts, who has the GIL and what its hand-over takes, who gets the next "
        "chunk of a pool. Two figures of each runner are fitted to the cells of `mixed` and `sleep` (an op and a "
        "turn of loops, an op and the hand-over of threads, an op and a chunk of processes), and how late a "
        "wait ends is taken from the plain loop; all others are the same for all interpreters. Where this machine was "
        "calibrated (`when-async calibrate`), what was measured of it takes their place. No prediction lies below the "
        "operational bound (Denning and Buzen, 1978).",
        "This page is about the reference, which the models were made with. [A recording that was made "
        "afterwards](judge.md), of other places and on another machine, is the harder judge.",
        "A program is ranked as it is printed, so the start of its pool or loop is counted: what workers of `mixed` "
        "took to import beyond a plain loop, and to open and to close, once and for each place of a pool. That is no "
        "part of a round, and so not of the table below. Left out are the start of the interpreter, imports of one's "
        "own, and that of `concurrent.futures`, which no worker makes.",
        "How the models are simulated was chosen with all of these cells in view; only the two figures are held out. "
        "Each cell was predicted by figures fitted without its place. The goal is to be within 10 % in at least 95 % "
        "of the cells, and to recommend the best or one within 5 % of it in at least 95 % of the places.",
        f"Machine: {machine}.",
        "\n".join(table(found)),
        "## Each runner",
        "\n".join(by_runner(found)),
        "## Why a round of processes takes longer than its parts",
        "A round in a pool of processes takes some 2 to 5 ms more than chunks, waits and computing add up to. A part "
        "of that is a thread of `multiprocessing.Pool` that turns without a pause while a result lies unread, until "
        "its slice of the core is over: it waits for the pipe of results beside its processes, since Python 3.8 "
        "(bpo-35493). Without that a round is as much shorter (`python -m docs.evidence.pool_spin --measure`). The "
        "simulation knows it as `spin_s`. What is left, some 2 ms a round, goes with no number of chunks or "
        "processes, and is not known; that the scheduler's slices are longer than those of the simulation is a guess. "
        "A `ProcessPoolExecutor` has no such thread.",
        "\n".join(pool_spin.table(json.loads(pool_spin.STORED.read_text(encoding="utf-8")))),
        "## How far it carries",
        "The same costs, and other workloads of the same recordings. What an op computes is taken from the plain "
        "loop. A chain's waits are of unlike lengths, of which the longest decides: that is not modelled. Of HTTP it "
        "knows the CPU of a call by the leanest client of each model, as these recordings measured it (`--http`), and "
        "nothing of connections, of the protocol and of the server, which takes the other core.",
        "\n".join(transfer.table(transfer.transfers())),
        "## The cells that were furthest off",
        "\n".join(worst(found)),
        "## The programs that are printed",
        "For thirty shapes of work each program that is ranked was run as it is printed (`python -m "
        "docs.evidence.advised --measure --write`). The goal is that in 27 the recommended one takes at most a tenth "
        "longer than the best.",
        "\n".join([f"<!-- {advised.NAME} -->", *advised.table(advised.stored()), f"<!-- /{advised.NAME} -->"]),
    ]
    return "\n\n".join(blocks) + "\n"


def share(part: int, whole: int) -> str:
    """`88 of 101 (87 %)`."""
    return f"{part} of {whole} ({part / whole * 100:.0f} %)" if whole else "none"


def table(found: Sequence[Fitted]) -> Iterable[str]:
    """The goal against what was reached, by interpreter."""
    yield "| Python | within 10 % | goal | best or within 5 % of it | goal |"
    yield "|---|---|---|---|---|"
    for one in found:
        seen = one.accuracy
        close, right = seen.close / max(1, seen.cells), seen.right / max(1, seen.places)
        yield (
            f"| {one.python} | {share(seen.close, seen.cells)} | {met(close, CLOSE_GOAL)} | "
            f"{share(seen.right, seen.places)} | {met(right, RIGHT_GOAL)} |"
        )


def met(reached: float, goal: float) -> str:
    """Whether a goal is met, or by how many points it is missed."""
    return "met" if reached >= goal else f"missed by {words.count(round((goal - reached) * 100), 'point')}"


def by_runner(found: Sequence[Fitted]) -> Iterable[str]:
    """What each runner adds, and how its predictions did."""
    yield "| Python | runner | op | turn | GIL | chunk | late | start | start of a place | within 10 % |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|---:|---|"
    for known in found:
        for one in known.models:
            own = [trial for trial in known.trials if trial.runner == one.runner]
            close = sum(0.9 <= trial.predicted_s / trial.measured_s <= 1.1 for trial in own)
            costs = one.costs
            times = (
                costs.op_s, costs.turn_s, costs.handover_s, costs.chunk_s, costs.late_s, one.start_s, one.start_place_s
            )  # fmt: skip
            yield (f"| {known.python} | {one.runner} | {' | '.join(map(cost, times))} | {share(close, len(own))} |")


def worst(found: Sequence[Fitted], most: int = 12) -> Iterable[str]:
    """Where the predictions were furthest off: what the model does not know."""
    yield "| Python | cell | measured | predicted | measured / predicted |"
    yield "|---|---|---:|---:|---:|"
    trials = [(known.python, trial) for known in found for trial in known.trials]
    for python, one in sorted(trials, key=lambda pair: -abs(pair[1].log_error))[:most]:
        seconds = (words.scalar(each, "s") for each in (one.measured_s, one.predicted_s))
        ratio = words.digits(one.measured_s / one.predicted_s)
        yield f"| {python} | `{one.place}-{one.runner}` | {' | '.join(seconds)} | {ratio} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", type=Path, help="run files; default: the reference run")
    parser.add_argument("--write", action="store_true", help="write the file that advise reads, and docs/advice.md")
    chosen = parser.parse_args(arguments)
    frame = load(chosen.runs or whole_references())
    found = from_frame(frame)
    machine = conditions.machine(frame.attrs["headers"][0])
    if chosen.write:
        # First, as what carries over to other workloads is worked out from the file.
        write(KNOWN, found, machine)
    page = text(found, machine)
    print(page)
    if chosen.write:
        PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
