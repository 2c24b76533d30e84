"""One rung: so many ops open at once in one fresh worker, and what all of that took."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..processes.worker import ProcessFailed, ProcessTimedOut
from .contestants import Contestant, Stand
from .means import MIB

LEAST_HOLD_S = 0.5
TRIES = 3
LONGER = 4
"""By how much longer an op is held when the first had ended before the last began."""
EARLY = 0.1
"""Share of a hold by which a library's timer may end it early: some count from the start of the loop's turn."""


SPARE = 1.5
"""The next hold is at least so many times what opening and ending the ops took in the last."""


class NotHeld(ProcessFailed):
    """The ops were not all open at once; the text says how many were, `spread_s` what opening and ending them took."""

    def __init__(self, words: str, spread_s: float = 0.0) -> None:
        super().__init__(words)
        self.spread_s = spread_s


class TooMuchMemory(ProcessFailed):
    """The worker was killed because it took more memory than it may."""


@dataclass(frozen=True)
class Held:
    """What one rung took: the whole time of its process, and the time that opening and ending the ops added."""

    in_flight: int
    seconds: float
    spread_s: float
    peak_bytes: int | None
    """The most memory of the worker and all below it, from its first op on."""
    open_bytes: int | None
    """The same while all ops were open."""


def hold(
    stand: Stand,
    contestant: Contestant,
    in_flight: int,
    *,
    prove: bool,
    hold_s: float,
    timeout_s: float,
    most_bytes: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Held:
    """Hold so many ops open at once; holds longer where the first ended too soon.

    With `prove` the ops are counted, which costs time and memory; without, the clock shows that all were open.
    Raises ProcessFailed (NotHeld, TooMuchMemory) or ProcessTimedOut.
    """
    deadline = clock() + timeout_s
    for turn in range(TRIES):
        try:
            return _once(stand, contestant, in_flight, prove, hold_s, deadline, most_bytes, clock)
        except NotHeld as error:
            if turn == TRIES - 1:
                raise
            hold_s = max(LONGER * hold_s, SPARE * error.spread_s)
    raise AssertionError("unreachable")


def _once(
    stand: Stand,
    contestant: Contestant,
    in_flight: int,
    prove: bool,
    hold_s: float,
    deadline: float,
    most_bytes: int | None,
    clock: Callable[[], float],
) -> Held:
    began = clock()

    def left_s() -> float:
        left = deadline - clock()
        if left <= 0:
            raise ProcessTimedOut("the time was up")
        # It is told to the reader in words, so no more digits than mean something.
        return max(0.1, round(left, 1))

    with stand.worker(contestant.held_trial(in_flight, hold_s)) as worker:
        worker.ready(left_s())
        with stand.watch(worker.pid, most_bytes) as watcher:
            try:
                worker.ask(left_s(), do="open")
                answer = worker.ask(left_s(), do="round", prove=prove)
            except ProcessFailed as error:
                if watcher.exceeded_bytes is None:
                    raise
                taken, most = (round((size or 0) / MIB) for size in (watcher.exceeded_bytes, most_bytes))
                raise TooMuchMemory(f"it took {taken} MiB where {most} MiB are allowed") from error
        start_ns, makespan_s = int(answer["start_ns"]), float(answer["makespan_s"])
        # No op can end before its hold is over, so none that began later than this is missing in between.
        first_s, last_s = makespan_s - hold_s, hold_s * (1 - EARLY)
        open_bytes = watcher.within(start_ns + round(first_s * 1e9), start_ns + round(last_s * 1e9))
        if prove and answer["peak_in_flight"] != in_flight:
            seen = answer["peak_in_flight"] or "an unknown number"
            raise NotHeld(f"{seen} of {in_flight} ops were open at once", max(0.0, first_s))
        if not prove and first_s >= last_s:
            words = f"the {in_flight} ops were not all open at once: they took {first_s:.3g} s to open and end"
            raise NotHeld(words, first_s)
        if not prove and watcher.looks and open_bytes is None:
            raise NotHeld("the memory could not be read while all ops were open")
    return Held(in_flight, clock() - began, max(0.0, first_s), watcher.peak_bytes, open_bytes)
