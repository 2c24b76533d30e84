"""`async_iteration`: the same n items, each produced after a wait, by iteration and by starting all at once.

It isolates what `async for` means: an async generator is asked for its next item when the one before has been taken,
so an async comprehension, an `async for` and a plain loop all wait for the sum of the waits, and only those who start
all ops together (`gather`, a nursery, a task group) wait for the longest. The waits are spread evenly from 0.5 to 1.5
times `wait_s` and shuffled by the seed, so their sum is n x wait_s and the longest is 1.5 x wait_s. Both are
arithmetic: what a machine adds is the cost of a generator's step or of a task. The caller notes when it has each item
in hand; a comprehension and `gather` hand over all of them at their end, an `async for` each as it comes.
"""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any

from when_async.bench.model import Figure, Kit, Observed, Param, Params, Point, Shape, Workload

from .bodies.oracle import came_back

Item = tuple[int, float]
"""Index and wait (s)."""
Value = tuple[int, int]
"""Index and answer."""
Result = tuple[int, int, int]
"""Index, answer, and when the caller had it in hand, from the start of the op (ns)."""

Program = Callable[[Sequence[Item]], list[Result]]
AsyncProgram = Callable[[Sequence[Item]], Coroutine[Any, Any, list[Result]]]

clock = time.perf_counter_ns


def answer(index: int) -> int:
    """What the item with this index must be."""
    return 3 * index + 1


def take(values: Sequence[Value], start_ns: int) -> list[Result]:
    """Note when each of the values that came together is in hand."""
    return [(index, value, clock() - start_ns) for index, value in values]


def check_room(kit: Kit, params: Params) -> None:
    """Raise ValueError where fewer ops may be in flight than are begun at once."""
    n = int(params["n"])
    if kit.in_flight < n:
        raise ValueError(f"all {n} items are begun at once, but only {kit.in_flight} may be in flight; ask for {n}")


def loop_over(kit: Kit, params: Params) -> Program:
    """A plain loop over a generator that blocks."""
    sleep = kit.sleep

    def produce(items: Sequence[Item]) -> Iterator[Value]:
        for index, wait_s in items:
            sleep(wait_s)
            yield index, answer(index)

    def op(items: Sequence[Item]) -> list[Result]:
        start_ns = clock()
        results = []
        for index, value in produce(items):
            results.append((index, value, clock() - start_ns))
        return results

    return op


def producing(sleep: Callable[[float], Any]) -> Callable[[Sequence[Item]], AsyncIterator[Value]]:
    """The async generator that all iterating faces share."""

    async def produce(items: Sequence[Item]) -> AsyncIterator[Value]:
        for index, wait_s in items:
            await sleep(wait_s)
            yield index, answer(index)

    return produce


async def comprehend(kit: Kit, params: Params) -> AsyncProgram:
    """An async comprehension over the generator; needs nothing of the library but its sleep."""
    produce = producing(kit.sleep)

    async def op(items: Sequence[Item]) -> list[Result]:
        start_ns = clock()
        values = [value async for value in produce(items)]
        return take(values, start_ns)

    return op


async def iterate(kit: Kit, params: Params) -> AsyncProgram:
    """An `async for` over the generator."""
    produce = producing(kit.sleep)

    async def op(items: Sequence[Item]) -> list[Result]:
        start_ns = clock()
        results = []
        async for index, value in produce(items):
            results.append((index, value, clock() - start_ns))
        return results

    return op


async def gather_all(kit: Kit, params: Params) -> AsyncProgram:
    """All items at once by asyncio.gather."""
    import asyncio

    check_room(kit, params)
    sleep = kit.sleep

    async def one(index: int, wait_s: float) -> Value:
        await sleep(wait_s)
        return index, answer(index)

    async def op(items: Sequence[Item]) -> list[Result]:
        start_ns = clock()
        values = await asyncio.gather(*(one(index, wait_s) for index, wait_s in items))
        return take(values, start_ns)

    return op


def start_in_group(kit: Kit, params: Params, open_group: Callable[[], Any]) -> AsyncProgram:
    """All items at once in a nursery or task group."""
    check_room(kit, params)
    sleep = kit.sleep

    async def one(index: int, wait_s: float, values: list[Value]) -> None:
        await sleep(wait_s)
        values.append((index, answer(index)))

    async def op(items: Sequence[Item]) -> list[Result]:
        start_ns = clock()
        values: list[Value] = []
        async with open_group() as group:
            for index, wait_s in items:
                group.start_soon(one, index, wait_s, values)
        return take(values, start_ns)

    return op


async def start_in_nursery(kit: Kit, params: Params) -> AsyncProgram:
    """All items at once in a trio nursery."""
    import trio

    return start_in_group(kit, params, trio.open_nursery)


