"""`fanout`: n unequal waits begun together, and when their caller has the first and the last result in hand.

It isolates the way in which results come back: `gather`, `map` and a task group hand over what there is when all of it,
or all before it, is there; `as_completed`, a channel or `imap_unordered` hand over each result as it comes. The waits
are spread evenly from `shortest_s` to `longest_s` and shuffled by the seed. The caller does the same everywhere: it
notes the time when it holds a result. Nobody can hold the first before the shortest wait is over, nor the last before
the longest is; what comes on top is the model's. Threads wait at the ready in a pool that was filled before the clock
started; the concurrency of a point is n.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from when_async.bench.model import Figure, Observed, Param, Params, Point, Shape, Workload

from .bodies.fanout.common import Item, Result, answer
from .bodies.fanout.pools import complete_in_threads, imap_greenlets, join_greenlets, map_in_threads, one_by_one
from .bodies.fanout.tasks import complete, gather, run_anyio_group, run_curio_group, run_nursery, run_task_group
from .bodies.oracle import came_back


def make_items(params: Params, seed: int) -> list[Item]:
    """Waits spread evenly from the shortest to the longest, shuffled by the seed; a single one is the longest.

    Raises ValueError where the shortest is longer than the longest.
    """
    n, shortest_s, longest_s = int(params["n"]), float(params["shortest_s"]), float(params["longest_s"])
    if shortest_s > longest_s:
        raise ValueError(f"the shortest wait ({shortest_s:g} s) must not be longer than the longest ({longest_s:g} s)")
    step_s = (longest_s - shortest_s) / max(1, n - 1)
    waits = [longest_s - place * step_s for place in range(n)]
    random.Random(seed).shuffle(waits)
    return list(enumerate(waits))


def observe(params: Params, items: Sequence[Item], results: Sequence[Result]) -> Observed:
    """The values in order of the items, and when the caller had the first and the last."""
    values = sorted((index, value) for index, value, _ in results)
    if not results:
        return Observed(values)
    held_s = [held_ns / 1e9 for _, _, held_ns in results]
    return Observed(values, {"first_result_s": min(held_s), "last_result_s": max(held_s)})


def check(params: Params, items: Sequence[Item], results: Sequence[Any]) -> str:
    """Say how many results came back; raises WrongAnswer unless each did, once, with its value."""
    return came_back("result", [(index, answer(index)) for index, _ in items], results)


def ideal_s(params: Params, in_flight: int) -> float:
    """No less than the longest wait, nor than an even share of all waits."""
    mean_s = (float(params["shortest_s"]) + float(params["longest_s"])) / 2
    longest_s = float(params["longest_s"])
    return max(longest_s, mean_s * int(params["n"]) / in_flight) if int(params["n"]) > 1 else longest_s


def bounds(params: Params, concurrency: int) -> Mapping[str, float]:
    """Before these nobody can have the first result, or the last."""
    return {"shortest wait": float(params["shortest_s"]), "longest wait": float(params["longest_s"])}


def point(n: int, shortest_s: float, longest_s: float) -> Point:
    """One grid point; all of it is in flight at once."""
    return Point(n, {"n": n, "shortest_s": shortest_s, "longest_s": longest_s})


FANOUT = Workload(
    name="fanout",
    summary="n unequal waits begun together; isolates when the caller has the first and the last result",
    bodies={
        "sync": one_by_one,
        "threading/map": map_in_threads,
        "threading/as_completed": complete_in_threads,
        "gevent/imap_unordered": imap_greenlets,
        "gevent/joinall": join_greenlets,
        "asyncio/gather": gather,
        "asyncio/as_completed": complete,
        "asyncio/task_group": run_task_group,
        "trio": run_nursery,
        "anyio": run_anyio_group,
        "curio": run_curio_group,
    },
    params=(
        Param("n", 1, 100_000, "how many waits are begun at once"),
        Param("shortest_s", 0.001, 10.0, "the shortest of the waits"),
        Param("longest_s", 0.001, 10.0, "the longest of the waits"),
    ),
    make_items=make_items,
    check=check,
    grid={
        "smoke": (point(6, 0.002, 0.006),),
        "quick": (point(8, 0.005, 0.05),),
        # Few results, where the waits decide, to many, where the model does.
        "full": (
            point(8, 0.005, 0.05),
            point(200, 0.005, 0.05),
            point(2000, 0.005, 0.05),
        ),
    },
    ideal_s=ideal_s,
    headline="overhead",
    learn=(
        "You learn how soon each way of collecting results gives the first and the last of them to its caller; "
        "you do not learn about results that cost CPU to make, nor about what a caller could have done meanwhile."
    ),
    shape=Shape.PROGRAM,
    figures=(
        Figure("first_result_s", "from the start of the fan-out until the caller has the first result", "lower"),
        Figure("last_result_s", "from the start of the fan-out until the caller has the last result", "lower"),
    ),
    observe=observe,
    faces={
        "gather": "asyncio.gather, which returns all results at the end",
        "as_completed": "as_completed, which hands over each result as it comes",
        "task_group": "asyncio.TaskGroup, whose tasks are asked when it has ended",
        "map": "ThreadPoolExecutor.map, which hands over results in the order of the items",
        "imap_unordered": "imap_unordered of a gevent group, which hands over each result as it comes",
        "joinall": "gevent.joinall, after which the greenlets are asked",
    },
    bounds=bounds,
)
