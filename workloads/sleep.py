"""`sleep`: n waits of `wait_s`, and nothing else.

It isolates what a model adds to waiting: starting an op, parking it, waking it up and taking its result.
No work is done and nothing is fetched, so c waits in flight need at least ceil(n / c) * wait_s; that ideal is
arithmetic and the same on every machine, and only what a model adds to it is worth publishing (method.md, R17).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from when_async.bench.model import Kit, Param, Params, Point, Workload

from .bodies.oracle import came_back


def blocking(kit: Kit, params: Params) -> Callable[[int], int]:
    """Wait with the runner's blocking sleep."""
    sleep, wait_s = kit.sleep, float(params["wait_s"])

    def op(item: int) -> int:
        sleep(wait_s)
        return item

    return op


async def asynchronous(kit: Kit, params: Params) -> Callable[[int], Coroutine[Any, Any, int]]:
    """Wait with the event loop's own sleep."""
    sleep, wait_s = kit.sleep, float(params["wait_s"])

    async def op(item: int) -> int:
        await sleep(wait_s)
        return item

    return op


def make_items(params: Params, seed: int) -> list[int]:
    """The indices 0..n-1; all waits are alike, so the seed has nothing to decide."""
    return list(range(int(params["n"])))


def check(params: Params, items: Sequence[Any], results: Sequence[Any]) -> str:
    """Say how many waits came back; raises WrongAnswer unless the results are the items, in order."""
    return came_back("wait", items, results)


def ideal_s(params: Params, in_flight: int) -> float:
    """Seconds that the waits take when starting and ending them costs nothing."""
    return -(-int(params["n"]) // in_flight) * float(params["wait_s"])


def point(wait_s: float, n: int, concurrency: int) -> Point:
    """One grid point."""
    return Point(concurrency, {"wait_s": wait_s, "n": n})


QUICK = (point(0.01, 50, 10), point(0.01, 1000, 100), point(0.01, 10_000, 1000))

# n is a multiple of the concurrency, and large enough for a round of 0.05 to 0.5 s. That waits overlap is arithmetic,
# so there are few points below 1000 in flight; from there on it is the dispatch of the ops that fills the round. With
# 10 000 in flight threads take 16 s a round, and what one more costs is for `ladder` to say.
FULL = (
    *QUICK,
    point(0.001, 3000, 100),
)

SLEEP = Workload(
    name="sleep",
    summary="n equal waits; isolates what a model adds to pure waiting",
    bodies={"blocking": blocking, "async": asynchronous},
    params=(
        Param("wait_s", 0.001, 0.1, "how long each op waits"),
        Param("n", 1, 1_000_000, "how many waits a round has"),
    ),
    make_items=make_items,
    check=check,
    grid={"smoke": (point(0.001, 20, 4),), "quick": QUICK, "full": FULL, "gate": (point(0.001, 40, 10),)},
    ideal_s=ideal_s,
    headline="overhead",
    core=True,
    learn=(
        "You learn what each model adds to a wait and how many waits it can hold at once; you do not learn how fast "
        "any model is at real input and output, because a sleep moves no data and its speed-up is arithmetic."
    ),
)
