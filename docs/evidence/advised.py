"""Whether the program that `when-async advise` recommends is the fastest of those that it prints.

    python -m docs.evidence.advised --measure --write      all thirty shapes, about six minutes on two cores
    python -m docs.evidence.advised --measure --only 5,19  some of them, kept nowhere

For each shape of work every program that is ranked is written down as printed, beside a module with such a `work` and
its `items`, and run in a fresh interpreter: what is timed is the whole of its process. They run in turn, in an order
that is drawn anew for each turn; the median of the recommended one is held against the best median. One that takes
longer than `SLOW` times the quickest of the first turn is stopped or not run again, for it cannot be the best, unless
it is the one that is recommended.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from click.testing import CliRunner

from docs.evidence.advised_shapes import SHAPES, Shape, calibrate, given
from docs.evidence.decide import replace_between
from when_async.bench.cli.main import main as when_async
from when_async.bench.environments.provision import default_label
from when_async.bench.machine.fingerprint import fingerprint
from when_async.bench.machine.lock import machine
from when_async.reports import words
from when_async.reports.scene import conditions

STORED = Path(__file__).with_name("advised.json")
PAGE = Path(__file__).parents[1] / "advice.md"
NAME = "advised"
TURNS = 5
SLOW = 1.5
LEAST_S = 1.0
"""No program is stopped before it has run for so many seconds."""
CLOSE, GOAL = 1.1, 27
"""Within a tenth of the best it is right, and of thirty shapes so many are to be."""
SEED = 20260
PENDING = "Not measured yet: `python -m docs.evidence.advised --measure --write`."
Json = dict[str, Any]


def advised(shape: Shape, *more: str) -> list[Json]:
    """What `advise` ranks for a shape, the quickest first, each with its code."""
    done = CliRunner().invoke(when_async, ["advise", *shape.arguments, "--json", *more])
    if done.exit_code:
        raise SystemExit(f"advise {' '.join(shape.arguments)}: {done.output}")
    found: list[Json] = json.loads(done.stdout)
    return found


def write_program(folder: Path, shape: Shape, row: Json, rates: Mapping[str, float]) -> None:
    """The program as it is printed, what it works on, and a check of what came of it."""
    folder.mkdir()
    (folder / "given.py").write_text(given(shape, row["runner"], rates), encoding="utf-8")
    check = f'if __name__ == "__main__":\n    assert len(results) == {shape.ops}\n'
    text = f"from given import items, work\n\n{row['code']}\n{check}"
    (folder / "program.py").write_text(text, encoding="utf-8")


def run(folder: Path, limit_s: float) -> float | None:
    """Seconds from the start of a fresh interpreter to its end; None where it was stopped at the limit."""
    began = perf_counter()
    process = subprocess.Popen([sys.executable, "program.py"], cwd=folder, start_new_session=True)
    # A wait with a time limit looks every 50 ms only, which is a tenth of what is measured here.
    stopper = threading.Timer(limit_s, os.killpg, (process.pid, signal.SIGKILL))
    stopper.start()
    status = process.wait()
    seconds = perf_counter() - began
    stopper.cancel()
    stopper.join()
    if status == -signal.SIGKILL:
        return None
    if status:
        raise SystemExit(f"{folder.name} ended with {status}:\n{(folder / 'program.py').read_text(encoding='utf-8')}")
    return seconds


def measured(shape: Shape, rates: Mapping[str, float], order: random.Random) -> list[Json]:
    """Each program with its seconds of every turn; `stopped_s` where it was stopped."""
    kept = ("runner", "in_flight", "recommended", "predicted_s")
    rows = advised(shape)
    found: list[Json] = [{**{key: row[key] for key in kept}, "seconds": [], "stopped_s": None} for row in rows]
    with tempfile.TemporaryDirectory(prefix="advised-") as name:
        folders = [Path(name) / row["runner"] for row in rows]
        for folder, row in zip(folders, rows, strict=True):
            write_program(folder, shape, row, rates)
        running = list(range(len(rows)))
        for turn in range(TURNS):
            # The first turn begins with those that should be quick, so that the slow ones can be stopped.
            for place in running if turn == 0 else order.sample(running, len(running)):
                first = [one["seconds"][0] for one in found if one["seconds"]]
                limit_s = max(LEAST_S, SLOW * min(first, default=60.0))
                seconds = run(folders[place], 60.0 if found[place]["recommended"] else limit_s)
                if seconds is None:
                    found[place]["stopped_s"] = limit_s
                else:
                    found[place]["seconds"].append(seconds)
            best_s = min(one["seconds"][0] for one in found if one["seconds"])
            running = [place for place in running if _in_reach(found[place], best_s)]
    return found


def _in_reach(one: Json, best_s: float) -> bool:
    """Whether a program is run again."""
    return one["recommended"] or (one["stopped_s"] is None and one["seconds"][0] <= SLOW * best_s)


def measure(numbers: Sequence[int]) -> Json:
    """Run all programs of these shapes, with nothing of ours beside them."""
    order = random.Random(SEED)
    with machine(wait=True, say=print):
        load, began, rates = os.getloadavg()[0], perf_counter(), calibrate()
        shapes = []
        for number in numbers:
            programs = measured(SHAPES[number - 1], rates, order)
            shapes.append({"number": number, "label": SHAPES[number - 1].label, "programs": programs})
            print(table_row(shapes[-1]), flush=True)
    host = fingerprint()
    return {
        "note": "Written by docs/evidence/advised.py; docs/advice.md has the table.",
        "machine": conditions.machine({"machine": host}), "cores": host["cores"], "python": default_label(),
        "version": sys.version.split()[0], "load": round(load, 2), "seconds": round(perf_counter() - began, 1),
        "rates": rates, "turns": TURNS, "shapes": shapes,
    }  # fmt: skip


def stored() -> Json | None:
    """What was measured last; None where nothing was."""
    return json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else None


def judged(shape: Json) -> tuple[Json, Json, float]:
    """The recommended program, the best of all, and how many times as long the first took."""
    finished = [one for one in shape["programs"] if one["seconds"]]
    chosen = next(one for one in shape["programs"] if one["recommended"])
    best = min(finished, key=lambda one: median(one["seconds"]))
    own_s = median(chosen["seconds"]) if chosen["seconds"] else float("inf")
    return chosen, best, own_s / median(best["seconds"])


def named(one: Json) -> str:
    """`threading, 100`: a model and its number in flight."""
    return f"{one['runner']}, {one['in_flight']}" if one["runner"] != "sync" else "sync"


def table_row(shape: Json) -> str:
    """A line of the table."""
    chosen, best, ratio = judged(shape)
    level = "" if ratio <= CLOSE else f"{named(best)}: {words.scalar(median(best['seconds']), 's')}"
    seconds = words.scalar(median(chosen["seconds"]), "s") if chosen["seconds"] else words.DASH
    predicted = words.scalar(chosen["predicted_s"], "s")
    return (
        f"| {shape['label']} | {len(shape['programs'])} | {named(chosen)} | {predicted} | {seconds} | "
        f"{words.digits(ratio)}× | {level} |"
    )


def table(found: Json | None) -> list[str]:
    """The lines between the markers: how many were right, on which machine, and each shape."""
    if found is None:
        return [PENDING]
    ratios = [judged(shape)[2] for shape in found["shapes"]]
    right = sum(ratio <= CLOSE for ratio in ratios)
    met = "met" if right >= GOAL else f"missed by {GOAL - right}" if len(ratios) == len(SHAPES) else "for all thirty"
    return [
        f"In {right} of {len(ratios)} shapes the recommended program took at most a tenth longer than the best of "
        f"those printed; the goal of {GOAL} is {met}. The worst took {words.digits(max(ratios))} times as long.",
        "",
        f"Machine: {found['machine']}; CPython {found['version']}. Medians of {found['turns']} runs in turn, each a "
        f"fresh interpreter from its start to its end; the whole took {found['seconds'] / 60:.0f} minutes.",
        "",
        "| work | programs | recommended, in flight | predicted | median | recommended / best | what was better |",
        "|---|---:|---|---:|---:|---:|---|",
        *map(table_row, found["shapes"]),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure where asked, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true", help="run the programs, and keep what came of it")
    parser.add_argument("--only", default="", metavar="N,N", help="these shapes, from 1 on; the result is not kept")
    parser.add_argument("--write", action="store_true", help="put the table into docs/advice.md")
    chosen = parser.parse_args(arguments)
    numbers = [int(one) for one in chosen.only.split(",") if one] or list(range(1, len(SHAPES) + 1))
    found = measure(numbers) if chosen.measure else stored()
    if chosen.measure and not chosen.only:
        STORED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if chosen.write and not chosen.only:
        PAGE.write_text(replace_between(PAGE.read_text(encoding="utf-8"), NAME, table(found)), encoding="utf-8")
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
