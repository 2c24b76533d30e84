"""Which reducer of a pair, and which estimator over pairs, is least disturbed by recorded noise.

    python -m docs.evidence.estimators [TRACES.jsonl.gz]

Replays the unchanged pairs: for each candidate the bias and the spread (standard deviation) of its estimate, in
percent, over draws of 14 neighbouring pairs. The candidate with the least spread over all cells is the gate's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from docs.evidence.blocks import draw
from docs.evidence.traces import Floats, Trace, load
from when_async.results.stats.samples import REDUCERS, PairedRounds
from when_async.results.stats.sequential import hodges_lehmann

PAIRS = 14
DRAWS = 4000


def trimmed(d: Floats) -> Floats:
    """Mean of the middle 60 % of each row."""
    cut = d.shape[1] // 5
    return np.asarray(np.sort(d, axis=1)[:, cut:-cut].mean(axis=1))


ESTIMATORS: Mapping[str, Callable[[Floats], Floats]] = {
    "mean": lambda d: np.asarray(d.mean(axis=1)),
    "median": lambda d: np.asarray(np.median(d, axis=1)),
    "trimmed mean": trimmed,
    "Hodges-Lehmann": lambda d: hodges_lehmann(d)[0],
}


def reduced(trace: Trace, name: str) -> Floats:
    """One log-ratio per pair by the reducer of that name."""
    pairs = zip(trace.base["wall"], trace.head["wall"], strict=True)
    return np.array([REDUCERS[name](PairedRounds(base, head)) for base, head in pairs])


def spreads(trace: Trace, random: np.random.Generator) -> dict[tuple[str, str], tuple[float, float, float]]:
    """(reducer, estimator) -> (spread of one pair by its MAD, bias, spread of the estimate), on the log scale."""
    found = {}
    for reducer in REDUCERS:
        d = reduced(trace, reducer)
        single = 1.4826 * float(np.median(np.abs(d - np.median(d))))
        rows = d[draw(len(d), DRAWS, PAIRS, random)]
        for name, estimate in ESTIMATORS.items():
            values = estimate(rows)
            found[reducer, name] = single, float(values.mean()), float(values.std())
    return found


def table(traces: Mapping[tuple[str, float], Trace], seed: int = 20260) -> list[str]:
    """Markdown rows, one a candidate; the winner is the one with the least geometric mean of its spreads."""
    random = np.random.default_rng(seed)
    unchanged = {cell: trace for (cell, effect), trace in traces.items() if effect == 0.0}
    found = {cell: spreads(trace, random) for cell, trace in unchanged.items()}
    cells = list(found)
    rows = [f"| reducer of a pair | over pairs | {' | '.join(cells)} |", f"|---|---|{'---|' * len(cells)}"]
    candidates = next(iter(found.values()))
    ranked = sorted(candidates, key=lambda key: sum(np.log(found[cell][key][2]) for cell in cells))
    for key in ranked:
        shown = [f"{found[cell][key][1]:+.2%} / {found[cell][key][2]:.2%}" for cell in cells]
        rows.append(f"| {key[0].replace('_', ' ')} | {key[1]} | {' | '.join(shown)} |")
    return rows


def main() -> None:
    _, traces = load(*map(Path, sys.argv[1:]))
    print("\n".join(table(traces)))


if __name__ == "__main__":
    main()
