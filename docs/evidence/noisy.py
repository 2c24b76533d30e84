"""What the rule of disturbed rounds does, on a quiet machine and beside a neighbour that writes down when it works.

python -m docs.evidence.noisy --record RUN.jsonl TIMES.json    # a deciding run beside such a neighbour
python -m docs.evidence.noisy [--write docs/method.md]         # the table, from the two recordings that are kept
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from docs.evidence.decide import replace_between
from when_async.reports.scene.evidence import scene
from when_async.reports.verdicts.judging import judge
from when_async.results.cells.disturbed import disturbed
from when_async.results.cells.noise import noise
from when_async.results.frame import load

KEPT = Path("results/reference")
QUIET, BUSY = KEPT / "noise-quiet.jsonl.gz", KEPT / "noise-busy.jsonl.gz"
TIMES = KEPT / "noise-busy.times.json"
NAME = "disturbed rounds"
OVERLAP = 0.2
"""A round of which the neighbour worked through this share is one that it may have disturbed."""
NEIGHBOUR = """
import json, random, signal, sys, time
draw, spans = random.Random(20260), []
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
try:
    while True:
        began, until = time.perf_counter_ns(), time.monotonic() + draw.uniform(0.05, 1.5)
        while time.monotonic() < until:
            sum(range(1000))
        spans.append([began, time.perf_counter_ns()])
        time.sleep(draw.uniform(0.05, 1.5))
finally:
    json.dump(spans, open(sys.argv[1], "w"))
"""


def record(run: Path, times: Path) -> None:
    """A deciding run beside a neighbour that works half of the time, on whichever core it gets."""
    neighbour = subprocess.Popen([sys.executable, "-c", NEIGHBOUR, str(times)])
    try:
        command = [sys.executable, "-m", "when_async.bench.cli.main", "run", "--queue", "-o", str(run)]
        subprocess.run(command, check=False)
    finally:
        neighbour.terminate()
        neighbour.wait()


def worked(frame: pd.DataFrame, spans: Sequence[Sequence[int]]) -> npt.NDArray[np.bool_]:
    """For each row whether the neighbour worked through OVERLAP of its round at least."""
    start = frame["start_ns"].to_numpy(dtype=np.float64, na_value=np.nan)
    long = frame["makespan_s"].to_numpy(dtype=np.float64, na_value=np.nan) * 1e9
    shared = np.zeros(len(frame))
    for began, ended in spans:
        shared += np.clip(np.minimum(start + long, ended) - np.maximum(start, began), 0, None)
    return np.asarray(shared >= OVERLAP * long)


def verdicts(frame: pd.DataFrame) -> dict[str, str]:
    """The word on each claim."""
    return {one.claim.name: str(one.word) for one in judge(frame, scene=scene(frame))}


def row(name: str, path: Path, spans: Sequence[Sequence[int]]) -> str:
    """What the rule called disturbed in one recording, and what that changed."""
    raw, clean = load(path, raw=True), load(path)
    found = disturbed(raw)
    own = (raw["phase"] == "measure").to_numpy(bool) & raw["one_core"].to_numpy(dtype=bool, na_value=False)
    busy = worked(raw, spans)
    before, after = verdicts(raw), verdicts(clean)
    decided = [word for word in before.values() if word not in ("INCONCLUSIVE", "NOT_MEASURED")]
    changed = [f"{claim}: {before[claim]} → {word}" for claim, word in after.items() if word != before.get(claim)]
    return " | ".join(
        [
            f"| {name}",
            str(noise(raw)["word"]),
            str(int(own.sum())),
            _of(found, own & busy) if spans else "-",
            _of(found, own & ~busy),
            str(int((clean["phase"] == "disturbed").sum())),
            f"{len(decided)} of {len(before)}",
            f"{'; '.join(changed) or 'none'} |",
        ]
    )


def _of(found: npt.NDArray[np.bool_], rows: npt.NDArray[np.bool_]) -> str:
    return f"{int((found & rows).sum())} of {int(rows.sum())}"


def table() -> str:
    """Both recordings beside each other."""
    spans: list[Any] = json.loads(TIMES.read_text(encoding="utf-8"))
    head = (
        "| recording | by the machine's counters | one-thread rounds | called disturbed while the neighbour worked | "
        "called disturbed else | rounds left out | claims decided with all rounds | verdicts that change without them |"
    )
    rows = [row("quiet", QUIET, []), row("beside a neighbour", BUSY, spans)]
    return "\n".join([head, "|---|---|---:|---:|---:|---:|---:|---|", *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", nargs=2, type=Path, metavar=("RUN", "TIMES"))
    parser.add_argument("--write", type=Path)
    asked = parser.parse_args()
    if asked.record:
        record(*asked.record)
        return
    made = table()
    print(made)
    if asked.write:
        text = asked.write.read_text(encoding="utf-8")
        asked.write.write_text(replace_between(text, NAME, made.splitlines()), encoding="utf-8")


if __name__ == "__main__":
    main()
