"""What programs of ours showed on each interpreter, as a run file keeps it: how often, of how many fresh processes."""

from __future__ import annotations

from dataclasses import dataclass, fields

import pandas as pd
from scipy.stats import beta

from when_async.bench.model import Estimate


@dataclass(frozen=True)
class Seen:
    """`shown` of `tried` fresh processes showed what a claim says; `said` is what one of them saw.

    `absent` says why it could not be tried there, and is empty otherwise.
    """

    run: str
    claim: str
    python: str
    version: str
    shown: int
    tried: int
    said: str
    absent: str = ""


def seen_in(frame: pd.DataFrame) -> list[Seen]:
    """All that the runs of a frame recorded, in order."""
    names = {one.name for one in fields(Seen)}
    return [
        Seen(**{name: record[name] for name in names & record.keys()}) for record in frame.attrs.get("behaviours", ())
    ]


def estimate_of(seen: Seen, confidence: float = 0.95) -> Estimate | None:
    """The share of processes with Clopper and Pearson's exact interval (Biometrika 26, 1934); None below 2 of them."""
    if seen.tried < 2:
        return None
    low, high = share_interval(seen.shown, seen.tried, confidence)
    return Estimate(seen.shown / seen.tried, low, high, "share", seen.tried, confidence)


def share_interval(shown: int, tried: int, confidence: float) -> tuple[float, float]:
    """The exact interval of a share."""
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, shown, tried - shown + 1)) if shown else 0.0
    high = float(beta.ppf(1 - tail, shown + 1, tried - shown)) if shown < tried else 1.0
    return low, high
