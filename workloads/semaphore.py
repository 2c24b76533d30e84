"""`semaphore`: n ops begun at once, of which a semaphore lets `limit` wait at a time; each waits `wait_s`.

It isolates what it costs to hold work back: a task, thread or greenlet for each op, queued at the model's own
semaphore, woken one by one as places fall free. Every op stamps its own beginning and end while it holds its place, and
from these stamps comes how many were inside at once; a limit that leaks is a wrong answer, not a fast one.
Never more than `limit` ops can be inside, so a round takes at least ceil(n / limit) x wait_s, and no more than
limit / wait_s ops can finish a second. The concurrency of a point is its limit; the serial reference does one op at a
time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from when_async.bench.model import Figure, Kit, Observed, Param, Params, Point, Shape, Workload, WrongAnswer

from .bodies.oracle import came_back

Result = tuple[int, int, int, int]
"""Index, answer, and when the op began and ended inside the semaphore (ns)."""

Program = Callable[[Sequence[int]], list[Result]]
AsyncProgram = Callable[[Sequence[int]], Coroutine[Any, Any, list[Result]]]

clock = time.perf_counter_ns


def answer(index: int) -> int:
    """What the op with this index must return."""
    return index * index + 1


def places(kit: Kit, params: Params) -> int:
    """How many ops the semaphore lets in: the limit, or the concurrency where less than that was asked for."""
    return min(int(params["limit"]), kit.in_flight)


def run_serially(kit: Kit, params: Params) -> Program:
    """One op after another; nothing has to be held back."""
    sleep, wait_s = kit.sleep, float(params["wait_s"])

    def op(items: Sequence[int]) -> list[Result]:
        results = []
        for index in items:
            began_ns = clock()
            sleep(wait_s)
            results.append((index, answer(index), began_ns, clock()))
        return results

    return op


def run_threads(kit: Kit, params: Params) -> Program:
    """A thread for each op, and a threading.BoundedSemaphore."""
    import threading

    sleep, wait_s = kit.sleep, float(params["wait_s"])
    semaphore = threading.BoundedSemaphore(places(kit, params))

    def op(items: Sequence[int]) -> list[Result]:
        results: list[Result] = []

        def one(index: int) -> None:
            with semaphore:
                began_ns = clock()
                sleep(wait_s)
                results.append((index, answer(index), began_ns, clock()))

        threads = [threading.Thread(target=one, args=(index,)) for index in items]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    return op


def run_greenlets(kit: Kit, params: Params) -> Program:
    """A greenlet for each op, and gevent's BoundedSemaphore."""
    import gevent
    from gevent.lock import BoundedSemaphore

    sleep, wait_s = kit.sleep, float(params["wait_s"])
    semaphore = BoundedSemaphore(places(kit, params))

    def one(index: int) -> Result:
        with semaphore:
            began_ns = clock()
            sleep(wait_s)
            return index, answer(index), began_ns, clock()

    def op(items: Sequence[int]) -> list[Result]:
        greenlets = [gevent.spawn(one, index) for index in items]
        gevent.joinall(greenlets, raise_error=True)
        return [greenlet.value for greenlet in greenlets]

    return op


async def run_asyncio(kit: Kit, params: Params) -> AsyncProgram:
    """A task for each op by gather, and an asyncio.Semaphore."""
    import asyncio

    sleep, wait_s = kit.sleep, float(params["wait_s"])
    semaphore = asyncio.Semaphore(places(kit, params))

    async def one(index: int) -> Result:
        async with semaphore:
            began_ns = clock()
            await sleep(wait_s)
            return index, answer(index), began_ns, clock()

    async def op(items: Sequence[int]) -> list[Result]:
        return await asyncio.gather(*(one(index) for index in items))

    return op


def in_group(kit: Kit, params: Params, limiter: Any, open_group: Callable[[], Any]) -> AsyncProgram:
    """A task for each op in a nursery or task group, under a limiter of the same library."""
    sleep, wait_s = kit.sleep, float(params["wait_s"])

    async def one(index: int, results: list[Result]) -> None:
        async with limiter:
            began_ns = clock()
            await sleep(wait_s)
            results.append((index, answer(index), began_ns, clock()))

    async def op(items: Sequence[int]) -> list[Result]:
        results: list[Result] = []
        async with open_group() as group:
            for index in items:
                group.start_soon(one, index, results)
        return results

    return op


async def run_trio(kit: Kit, params: Params) -> AsyncProgram:
    """A task for each op in a nursery, and a trio.CapacityLimiter."""
    import trio

    return in_group(kit, params, trio.CapacityLimiter(places(kit, params)), trio.open_nursery)


async def run_anyio(kit: Kit, params: Params) -> AsyncProgram:
    """A task for each op in a task group, and an anyio.CapacityLimiter."""
    import anyio

    return in_group(kit, params, anyio.CapacityLimiter(places(kit, params)), anyio.create_task_group)


