"""Says how far a gate is: a live line on a terminal, a line for each pass elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import IO

from ..machine.status import StatusLine
from ..walk.progress import clock_text
from .walk import Asks, PairStep

GUESS_S = 0.7
"""Length of a pair before one was seen."""


class GateProgress(StatusLine):
    """Shows each step; use it as a context manager and pass `step` to the walk."""

    def __init__(
        self,
        asks: Mapping[str, Asks],
        budget_s: float,
        stream: IO[str],
        *,
        began: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(stream, live=stream.isatty())
        self._asks = asks
        self._budget_s = budget_s
        self._began = began
        self._clock = clock
        self._taken = 0
        self._started = clock()

    def step(self, step: PairStep) -> None:
        """A pair is about to be taken."""
        gone = self._clock() - self._began
        where = f"pass {step.passed + 1}  {step.place + 1} of {step.undecided} undecided"
        left = f"{clock_text(gone)} gone, about {clock_text(self._left_s(step))} left"
        self._taken += 1
        self.show(f"{where}  {step.key}  {left}", f"{where}  {left}", step.passed)

    def _left_s(self, step: PairStep) -> float:
        """What the cells want as far as they know by now, at the pace so far; never beyond the budget."""
        pace_s = (self._clock() - self._started) / self._taken if self._taken else GUESS_S
        pairs = sum(asks.owed() for asks in self._asks.values())
        return min(pairs * pace_s, max(0.0, self._budget_s - (self._clock() - self._began)))
