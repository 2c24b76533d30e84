"""Threads: under the GIL they compute in turns, and whoever takes it from another waits for the hand-over.

A thread that finds the GIL free goes on at once. One that had to wait for it sleeps, and is woken when it is let go,
which takes `handover_s` in which nobody computes. As that makes the others late as well, they find it taken more
often: a crowd keeps itself up (Beazley, "Understanding the Python GIL", PyCon 2010). A thread that computes for longer
than the switch interval of 5 ms lets go where somebody waits.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush, heapreplace

from ..work import Work
from . import kernel
from .costs import Costs
from .ops import Ops

SWITCH_S = 5e-3
OPENING_S = 1e-5
"""Gates are opened one after another, this far apart."""


def makespan_s(work: Work, costs: Costs, cores: int) -> float:
    """From the first op to the last under the GIL; what of the computing lets it go is done on all cores."""
    in_flight = min(work.concurrency, work.ops)
    if not work.wait_s and not work.gil_free:
        computed_s = work.ops * work.cpu_s * costs.scale
        return computed_s + (computed_s // SWITCH_S * costs.handover_s if in_flight > 1 else 0.0)
    held_share = 1 - work.gil_free
    ops = Ops(work, work.cpu_s * costs.scale)
    away_s = kernel.slept_s(work.wait_s, costs.late_s) if work.wait_s else 0.0
    op_s = costs.op_s if work.wait_s else 0.0
    due = [(place * OPENING_S, -1) for place in range(in_flight)]
    heapify(due)
    cores_s = [0.0] * cores
    free_s = last_s = 0.0
    while due:
        ready_s, waited = heappop(due)
        if waited < 0 or not work.wait_s:
            seconds, behind = ops.begin(), 0
            if seconds is None:
                continue
        else:
            seconds, behind = ops.go_on(waited)
        held_s = seconds * held_share + (op_s if behind >= 0 else 0.0)
        taken_s = ready_s if ready_s >= free_s else free_s + costs.handover_s
        free_s = taken_s + held_s + (held_s // SWITCH_S * costs.handover_s if due else 0.0)
        end_s = max(free_s, cores_s[0]) + seconds * work.gil_free if work.gil_free else free_s
        heapreplace(cores_s, end_s)
        last_s = max(last_s, end_s)
        if behind >= 0:
            heappush(due, (end_s + away_s, behind + 1))
    return last_s
