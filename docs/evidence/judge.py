"""A fresh recording as the judge of predictions: taken when the code was frozen, of places that nothing was fitted to.

    python -m docs.evidence.judge --record     calibrate and record; some 45 minutes with nothing else busy
    python -m docs.evidence.judge              print what came of it
    python -m docs.evidence.judge --write      write docs/judge.md, and what advise says of how good it is

What was fixed before the first round was measured, and is kept to whatever the figures say:

- The code of `results/prediction` and its constants, the places (judge_places.py) and this script, by a commit.
- Each interpreter of PYTHONS is calibrated once, right before its recording. Each recording is made once: a file of
  runners with 6 processes a cell, and one of pools, and of threads without a GIL, with 12. One more recording of the
  first interpreter's places is bound to one core. Whatever stops a recording, it is resumed and not begun anew.
- Predicted three times: by the calibration (this is what the goals are held against: no cell of the recording has
  been seen by it), by what was fitted to the reference, which is of another machine, and by figures fitted to the
  recording's other places.
- A cell counts as reproducible whose 95 % interval has a half-width of at most 5 %.
- What an op computes is taken from the recording, as the workload says it: it is what is asked of `advise` as --cpu.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from docs.evidence import judge_score, judge_table
from docs.evidence.judge_places import POOL, PYTHONS, SERIAL, Place, places
from docs.evidence.spread import REFERENCE
from when_async.bench.cli.advise import JUDGE
from when_async.results.prediction import before_judge

FOLDER = REFERENCE / "judge"
PAGE = Path(__file__).resolve().parents[1] / "judge.md"
THREADS, LOOPS = "threading", ("asyncio", "uvloop", "trio")
FEW, MANY, ROUNDS = 6, 12, 4
ONE_CORE = "one-core"


def asked(python: str, own: Sequence[Place]) -> list[tuple[str, int, list[Place], list[str]]]:
    """The parts of a recording: a name, processes a cell, places and runners."""
    noisy = [POOL, THREADS] if python.endswith("t") else [POOL]
    rest = [one for one in (THREADS, *LOOPS) if one not in noisy]
    pooled = [one for one in own if one.pooled]
    parts = [("plain", FEW, [one for one in own if one.serial], [SERIAL]), ("rest", FEW, list(own), rest)]
    parts.append(("pools", MANY, pooled, [POOL]))
    if THREADS in noisy:
        parts.append(("threads", MANY, list(own), [THREADS]))
    return parts


def record(python: str, name: str, before: Sequence[str] = ()) -> None:
    """Calibrate for an interpreter and record its places; what is there already is kept."""
    FOLDER.mkdir(exist_ok=True)
    front = [*before, sys.executable, "-m", "when_async.bench.cli.main"]
    if not before and not (FOLDER / f"{name}.json").exists():
        _call([*front, "calibrate", "--python", python, "-o", str(FOLDER / f"{name}.json"), "--json"])
    for part, forks, own, runners in asked(python, places(python)):
        path = FOLDER / f"{name}-{part}.jsonl"
        if path.with_suffix(".jsonl.done").exists():
            continue
        if path.exists():
            _call([*front, "run", "--resume", str(path)])
        else:
            what = [each for one in own for each in ("-w", one.spec)] + [
                each for one in runners for each in ("-r", one)
            ]
            how = ["--profile", "full", "--forks", str(forks), "--rounds", str(ROUNDS), "--python", python]
            _call([*front, "run", *what, *how, "-o", str(path)])
        path.with_suffix(".jsonl.done").touch()


def _call(command: Sequence[str]) -> None:
    """Run a command of ours; a run some of whose cells failed (3) is a recording like any other."""
    ended = subprocess.run(command, stdout=subprocess.DEVNULL, env={**os.environ, "NO_COLOR": "1"}, check=False)
    if ended.returncode not in (0, 3):
        sys.exit(f"{' '.join(command[:6])} ... ended with {ended.returncode}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="calibrate and record what is not there yet")
    parser.add_argument("--write", action="store_true", help="write docs/judge.md")
    chosen = parser.parse_args()
    if chosen.record:
        for python in PYTHONS:
            record(python, python)
        record(PYTHONS[0], ONE_CORE, ("taskset", "-c", "0"))
        return 0
    found = judge_score.judge(FOLDER)
    page = judge_table.page(found, FOLDER)
    print(page)
    if chosen.write:
        PAGE.write_text(page, encoding="utf-8")
        before_judge.write(JUDGE, judge_score.verdicts(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
