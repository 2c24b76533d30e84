"""Where the time of a run went, by cause; the causes add up to the whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Account:
    """Seconds by cause. `clock` is monotonic; tests pass one of their own."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self.causes: dict[str, float] = {}

    @contextmanager
    def charge(self, cause: str) -> Iterator[None]:
        """Charge the time inside the block to a cause."""
        start = self._clock()
        try:
            yield
        finally:
            self.add(cause, self._clock() - start)

    def add(self, cause: str, seconds: float) -> None:
        """Charge so many seconds."""
        self.causes[cause] = self.causes.get(cause, 0.0) + seconds

    def move(self, cause: str, other: str, seconds: float) -> None:
        """Take seconds from one cause and charge another: a round is timed inside, its rest is not."""
        self.add(cause, -seconds)
        self.add(other, seconds)

    def closed(self) -> tuple[dict[str, float], float]:
        """Causes and the wall time; what no cause has claimed is `other`."""
        wall_s = self._clock() - self._started
        causes = dict(self.causes)
        causes["other"] = wall_s - sum(causes.values())
        return causes, wall_s
