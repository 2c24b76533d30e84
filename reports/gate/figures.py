"""How the figures of the gate are written: ratios to three decimals, changes in per cent, times in minutes.

The house writes three significant digits. The gate decides in tenths of a percent around 1, so its ratios get three
decimals: with 1.03 [1.02, 1.03] nobody could tell which side of a 3 % margin it is on.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from when_async.bench.model import Estimate
from when_async.results.gate.report import CellResult, MetricResult

from .. import words

LABELS = {"wall": "wall", "cpu": "CPU", "p50": "p50", "p99": "p99"}
NOUNS = {"wall": "wall time", "cpu": "CPU time", "p50": "p50 latency", "p99": "p99 latency"}


def label(metric: str) -> str:
    """The name of a metric in a table."""
    return LABELS.get(metric, words.one_line(metric, 20))


def ratio(value: Estimate | None) -> str:
    """A ratio head / base with its interval: `1.082 [1.074, 1.091]`; a dash where there is none."""
    if value is None:
        return words.DASH
    numbers = (words.estimate(value).point, value.low, value.high)
    if not all(map(math.isfinite, numbers)) or max(map(abs, numbers)) >= 10:
        return words.interval(value)
    point, low, high = (f"{number:.3f}".replace("-", words.MINUS) for number in numbers)
    return f"{point} [{low}, {high}]"


def change(metric: str, value: Estimate) -> str:
    """What a ratio means for the reader: `8.2 % more wall time [7.4, 9.1]`, `3.1 % less CPU time [2.2, 4.0]`."""
    more = words.estimate(value).point >= 1
    numbers = (value.point - 1, value.low - 1, value.high - 1)
    point, low, high = map(words.tenths, numbers if more else (-numbers[0], -numbers[2], -numbers[1]))
    noun = NOUNS.get(metric, words.one_line(metric, 20))
    return f"{point} % {'more' if more else 'less'} {noun} [{low}, {high}]"


def percent(share: float | None) -> str:
    """A share that was set, such as a margin: `3 %`, `2.5 %`; a dash for None."""
    return words.DASH if share is None or not math.isfinite(share) else f"{round(100 * share, 2):g} %"


def at_most(share: float | None) -> str:
    """A limit in per cent, rounded up to two digits, so that the printed limit still holds: `0.015 %`."""
    if share is None or not math.isfinite(share):
        return words.DASH
    if share <= 0:
        return "0 %"
    step = 10.0 ** (math.floor(math.log10(100 * share)) - 1)
    return f"{math.ceil(round(100 * share / step, 9)) * step:.6g} %"


def share(value: float) -> str:
    """A share of replays, rounded down, so that `100 %` means all of them."""
    return f"{math.floor(round(1000 * value, 6)) / 10:g} %"


def probability(value: float) -> str:
    """A p value: `0.00006`, `0.0213`; what is too small to matter is `< 0.000001`."""
    return "< 0.000001" if value < 1e-6 else f"{value:.6f}".rstrip("0").rstrip(".") if value < 0.001 else f"{value:.3g}"


def number(count: int) -> str:
    """A large whole number in groups of three: `20 000`."""
    return f"{count:,}".replace(",", " ")


def duration(seconds: float) -> str:
    """A stretch of time for people: `12 s`, `4 min 48 s`, `1 h 3 min`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _shared(cell: CellResult, shown: Callable[[MetricResult], str]) -> str:
    """What the metrics of a cell have in common, and after it those that differ: `3 % (CPU 4.2 %)`."""
    if not cell.metrics:
        return words.DASH
    common = shown(cell.metrics[0])
    others = [f"{label(one.metric)} {shown(one)}" for one in cell.metrics[1:] if shown(one) != common]
    return f"{common} ({', '.join(others)})" if others else common


def margins(cell: CellResult) -> str:
    """The margin that was used; several where noise widened that of one metric."""
    return _shared(cell, lambda metric: percent(metric.margin))


def visible(cell: CellResult) -> str:
    """The smallest slow-down seen in 95 % of such runs, by metric where they differ."""
    return _shared(cell, lambda metric: at_most(metric.smallest_effect))


def metric_of(cell: CellResult, name: str) -> MetricResult | None:
    """The metric of that name in the first series of pairs."""
    return next((metric for metric in cell.metrics if metric.metric == name), None)
