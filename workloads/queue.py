"""`queue`: producers put n items at times of a schedule, consumers take them from one bounded queue and serve each.

It isolates the hand-off: from the moment before an item is put to the moment after a consumer has it. The loop is open:
the schedule is drawn beforehand from the seed, a Poisson process of `load` x consumers / service_s items a second, and
no producer waits for a consumer unless the queue is full. Each service is a wait between half and one and a half times
`service_s`, drawn too. A producer that wakes late puts late; that is a figure of its own (`late_put_s`) and no part
of a hand-off. Consumers are started and wait before the schedule begins: with the round where they are tasks, with the
session where they are threads, greenlets or processes. So the makespan of tasks has their start and end in it, and
among thousands of consumers an end by cancelling shows; `items_per_s` and the hand-offs have neither.

What queueing theory says (M/G/c): while a consumer is free, an item waits for nothing but the hand-off itself. The
share of items that find all c consumers busy is near Erlang's C formula of c and the load, so it rises with the load,
and at equal load falls with the number of consumers; the mean wait is near that of M/M/c times (1 + 1/12) / 2 for
services as even as these. A round is too short for the steady state, so the reference that is reported beside the
observed share (`waited_share_ideal`) is exact: the waits that this very schedule makes unavoidable when nothing costs
any time.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from heapq import heapreplace
from itertools import accumulate, pairwise
from statistics import median
from typing import Any

from when_async.bench.model import Figure, Observed, Param, Params, Point, Shape, Workload, WrongAnswer

from .bodies.queue.common import LEAD_S, Item, Result, answer, window_s
from .bodies.queue.pools import run_processes, run_threads
from .bodies.queue.tasks import run_anyio, run_asyncio, run_curio, run_trio

LONG_NS = 1_000_000
"""An item that took longer than this from put to get has waited."""


def make_items(params: Params, seed: int) -> list[Item]:
    """Exponential gaps, stretched so that the last item comes at the end of the schedule; a producer drawn for each."""
    dice = random.Random(seed)
    n, producers, service_s = int(params["n"]), int(params["producers"]), float(params["service_s"])
    times = list(accumulate(dice.expovariate(1.0) for _ in range(n)))
    return [
        (index, dice.randrange(producers), at / times[-1], service_s * (0.5 + dice.random()))
        for index, at in enumerate(times)
    ]


def ideal_waits_s(items: Sequence[Item], length_s: float, consumers: int) -> list[float]:
    """How long each item waits where the first free of so many consumers takes it and nothing else costs any time."""
    free_s = [0.0] * consumers
    waits = []
    for _, _, place, service_s in items:
        at_s = place * length_s
        start_s = max(at_s, free_s[0])
        heapreplace(free_s, start_s + service_s)
        waits.append(start_s - at_s)
    return waits


def found_free(results: Sequence[Result], consumers: int) -> list[bool]:
    """For each result, in order of the puts, whether fewer items than consumers were in the house when it was put."""
    ended = sorted(result[6] for result in results)
    puts = sorted(result[4] for result in results)
    return [before - bisect_left(ended, put_ns) < consumers for before, put_ns in enumerate(puts)]


def share_of_long(waits_ns: Sequence[float]) -> float:
    """The share of waits that are long."""
    return sum(wait_ns > LONG_NS for wait_ns in waits_ns) / len(waits_ns)


def observe(params: Params, items: Sequence[Item], results: Sequence[Result]) -> Observed:
    """The answers in order of the items, the hand-offs, and what of them the schedule makes unavoidable."""
    answers = sorted((result[0], result[1]) for result in results)
    if not results:
        return Observed(answers)
    # The last item comes at the end of the schedule, whose length says how many consumers it was made for.
    length_s = max(result[2] for result in results)
    consumers = round(window_s(params, 1) / length_s)
    by_put = sorted(results, key=lambda result: result[4])
    first_ns, last_ns = by_put[0][4], by_put[-1][4]
    waits_ns = [got_ns - put_ns for _, _, _, _, put_ns, got_ns, _ in by_put]
    begin_ns = min(due_ns - at_s * 1e9 for _, _, at_s, due_ns, *_ in results)
    figures = {
        "items_per_s": len(results) / ((max(result[5] for result in results) - first_ns) / 1e9),
        "waited_share": share_of_long(waits_ns),
        "waited_share_ideal": share_of_long([wait * 1e9 for wait in ideal_waits_s(items, length_s, consumers)]),
        "load_seen": sum(result[6] - result[5] for result in results) / (consumers * (last_ns - begin_ns)),
        "late_put_s": max(0, *(put_ns - due_ns for _, _, _, due_ns, put_ns, _, _ in results)) / 1e9,
    }
    found = found_free(results, consumers)
    for name, free in (("free_handoff_s", True), ("busy_handoff_s", False)):
        of_these = [wait for wait, was_free in zip(waits_ns, found, strict=True) if was_free is free]
        if of_these:
            figures[name] = median(of_these) / 1e9
    return Observed(answers, figures, waits_ns)


def check(params: Params, items: Sequence[Item], results: Sequence[Any]) -> str:
    """Say how many items were served; raises WrongAnswer unless each was, once, with the consumer's answer."""
    served = [index for index, _ in results]
    if doubled := sorted({index for index, next_one in pairwise(served) if index == next_one}):
        raise WrongAnswer(f"{len(doubled)} items were served more than once, such as item {doubled[0]}")
    if lost := sorted({item[0] for item in items} - set(served)):
        raise WrongAnswer(f"{len(lost)} of {len(items)} items were never served, such as item {lost[0]}")
    if len(served) != len(items):
        raise WrongAnswer(f"{len(items)} items were put, {len(served)} were served")
    for index, value in results:
        if value != answer(index):
            raise WrongAnswer(f"item {index} was served with {value!r} instead of {answer(index)}")
    return f"{len(results)} items served"


