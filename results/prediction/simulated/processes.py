"""A pool of processes, or of interpreters: chunks go one after another through a pipe that one lock guards.

`multiprocessing.Pool` cuts the ops into four chunks for each of its places. Whoever has ended one takes the next; the
ops of a chunk are done one after another, so a place waits alone. A place that has slept since the last round computes
slower at first (`cold_s`).

The thread of the pool that looks after its processes waits for its pipe of results too (`Pool._get_sentinels`, since
CPython's bpo-35493). As long as a result lies there unread it turns without a pause, and where all cores are taken the
thread that reads does not get one before a slice of the scheduler is over: that is `spin_s` of computing, once a round.
"""

from __future__ import annotations

from math import ceil

from ..work import Work
from . import kernel
from .cores import Event, last_s
from .costs import Costs

CHUNKS_PER_PLACE = 4
PARENT = -1
"""Who computes beside the places: the pool's own threads."""


def chunk_sizes(ops: int, places: int) -> list[int]:
    """How many ops each chunk has: as `Pool.map` cuts them, or fewer where that divides the share of each place."""
    size = max(1, ceil(ops / (CHUNKS_PER_PLACE * places)))
    if ops % places == 0:
        size = next(one for one in range(size, 0, -1) if ops // places % one == 0)
    return [size] * (ops // size) + ([ops % size] if ops % size else [])


def makespan_s(work: Work, costs: Costs, cores: int) -> float:
    """From the first op to the last on so many cores."""
    pool = _Pool(work, costs)
    return last_s(cores, pool.opened(), pool) + costs.round_s


class _Pool:
    """What each place of the pool is at: ops that are left of its chunk, and waits that the present one has had."""

    def __init__(self, work: Work, costs: Costs) -> None:
        self.pauses = work.pauses
        self.piece_s = work.cpu_s * costs.scale / work.pieces
        self.last_s = self.piece_s if work.computes_last else 0.0
        self.op_s = costs.op_s
        self.away_s = kernel.slept_s(work.wait_s, costs.late_s)
        self.hand_s, self.chunk_s, self.wake_s = costs.hand_s, costs.chunk_s, costs.wake_s
        self.spin_s = costs.spin_s
        self.chunks = chunk_sizes(work.ops, work.concurrency)[::-1]
        self.left = [0] * min(work.concurrency, len(self.chunks))
        self.waited = [0] * len(self.left)
        self.returning = [False] * len(self.left)
        self.cold_s = [costs.cold_s] * len(self.left)
        self.pipe_s = 0.0

    def opened(self) -> list[Event]:
        found = [(self._handed(who, 0.0) + self.wake_s, who) for who in range(len(self.left))]
        first_s = self.left[0] * (self.pauses * self.away_s + self.piece_s)
        return [*found, (found[0][0] + first_s, PARENT)] if self.spin_s else found

    def _handed(self, who: int, now_s: float) -> float:
        """When a place has its next chunk: it waits for the pipe, and for those before it."""
        self.pipe_s = max(self.pipe_s, now_s) + self.hand_s
        self.left[who], self.waited[who], self.returning[who] = self.chunks.pop(), 0, False
        return self.pipe_s

    def begin(self, who: int, now_s: float) -> float | None:
        if who == PARENT:
            return self.spin_s
        if self.returning[who]:
            return self.chunk_s
        seconds, self.cold_s[who] = self.cold_s[who] + self.piece_s, 0.0
        if not self.pauses:
            seconds += (self.left[who] - 1) * self.piece_s
            self.left[who] = 0
            return seconds
        if self.waited[who] == self.pauses:
            self.left[who] -= 1
            self.waited[who] = 0
            if not self.left[who]:
                return self.last_s
            seconds += self.last_s
        return seconds + self.op_s

    def ended(self, who: int, now_s: float) -> float | None:
        if who == PARENT:
            return None
        if self.left[who]:
            self.waited[who] += 1
            return now_s + self.away_s
        if not self.returning[who]:
            self.returning[who] = True
            return now_s
        return self._handed(who, now_s) if self.chunks else None
