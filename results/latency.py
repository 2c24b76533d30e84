"""Latencies of cells: histograms of rounds merged into one per process, and percentiles with intervals over processes.

A percentile is read only where a process has the samples for it, ten beyond the point: p99 needs 1 000, p99.9 needs
10 000 (method.md, R15). Histograms are merged and never averaged, and each process counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd
from hdrh.histogram import HdrHistogram

from bench.model import Estimate
from results.stats.estimate import log_interval

PERCENTILES: Mapping[str, float] = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}
BEYOND = 10
"""How many samples a process must have beyond a percentile before it is read."""

_LOWEST_NS, _HIGHEST_NS, _DIGITS = 1, 3_600_000_000_000, 3

Key = tuple[str, str]
"""Run and cell."""


@dataclass(frozen=True)
class Latency:
    """What is said of the latencies of one cell: percentiles in seconds, and the points of its curve.

    `percentiles` has those that every process supports. `curve` holds (share of all, seconds) of all processes pooled,
    for drawing; `count` is how many waited, in all processes.
    """

    percentiles: Mapping[str, Estimate]
    curve: tuple[tuple[float, float], ...]
    count: int


def supported(share: float, count: int) -> bool:
    """Whether so many samples may be read at this percentile."""
    return count * (1 - share) >= BEYOND * (1 - 1e-9)


def merged(texts: Iterable[str]) -> HdrHistogram:
    """All histograms in one; empty texts count for nothing. Raises ValueError on a text that is no histogram."""
    total = HdrHistogram(_LOWEST_NS, _HIGHEST_NS, _DIGITS)
    for text in filter(None, texts):
        try:
            total.add(HdrHistogram.decode(text))
        except Exception as error:  # the library raises whatever its decoders do
            raise ValueError(f"not a histogram: {text[:20]!r}") from error
    return total


def latencies(measured: pd.DataFrame) -> dict[Key, Latency]:
    """By run and cell; `measured` are the analysed rounds of OK cells. Cells without latencies are left out."""
    told = measured[measured["latency"].fillna("") != ""]
    found: dict[Key, Latency] = {}
    for (run, cell), rows in told.groupby(["run", "cell"], sort=False):
        found[str(run), str(cell)] = of_processes([merged(own["latency"]) for _, own in rows.groupby("fork")])
    return found


def of_processes(processes: list[HdrHistogram]) -> Latency:
    """What the histograms of the processes of one cell say together."""
    counts = [process.get_total_count() for process in processes]
    percentiles = {}
    for name, share in PERCENTILES.items():
        if all(supported(share, count) for count in counts):
            estimate = log_interval([read_s(process, share) for process in processes], "s")
            if estimate is not None:
                percentiles[name] = estimate
    pooled = HdrHistogram(_LOWEST_NS, _HIGHEST_NS, _DIGITS)
    for process in processes:
        pooled.add(process)
    return Latency(percentiles, _curve(pooled), sum(counts))


def read_s(histogram: HdrHistogram, share: float) -> float:
    """Seconds below which this share of the samples lies."""
    return float(histogram.get_value_at_percentile(100 * share)) / 1e9


SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999, 0.9995, 0.9999)


def _curve(pooled: HdrHistogram) -> tuple[tuple[float, float], ...]:
    count = pooled.get_total_count()
    return tuple((share, read_s(pooled, share)) for share in SHARES if supported(share, count))
