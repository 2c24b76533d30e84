"""Latencies as they travel in a run file: a histogram with three significant digits, in its own compressed text.

The measured process sends whole nanoseconds; they are packed here, on the parent's side (method.md, R15, T17).
"""

from __future__ import annotations

from collections.abc import Sequence

from hdrh.histogram import HdrHistogram

LOWEST_NS, HIGHEST_NS, DIGITS = 1, 3_600_000_000_000, 3


def packed(latencies_ns: Sequence[int]) -> str:
    """The text that a run file keeps; empty where nothing waited. What is beyond an hour counts as an hour."""
    if not latencies_ns:
        return ""
    histogram = HdrHistogram(LOWEST_NS, HIGHEST_NS, DIGITS)
    for value in latencies_ns:
        histogram.record_value(min(max(int(value), LOWEST_NS), HIGHEST_NS))
    text: bytes = histogram.encode()
    return text.decode("ascii")
