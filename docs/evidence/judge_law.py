"""The law that was there before the simulation, before the same judge: its last commit predicts the same cells.

    python -m docs.evidence.judge_law      writes law.json beside the judge's recordings

It checks that commit out for a moment, as its code is gone from here. Predicted twice: by what it had fitted to the
reference, and by figures that it fits to the recording's other places.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from docs.evidence.judge import FOLDER
from docs.evidence.judge_places import PYTHONS

COMMIT = "f2bf9d0^"
"""The last one that has the law."""
INSIDE = """
import json, sys
from pathlib import Path
from when_async.results.cells.summary import summary
from when_async.results.frame import load
from when_async.results.prediction.advice_file import read
from when_async.results.prediction.fitted import fitted, seen
folder, old = Path(sys.argv[1]), read(Path(sys.argv[2]))[0]
found = {}
for python in sys.argv[3:]:
    paths = [path for path in folder.glob(f"{python}-*.jsonl*")]
    rows = [row for row in summary(load(sorted(paths))) if row.makespan is not None]
    again, known = fitted(rows, python, python, 2), next(one for one in old if one.python == python)
    by_runner = {one.runner: one for one in known.overheads}
    found[python] = {
        "law, other places": [
            [one.runner, one.place, one.measured_s, one.predicted_s, one.concurrency] for one in again.trials
        ],
        "law, reference": [
            [one.runner, one.place, one.makespan_s, by_runner[one.runner].makespan_s(one.work, 2), one.work.concurrency]
            for one in seen(rows) if one.runner in by_runner
        ],
    }
print(json.dumps(found))
"""
ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        subprocess.run(["git", "worktree", "add", "--detach", "--quiet", str(tree), COMMIT], cwd=ROOT, check=True)
        try:
            told = subprocess.check_output(
                [sys.executable, "-c", INSIDE, str(FOLDER), str(tree / "results/reference/advice.json"), *PYTHONS],
                cwd=tree, env={**os.environ, "PYTHONPATH": str(tree / "src")}, text=True,
            )  # fmt: skip
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(tree)], cwd=ROOT, check=True)
    (FOLDER / "law.json").write_text(json.dumps(json.loads(told)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
