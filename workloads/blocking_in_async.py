"""`blocking_in_async`: one and the same blocking call, made directly, inside coroutines, and off the loop.

It isolates what it does to put `async` in front of a function that blocks. The call waits with `time.sleep`, uses CPU
time of its thread, or does neither; it knows nothing of who calls it. The `blocking` body is the bare call: for `sync`,
for threads, and for the runners that take it off the loop (`asyncio+to_thread`, `anyio+to_thread`). The `async` body is
the bad example: a coroutine that makes the same call. Nothing in it ever lets go of the loop, so one op is in flight
whatever was asked for, the ops take as long as one after another, and since a task then goes straight on with the next
op, the stall that is seen lasts as long as the round. A call of no length shows what the `await` costs.

`time.sleep` blocks under asyncio, trio, curio and anyio, which leave it alone. gevent puts its own in place of it, and
so cures this call without a word changed; `gevent/unpatched` makes a call that it cannot reach, such as one inside a C
library.

There is no `ideal_s`, since the harness takes a bound of equal waits as a promise that they overlap, which is what the
bad example breaks. That the call was made in full is checked by its own length instead: neither a sleep nor so much CPU
time can be over earlier. `bounds` has the makespans.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from math import ceil
from typing import Any

from when_async.bench.model import Figure, Kit, Observed, Param, Params, Point, Workload, WrongAnswer

from .bodies.oracle import came_back
from .bodies.thinking import think

Result = tuple[int, int]
"""(item, nanoseconds that the call took by the wall clock; 0 for a call of no length, which reads no clock)."""

EARLY_NS = 20_000
"""By so much a clock may seem to be wrong."""


def blocking_call(params: Params, sleep: Callable[[float], Any]) -> Callable[[int], Result]:
    """The call that all bodies make."""
    clock, wait_s, cpu_ns = time.perf_counter_ns, float(params["wait_s"]), round(float(params["cpu_s"]) * 1e9)

    def nothing(item: int) -> Result:
        return item, 0

    def call(item: int) -> Result:
        start_ns = clock()
        if wait_s:
            sleep(wait_s)
        if cpu_ns:
            think(cpu_ns)
        return item, clock() - start_ns

    return call if wait_s or cpu_ns else nothing


def blocking(kit: Kit, params: Params) -> Callable[[int], Result]:
    """Make the call, and nothing around it."""
    return blocking_call(params, time.sleep)


async def asynchronous(kit: Kit, params: Params) -> Callable[[int], Coroutine[Any, Any, Result]]:
    """Make the call in a coroutine: the bad example."""
    call = blocking_call(params, time.sleep)

    async def op(item: int) -> Result:
        return call(item)

    return op


def unpatched(kit: Kit, params: Params) -> Callable[[int], Result]:
    """Make the call with the `time.sleep` that was there before gevent came."""
    from gevent.monkey import get_original

    return blocking_call(params, get_original("time", "sleep"))


def make_items(params: Params, seed: int) -> list[int]:
    """The indices 0..n-1; all calls are alike, so the seed has nothing to decide."""
    return list(range(int(params["n"])))


def observe(params: Params, items: Sequence[Any], results: Sequence[Any]) -> Observed:
    """Take the times off the results; raises WrongAnswer where a call was over before it can have been."""
    least_ns = round((float(params["wait_s"]) + float(params["cpu_s"])) * 1e9)
    for result in results:
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise WrongAnswer(f"a call returned {result!r}")
        item, took_ns = result
        if took_ns < least_ns - EARLY_NS:
            raise WrongAnswer(f"call {item!r} took {took_ns / 1e6:.3f} ms and not {least_ns / 1e6:.3f} ms")
    figures = {"call_s": sum(took_ns for _, took_ns in results) / len(results) / 1e9} if results and least_ns else {}
    return Observed([item for item, _ in results], figures)


def check(params: Params, items: Sequence[Any], results: Sequence[Any]) -> str:
    """Say how many calls came back; raises WrongAnswer unless the results are the items, in order."""
    return came_back("call", items, results)


def bounds(params: Params, concurrency: int) -> Mapping[str, float]:
    """One after another, off the loop on one core, and with a core for each place; none for calls of no length."""
    n, wait_s, cpu_s = int(params["n"]), float(params["wait_s"]), float(params["cpu_s"])
    if not wait_s and not cpu_s:
        return {}
    places_s = ceil(n / concurrency) * (wait_s + cpu_s)
    return {
        "one after another": n * (wait_s + cpu_s),
        "side by side on one core": max(n * cpu_s, places_s),
        "side by side on as many cores": places_s,
    }


def point(wait_s: float, cpu_s: float, n: int, concurrency: int = 10) -> Point:
    """One grid point."""
    return Point(concurrency, {"wait_s": wait_s, "cpu_s": cpu_s, "n": n})


QUICK = (point(0.01, 0.0, 10), point(0.0, 0.002, 20))

BLOCKING_IN_ASYNC = Workload(
    name="blocking_in_async",
    summary="one blocking call made directly, in coroutines and off the loop; isolates what async adds to it",
    bodies={"blocking": blocking, "async": asynchronous, "gevent": blocking, "gevent/unpatched": unpatched},
    faces={"unpatched": "calls that gevent cannot make cooperative, as those inside a C library"},
    params=(
        Param("wait_s", 0.0, 1.0, "how long the call sleeps"),
        Param("cpu_s", 0.0, 0.1, "how much CPU time of its thread the call uses"),
        Param("n", 1, 1_000_000, "how many calls a round has"),
    ),
    make_items=make_items,
    check=check,
    observe=observe,
    figures=(Figure("call_s", "how long a call took by the wall clock, on average", "lower"),),
    grid={
        "smoke": (point(0.001, 0.0, 8, 4), point(0.0, 0.0, 100, 4)),
        "quick": QUICK,
        # Waiting at two lengths, computing, both at once, and neither: there only the async is left.
        "full": (
            *QUICK,
            point(0.001, 0.0, 100),
            point(0.005, 0.005, 20),
            point(0.0, 0.0, 10_000),
        ),
    },
    bounds=bounds,
    learn=(
        "You learn what coroutines around blocking calls cost and gain, and which calls a thread off the loop cures; "
        "you do not learn how long other tasks of a loop wait for one such call, because here there are no others."
    ),
)
