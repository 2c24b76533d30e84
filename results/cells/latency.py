"""Latencies of cells: histograms of rounds merged into one per process, and percentiles with intervals over processes.

A percentile is read only where a process has the samples for it, ten beyond the point: p99 needs 1 000, p99.9 needs
10 000 (method.md, R15). Histograms are merged and never averaged, and each process counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from when_async.bench.model import Estimate, WhenAsyncError

from ..late import late
from ..stats.estimate import log_interval

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    from hdrh import codec
    from hdrh import histogram as hdrh
    from hdrh.codec import HdrPayload
    from hdrh.histogram import HdrHistogram
else:
    np, codec, hdrh = late("numpy"), late("hdrh.codec"), late("hdrh.histogram")

PERCENTILES: Mapping[str, float] = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}
BEYOND = 10
"""How many samples a process must have beyond a percentile before it is read."""

_LOWEST_NS, _HIGHEST_NS, _DIGITS = 1, 3_600_000_000_000, 3

Key = tuple[str, str]
"""Run and cell."""
_TOLD = ("run", "cell", "fork", "latency")


class HistogramError(WhenAsyncError, ValueError):
    """The latencies of a sample cannot be read; the message is one line that also says what to do next."""


@dataclass(frozen=True)
class Latency:
    """What is said of the latencies of one cell: percentiles in seconds, and the points of its curve.

    `percentiles` has those that every process supports. `curve` holds (share of all, seconds) of all processes pooled,
    for drawing; `count` is how many waited, in all processes. `processes` holds by percentile the seconds of each
    process that supports it by itself, by fork. Ratios are formed of these, so that one that lost a round
    costs only itself.
    """

    percentiles: Mapping[str, Estimate]
    curve: tuple[tuple[float, float], ...]
    count: int
    processes: Mapping[str, Mapping[int, float]] = field(default_factory=dict)


def supported(share: float, count: int) -> bool:
    """Whether so many samples may be read at this percentile."""
    return count * (1 - share) >= BEYOND * (1 - 1e-9)


def merged(texts: Iterable[str]) -> HdrHistogram:
    """All histograms in one; empty texts count for nothing. Raises HistogramError on a text that is none."""
    total = _empty()
    for text in filter(None, texts):
        try:
            _add_text(total, text)
        except Exception as error:  # the library raises whatever its decoders do
            words = f"a sample has latencies that are no histogram ({text[:20]!r})"
            raise HistogramError(f"{words}; take an undamaged copy of the run file") from error
    return total


def _add_text(total: HdrHistogram, text: str) -> None:
    """Add the counts that a text holds; a histogram for each of them would take most of the time."""
    packed = codec.HdrHistogramEncoder.decode(text)
    head = packed.payload
    shape = (head.lowest_trackable_value, head.highest_trackable_value, head.significant_figures)
    if shape != (_LOWEST_NS, _HIGHEST_NS, _DIGITS):
        total.add(hdrh.HdrHistogram.decode(text))
        return
    found = packed.init_counts(total.counts_len)
    if found["total"]:
        first, last = found["min_nonzero_index"], found["max_nonzero_index"]
        _counts(total)[first : last + 1] += _counts(packed)[first : last + 1]
        highest = total.get_highest_equivalent_value(total.get_value_from_index(last))
        _tell(total, total.get_value_from_index(first), highest, found["total"])


def _empty() -> HdrHistogram:
    return _alone(hdrh.HdrHistogram(_LOWEST_NS, _HIGHEST_NS, _DIGITS))


def _alone(histogram: HdrHistogram) -> HdrHistogram:
    """Not held by its encoder, which it holds: thousands of them would stay until garbage is collected.

    It cannot be encoded any more.
    """
    histogram.encoder.histogram = None
    return histogram


def _add(total: HdrHistogram, more: HdrHistogram) -> None:
    """As HdrHistogram's `add` of one of the same shape, which goes through 33 792 counts, of which few are not 0."""
    where = _filled(more)
    _counts(total)[where] += _counts(more)[where]
    _tell(total, more.get_min_value(), more.get_max_value(), more.get_total_count())


def _tell(total: HdrHistogram, least: int, most: int, count: int) -> None:
    """What a histogram keeps of its counts beside them."""
    total.total_count += count
    total.min_value, total.max_value = min(total.min_value, least), max(total.max_value, most)


def _counts(histogram: HdrHistogram | HdrPayload) -> npt.NDArray[np.uint64]:
    counts: npt.NDArray[np.uint64] = np.ctypeslib.as_array(histogram.counts)
    return counts


def _filled(histogram: HdrHistogram) -> slice:
    """Where its counts are that are not 0."""
    if not histogram.get_total_count():
        return slice(0, 0)
    ends = (histogram.get_min_value(), histogram.get_max_value())
    first, last = (histogram.get_counts_array_index(end) for end in ends)
    return slice(first, last + 1)


def latencies(measured: pd.DataFrame) -> dict[Key, Latency]:
    """By run and cell; `measured` are the analysed rounds of OK cells. Cells without latencies are left out."""
    told = measured[measured["latency"].fillna("") != ""]
    found: dict[Key, Latency] = {}
    texts: dict[Key, dict[int, list[str]]] = {}
    for run, cell, fork, text in zip(*(told[name].tolist() for name in _TOLD), strict=True):
        texts.setdefault((run, cell), {}).setdefault(fork, []).append(text)
    for key, forks in texts.items():
        found[key] = of_processes([merged(own) for _, own in sorted(forks.items())], sorted(forks))
    return found


def of_processes(processes: Sequence[HdrHistogram], forks: Sequence[int] = ()) -> Latency:
    """What the histograms of the processes of one cell say together; `forks` are their numbers, else from 0 on."""
    counts = [process.get_total_count() for process in processes]
    each: dict[str, dict[int, float]] = {name: {} for name in PERCENTILES}
    for fork, process, count in zip(forks or range(len(processes)), processes, counts, strict=True):
        wanted = {name: share for name, share in PERCENTILES.items() if supported(share, count)}
        read = read_s(process, wanted.values())
        for name, share in wanted.items():
            each[name][fork] = read[share]
    shared = {name: own for name, own in each.items() if len(own) == len(processes)}
    estimates = {name: log_interval([*own.values()], "s") for name, own in shared.items()}
    percentiles = {name: estimate for name, estimate in estimates.items() if estimate is not None}
    pooled = _empty()
    for process in processes:
        _add(pooled, process)
    return Latency(percentiles, _curve(pooled), sum(counts), each)


def read_s(histogram: HdrHistogram, shares: Iterable[float]) -> dict[float, float]:
    """Seconds below which each of these shares of the samples lies.

    As HdrHistogram's `get_percentile_to_value_dict`, which walks tens of thousands of counts in Python.
    """
    where = _filled(histogram)
    totals = np.cumsum(_counts(histogram)[where])
    found = {}
    for share in shares:
        place = where.start + int(np.searchsorted(totals, histogram.get_target_count_at_percentile(100 * share)))
        value = histogram.get_value_from_index(place)
        end = histogram.get_highest_equivalent_value if share else histogram.get_lowest_equivalent_value
        found[share] = float(end(value)) / 1e9
    return found


SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999, 0.9995, 0.9999)


def _curve(pooled: HdrHistogram) -> tuple[tuple[float, float], ...]:
    count = pooled.get_total_count()
    return tuple(sorted(read_s(pooled, [share for share in SHARES if supported(share, count)]).items()))
