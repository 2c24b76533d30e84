"""A pool of processes, or of interpreters: chunks go one after another through a pipe that one lock guards.

`multiprocessing.Pool` cuts the ops into four chunks for each of its places. Whoever has ended one takes the next; the
ops of a chunk are done one after another, so a place waits alone.
"""

from __future__ import annotations

from math import ceil

from ..work import Work
from . import kernel
from .cores import Event, last_s
from .costs import Costs
from .ops import pieces

CHUNKS_PER_PLACE = 4


def chunk_sizes(ops: int, places: int) -> list[int]:
    """How many ops each chunk has, as the pool cuts them."""
    size = max(1, ceil(ops / (CHUNKS_PER_PLACE * places)))
    return [size] * (ops // size) + ([ops % size] if ops % size else [])


def makespan_s(work: Work, costs: Costs, cores: int) -> float:
    """From the first op to the last on so many cores."""
    pool = _Pool(work, costs)
    return last_s(cores, pool.opened(), pool) + costs.round_s


class _Pool:
    """What each place of the pool is at: ops that are left of its chunk, and waits that the present one has had."""

    def __init__(self, work: Work, costs: Costs) -> None:
        self.waits_per_op = work.waits_per_op if work.wait_s else 0
        self.piece_s = work.cpu_s * costs.scale / pieces(work)
        self.last_s = self.piece_s if work.computes_last else 0.0
        self.op_s = costs.op_s
        self.away_s = kernel.slept_s(work.wait_s, costs.late_s)
        self.handing_s, self.wake_s = costs.chunk_s / 2, costs.wake_s
        self.chunks = chunk_sizes(work.ops, work.concurrency)[::-1]
        self.left = [0] * min(work.concurrency, len(self.chunks))
        self.waited = [0] * len(self.left)
        self.returning = [False] * len(self.left)
        self.pipe_s = 0.0

    def opened(self) -> list[Event]:
        return [(self._handed(who, 0.0) + self.wake_s, who) for who in range(len(self.left))]

    def _handed(self, who: int, now_s: float) -> float:
        """When a place has its next chunk: it waits for the pipe, and for those before it."""
        self.pipe_s = max(self.pipe_s, now_s) + self.handing_s
        self.left[who], self.waited[who], self.returning[who] = self.chunks.pop(), 0, False
        return self.pipe_s

    def begin(self, who: int, now_s: float) -> float | None:
        if self.returning[who]:
            return self.handing_s
        if not self.waits_per_op:
            seconds, self.left[who] = self.left[who] * self.piece_s, 0
            return seconds
        seconds = self.piece_s
        if self.waited[who] == self.waits_per_op:
            self.left[who] -= 1
            self.waited[who] = 0
            seconds = self.last_s
            if not self.left[who]:
                return seconds
            seconds += self.piece_s
        return seconds + self.op_s

    def ended(self, who: int, now_s: float) -> float | None:
        if self.left[who]:
            self.waited[who] += 1
            return now_s + self.away_s
        if not self.returning[who]:
            self.returning[who] = True
            return now_s
        return self._handed(who, now_s) if self.chunks else None