async def run_curio(kit: Kit, params: Params) -> AsyncProgram:
    """A task for each op in a task group, and a curio.Semaphore."""
    import curio

    sleep, wait_s = kit.sleep, float(params["wait_s"])
    semaphore = curio.Semaphore(places(kit, params))

    async def one(index: int) -> Result:
        async with semaphore:
            began_ns = clock()
            await sleep(wait_s)
            return index, answer(index), began_ns, clock()

    async def op(items: Sequence[int]) -> list[Result]:
        async with curio.TaskGroup() as group:
            for index in items:
                await group.spawn(one, index)
        results: list[Result] = group.results
        return results

    return op


def make_items(params: Params, seed: int) -> list[int]:
    """The indices 0..n-1; all waits are alike, so the seed has nothing to decide."""
    return list(range(int(params["n"])))


def peak_inside(spans: Sequence[tuple[int, int]]) -> int:
    """The most of these (began, ended) that were open at once; one that ends when another begins has left."""
    moments = sorted([(began, 1) for began, _ in spans] + [(ended, -1) for _, ended in spans])
    inside = peak = 0
    for _, step in moments:
        inside += step
        peak = max(peak, inside)
    return peak


def observe(params: Params, items: Sequence[int], results: Sequence[Result]) -> Observed:
    """The answers in order of the items, and what the ops' own stamps say of the limit.

    Raises WrongAnswer where more ops were inside the semaphore than it lets in.
    """
    limit, wait_s = int(params["limit"]), float(params["wait_s"])
    answers = sorted((index, value) for index, value, _, _ in results)
    if not results:
        return Observed(answers)
    peak = peak_inside([(began_ns, ended_ns) for _, _, began_ns, ended_ns in results])
    if peak > limit:
        raise WrongAnswer(f"{peak} ops were inside a semaphore that lets {limit} in")
    taken_s = (max(result[3] for result in results) - min(result[2] for result in results)) / 1e9
    per_s = len(results) / taken_s
    figures = {
        "peak_in_flight": float(peak),
        "finished_per_s": per_s,
        "limit_share": per_s * wait_s / limit,
    }
    return Observed(answers, figures)


def check(params: Params, items: Sequence[int], results: Sequence[Any]) -> str:
    """Say how many ops came back; raises WrongAnswer unless each did, once, with its answer."""
    return came_back("op", [(index, answer(index)) for index in items], results)


def limit_kept_full_s(params: Params, in_flight: int) -> float:
    """Seconds that the waits take when every place is taken again the moment it falls free."""
    return -(-int(params["n"]) // min(int(params["limit"]), in_flight)) * float(params["wait_s"])


def bounds(params: Params, concurrency: int) -> Mapping[str, float]:
    """What no program under the limit can beat."""
    return {"limit kept full": limit_kept_full_s(params, concurrency)}


def point(limit: int, wait_s: float, n: int) -> Point:
    """One grid point, with as many ops in flight as the limit allows."""
    return Point(limit, {"limit": limit, "wait_s": wait_s, "n": n})


SEMAPHORE = Workload(
    name="semaphore",
    summary="n ops begun at once under a limit; isolates what holding work back costs",
    bodies={
        "sync": run_serially,
        "threading": run_threads,
        "gevent": run_greenlets,
        "asyncio": run_asyncio,
        "trio": run_trio,
        "anyio": run_anyio,
        "curio": run_curio,
    },
    params=(
        Param("limit", 1, 10_000, "how many ops the semaphore lets in"),
        Param("wait_s", 0.001, 1.0, "how long each op waits inside"),
        Param("n", 1, 100_000, "how many ops are begun at once"),
    ),
    make_items=make_items,
    check=check,
    grid={
        "smoke": (point(4, 0.002, 20),),
        "quick": (point(10, 0.005, 60),),
        # The limit of ten with few and with many ops behind it, then wider ones.
        "full": (
            point(10, 0.005, 60),
            point(10, 0.005, 300),
            point(100, 0.01, 1000),
        ),
    },
    ideal_s=limit_kept_full_s,
    headline="overhead",
    learn=(
        "You learn whether a model's semaphore keeps its limit and how near it comes to keeping every place taken; you "
        "do not learn about limits that count something else, such as requests per second, nor about several processes."
    ),
    shape=Shape.PROGRAM,
    figures=(
        Figure("peak_in_flight", "the most ops that were inside the semaphore at once, by their own stamps"),
        Figure("finished_per_s", "ops finished per second between the first to begin and the last to end", "higher"),
        Figure("limit_share", "that rate as a share of limit / wait, which is all that the limit allows", "higher"),
    ),
    observe=observe,
    bounds=bounds,
)
