"""What the deciding run begins with, from the reference: how much each part of the claims scatters, and what it costs.

    python -m docs.evidence.spread --write

writes results/reference/spread.json: by the key of a part the log of its variance over processes, averaged over the
interpreters of the reference (results/stats/moderated.py says what it is for), and by comparison the seconds that one
process of each contestant takes with two rounds, by which a short budget is planned.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import fmean

import numpy as np
import pandas as pd

from when_async.bench.model import Phase
from when_async.bench.plan import DECIDE, VERDICTS
from when_async.reports.verdicts.claim import Claim, Part
from when_async.reports.verdicts.judging import claims, lookups
from when_async.reports.verdicts.lookup import Lookup
from when_async.reports.verdicts.series import RECORDED, Series
from when_async.results.frame import load
from when_async.results.stats.moderated import log_variance

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
            seen = log_variance(np.log(found.values))
            if seen is not None:
                yield key, seen


def recorded(frame: pd.DataFrame, without: str = "") -> Mapping[str, float]:
    """By key the mean over the interpreters of `frame`, those whose label is `without` left out."""
    found: dict[str, list[float]] = {}
    for proof in lookups(frame):
        if proof.python != without:
            for key, seen in log_variances(proof):
                found.setdefault(key, []).append(seen)
    return {key: round(fmean(values), 3) for key, values in found.items()}


def reference() -> pd.DataFrame:
    """All claims' recordings of the reference."""
    return load(sorted(REFERENCE.glob("claims-*.jsonl.gz")))


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
    spread = dict(sorted(recorded(frame).items()))
    return json.dumps({"note": note, "log_variance": spread, "seconds": seconds(frame)}, indent=1) + "\n"


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
