"""How long a page of many runs takes, how much memory, and how large it is.

    python -m docs.evidence.large_page RUN          50 runs made of this run file, a million samples
    python -m docs.evidence.large_page RUN --runs 5 --samples 50000

The runs are copies of a real one with other ids and dates; rounds are repeated until the samples are there, so cells,
reasons and figures are as they are in life. The page is built in a process of its own, whose peak memory is told.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from when_async.results.runfile import content


def copies(source: Path, folder: Path, runs: int, samples: int) -> list[Path]:
    """So many run files in `folder`, with that many samples in all."""
    records = [json.loads(line) for line in content(source).splitlines()]
    measured = [one for one in records if one["kind"] == "sample" and one["phase"] == "measure"]
    rest = [one for one in records if one["kind"] != "sample" or one["phase"] != "measure"]
    steps = {name: 1 + max(one[name] for one in measured) for name in ("round", "block")}
    repeats = -(-samples // (runs * len(measured)))
    paths = []
    for number in range(runs):
        path = folder / f"{number:02d}.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for record in rest:
                file.write(json.dumps(renamed(record, number)) + "\n")
            for repeat in range(repeats):
                for one in measured:
                    moved = {name: one[name] + repeat * step for name, step in steps.items()}
                    file.write(json.dumps({**one, **moved}) + "\n")
        paths.append(path)
    return paths


def renamed(record: dict[str, Any], number: int) -> dict[str, Any]:
    """The same header under another id and date."""
    if record["kind"] != "run":
        return record
    return {**record, "run": f"2026{1 + number // 28:02d}{1 + number % 28:02d}-120000-{number:04x}"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the runs, build the page and say what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--samples", type=int, default=1_000_000)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        paths = copies(chosen.run, Path(folder), chosen.runs, chosen.samples)
        size = sum(path.stat().st_size for path in paths) / 2**20
        print(f"{len(paths)} runs, {size:.0f} MiB of run files", flush=True)
        began = time.monotonic()
        front = [sys.executable, "-m", "when_async.bench.cli.main"]
        command = [*front, "report", *map(str, paths), "--output", f"{folder}/page"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        taken_s = time.monotonic() - began
        page = (Path(folder) / "page" / "index.html").stat().st_size / 2**20
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"built in {taken_s:.0f} s with {peak:.2f} GiB at most; the page has {page:.1f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
