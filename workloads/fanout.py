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
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from bench.model import Figure, Kit, Observed, Param, Params, Point, Shape, Workload, WrongAnswer

Item = tuple[int, float]
"""Index and wait (s)."""
Value = tuple[int, int]
"""Index and answer."""
Result = tuple[int, int, int]
"""Index, answer, and when the caller had it in hand, from the start of the fan-out (ns)."""

Program = Callable[[Sequence[Item]], list[Result]]
AsyncProgram = Callable[[Sequence[Item]], Coroutine[Any, Any, list[Result]]]


class Caller:
    """Who wanted the results: notes when it has each of them, counted from its own making."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.start_ns = time.perf_counter_ns()

    def hold(self, value: Value) -> None:
        """A result is in hand."""
        self.results.append((*value, time.perf_counter_ns() - self.start_ns))


def answer(index: int) -> int:
    """What the op with this index must return."""
    return 7 * index + 3


def check_room(kit: Kit, params: Params) -> None:
    """Raise ValueError where fewer ops may be in flight than are begun at once."""
    n = int(params["n"])
    if kit.in_flight < n:
        raise ValueError(f"all {n} waits are begun at once, but only {kit.in_flight} may be in flight; ask for {n}")


def waiting(kit: Kit) -> Callable[[Item], Value]:
    """The op of the blocking models."""
    sleep = kit.sleep

    def one(item: Item) -> Value:
        index, wait_s = item
        sleep(wait_s)
        return index, answer(index)

    return one


def waiting_async(kit: Kit) -> Callable[[Item], Coroutine[Any, Any, Value]]:
    """The op of the event loops."""
    sleep = kit.sleep

    async def one(item: Item) -> Value:
        index, wait_s = item
        await sleep(wait_s)
        return index, answer(index)

    return one


def one_by_one(kit: Kit, params: Params) -> Program:
    """One wait after another: each result is in hand before the next op begins."""
    one = waiting(kit)

    def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        for item in items:
            caller.hold(one(item))
        return caller.results

    return op


def filled_pool(kit: Kit, params: Params) -> Any:
    """A ThreadPoolExecutor whose threads are all alive, closed with the session."""
    from concurrent.futures import ThreadPoolExecutor
    from queue import SimpleQueue

    check_room(kit, params)
    pool = kit.enter(ThreadPoolExecutor(kit.in_flight))
    present: SimpleQueue[None] = SimpleQueue()
    leave: SimpleQueue[None] = SimpleQueue()

    def check_in() -> None:
        present.put(None)
        leave.get()

    # It starts a thread only when no other is idle, so all of them are kept busy until the last is there.
    for _ in range(kit.in_flight):
        pool.submit(check_in)
    for _ in range(kit.in_flight):
        present.get()
    for _ in range(kit.in_flight):
        leave.put(None)
    return pool


def map_in_threads(kit: Kit, params: Params) -> Program:
    """ThreadPoolExecutor.map: results come in the order of the items."""
    one, pool = waiting(kit), filled_pool(kit, params)

    def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        for value in pool.map(one, items):
            caller.hold(value)
        return caller.results

    return op


def complete_in_threads(kit: Kit, params: Params) -> Program:
    """A future for each wait, and concurrent.futures.as_completed."""
    from concurrent.futures import as_completed

    one, pool = waiting(kit), filled_pool(kit, params)

    def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        for future in as_completed([pool.submit(one, item) for item in items]):
            caller.hold(future.result())
        return caller.results

    return op


def imap_greenlets(kit: Kit, params: Params) -> Program:
    """imap_unordered of a gevent group: each result as it comes."""
    from gevent.pool import Group

    check_room(kit, params)
    one = waiting(kit)

    def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        for value in Group().imap_unordered(one, items):
            caller.hold(value)
        return caller.results

    return op


def join_greenlets(kit: Kit, params: Params) -> Program:
    """A greenlet for each wait, and gevent.joinall."""
    import gevent

    check_room(kit, params)
    one = waiting(kit)

    def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        greenlets = [gevent.spawn(one, item) for item in items]
        gevent.joinall(greenlets, raise_error=True)
        for greenlet in greenlets:
            caller.hold(greenlet.value)
        return caller.results

    return op


async def gather(kit: Kit, params: Params) -> AsyncProgram:
    """asyncio.gather: all results at the end."""
    import asyncio

    check_room(kit, params)
    one = waiting_async(kit)

    async def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        for value in await asyncio.gather(*map(one, items)):
            caller.hold(value)
        return caller.results

    return op


async def complete(kit: Kit, params: Params) -> AsyncProgram:
    """asyncio.as_completed: each result as it comes."""
    import asyncio

    check_room(kit, params)
    one = waiting_async(kit)

    async def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        for next_one in asyncio.as_completed([one(item) for item in items]):
            caller.hold(await next_one)
        return caller.results

    return op


async def run_task_group(kit: Kit, params: Params) -> AsyncProgram:
    """asyncio.TaskGroup: the tasks have their results when the group ends."""
    import asyncio

    check_room(kit, params)
    one = waiting_async(kit)

    async def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item)) for item in items]
        for task in tasks:
            caller.hold(task.result())
        return caller.results

    return op


async def run_nursery(kit: Kit, params: Params) -> AsyncProgram:
    """A trio nursery whose tasks send their results into a channel, each through a clone of its own."""
    import trio

    check_room(kit, params)
    one = waiting_async(kit)

    async def tell(item: Item, channel: Any) -> None:
        async with channel:
            await channel.send(await one(item))

    async def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        send: Any
        receive: Any
        send, receive = trio.open_memory_channel(0)
        async with trio.open_nursery() as nursery, receive:
            async with send:
                for item in items:
                    nursery.start_soon(tell, item, send.clone())
            async for value in receive:
                caller.hold(value)
        return caller.results

    return op


async def run_anyio_group(kit: Kit, params: Params) -> AsyncProgram:
    """A task group of anyio whose tasks send their results into a memory object stream."""
    import anyio

    check_room(kit, params)
    one = waiting_async(kit)

    async def tell(item: Item, stream: Any) -> None:
        async with stream:
            await stream.send(await one(item))

    async def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        send: Any
        receive: Any
        send, receive = anyio.create_memory_object_stream(0)
        async with anyio.create_task_group() as group, receive:
            async with send:
                for item in items:
                    group.start_soon(tell, item, send.clone())
            async for value in receive:
                caller.hold(value)
        return caller.results

    return op


async def run_curio_group(kit: Kit, params: Params) -> AsyncProgram:
    """A task group of curio, which is iterated and gives its tasks as they end."""
    import curio

    check_room(kit, params)
    one = waiting_async(kit)

    async def op(items: Sequence[Item]) -> list[Result]:
        caller = Caller()
        async with curio.TaskGroup() as group:
            for item in items:
                await group.spawn(one, item)
            async for task in group:
                caller.hold(task.result)
        return caller.results

    return op


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
    if len(results) != len(items):
        raise WrongAnswer(f"{len(items)} waits were begun, {len(results)} results came back")
    for (index, _), result in zip(items, results, strict=True):
        if result != (index, answer(index)):
            raise WrongAnswer(f"wait {index} came back as {result!r} instead of {(index, answer(index))}")
    return f"{len(results)} results came back"


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
