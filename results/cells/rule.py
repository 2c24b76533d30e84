"""How a run forms its intervals from one number per process, and what the reference knows of their spread."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from when_async.bench.model import Estimate

from ..late import late
from ..stats.estimate import linear_interval, paired_interval, positive
from ..stats.moderated import Moderation, Prior, linear_sequence, log_sequence, prior

if TYPE_CHECKING:
    import numpy as np
else:
    np = late("numpy")

DECIDE = "decide"
"""The profile of runs that stop when they have decided."""
RECORDED = "spread.json"
"""What docs/evidence/spread.py took from the reference: log variances over processes, and seconds."""


@dataclass(frozen=True)
class Series:
    """The numbers of a quantity, one per process in their order.

    `signed` says that it can be negative, so that its logarithm is never taken.
    """

    values: tuple[float, ...]
    unit: str
    signed: bool = False

    def scaled(self, by: float, unit: str) -> Series:
        """The same over a constant above 0."""
        return Series(tuple(value / by for value in self.values), unit, self.signed)

    @property
    def logs(self) -> bool:
        """Whether every value has a logarithm and its errors multiply."""
        return not self.signed and all(value > 0 for value in self.values)


@dataclass(frozen=True)
class Rule:
    """How an estimate is made of a series.

    All processes in one look, as they were asked for; or where the run stopped when it had decided, an interval that
    holds at every look, `moderation` being what the run learned of its own spread. `spread` holds by key the recorded
    log variances; None are those of the reference.
    """

    sequential: bool = False
    moderation: Moderation | None = None
    spread: Mapping[str, float] | None = field(default=None, compare=False)

    @property
    def recorded(self) -> Mapping[str, float]:
        """By key the log variance that is known beforehand."""
        return recorded() if self.spread is None else self.spread

    def decided(self, series: Series, key: str = "", *, counts: bool = False) -> Estimate | None:
        """The estimate of a series that something is decided by; None where there are too few processes.

        `key` names what is recorded of its spread, and `counts` a quantity that is exact or wrong.
        """
        if not self.sequential:
            return self.shown(series)
        if counts and len(series.values) > 1:
            low, high = min(series.values), max(series.values)
            return Estimate(sum(series.values) / len(series.values), low, high, series.unit, len(series.values))
        return self._looked(series, key)

    def shown(self, series: Series, key: str = "") -> Estimate | None:
        """The estimate of a series that is shown; before anything could be decided by it, that of a single look."""
        found = self._looked(series, key) if self.sequential else None
        return found or (linear_interval if series.signed else positive)(series.values, series.unit)

    def ratio(self, log_ratios: Sequence[float], key: str) -> Estimate | None:
        """A ratio from one logarithm per process, to be shown."""
        found = log_sequence(log_ratios, "x", self._prior(key)) if self.sequential else None
        return found or paired_interval(log_ratios)

    def _looked(self, series: Series, key: str) -> Estimate | None:
        """What all looks say together; None before the first of them."""
        if not series.logs:
            return linear_sequence(series.values, series.unit)
        return log_sequence(np.log(series.values), series.unit, self._prior(key))

    def _prior(self, key: str) -> Prior | None:
        return prior(self.recorded.get(key), self.moderation) if self.moderation is not None else None


ONE_LOOK = Rule()


def rules_of(attrs: Mapping[Any, Any]) -> dict[tuple[str, str], Rule]:
    """By run and interpreter the rule of those runs that stopped when they had decided, from the attrs of a frame."""
    learned = {
        (one["run"], one["python"]): Moderation(one["shift"], one["freedom"], one["parts"])
        for one in attrs.get("moderations", ())
    }
    return {
        (header["run"], python): Rule(sequential=True, moderation=learned.get((header["run"], python)))
        for header in attrs.get("headers", ())
        if header.get("profile") == DECIDE
        for python in header.get("pythons", ())
    }


def of_cell(quantity: str, contestant: str, place: str) -> str:
    """The key of a quantity of one cell."""
    return f"{quantity} of {contestant} in {place}"


def of_pair(quantity: str, names: Iterable[str], place: str) -> str:
    """The key of the ratio of two cells; it scatters alike in both directions, and a makespan like a throughput."""
    first, second = sorted(names)
    return f"{'throughput' if quantity == 'makespan' else quantity} of {first} over {second} in {place}"


def recorded() -> Mapping[str, float]:
    """By key the log variance in the reference (docs/evidence/spread.py writes it)."""
    return _reference()[0]


def recorded_s() -> Mapping[str, float]:
    """By comparison the seconds that a process of each of its contestants took there."""
    return _reference()[1]


@lru_cache(maxsize=1)
def _reference() -> tuple[Mapping[str, float], Mapping[str, float]]:
    path = files("when_async.results").joinpath("reference", RECORDED)
    found = json.loads(path.read_text(encoding="utf-8"))
    by_place: Mapping[str, Mapping[str, float]] = found["log_variance"]
    spread = {f"{name} in {place}": value for place, own in by_place.items() for name, value in own.items()}
    return spread, found["seconds"]
