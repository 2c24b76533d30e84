"""Recorded pairs of the same program, six at a time, whose ratio is 1 whatever the rule says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from docs.evidence.blocks import draw
from docs.evidence.forks import Floats, judged, least_p
from docs.evidence.traces import Trace
from when_async.results.stats.moderated import LEVELS, LOOKS

EACH = 20
"""Parts of a made-up run that each cell gives, so that a run has about as many parts as the claims."""
ALONE = 0.05
"""The level of a single look."""
FREEDOM = "freedom"
Sixes = Callable[[Trace, int, np.random.Generator], Floats]


def neighbours(trace: Trace, count: int, random: np.random.Generator) -> Floats:
    """So many times six pairs in a row, which keeps the drift between them."""
    return trace.logs()[draw(len(trace), count, LOOKS[-1], random, block=LOOKS[-1])]


def anywhere(trace: Trace, count: int, random: np.random.Generator) -> Floats:
    """So many times six different pairs from anywhere, as the processes of a run are a whole pass apart."""
    ranks = random.random((count, len(trace)))
    chosen = np.argpartition(ranks, LOOKS[-1], axis=1)[:, : LOOKS[-1]]
    drawn: Floats = trace.logs()[random.permuted(chosen, axis=1)]
    return drawn


def excluded(
    traces: Mapping[str, Trace], runs: int, random: np.random.Generator, sixes: Sixes
) -> dict[str, dict[str, float]]:
    """By cell and rule the share of sixes that exclude 1 at any look, and what a recording counted for.

    `alone` is Student's t at 5 % a look, `looks` the same at the level of looks. `own` is our rule where the recorded
    variance is that of the same cell, as claims have it of other interpreters; in `others` it is that of the other
    cells, which says nothing of this one.
    """
    drawn = {name: sixes(trace, runs * EACH, random) for name, trace in traces.items()}
    values = np.concatenate([own.reshape(runs, EACH, LOOKS[-1]) for own in drawn.values()], axis=1)
    spread = {name: float(np.log(own.var(axis=-1, ddof=1)).mean()) for name, own in drawn.items()}
    others = {name: float(np.mean([spread[one] for one in spread if one != name])) for name in spread}
    rates: dict[str, dict[str, float]] = {name: {} for name in (*traces, FREEDOM)}
    for name, own in drawn.items():
        least = least_p(own, LOOKS[0])
        rates[name] = {"alone": float((least < ALONE).mean()), "looks": float((least < LEVELS[2]).mean())}
    for rule, known in (("own", spread), ("others", others)):
        recorded = np.broadcast_to(np.repeat([known[name] for name in traces], EACH), values.shape[:2])
        found = judged(values, recorded)
        out = ((found.low > 0) | (found.high < 0)).reshape(runs, len(traces), EACH)
        for name, share in zip(traces, out.mean(axis=(0, 2)), strict=True):
            rates[name][rule] = float(share)
        rates[FREEDOM][rule] = found.freedom
    return rates
