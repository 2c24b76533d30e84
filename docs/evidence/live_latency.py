"""Let the gate command decide on latencies, p50 and p99 alone: unchanged programs, and slow-downs of 10 %.

    python -m docs.evidence.live_latency [DECISIONS.jsonl] [--unchanged 34] [--each 8]

Each run of the command decides on three cells, at the margin of 3 % for unchanged ones and of 5 % for slow-downs. Every
decision is written at once; a second call goes on where the first one stopped.
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

from docs.evidence.live import MARGIN, read
from docs.evidence.rates import shown

KEPT = Path("results/reference/gate-latency.jsonl")
METRICS = ("p50", "p99")
SETTINGS = f"[tool.when-async.gate]\nmetrics = {json.dumps(METRICS)}\n"
EFFECT = 0.10
CELLS = (
    "echo_server[rate=0/s,size=1000B,n=1000,c=10]",
    "database_sqlite[writes=5,rows=20000,n=1000,c=10]",
    "file_append[size=128B,files=1,n=1000,c=8]",
)
"""A p99 is read from 1 000 latencies or more, so a round has as many ops."""


def decide(effect: float, seed: int) -> list[dict[str, Any]]:
    """One run of the command; what it said of each cell."""
    margin = effect / 2 if effect else MARGIN
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
        command = [sys.executable, "-m", "when_async.bench.cli.main", "gate", "--base", "."]
        command += ["--no-controls", "-r", "asyncio", "--queue"]
        command += [part for cell in CELLS for part in ("-w", cell)]
        command += ["--margin", f"{margin:.4%}", "--budget", "20m", "--seed", str(seed), "-o", "out"]
        command += ["--inject", f"{effect:.4%}"] if effect else []
        began = time.monotonic()
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        run_s = time.monotonic() - began
        try:
            report = json.loads((Path(folder) / "out" / "gate.json").read_text(encoding="utf-8"))
        except OSError:
            raise SystemExit(f"the gate wrote no report: {done.stderr[-400:]}") from None
    return [
        {
            "effect": effect, "margin": margin, "seed": seed, "cell": cell["cell"], "word": cell["word"],
            "pairs": cell["pairs"], "seconds": round(cell["seconds"], 2), "run_s": round(run_s, 1),
            "alarms": re.findall(r"p50|p99", cell["reason"]) if cell["word"] == "REGRESSED" else [],
            "ratios": {one["metric"]: one["ratio"] for one in cell["metrics"]},
        }
        for cell in report["cells"]
    ]  # fmt: skip


def table(decisions: list[dict[str, Any]]) -> list[str]:
    """By slow-down, cell and metric how often it alarmed."""
    rows = ["| injected | cell | metric | measured slow-down | comparisons | alarms | rate and its limits | pairs |",
            "|---|---|---|---:|---:|---:|---|---:|"]  # fmt: skip
    for effect in sorted({one["effect"] for one in decisions}):
        some = [one for one in decisions if one["effect"] == effect]
        for cell in [*sorted({one["cell"] for one in some}), ""]:
            own = [one for one in some if one["cell"] == cell or not cell]
            for metric in METRICS:
                with_it = [one for one in own if metric in one["ratios"]]
                alarms = sum(metric in one["alarms"] for one in with_it)
                seen = median(one["ratios"][metric]["point"] for one in with_it) - 1
                pairs = median(one["pairs"] for one in with_it)
                rate = shown(alarms / len(with_it), len(with_it), 1)
                name, figure = (f"`{cell}`", f"{seen:+.1%}") if cell else ("all", "")
                rows.append(
                    f"| {effect:.0%} | {name} | {metric} | {figure} | {len(with_it)} | {alarms} | {rate} | {pairs:g} |"
                )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("decisions", type=Path, nargs="?", default=KEPT)
    parser.add_argument("--unchanged", type=int, default=34)
    parser.add_argument("--each", type=int, default=8)
    asked = parser.parse_args()
    done = {(one["effect"], one["seed"]) for one in read(asked.decisions)}
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
