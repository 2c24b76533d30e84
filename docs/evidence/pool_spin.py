"""Why a round of `multiprocessing.Pool` takes milliseconds more than its parts: a thread of it turns without a pause.

    python -m docs.evidence.pool_spin --measure    measure, some half a minute with nothing else busy
    python -m docs.evidence.pool_spin              print the table of what was measured last

The thread that looks after a pool's processes waits for them to end, and for the pipe of results too
(`Pool._get_sentinels`; since bpo-35493, Python 3.8). While a result lies there unread its wait ends at once, again and
again. The thread that is to read it may be the one that waits for the core. Here a pool as it is takes turns with one
whose thread does not wait for results: fresh pools in turn in each of some fresh processes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing.pool
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

from when_async.bench.machine.fingerprint import fingerprint
from when_async.bench.machine.lock import machine
from when_async.reports import words
from when_async.reports.scene import conditions
from when_async.results.stats.estimate import linear_interval, log_interval

STORED = Path(__file__).with_name("pool_spin.json")
SHAPES = ((2, 8, 50, 1200), (8, 32, 12, 1200), (8, 16, 1, 75_000), (32, 64, 1, 15_000))
"""Processes, chunks, ops in a chunk, turns of an op (some 60 us to 4 ms)."""
PROCESSES, POOLS, ROUNDS = 6, 3, 8
Json = dict[str, Any]


def churn(turns: int) -> int:
    """Some computing that takes as long each time."""
    value = 1
    for _ in range(turns):
        value = value * 48271 % 2147483647
    return value


def chunk(ops: Sequence[int]) -> int:
    return sum(map(churn, ops))


def without_results(pool: Any) -> list[Any]:
    """What the thread waits for beside its processes, without the pipe of results."""
    return [pool._change_notifier._reader]


def rounds(shape: Sequence[int]) -> tuple[list[float], list[float]]:
    """Seconds of rounds in a fresh pool, and of CPU of this process meanwhile."""
    processes, chunks, ops, turns = shape
    sent, took, used = [[turns] * ops] * chunks, [], []
    with multiprocessing.Pool(processes) as pool:
        pool.map(chunk, sent, chunksize=1)
        for _ in range(ROUNDS):
            time.sleep(0.01)
            cpu_s, start_s = time.process_time(), time.perf_counter()
            pool.map(chunk, sent, chunksize=1)
            took.append(time.perf_counter() - start_s)
            used.append(time.process_time() - cpu_s)
    return took, used


def inside(shape: Sequence[int]) -> Json:
    """One process: pools of both kinds in turn; medians of rounds, and means of CPU, which is now much and now none."""
    kind: Any = multiprocessing.pool.Pool
    stock, found = kind._get_sentinels, {"stock": ([], []), "patient": ([], [])}
    for _ in range(POOLS):
        for name, sentinels in (("stock", stock), ("patient", without_results)):
            kind._get_sentinels = sentinels
            took, used = rounds(shape)
            found[name][0].extend(took)
            found[name][1].extend(used)
    return {name: {"took_s": median(took), "cpu_s": fmean(used)} for name, (took, used) in found.items()}


def measure() -> Json:
    """All shapes, each in fresh processes."""
    with machine(wait=True, say=print):
        shapes = []
        for shape in SHAPES:
            command = [sys.executable, "-m", "docs.evidence.pool_spin", "--inside", json.dumps(shape)]
            seen = [json.loads(subprocess.check_output(command, text=True)) for _ in range(PROCESSES)]
            shapes.append({"shape": shape, "processes": seen})
    told = conditions.machine({"machine": fingerprint()})
    return {"machine": told, "version": sys.version.split()[0], "shapes": shapes}


def table(found: Json) -> list[str]:
    """A line for each shape: how long a round takes as it is, by how much less without, and the CPU of the parent."""
    lines = [
        f"Machine: {found['machine']}; CPython {found['version']}; {PROCESSES} fresh processes a line.", "",
        "| processes | chunks | a round takes | as many times as without the spin | CPU of the parent | without |",
        "|---:|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    for one in found["shapes"]:
        stock, patient = ([each[name] for each in one["processes"]] for name in ("stock", "patient"))
        took = log_interval([each["took_s"] for each in stock], "s")
        ratio = log_interval(
            [a["took_s"] / b["took_s"] for a, b in zip(stock, patient, strict=True)], "x"
        )  # fmt: skip
        burned = [linear_interval([each["cpu_s"] for each in side], "s") for side in (stock, patient)]
        assert took is not None
        assert ratio is not None
        cells = [words.with_unit(took, "s"), words.times(ratio)]
        cells += [words.with_unit(each, "s") for each in burned if each is not None]
        lines.append(f"| {one['shape'][0]} | {one['shape'][1]} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true", help="measure, and keep what came of it")
    parser.add_argument("--inside", default="", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.inside:
        print(json.dumps(inside(json.loads(chosen.inside))))
        return
    if chosen.measure:
        STORED.write_text(json.dumps(measure(), indent=1) + "\n", encoding="utf-8")
    print("\n".join(table(json.loads(STORED.read_text(encoding="utf-8")))))


if __name__ == "__main__":
    main()
