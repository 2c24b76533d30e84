"""From some work to seconds: the simulation of a family, or of a part of the work where there is much of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache

from ..work import Work
from . import asyncio_, free_threads, processes, sync, threads, trio_, uvloop_
from .costs import Costs

Simulation = Callable[[Work, Costs, int], float]

FREE = "free threads"
FAMILIES: Mapping[str, Simulation] = {
    "sync": sync.makespan_s,
    "threads": threads.makespan_s,
    FREE: free_threads.makespan_s,
    "processes": processes.makespan_s,
    "interpreters": processes.makespan_s,
    "asyncio": asyncio_.makespan_s,
    "uvloop": uvloop_.makespan_s,
    "trio": trio_.makespan_s,
}
MANY = 4000
"""More ops than this are not simulated one by one, but for four waves of them: what comes later takes as long again."""
WIDE = 2000
"""Of more places than this each stands for several that compute one after another."""


LONG_S = 0.02
"""An op that computes longer is simulated in another measure of time."""
OFTEN = 16
"""An op that waits more often is simulated with so many waits and with half of them; each further one takes as long."""


def _fewer(work: Work, waits: int) -> Work:
    """The same op with fewer waits, and pieces of computing as long as before."""
    last = int(work.computes_last)
    return replace(work, waits_per_op=waits, cpu_s=work.cpu_s * (waits + last) / (work.waits_per_op + last))


@lru_cache(maxsize=4096)
def makespan_s(family: str, work: Work, costs: Costs, cores: int) -> float:
    """How long all ops take under a family; raises KeyError for one that there is no simulation of."""
    simulate = FAMILIES[family]
    if family == "sync":
        return simulate(work, costs, cores)
    if work.cpu_s > LONG_S:
        # Beside so much computing a millisecond of a timer does not count, so all of it may as well be shorter.
        times = work.cpu_s / LONG_S
        shorter = replace(work, cpu_s=LONG_S, wait_s=work.wait_s / times)
        return times * makespan_s(family, shorter, costs.shorter(times), cores)
    if work.pauses > OFTEN:
        few_s, more_s = (makespan_s(family, _fewer(work, waits), costs, cores) for waits in (OFTEN // 2, OFTEN))
        return more_s + (work.waits_per_op - OFTEN) * (more_s - few_s) / (OFTEN - OFTEN // 2)
    places = min(work.concurrency, work.ops)
    if places > WIDE:
        times = places / WIDE
        crowd = costs.crowded_op_s(places) / costs.crowded_op_s(WIDE) if costs.op_s else 1.0
        narrow = replace(work, ops=max(WIDE, round(work.ops / times)), concurrency=WIDE, cpu_s=work.cpu_s * times)
        dearer = replace(
            costs, op_s=costs.op_s * times * crowd, handover_s=costs.handover_s * times, chunk_s=costs.chunk_s * times
        )
        return makespan_s(family, narrow, dearer, cores)
    most = max(MANY // max(1, work.pauses), 4 * places)
    if work.ops <= most:
        return simulate(work, costs, cores)
    half_s, whole_s = (simulate(replace(work, ops=ops), costs, cores) for ops in (most // 2, most))
    return whole_s + (work.ops - most) * (whole_s - half_s) / (most - most // 2)
