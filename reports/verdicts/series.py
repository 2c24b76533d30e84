"""One number per process, which is what an interval is formed from, and the rule by which it is formed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from when_async.bench.model import Estimate
from when_async.results.stats.estimate import linear_interval, positive
from when_async.results.stats.moderated import Moderation, linear_sequence, log_sequence, prior

DECIDE = "decide"
"""The profile of runs that stop when they have decided."""
RECORDED = "spread.json"
"""Log variance of each part over its processes, averaged over the interpreters of the reference."""


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
    holds at every look, `moderation` being what the run learned of its own spread.
    """

    sequential: bool = False
    moderation: Moderation | None = None

    def estimate(self, series: Series, key: str = "", *, counts: bool = False) -> Estimate | None:
        """The estimate of a series; `key` names a part, and `counts` a quantity that is exact or wrong.

        None where there are too few processes.
        """
        if not self.sequential:
            return _linear(series) if series.signed else positive(series.values, series.unit)
        if counts and len(series.values) > 1:
            low, high = min(series.values), max(series.values)
            return Estimate(sum(series.values) / len(series.values), low, high, series.unit, len(series.values))
        if not series.logs:
            return linear_sequence(series.values, series.unit)
        import numpy as np

        return log_sequence(np.log(series.values), series.unit, prior(recorded().get(key), self.moderation))


ONE_LOOK = Rule()


def _linear(series: Series) -> Estimate | None:
    return linear_interval(series.values, series.unit)


def recorded() -> Mapping[str, float]:
    """By the key of a part its log variance in the reference (docs/evidence/spread.py writes it)."""
    return _reference()["log_variance"]


def recorded_s() -> Mapping[str, float]:
    """By comparison the seconds that a fork of it took there."""
    return _reference()["seconds"]


@lru_cache(maxsize=1)
def _reference() -> Mapping[str, Mapping[str, float]]:
    path = files("when_async.results").joinpath("reference", RECORDED)
    found: Mapping[str, Mapping[str, float]] = json.loads(path.read_text(encoding="utf-8"))
    return found
