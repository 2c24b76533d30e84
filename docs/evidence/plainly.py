"""Let the gate command decide on heads that are plainly slower, and on heads that are not, again and again.

    python -m docs.evidence.plainly LINES.jsonl [--each 50] [--same 100] [--busy [--at-once 3]] [--budget 20s]

Each decision is a whole run of the command in a repository of its own, without controls: one benchmark with rounds of
1.5 ms, whose head does the work of base once, one and a half times or twice. With `--busy` six loops keep the machine
busy meanwhile, and with `--at-once` the other runs as well, each with a lock of its own. A line is written after each
run; a second call goes on where the first one stopped.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from docs.evidence.faults import Input
from docs.evidence.faults.g1_plain_slowdowns import WORKLOAD
from docs.evidence.faults.running import environ, lay
from when_async.results.stats.estimate import share_limits

KEPT = Path("results/reference/gate-plain.jsonl")
NUMBERS = 500
"""What an op of base adds up."""
LOOPS = 6


@contextmanager
def neighbours(count: int) -> Iterator[None]:
    """So many loops that do nothing but compute."""
    with ExitStack() as stack:
        for _ in range(count):
            loop = subprocess.Popen([sys.executable, "-c", "while True: sum(range(9999))"])
            stack.callback(loop.wait)
            stack.callback(loop.kill)
        yield


def decide(factor: float, budget: str, *, busy: bool, at_once: int = 1) -> dict[str, Any]:
    """One run of the command."""
    base, head = (WORKLOAD.format(f"sum(range({round(NUMBERS * by)})); ") for by in (1, factor))
    case = Input("", "", "", files={"mine.py": head}, base={"mine.py": base})
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "project"
        lay(folder, case)
        began = time.monotonic()
        command = [sys.executable, "-m", "when_async.bench.cli.main", "gate", "--base", "main", "--budget", budget]
        command += ["-w", "mine.py", "-r", "sync", "--no-controls"]
        done = subprocess.run(
            [*command, "-o", "out"], cwd=folder, env=environ(Path(made), case), capture_output=True, check=False
        )
        seconds = time.monotonic() - began
        try:
            report = json.loads((folder / "out" / "gate.json").read_text(encoding="utf-8"))
        except OSError:
            raise SystemExit(f"the gate wrote no report: {done.stderr.decode()[-400:]}") from None
    words = [cell["word"] for cell in report["cells"]]
    return {
        "factor": factor, "busy": busy, "at_once": at_once, "budget": budget, "exit": done.returncode, "words": words,
        "seconds": round(seconds, 1),
    }  # fmt: skip


def read(path: Path = KEPT) -> list[dict[str, Any]]:
    """All lines so far."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def table(lines: list[dict[str, Any]]) -> list[str]:
    """By head and machine how the command ended."""
    rows = [
        "| head | machine | runs | exit 1 | exit 4 | exit 0 | wrong at most | median s |",
        "|---|---|---:|---:|---:|---:|---|---:|",
    ]
    kinds = [(line["factor"], line["busy"], line.get("at_once", 1)) for line in lines]
    for kind in sorted(set(kinds)):
        factor, busy, at_once = kind
        own = [line for line, its in zip(lines, kinds, strict=True) if its == kind]
        exits = Counter(line["exit"] for line in own)
        wrong = exits[1] if factor == 1.0 else exits[0]
        most = f"{'exit 1' if factor == 1.0 else 'exit 0'} in {100 * share_limits(wrong, len(own), 0.9)[1]:.1f} %"
        name = "the same" if factor == 1.0 else f"{factor:g} times as slow"
        seconds = sorted(line["seconds"] for line in own)[len(own) // 2]
        machine = ("six busy loops" if busy else "alone") + (f", {at_once} runs at once" if at_once > 1 else "")
        rows.append(
            f"| {name} | {machine} | {len(own)} | {exits[1]} | {exits[4]} | {exits[0]} | {most} | {seconds:.1f} |"
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", type=Path)
    parser.add_argument("--each", type=int, default=50)
    parser.add_argument("--same", type=int, default=100)
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--budget", default="20s")
    asked = parser.parse_args()
    if asked.at_once > 1 and not asked.busy:
        parser.error("--at-once is for a machine that is kept busy: add --busy")
    wanted = {1.5: asked.each, 2.0: asked.each, 1.0: asked.same}
    done = Counter((line["factor"], line["busy"]) for line in read(asked.lines))
    left = [factor for factor, count in wanted.items() for _ in range(done[factor, asked.busy], count)]
    with (
        asked.lines.open("a", encoding="utf-8") as out,
        neighbours(LOOPS if asked.busy else 0),
        ThreadPoolExecutor(asked.at_once) as side_by_side,
    ):
        runs = [
            side_by_side.submit(decide, factor, asked.budget, busy=asked.busy, at_once=asked.at_once) for factor in left
        ]
        for run in as_completed(runs):
            if run.exception() is not None:
                side_by_side.shutdown(wait=False, cancel_futures=True)
            out.write(json.dumps(run.result()) + "\n")
            out.flush()
    print("\n".join(table(read(asked.lines))))


if __name__ == "__main__":
    main()
