"""What the deciding run begins with, from the reference: how much each part of the claims scatters, and what it costs.

    python -m docs.evidence.spread --write

writes results/reference/spread.json: by comparison the log variance over processes of each part of a claim, of what is
shown of each contestant and of its ratio to every other, averaged over the interpreters of the reference
(results/stats/moderated.py says what they are for); and the seconds that one process of each contestant takes with two
rounds, by which a short budget is planned.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from statistics import fmean

import numpy as np
import pandas as pd

from when_async.bench.cli.claims import whole_references
from when_async.bench.model import Phase, Status
from when_async.bench.plan import DECIDE, VERDICTS
from when_async.reports.verdicts.claim import Claim, Part
from when_async.reports.verdicts.judging import claims, lookups
from when_async.reports.verdicts.lookup import Lookup
from when_async.results.cells import pairing
from when_async.results.cells.rule import RECORDED, Series, of_cell, of_pair
from when_async.results.frame import load
from when_async.results.stats.moderated import log_variance

CELLS = ("throughput", "makespan", "overhead_per_op", "cpu_per_op")
PAIRS = ("throughput", "cpu_per_op")
ROUNDS = VERDICTS[DECIDE].rounds
REFERENCE = Path(__file__).parents[2] / "results" / "reference"


def parts() -> dict[str, Part]:
    """Every part with figures by its key; of those that read the same quantity one."""
    return {part.measure.key: part for claim in claims().values() if isinstance(claim, Claim) for part in claim.parts}


def log_variances(proof: Lookup) -> Iterator[tuple[str, float]]:
    """The key of each part that has a logarithm in all processes of an interpreter, and its log variance there."""
    for key, part in parts().items():
        found = part.measure.series(proof)
        if isinstance(found, Series) and found.logs:
            yield from _of(key, found.values)


def shown(proof: Lookup) -> Iterator[tuple[str, float]]:
    """The same for what charts and tables show: quantities of each cell, and the ratio of any two of a comparison."""
    rows = [row for row in proof.scene.rows if row.status == Status.OK]
    for row in rows:
        for name in CELLS:
            values = tuple(row.processes.get(name, {}).values())
            if values and min(values) > 0:
                yield from _of(of_cell(name, row.contestant, row.comparison), values)
    for row, other in combinations(rows, 2):
        if row.comparison == other.comparison:
            for name in PAIRS:
                pair = of_pair(name, (row.contestant, other.contestant), row.comparison)
                yield from _of(pair, pairing.ratios(proof.scene.of_cell(row), proof.scene.of_cell(other), name))


def _of(key: str, values: Sequence[float]) -> Iterator[tuple[str, float]]:
    seen = log_variance(np.log(values)) if len(values) > 1 else None
    if seen is not None:
        yield key, seen


def recorded(frame: pd.DataFrame, without: str = "") -> Mapping[str, float]:
    """By key the mean over the interpreters of `frame`, those whose label is `without` left out."""
    found: dict[str, list[float]] = {}
    for proof in lookups(frame):
        if proof.python != without:
            for key, seen in {**dict(shown(proof)), **dict(log_variances(proof))}.items():
                found.setdefault(key, []).append(seen)
    return {key: round(fmean(values), 2) for key, values in found.items()}


def reference() -> pd.DataFrame:
    """All claims' recordings of the reference."""
    return load(whole_references())


def seconds(frame: pd.DataFrame) -> Mapping[str, float]:
    """By comparison the seconds of a warm-up and two rounds, start-up included, in the mean of the interpreters."""
    kept = frame[(frame["phase"] == Phase.WARMUP) | (frame["round"] < ROUNDS)]
    forks = kept.groupby(["comparison", "python", "cell", "fork"], sort=True)
    own = forks.agg(
        {"window_s": "sum", "makespan_s": "sum", "launch_s": "first", "startup_s": "first", "teardown_s": "first"}
    )
    own["ask_s"] = own["window_s"].where(own["window_s"] > 0, own["makespan_s"])
    by_fork = own.groupby(["comparison", "python", "fork"])
    # Workers are launched side by side, and all else comes one after another.
    spent = by_fork["launch_s"].max() + by_fork[["ask_s", "startup_s", "teardown_s"]].sum().sum(axis=1)
    return {str(place): round(float(value), 2) for place, value in spent.groupby("comparison").mean().items()}


def text(frame: pd.DataFrame) -> str:
    """What stands in the file."""
    note = "Written by docs/evidence/spread.py; see results/stats/moderated.py."
    spread: dict[str, dict[str, float]] = {}
    for key, value in sorted(recorded(frame).items()):
        name, _, place = key.rpartition(" in ")
        spread.setdefault(place, {})[name] = value
    lines = ",\n".join(f"  {json.dumps(place)}: {json.dumps(own)}" for place, own in sorted(spread.items()))
    costs = json.dumps(seconds(frame), indent=1)
    return f'{{\n "note": {json.dumps(note)},\n "log_variance": {{\n{lines}\n }},\n "seconds": {costs}\n}}\n'


def main() -> None:
    """Print or write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write it, instead of printing it")
    made = text(reference())
    if parser.parse_args().write:
        (REFERENCE / RECORDED).write_text(made)
    else:
        print(made, end="")


if __name__ == "__main__":
    main()
