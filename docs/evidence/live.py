"""Let the gate command itself decide, on this machine, now: unchanged programs, and slow-downs of known size.

    python -m docs.evidence.live DECISIONS.jsonl [--unchanged 34] [--each 7]

Each run of the command decides on three cells, with the margin at half of the slow-down (3 % for unchanged ones).
Conditions take turns. Every decision is written at once; a second call goes on where the first one stopped.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from docs.evidence.rates import shown
from docs.evidence.traces import LIVE

EFFECTS = (0.02, 0.03, 0.05, 0.08, 0.10)
CELLS = (
    "sleep[wait=1ms,n=500,c=500]",
    "http_fetch[n=100,delay=0s,body=1KiB,c=10]",
    "grid_search[unit=50us,n=60,payload=0B,c=2]",
)
MARGIN = 0.03


def decide(effect: float, seed: int) -> list[dict[str, Any]]:
    """One run of the command; what it said of each cell."""
    margin = effect / 2 if effect else MARGIN
    with tempfile.TemporaryDirectory() as folder:
        front = [sys.executable, "-m", "when_async.bench.cli.main"]
        command = [*front, "gate", "--base", ".", "--no-controls", "-r", "asyncio", "--queue"]
        command += [part for cell in CELLS for part in ("-w", cell)]
        command += ["--margin", f"{margin:.4%}", "--budget", "20m", "--seed", str(seed), "-o", folder]
        command += ["--inject", f"{effect:.4%}"] if effect else []
        began = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - began
        try:
            report = json.loads((Path(folder) / "gate.json").read_text(encoding="utf-8"))
        except OSError:
            raise SystemExit(f"the gate wrote no report: {done.stderr[-400:]}") from None
    return [
        {
            "effect": effect, "margin": margin, "seed": seed, "cell": cell["cell"], "word": cell["word"],
            "pairs": cell["pairs"], "seconds": round(cell["seconds"], 2), "run_s": round(seconds, 1),
            "exit": done.returncode,
            "ratio": next((m["ratio"] for m in cell["metrics"] if m["metric"] == "wall"), None),
            "operating": report["operating"],
        }
        for cell in report["cells"]
    ]  # fmt: skip


def plan(unchanged: int, each: int) -> list[tuple[float, int]]:
    """(effect, seed) in turns, so that every hour has some of each."""
    rounds = max(unchanged, each)
    found = []
    for index in range(rounds):
        if index < unchanged:
            found.append((0.0, index))
        step = max(1, unchanged // each) if each else 1
        if each and index % step == 0 and index // step < each:
            found += [(effect, index // step) for effect in EFFECTS]
    return found


def table(decisions: list[dict[str, Any]]) -> list[str]:
    """Words by condition."""
    rows = ["| slow-down | margin | decisions | alarms | rate and its limits | words | machine s a decision |",
            "|---|---|---|---|---|---|---|"]  # fmt: skip
    for effect in sorted({one["effect"] for one in decisions}):
        some = [one for one in decisions if one["effect"] == effect]
        alarms = sum(one["word"] == "REGRESSED" for one in some)
        words = ", ".join(f"{count} {word}" for word, count in Counter(one["word"] for one in some).most_common())
        seconds = sum(one["seconds"] for one in some) / len(some)
        rate = shown(alarms / len(some), len(some), 1)
        rows.append(
            f"| {effect:.0%} | {some[0]['margin']:.1%} | {len(some)} | {alarms} | {rate} | {words} | {seconds:.1f} |"
        )
    return rows


def read(path: Path) -> list[dict[str, Any]]:
    """The decisions that were taken so far."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("decisions", type=Path, nargs="?", default=LIVE)
    parser.add_argument("--unchanged", type=int, default=34)
    parser.add_argument("--each", type=int, default=7)
    parser.add_argument("--only", type=float, nargs="*", metavar="EFFECT", help="only these, such as 0 0.05")
    options = parser.parse_args()
    done = {(one["effect"], one["seed"]) for one in read(options.decisions)}
    for effect, seed in plan(options.unchanged, options.each):
        if (effect, seed) in done or (options.only and effect not in options.only):
            continue
        taken = decide(effect, seed)
        with options.decisions.open("a", encoding="utf-8") as out:
            out.writelines(json.dumps(one) + "\n" for one in taken)
        print(f"{effect:.0%} seed {seed}: {[one['word'] for one in taken]} in {taken[0]['run_s']} s", flush=True)
    print("\n".join(table(read(options.decisions))))


if __name__ == "__main__":
    main()