def bounds(params: Params, concurrency: int) -> Mapping[str, float]:
    """How long the schedule is: a round ends one service after its last item where everybody keeps up."""
    return {"schedule": LEAD_S + window_s(params, concurrency)}


def point(consumers: int, load: float, service_s: float, n: int) -> Point:
    """One grid point, with five producers."""
    return Point(consumers, {"load": load, "service_s": service_s, "n": n, "producers": 5})


QUEUE = Workload(
    name="queue",
    summary="producers, a bounded queue and consumers at a given load; isolates the hand-off from put to get",
    bodies={
        "threading": run_threads,
        "gevent": run_threads,
        "multiprocessing": run_processes,
        "asyncio": run_asyncio,
        "trio": run_trio,
        "anyio": run_anyio,
        "curio": run_curio,
    },
    params=(
        Param("load", 0.01, 2.0, "arrivals x mean service / consumers: the share of the consumers that is needed"),
        Param("service_s", 0.001, 10.0, "how long a service takes on average; from half to one and a half times that"),
        Param("n", 1, 100_000, "how many items a round has"),
        Param("producers", 1, 1000, "how many producers put them"),
    ),
    make_items=make_items,
    check=check,
    grid={
        "smoke": (point(2, 0.5, 0.002, 12),),
        "quick": (point(100, 0.5, 0.02, 400),),
        # From one consumer to a thousand at half load, and a hundred at nearly full load. A schedule lasts 0.2 s and at
        # least several services. Starting 10 000 takes longer than serving; that point is in the claims.
        "full": (
            point(1, 0.5, 0.01, 10),
            point(100, 0.5, 0.02, 400),
            point(100, 0.95, 0.02, 950),
            point(1000, 0.5, 0.1, 1000),
        ),
    },
    headline="cpu",
    learn=(
        "You learn how long an item lies in the queue before a consumer has it, by load and by number of consumers, "
        "and how much of that no model could avoid; you do not learn how fast a queue is when nobody ever waits."
    ),
    shape=Shape.PROGRAM,
    figures=(
        Figure("items_per_s", "items handed over per second between the first put and the last get", "higher"),
        Figure("waited_share", "share of the items that waited for more than 1 ms", "lower"),
        Figure("waited_share_ideal", "that share where the same schedule is served and nothing else costs any time"),
        Figure("free_handoff_s", "median from put to get of items that found a consumer free", "lower"),
        Figure("busy_handoff_s", "median from put to get of items that found every consumer busy", "lower"),
        Figure("load_seen", "the load that the services as they really were made of the schedule as it really was"),
        Figure("late_put_s", "by how much the latest of the producers was behind the schedule", "lower"),
    ),
    latency="put to get",
    observe=observe,
    bounds=bounds,
)
