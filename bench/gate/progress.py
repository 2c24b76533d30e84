"""Says how far a gate is: a live line on a terminal, a line for each pass elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import IO, Any, Self

from ..walk.progress import clock_text
from .walk import Asks, Step

GUESS_S = 0.7
"""Length of a pair before one was seen."""


class GateProgress:
    """Shows each step; use it as a context manager and pass `step` to the walk."""

    def __init__(
        self,
        asks: Mapping[str, Asks],
        budget_s: float,
        stream: IO[str],
        *,
        began: float,
        live: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._asks = asks
        self._budget_s = budget_s
        self._stream = stream
        self._began = began
        self._live = stream.isatty() if live is None else live
        self._clock = clock
        self._status: Any = None
        self._passed = -1
        self._taken = 0
        self._started = clock()

    def __enter__(self) -> Self:
        if self._live:
            from rich.console import Console

            self._status = Console(file=self._stream).status("starting")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()

    def step(self, step: Step) -> None:
        """A pair is about to be taken."""
        gone = self._clock() - self._began
        where = f"pass {step.passed + 1}  {step.place + 1} of {step.undecided} undecided"
        left = f"{clock_text(gone)} gone, about {clock_text(self._left_s(step))} left"
        self._taken += 1
        if self._status:
            from rich.markup import escape

            self._status.update(escape(f"{where}  {step.key}  {left}"))
        elif step.passed != self._passed:
            self._stream.write(f"{where}  {left}\n")
            self._stream.flush()
        self._passed = step.passed

    def _left_s(self, step: Step) -> float:
        """What the cells want as far as they know by now, at the pace so far; never beyond the budget."""
        pace_s = (self._clock() - self._started) / self._taken if self._taken else GUESS_S
        pairs = sum(asks.owed() for asks in self._asks.values())
        return min(pairs * pace_s, max(0.0, self._budget_s - (self._clock() - self._began)))

    def say(self, text: str) -> None:
        """A line that stays."""
        if self._status:
            self._status.console.print(text, markup=False, highlight=False)
        else:
            self._stream.write(text + "\n")
            self._stream.flush()
