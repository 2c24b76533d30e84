"""What a runner takes before it works, and for an op that does nothing: one fresh process, one value of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from .contestants import Contestant, Stand

TIMEOUT_S = 120.0
OPS = 10_000
"""Of a round of empty ops, whatever is in flight; a part of what the figure means."""


@dataclass(frozen=True)
class Toll:
    """Process start with imports, then the pool or loop with priming, then an empty op in the median of the rounds."""

    launch_s: float
    startup_s: float
    op_s: float


def toll(
    stand: Stand,
    contestant: Contestant,
    in_flight: int,
    *,
    rounds: int,
    rounds_s: float,
    cores: Sequence[int] = (),
    clock: Callable[[], float] = time.monotonic,
) -> Toll:
    """One fresh process; at most so many rounds after a warm-up, fewer where they would take longer than `rounds_s`.

    A runner that uses one thread by nature is bound to `cores` (method.md, R6a). Raises ProcessFailed or
    ProcessTimedOut.
    """
    with stand.worker(contestant.empty_trial(in_flight, OPS)) as worker:
        worker.ready(TIMEOUT_S)
        if cores and contestant.runner.one_core:
            worker.pin(cores)
        startup_s = worker.ask(TIMEOUT_S, do="open")["startup_s"]
        worker.ask(TIMEOUT_S, do="round", prove=False)
        taken: list[float] = []
        began = clock()
        while not taken or (len(taken) < rounds and clock() - began < rounds_s):
            taken.append(worker.ask(TIMEOUT_S, do="round", prove=False, sweep=False)["makespan_s"])
        return Toll(worker.launch_s, startup_s, median(taken) / OPS)
