"""Record the noise of this machine: pairs of a program with itself, and with a slow-down of known size put in.

    python -m docs.evidence.record TRACES.jsonl [--passes 72] [--kinds threads,processes]

One pass takes one pair of each condition in turn, as a gate takes one pair of each cell in turn, so a condition's
neighbouring pairs are some twenty seconds apart and drift is in them. In every second group of passes another
process keeps a core busy part of the time. Each pair is written at once; stop it whenever you like.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from docs.evidence.cells import KINDS, here, paired
from when_async.bench.gate.injection import doubling_loops, slowed
from when_async.bench.gate.pairs import PairFailed, Pairs
from when_async.bench.gate.sharing import sharing
from when_async.bench.machine.fingerprint import fingerprint
from when_async.bench.machine.host import make_host
from when_async.bench.machine.lock import machine
from when_async.bench.model import Pair

UNCHANGED = 7
"""Pairs without a slow-down in each pass, so that there are seven times as many of them."""
EFFECTS = (0.02, 0.03, 0.05, 0.08, 0.10)
EFFECTS_OTHERS = (0.05,)
UNCHANGED_OTHERS = 2
GROUP = 5
"""Passes that are quiet, and then as many that are disturbed."""

BUSY = """
import random, sys, time
draw = random.Random(int(sys.argv[1]))
while True:
    until = time.monotonic() + draw.uniform(0.05, 1.5)
    while time.monotonic() < until:
        sum(range(1000))
    time.sleep(draw.uniform(0.05, 1.5))
"""


@contextmanager
def neighbour(seed: int, wanted: bool) -> Iterator[None]:
    """Another process that works about half of the time, on whichever core it gets."""
    if not wanted:
        yield
        return
    process = subprocess.Popen([sys.executable, "-c", BUSY, str(seed)])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def line(kind: str, effect: float, passed: int, pair: Pair) -> dict[str, Any]:
    """One pair as it is kept: microseconds, to a tenth, per round."""
    rounds = {
        metric: [[round(value * 1e6, 1) for value in side] for side in sides] for metric, sides in pair.rounds.items()
    }
    return {
        "cell": kind, "effect": effect, "busy": passed // GROUP % 2 == 1, "pass": passed, "head_first": pair.head_first,
        "cores": list(pair.cores), "ops": pair.ops, "seconds": round(pair.seconds, 3), **rounds,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument("--passes", type=int, default=72)
    parser.add_argument("--seed", type=int, default=20260)
    parser.add_argument("--kinds", default=",".join(kind.name for kind in KINDS), help="which of them are recorded")
    options = parser.parse_args()
    known, environment = here()
    host = make_host()
    pairs = Pairs(host)
    order = random.Random(options.seed)
    began = time.monotonic()
    with machine(wait=True, say=print), options.traces.open("a", encoding="utf-8") as out:
        try:
            conditions = []
            head: dict[str, Any] = {"machine": fingerprint(), "python": environment.version, "loops": {}}
            for kind in (one for one in KINDS if one.name in options.kinds.split(",")):
                given = paired(kind, known, environment)
                (given,) = sharing([given], pairs)
                doubling = doubling_loops(pairs, given, forks=8)
                head["loops"][kind.name] = {"cell": given.cell, "doubling": round(doubling, 1)}
                pinned = given.base.cell.one_core
                conditions += [(kind.name, 0.0, slowed(given, 0))] * (UNCHANGED if pinned else UNCHANGED_OTHERS)
                for effect in EFFECTS if pinned else EFFECTS_OTHERS:
                    conditions.append((kind.name, effect, slowed(given, round(effect * doubling))))
            out.write(json.dumps(head) + "\n")
            for passed in range(options.passes):
                order.shuffle(conditions)
                with neighbour(passed, passed // GROUP % 2 == 1):
                    for index, (name, effect, given) in enumerate(conditions):
                        try:
                            pair = pairs.take(given, "trace", passed + index)
                        except PairFailed as error:
                            print(f"pass {passed}: {name}: {error}", flush=True)
                            continue
                        out.write(json.dumps(line(name, effect, passed, pair)) + "\n")
                out.flush()
                spent = time.monotonic() - began
                print(f"pass {passed + 1} of {options.passes}, {spent / 60:.1f} min", flush=True)
        finally:
            pairs.close()
            host.reaper.close()


if __name__ == "__main__":
    main()
