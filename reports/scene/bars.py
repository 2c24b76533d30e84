"""Bars with intervals in the rows of a table: where they begin and end on an axis, in per cent of its length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor, log, log10

from when_async.bench.model import Estimate

from .. import words
from ..words import Scale, scale_for

SPAN = 30
"""From such a factor between the least and the most an axis is logarithmic."""
TICKS = 5
"""So many ticks an axis has at most."""


@dataclass(frozen=True)
class Tick:
    """A place on an axis, in per cent from its left end, and what is written there."""

    at: str
    text: str


@dataclass(frozen=True)
class Bar:
    """One row: all places in per cent; `fill` is empty where no bar can grow from zero."""

    family: str
    point: str
    low: str
    span: str
    fill: str = ""
    raw: Sequence[str] = ()
    """A faint mark for each process."""


@dataclass(frozen=True)
class Axis:
    """What the bars of a table are measured on; `guides` are lines through all of its rows."""

    low: float
    high: float
    log: bool
    label: str = ""
    ticks: Sequence[Tick] = ()
    guides: Sequence[Tick] = ()

    def share(self, value: float) -> float:
        """How far along the axis a value lies, from 0 to 1; what lies beyond an end is put there."""
        if self.log:
            value = max(value, self.low)
            return min(1.0, log(value / self.low) / log(self.high / self.low))
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))

    def bar(self, found: Estimate, family: str, raw: Iterable[float] = ()) -> Bar:
        """The bar of an estimate, with a mark for each process."""
        low, high = self.share(found.low), self.share(found.high)
        fill = "" if self.log or self.low < 0 else _cent(self.share(found.point))
        return Bar(
            family, _cent(self.share(found.point)), _cent(low), _cent(high - low), fill,
            [_cent(self.share(one)) for one in raw],
        )  # fmt: skip


def _cent(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0")


def axis_of(estimates: Iterable[Estimate], kind: str, what: str, guides: Sequence[tuple[float, str]] = ()) -> Axis:
    """An axis for these: from zero, or logarithmic where they span a factor of SPAN."""
    known = list(estimates)
    scale = scale_for(known, kind)
    low, high, is_log = extent(known, [value for value, _ in guides])
    unit = words.unit(scale)
    plain = Axis(low, high, is_log, f"{what}, {unit}" if unit else what)
    marks = [Tick(_cent(plain.share(one)), _written(one, scale)) for one in _ticks(low, high, is_log)]
    lines = [Tick(_cent(plain.share(value)), text) for value, text in guides if not is_log or value > 0]
    return Axis(low, high, is_log, plain.label, marks, lines)


def ratio_axis(ratios: Iterable[Estimate], reach: float = 2.0) -> Axis:
    """A logarithmic axis for ratios with a line and a tick at 1; `reach` is what it covers on either side at least."""
    known = list(ratios)
    low = min([1 / reach, *(one.low for one in known if one.low > 0)])
    high = max([reach, *(one.high for one in known)])
    plain = Axis(low / 1.1, high * 1.1, log=True)
    steps = [2.0**power for power in range(floor(log(low, 2)), 20) if low / 1.05 <= 2.0**power <= high * 1.05]
    every = -(-len(steps) // TICKS)
    marks = [Tick(_cent(plain.share(one)), f"{one:g}×") for one in steps if round(log(one, 2)) % every == 0]
    return Axis(plain.low, plain.high, True, "times as much", marks, [Tick(_cent(plain.share(1.0)), "")])


def extent(estimates: Sequence[Estimate], guides: Sequence[float] = ()) -> tuple[float, float, bool]:
    """Ends of an axis and whether it is logarithmic: from zero, or as far as the values go where they span much."""
    lows = [one.low for one in estimates] + list(guides)
    highs = [one.high for one in estimates] + list(guides)
    if not highs:
        return 0.0, 1.0, False
    low, high = min(lows), max(highs)
    if low > 0 and high / min(one.point for one in estimates) >= SPAN:
        return low / 1.5, high * 1.5, True
    low, high = min(low, 0.0), max(high, 0.0)
    return (0.0, 1.0, False) if high == low else (low * 1.06, high * 1.06, False)


def _ticks(low: float, high: float, is_log: bool) -> list[float]:
    if is_log:
        decades = [10.0**power for power in range(floor(log10(low)), floor(log10(high)) + 1)]
        steps = (1.0, 2.0, 5.0) if len(decades) <= 2 else (1.0,)
        return _thinned([one * step for one in decades for step in steps if low <= one * step <= high])
    raw = (high - low) / (TICKS - 1)
    power = 10.0 ** floor(log10(raw))
    step = next(one * power for one in (1, 2, 5, 10) if one * power >= raw)
    return [number * step for number in range(floor(low / step), floor(high / step) + 1) if number * step >= low]


def _thinned(ticks: Sequence[float]) -> list[float]:
    """Every second of them, third of them ..., so that they do not crowd."""
    every = -(-len(ticks) // TICKS) or 1
    return list(ticks[::every])


def _written(value: float, scale: Scale) -> str:
    shown = words.digits(round(value / scale.factor, 12))
    return shown.rstrip("0").rstrip(".") if "." in shown else shown