async def start_in_anyio_group(kit: Kit, params: Params) -> AsyncProgram:
    """All items at once in a task group of anyio."""
    import anyio

    return start_in_group(kit, params, anyio.create_task_group)


async def start_in_curio_group(kit: Kit, params: Params) -> AsyncProgram:
    """All items at once in a task group of curio."""
    import curio

    check_room(kit, params)
    sleep = kit.sleep

    async def one(index: int, wait_s: float) -> Value:
        await sleep(wait_s)
        return index, answer(index)

    async def op(items: Sequence[Item]) -> list[Result]:
        start_ns = clock()
        async with curio.TaskGroup() as group:
            for index, wait_s in items:
                await group.spawn(one, index, wait_s)
        return take(group.results, start_ns)

    return op


def make_items(params: Params, seed: int) -> list[Item]:
    """Waits spread evenly from 0.5 to 1.5 times the mean, shuffled by the seed; a single one is the mean."""
    n, mean_s = int(params["n"]), float(params["wait_s"])
    waits = [mean_s * (0.5 + place / (n - 1)) for place in range(n)] if n > 1 else [mean_s]
    random.Random(seed).shuffle(waits)
    return list(enumerate(waits))


def sum_of_waits_s(params: Params) -> float:
    """Seconds of all waits one after another."""
    return int(params["n"]) * float(params["wait_s"])


def longest_wait_s(params: Params) -> float:
    """Seconds of the longest wait."""
    return float(params["wait_s"]) * (1.5 if int(params["n"]) > 1 else 1.0)


def observe(params: Params, items: Sequence[Item], results: Sequence[Result]) -> Observed:
    """The values in order of the items, and when the caller had the first and the last."""
    values = sorted((index, value) for index, value, _ in results)
    if not results:
        return Observed(values)
    held_s = [held_ns / 1e9 for _, _, held_ns in results]
    figures = {"first_result_s": min(held_s), "makespan_over_longest": max(held_s) / longest_wait_s(params)}
    return Observed(values, figures)


def check(params: Params, items: Sequence[Item], results: Sequence[Any]) -> str:
    """Say how many items came; raises WrongAnswer unless each did, once, with its value."""
    return came_back("item", [(index, answer(index)) for index, _ in items], results)


def ideal_s(params: Params, in_flight: int) -> float:
    """No less than the longest wait, nor than an even share of all waits."""
    return max(longest_wait_s(params), sum_of_waits_s(params) / in_flight)


def bounds(params: Params, concurrency: int) -> Mapping[str, float]:
    """The two makespans between which every way of writing it lies."""
    return {"sum of waits": sum_of_waits_s(params), "longest wait": longest_wait_s(params)}


def point(wait_s: float, n: int) -> Point:
    """One grid point; those who start all items at once have n in flight."""
    return Point(n, {"wait_s": wait_s, "n": n})


ASYNC_ITERATION = Workload(
    name="async_iteration",
    summary="n items, each produced after a wait; isolates iterating from starting all at once",
    bodies={
        "sync": loop_over,
        "asyncio/comprehension": comprehend,
        "asyncio/async_for": iterate,
        "asyncio/gather": gather_all,
        "trio/comprehension": comprehend,
        "trio/nursery": start_in_nursery,
        "anyio/comprehension": comprehend,
        "anyio/task_group": start_in_anyio_group,
        "curio/comprehension": comprehend,
        "curio/task_group": start_in_curio_group,
    },
    params=(
        Param("wait_s", 0.002, 1.0, "how long an item takes on average; from half to one and a half times that"),
        Param("n", 1, 10_000, "how many items a round has"),
    ),
    make_items=make_items,
    check=check,
    grid={
        "smoke": (point(0.002, 8),),
        "quick": (point(0.005, 10),),
        # The sum of the waits is 0.2 s at most, because most contestants are in for all of it.
        "full": (point(0.01, 2), point(0.005, 10), point(0.002, 50)),
    },
    ideal_s=ideal_s,
    headline="throughput",
    learn=(
        "You learn that asynchronous iteration by itself overlaps nothing, and what a step of it costs beside a task; "
        "you do not learn about generators that fetch ahead, which start their next item before they are asked."
    ),
    shape=Shape.PROGRAM,
    figures=(
        Figure("first_result_s", "from the start until the caller has the first item in hand", "lower"),
        Figure("makespan_over_longest", "when the caller has the last item, over the longest wait", "lower"),
    ),
    observe=observe,
    faces={
        "comprehension": "an async comprehension over an async generator",
        "async_for": "an async for over an async generator",
        "gather": "asyncio.gather over all items",
        "nursery": "a task for each item in a nursery",
        "task_group": "a task for each item in a task group",
    },
    bounds=bounds,
)
