"""Let the gate command decide on latencies, p50 and p99 alone: unchanged programs, and slow-downs of 10 %.

    python -m docs.evidence.live_latency [DECISIONS.jsonl] [--unchanged 15] [--each 8] [--write docs/gate.md]

Unchanged are cells of the house, at the margin of 3 %. What is slower is a workload in a repository of its own, at the
margin of 5 %: head computes 10 % more within what is timed. (`--inject` cannot be used for it: its work comes before
the op, and so before the clock of most latencies starts.) Every decision is written at once; a second call goes on
where the first one stopped.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from docs.evidence.decide import replace_between
from docs.evidence.faults import Input
from docs.evidence.faults.running import environ, lay
from docs.evidence.live import MARGIN, read
from docs.evidence.rates import shown

KEPT = Path("results/reference/gate-latency.jsonl")
NAME = "latencies"
METRICS = ("p50", "p99")
SETTINGS = f"[tool.when-async.gate]\nmetrics = {json.dumps(METRICS)}\n"
EFFECT = 0.10
CELLS = (
    "echo_server[rate=0/s,size=1000B,n=1000,c=10]",
    "database_sqlite[writes=5,rows=20000,n=1000,c=10]",
    "file_append[size=128B,files=1,n=1000,c=8]",
)
"""A p99 is read from 1 000 latencies or more, so a round has as many ops."""
NUMBERS = 400
"""What each half of an op of base adds up."""
TIMED = """
import asyncio
from time import perf_counter_ns as clock
from when_async import Observed, Param, Point, Workload
def blocking(kit, params):
    def op(item):
        began = clock()
        sum(range({numbers})), sum(range({numbers}))
        return item, clock() - began
    return op
async def tasks(kit, params):
    async def op(item):
        began = clock()
        sum(range({numbers}))
        await asyncio.sleep(0)
        sum(range({numbers}))
        return item, clock() - began
    return op
def observe(params, items, results):
    return Observed([item for item, _ in results], latencies_ns=[ns for _, ns in results])
def check(params, items, results):
    return str(len(results))
W = Workload(name="timed", summary="s", bodies={{"blocking": blocking, "asyncio": tasks}}, latency="op begun to done",
    params=(Param("n", 1, 1_000_000, "n"),), make_items=lambda params, seed: list(range(int(params["n"]))),
    observe=observe, check=check, grid={{"quick": (Point(10, {{"n": 1000}}),)}})
"""
SAME = ["-r", "asyncio", *(part for cell in CELLS for part in ("-w", cell))]
SLOWER = ["-r", "asyncio", "-r", "sync", "-w", "timed.py"]


def decide(effect: float, seed: int) -> list[dict[str, Any]]:
    """One run of the command; what it said of each cell."""
    margin = effect / 2 if effect else MARGIN
    head, base = (TIMED.format(numbers=round(NUMBERS * (1 + more))) for more in (effect, 0.0))
    case = Input("", "", "", files={"timed.py": head, "pyproject.toml": SETTINGS}, base={"timed.py": base})
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "project"
        lay(folder, case)
        command = [sys.executable, "-m", "when_async.bench.cli.main", "gate", "--no-controls", "--queue"]
        command += ["--base", "main", *SLOWER] if effect else ["--base", ".", *SAME]
        command += ["--margin", f"{margin:.4%}", "--budget", "20m", "--seed", str(seed), "-o", "out"]
        began = time.monotonic()
        done = subprocess.run(
            command, cwd=folder, env=environ(Path(made), case), capture_output=True, text=True, check=False
        )
        run_s = time.monotonic() - began
        try:
            report = json.loads((folder / "out" / "gate.json").read_text(encoding="utf-8"))
        except OSError:
            raise SystemExit(f"the gate wrote no report: {done.stderr[-400:]}") from None
    return [
        {
            "how": "own" if effect else "same",
            "effect": effect, "margin": margin, "seed": seed, "cell": cell["cell"], "word": cell["word"],
            "pairs": cell["pairs"], "seconds": round(cell["seconds"], 2), "run_s": round(run_s, 1),
            "alarms": re.findall(r"p50|p99", cell["reason"]) if cell["word"] == "REGRESSED" else [],
            "ratios": {one["metric"]: one["ratio"] for one in cell["metrics"]},
        }
        for cell in report["cells"]
    ]  # fmt: skip


HOW = {"same": "none", "inject": "10 % before the clock starts", "own": "10 % in what is timed"}


def table(decisions: list[dict[str, Any]]) -> list[str]:
    """By slow-down and metric how often it alarmed, of the workload of our own also by cell."""
    rows = ["| slow-down | cell | metric | measured slow-down | comparisons | alarms | rate and its limits | pairs |",
            "|---|---|---|---:|---:|---:|---|---:|"]  # fmt: skip
    for how, name in HOW.items():
        some = [one for one in decisions if one["how"] == how]
        cells = sorted({one["cell"] for one in some}) if how == "own" else []
        for cell in [*cells, *([""] if some else [])]:
            own = [one for one in some if one["cell"] == cell or not cell]
            for metric in METRICS:
                with_it = [one for one in own if metric in one["ratios"]]
                alarms = sum(metric in one["alarms"] for one in with_it)
                seen = median(one["ratios"][metric]["point"] for one in with_it) - 1
                pairs = median(one["pairs"] for one in with_it)
                rate = shown(alarms / len(with_it), len(with_it), 1)
                which, figure = (f"`{cell}`", f"{seen:+.1%}") if cell else ("all", "")
                rows.append(
                    f"| {name} | {which} | {metric} | {figure} | {len(with_it)} | {alarms} | {rate} | {pairs:g} |"
                )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("decisions", type=Path, nargs="?", default=KEPT)
    parser.add_argument("--unchanged", type=int, default=15)
    parser.add_argument("--each", type=int, default=8)
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table into a page, and decide no more")
    asked = parser.parse_args()
    if asked.write:
        page = replace_between(asked.write.read_text(encoding="utf-8"), NAME, table(read(asked.decisions)))
        asked.write.write_text(page, encoding="utf-8")
        return
    done = {(one["effect"], one["seed"]) for one in read(asked.decisions) if one["how"] != "inject"}
    # In turns, so that every hour has some of both.
    wanted = sorted(
        [(seed / asked.unchanged, 0.0, seed) for seed in range(asked.unchanged)]
        + [(seed / asked.each, EFFECT, seed) for seed in range(asked.each)]
    )
    for _, effect, seed in wanted:
        if (effect, seed) in done:
            continue
        taken = decide(effect, seed)
        with asked.decisions.open("a", encoding="utf-8") as out:
            out.writelines(json.dumps(one) + "\n" for one in taken)
        print(f"{effect:.0%} seed {seed}: {[one['alarms'] or one['word'] for one in taken]}", flush=True)
    print("\n".join(table(read(asked.decisions))))


if __name__ == "__main__":
    main()
