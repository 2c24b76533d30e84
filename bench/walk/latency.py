"""Latencies as they travel in a run file: a histogram with three significant digits, in its own compressed text.

The measured process sends whole nanoseconds; they are packed here, on the parent's side (method.md, R15, T17).
"""

from __future__ import annotations

from collections.abc import Sequence

from hdrh.histogram import HdrHistogram

LOWEST_NS, HIGHEST_NS, DIGITS = 1, 3_600_000_000_000, 3
BEYOND = 10
"""How many samples must lie beyond a percentile before it is read: 1 000 for a p99."""


def packed(latencies_ns: Sequence[int]) -> str:
    """The text that a run file keeps; empty where nothing waited. What is beyond an hour counts as an hour."""
    if not latencies_ns:
        return ""
    histogram = HdrHistogram(LOWEST_NS, HIGHEST_NS, DIGITS)
    for value in latencies_ns:
        histogram.record_value(min(max(int(value), LOWEST_NS), HIGHEST_NS))
    text: bytes = histogram.encode()
    return text.decode("ascii")


def percentile_s(text: str, share: float) -> float | None:
    """Seconds below which this share of one round's samples lies; None where fewer than ten are beyond it."""
    if not text:
        return None
    histogram = HdrHistogram.decode(text)
    if histogram.get_total_count() * (1 - share) < BEYOND * (1 - 1e-9):
        return None
    return float(histogram.get_value_at_percentile(100 * share)) / 1e9
