"""Says how far a run is and how long it will take: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import IO

from ..machine.status import StatusLine
from ..model import Cell, Phase, Workload
from ..plan import Plan
from .experiment import Done, RoundStep

UNKNOWN_ROUND_S = 0.3
FORK_OVERHEAD_S = 1.5


class Forecast:
    """Seconds left, from the rounds seen so far; a cell not yet seen is guessed from its ideal time."""

    def __init__(self, plan: Plan, clock: Callable[[], float] = time.monotonic) -> None:
        settings = plan.settings
        self._clock = clock
        self._guess: dict[str, float] = {}
        self._seen: dict[str, list[float]] = {}
        self._left: dict[str, int] = {}
        self._current: tuple[str, float] | None = None
        for comparison in plan.comparisons:
            for contestant in comparison.contestants:
                cell = contestant.cell
                self._guess[cell.id] = guess_s(comparison.workload, cell, contestant.runner.value.serial)
                self._left[cell.id] = settings.forks * (settings.rounds + settings.warmups)
        self._comparisons = [[each.cell.id for each in comparison.contestants] for comparison in plan.comparisons]
        self._rounds_a_fork = settings.rounds + settings.warmups

    def step(self, step: RoundStep) -> None:
        """A round begins; the one before it has ended."""
        now = self._clock()
        self._finish(now)
        self._current = (step.cell, now)

    def _finish(self, now: float) -> None:
        if self._current:
            cell, began = self._current
            self._seen.setdefault(cell, []).append(now - began)
            self._left[cell] = max(0, self._left[cell] - 1)

    def skip(self, cell: str, rounds: int) -> None:
        """So many rounds of a cell need not be measured: they are there already, or it has failed."""
        if cell in self._left:
            self._left[cell] = max(0, self._left[cell] - rounds)

    def left_s(self) -> float:
        """Seconds that the rest will probably take."""
        rounds_s = sum(self._left[cell] * self._mean(cell) for cell in self._left)
        if self._current and self._left[self._current[0]]:
            cell, began = self._current
            rounds_s -= min(self._clock() - began, self._mean(cell))
        return rounds_s + sum(map(self._forks_to_start, self._comparisons)) * FORK_OVERHEAD_S

    def _forks_to_start(self, cells: Sequence[str]) -> int:
        """Forks of a comparison beyond the one that is running, by its contestant with the most to do."""
        rounds = max((self._left[cell] for cell in cells), default=0)
        return max(0, rounds - 1) // self._rounds_a_fork

    def _mean(self, cell: str) -> float:
        seen = self._seen.get(cell)
        return sorted(seen)[len(seen) // 2] if seen else self._guess[cell]


def guess_s(workload: Workload, cell: Cell, serial: bool) -> float:
    """A first guess at a round's length."""
    ideal = workload.ideal_s(cell.params, 1 if serial else cell.concurrency) if workload.ideal_s else 0.0
    return ideal * 1.1 + 0.05 if ideal else UNKNOWN_ROUND_S


def clock_text(seconds: float) -> str:
    """`1:05` for 65 seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


class Progress(StatusLine):
    """Shows each step; use as a context manager and pass `step` to the experiment."""

    def __init__(self, plan: Plan, stream: IO[str], *, live: bool, quiet: bool = False) -> None:
        super().__init__(stream, live=live, quiet=quiet)
        self.forecast = Forecast(plan)
        self._settings = plan.settings
        self._started = time.monotonic()

    def forget(self, done: Done) -> None:
        """Leave out what an interrupted run has already."""
        for cell, _, _, _ in done.samples:
            self.forecast.skip(cell, 1)
        for cell in done.decided:
            self.drop(cell)

    def drop(self, cell: str) -> None:
        """A cell is decided; nothing more will be measured of it."""
        self.forecast.skip(cell, 1_000_000)

    def step(self, step: RoundStep) -> None:
        """A round is about to begin."""
        self.forecast.step(step)
        settings = self._settings
        warming = step.phase is Phase.WARMUP
        name, of = ("warm-up", settings.warmups) if warming else ("round", settings.rounds)
        fork = f"fork {step.fork + 1}/{settings.forks}"
        point = f"{fork}  {step.cell.partition(']')[0]}]"
        gone, left = clock_text(time.monotonic() - self._started), clock_text(self.forecast.left_s())
        self.show(
            f"{fork}  {step.cell}  {name} {step.round + 1}/{of}  about {left} left",
            f"{point}  {gone} gone, about {left} left",
            point,
        )
