"""How good predictions are in cells that they were not fitted to, and which of some that are level is recommended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

from ..late import late
from .fitting import LEAST, SeenCell, fit
from .model import Model

if TYPE_CHECKING:
    import numpy as np
else:
    np = late("numpy")


@dataclass(frozen=True)
class HeldOut:
    """One cell predicted by figures that were fitted without its place."""

    runner: str
    place: str
    measured_s: float
    predicted_s: float
    concurrency: int = 1

    @property
    def log_error(self) -> float:
        return log(self.measured_s / self.predicted_s)


def leave_out(cells: Sequence[SeenCell], cores: int, whole: Model) -> list[HeldOut]:
    """Each cell of a runner predicted from its others: none is judged by figures that have seen it.

    `whole` is what all of them gave; the figures without one place are near to it.
    """
    trials = []
    for one in cells:
        rest = [other for other in cells if other.place != one.place]
        if len(rest) >= LEAST:
            found = fit(rest, cores, whole.gil, near=whole).makespan_s(one.work, cores)
            trials.append(HeldOut(one.runner, one.place, one.makespan_s, found, one.work.concurrency))
    return trials


def spread(trials: Iterable[HeldOut], share: float = 0.95) -> tuple[float, float]:
    """Between which log-errors that share of the trials lay, but never tighter than the two ends of a handful."""
    errors = np.array([one.log_error for one in trials])
    if not len(errors):
        return 0.0, 0.0
    tail = (1 - share) / 2
    return float(min(np.quantile(errors, tail), 0.0)), float(max(np.quantile(errors, 1 - tail), 0.0))


LEVEL = 1.05
"""Measured times within this factor of each other are taken for equally good."""
TIE = 1.02
"""Predictions within this factor of each other do not tell models apart.

Closer than LEVEL, as a prediction may be off as well: 1, 2, 3 and 5 % were tried on the cells of the reference.
"""
PLAIN = ("sync", "threading", "asyncio", "uvloop", "trio", "interpreters", "multiprocessing")
"""Models in the order of what they ask of a program and of a machine; of those that are level the first is taken."""
MANY = 1000
"""With more in flight than this a thread for each is no longer the plain thing to do."""


def recommended(seconds: Mapping[str, float], concurrency: int) -> str:
    """Of the runners whose predictions are level with the best the plainest one."""
    best = min(seconds.values())
    level = [runner for runner, one in seconds.items() if one <= TIE * best]
    order = [runner for runner in PLAIN if not (runner == "threading" and concurrency > MANY)]
    return min(level, key=lambda runner: order.index(runner) if runner in order else len(order))


CLOSE_GOAL, RIGHT_GOAL = 0.95, 0.95
"""The share of cells that are to be within 10 %, and of places in which the recommendation is to be right."""


@dataclass(frozen=True)
class Accuracy:
    """How good predictions were in cells that they were not fitted to.

    `close` of `cells` were within 10 %, and in `right` of `places` the runner that would have been recommended was the
    best or within 5 % of it.
    """

    cells: int
    close: int
    places: int
    right: int


def accuracy(trials: Sequence[HeldOut]) -> Accuracy:
    """Count how many predictions were close, and how many recommendations were right."""
    places: dict[str, list[HeldOut]] = {}
    for one in trials:
        places.setdefault(one.place, []).append(one)
    several = [own for own in places.values() if len(own) > 1]
    right = 0
    for own in several:
        runner = recommended({one.runner: one.predicted_s for one in own}, own[0].concurrency)
        chosen = next(one for one in own if one.runner == runner)
        right += chosen.measured_s <= LEVEL * min(one.measured_s for one in own)
    close = sum(0.9 <= one.predicted_s / one.measured_s <= 1.1 for one in trials)
    return Accuracy(len(trials), close, len(several), right)
