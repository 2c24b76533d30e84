"""`count`: n counters that each say 'one', wait, and say 'two': in which order are the words said?

It isolates whether waits overlap, and shows it twice: by the makespan, which is one wait where they do and n waits
where they do not, and by the order of the words, which needs no clock's length at all. Every op stamps its two words
with the monotonic clock that all processes of a machine share. Ideal time: ceil(n / in_flight) * wait_s.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from itertools import pairwise
from math import ceil
from typing import Any

from when_async.bench.model import Figure, Kit, Observed, Param, Params, Point, Workload, WrongAnswer

from .bodies.oracle import came_back

Result = tuple[int, int, int]
"""(counter, when it said 'one', when it said 'two'), in nanoseconds."""


def blocking(kit: Kit, params: Params) -> Callable[[int], Result]:
    """Count to two with the runner's blocking sleep between."""
    sleep, clock, wait_s = kit.sleep, time.perf_counter_ns, float(params["wait_s"])

    def op(item: int) -> Result:
        one_ns = clock()
        sleep(wait_s)
        return item, one_ns, clock()

    return op


async def asynchronous(kit: Kit, params: Params) -> Callable[[int], Coroutine[Any, Any, Result]]:
    """Count to two with the event loop's own sleep between."""
    sleep, clock, wait_s = kit.sleep, time.perf_counter_ns, float(params["wait_s"])

    async def op(item: int) -> Result:
        one_ns = clock()
        await sleep(wait_s)
        return item, one_ns, clock()

    return op


def make_items(params: Params, seed: int) -> list[int]:
    """The counters 0..n-1; all are alike, so the seed has nothing to decide."""
    return list(range(int(params["n"])))


def observe(params: Params, items: Sequence[Any], results: Sequence[Any]) -> Observed:
    """The words of each counter in the order in which it said them; the stamps become figures."""
    for result in results:
        if not isinstance(result, tuple | list) or len(result) != 3:
            raise WrongAnswer(f"a counter came back as {result!r}")
    words = [(counter, "one", "two") if one < two else (counter, "two", "one") for counter, one, two in results]
    if not results:
        return Observed(words)
    said = sorted((one, two) for _, one, two in results)
    first_two = min(two for _, two in said)
    neighbours = [before[1] <= after[1] for before, after in pairwise(said)]
    figures = {
        "overlapped": sum(one < first_two for one, _ in said) / len(said),
        "in_order": sum(neighbours) / len(neighbours) if neighbours else 1.0,
        "last_one_s": (said[-1][0] - said[0][0]) / 1e9,
        "counted_s": sum(two - one for one, two in said) / len(said) / 1e9,
    }
    return Observed(words, figures)


def check(params: Params, items: Sequence[Any], results: Sequence[Any]) -> str:
    """Say how many counted to two; raises WrongAnswer unless each one did, once, in its place and in order."""
    came_back("counter", [(item, "one", "two") for item in items], results)
    return f"{len(results)} counted to two"


def ideal_s(params: Params, in_flight: int) -> float:
    """Seconds that the waits take when starting and ending them costs nothing."""
    return ceil(int(params["n"]) / in_flight) * float(params["wait_s"])


def bounds(params: Params, concurrency: int) -> Mapping[str, float]:
    """The waits added up, and the waits side by side."""
    return {
        "one after another": int(params["n"]) * float(params["wait_s"]),
        "side by side": ideal_s(params, concurrency),
    }


def point(n: int, wait_s: float) -> Point:
    """One grid point: all counters may count at once."""
    return Point(n, {"n": n, "wait_s": wait_s})


QUICK = (point(3, 0.05),)

COUNT = Workload(
    name="count",
    summary="n counters that say one, wait and say two; isolates whether waits overlap, by the order of the words",
    bodies={"blocking": blocking, "async": asynchronous},
    params=(
        Param("n", 1, 100_000, "how many counters there are"),
        Param("wait_s", 0.001, 10.0, "how long each one waits between its words"),
    ),
    make_items=make_items,
    check=check,
    observe=observe,
    figures=(
        Figure("overlapped", "share of the counters that had said one before the first two was said", "higher"),
        Figure("in_order", "share of neighbours that said two in the order in which they had said one"),
        Figure("last_one_s", "time from the first one to the last one", "lower"),
        Figure("counted_s", "time from its one to its two, of an average counter", "lower"),
    ),
    grid={
        "smoke": (point(3, 0.002),),
        "quick": QUICK,
        # Three counters as in the notes, at a twentieth of their second; from 100 on one after another is arithmetic.
        "full": (*QUICK, point(30, 0.01), point(1000, 0.05)),
    },
    ideal_s=ideal_s,
    bounds=bounds,
    headline="overhead",
    learn=(
        "You learn whether a model's waits overlap and how soon all of them have begun; you do not learn which model "
        "is faster at work, because all that is done here is waiting."
    ),
)
