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

import queue
import random
import time
from bisect import bisect_left
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from heapq import heapreplace
from itertools import accumulate, chain, pairwise
from statistics import median
from typing import Any

from bench.model import Figure, Kit, Observed, Param, Params, Point, Shape, Workload, WrongAnswer

ROOM = 1000
"""Places in the queue: so many that a producer is held back only where the consumers have lost touch."""

LEAD_S = 0.01
"""The schedule begins so long after everybody is ready, so that producers know it when it does."""

CHECK_IN_TIMEOUT_S = 120.0
ALIVE_CHECK_S = 1.0

LONG_NS = 1_000_000
"""An item that took longer than this from put to get has waited."""

Item = tuple[int, int, float, float]
"""Index, producer, when it is to be put as a share of the schedule's length, and how long its service takes (s)."""
Call = tuple[int, float, float]
"""An item as its producer sees it: index, when it is to be put (s from the start of the schedule), service (s)."""
Parcel = tuple[int, float, float, int, int]
"""What goes through the queue: index, service (s), when to be put by schedule (s) and clock (ns), when put (ns)."""
Result = tuple[int, int, float, int, int, int, int]
"""Index, answer, when to be put by schedule (s) and clock (ns), and when it was put, got and done (ns)."""

Program = Callable[[Sequence[Item]], list[Result]]
AsyncProgram = Callable[[Sequence[Item]], Coroutine[Any, Any, list[Result]]]

clock = time.perf_counter_ns


def answer(index: int) -> int:
    """What the consumer computes for an item."""
    return 5 * index + 2


def done(parcel: Parcel, got_ns: int) -> Result:
    """The result of an item that has been served."""
    index, _, at_s, due_ns, put_ns = parcel
    return index, answer(index), at_s, due_ns, put_ns, got_ns, clock()


def window_s(params: Params, consumers: int) -> float:
    """Seconds from the start of the schedule to its last item."""
    return int(params["n"]) * float(params["service_s"]) / (float(params["load"]) * consumers)


def shares(items: Sequence[Item], params: Params, consumers: int) -> list[list[Call]]:
    """What each producer has to do, in order of time, so that so many consumers have the load that was asked for."""
    length_s = window_s(params, consumers)
    mine: list[list[Call]] = [[] for _ in range(int(params["producers"]))]
    for index, producer, place, service_s in items:
        mine[producer].append((index, place * length_s, service_s))
    return mine


def produce(put: Callable[[Parcel], Any], sleep: Callable[[float], Any], share: Sequence[Call], begin_ns: int) -> None:
    """Put each item of a share when its time has come."""
    for index, at_s, service_s in share:
        due_ns = begin_ns + int(at_s * 1e9)
        early_ns = due_ns - clock()
        if early_ns > 0:
            sleep(early_ns / 1e9)
        put((index, service_s, at_s, due_ns, clock()))


async def produce_async(
    put: Callable[[Parcel], Any], sleep: Callable[[float], Any], share: Sequence[Call], begin_ns: int
) -> None:
    """The same on an event loop."""
    for index, at_s, service_s in share:
        due_ns = begin_ns + int(at_s * 1e9)
        early_ns = due_ns - clock()
        if early_ns > 0:
            await sleep(early_ns / 1e9)
        await put((index, service_s, at_s, due_ns, clock()))


def begin() -> int:
    """When the schedule begins (ns); to be asked for when everybody is ready."""
    return clock() + int(LEAD_S * 1e9)


@contextmanager
def consuming_threads(
    items: queue.Queue[Any], count: int, results: list[Result], sleep: Callable[[float], Any]
) -> Iterator[None]:
    """Threads that serve what comes through the queue until each of them has taken a None."""
    import threading

    def consume() -> None:
        while (parcel := items.get()) is not None:
            got_ns = clock()
            sleep(parcel[1])
            results.append(done(parcel, got_ns))
            items.task_done()

    threads = [threading.Thread(target=consume, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for _ in threads:
            items.put(None)
        for thread in threads:
            thread.join()


def run_threads(kit: Kit, params: Params) -> Program:
    """Threads and a queue.Queue; greenlets where gevent has patched the standard library."""
    import threading

    results: list[Result] = []
    waiting: queue.Queue[Any] = queue.Queue(ROOM)
    sleep, consumers = kit.sleep, kit.in_flight
    kit.enter(consuming_threads(waiting, consumers, results, sleep))

    def op(items: Sequence[Item]) -> list[Result]:
        results.clear()
        told = shares(items, params, consumers)
        begin_ns = begin()
        producers = [threading.Thread(target=produce, args=(waiting.put, sleep, share, begin_ns)) for share in told]
        for thread in producers:
            thread.start()
        for thread in producers:
            thread.join()
        waiting.join()
        return results.copy()

    return op


def consume_in_process(ready: Any, waiting: Any, results: Any) -> None:
    """A process that serves what comes through the queue until it takes a None."""
    ready.wait()
    while (parcel := waiting.get()) is not None:
        got_ns = clock()
        time.sleep(parcel[1])
        results.put(done(parcel, got_ns))


def produce_in_process(ready: Any, schedules: Any, waiting: Any) -> None:
    """A process that is sent its share of each round, until it is sent a None."""
    ready.wait()
    while (told := schedules.recv()) is not None:
        produce(waiting.put, time.sleep, *told)


class Crew:
    """Producing and consuming processes, their two queues, and a pipe to each producer."""

    def __init__(self, producers: int, consumers: int) -> None:
        import multiprocessing

        context = multiprocessing.get_context()
        self.ready = context.Barrier(producers + consumers + 1)
        self.waiting, self.results = context.Queue(ROOM), context.Queue()
        self.pipes = [context.Pipe(duplex=False) for _ in range(producers)]
        self.producers = [
            context.Process(target=produce_in_process, args=(self.ready, get, self.waiting), daemon=True)
            for get, _ in self.pipes
        ]
        ends = (self.ready, self.waiting, self.results)
        self.processes = [
            *self.producers,
            *(context.Process(target=consume_in_process, args=ends, daemon=True) for _ in range(consumers)),
        ]
        self.broken = False

    def __enter__(self) -> Crew:
        try:
            for process in self.processes:
                process.start()
            self.ready.wait(CHECK_IN_TIMEOUT_S)
        except BaseException:
            self.broken = True
            self.__exit__()
            raise
        return self

    def collect(self, count: int) -> list[Result]:
        """So many results as they come; raises RuntimeError where a process has died that would have to bring one."""
        results: list[Result] = []
        while len(results) < count:
            try:
                results.append(self.results.get(timeout=ALIVE_CHECK_S))
            except queue.Empty:
                lost = sum(not process.is_alive() for process in self.processes)
                if lost:
                    self.broken = True
                    raise RuntimeError(f"{lost} of the processes died during the round (was one killed?)") from None
        return results

    def __exit__(self, *error: object) -> None:
        if self.broken:
            # What is left of them may wait for ever for a lock that a dead process held.
            for process in self.processes:
                if process.pid is not None:
                    process.terminate()
            self.waiting.cancel_join_thread()
        else:
            for _, schedule in self.pipes:
                schedule.send(None)
            for process in self.producers:
                process.join()
            for _ in range(len(self.processes) - len(self.producers)):
                self.waiting.put(None)
        for process in self.processes:
            if process.pid is not None:
                process.join()
            process.close()
        for end in chain(*self.pipes):
            end.close()
        for line in (self.waiting, self.results):
            line.close()
            line.join_thread()


def run_processes(kit: Kit, params: Params) -> Program:
    """Processes that live as long as the session, and multiprocessing's queues."""
    consumers = kit.in_flight
    crew: Crew = kit.enter(Crew(int(params["producers"]), consumers))

    def op(items: Sequence[Item]) -> list[Result]:
        told = shares(items, params, consumers)
        begin_ns = begin()
        for (_, schedule), share in zip(crew.pipes, told, strict=True):
            schedule.send((share, begin_ns))
        return crew.collect(len(items))

    return op


async def run_asyncio(kit: Kit, params: Params) -> AsyncProgram:
    """Tasks and an asyncio.Queue: when it has been joined, the consumers are cancelled."""
    import asyncio

    sleep, consumers = kit.sleep, kit.in_flight

    async def consume(waiting: asyncio.Queue[Parcel], results: list[Result]) -> None:
        while True:
            parcel = await waiting.get()
            got_ns = clock()
            await sleep(parcel[1])
            results.append(done(parcel, got_ns))
            waiting.task_done()

    async def op(items: Sequence[Item]) -> list[Result]:
        results: list[Result] = []
        told = shares(items, params, consumers)
        waiting: asyncio.Queue[Parcel] = asyncio.Queue(ROOM)
        async with asyncio.TaskGroup() as group:
            serving = [group.create_task(consume(waiting, results)) for _ in range(consumers)]
            await asyncio.sleep(0)
            begin_ns = begin()
            async with asyncio.TaskGroup() as producers:
                for share in told:
                    producers.create_task(produce_async(waiting.put, sleep, share, begin_ns))
            await waiting.join()
            for task in serving:
                task.cancel()
        return results

    return op


async def run_trio(kit: Kit, params: Params) -> AsyncProgram:
    """Tasks and a memory channel: when the last producer has closed its clone, the consumers come to the end of it."""
    import trio

    sleep, consumers = kit.sleep, kit.in_flight

    async def feed(channel: Any, share: Sequence[Call], begin_ns: int) -> None:
        async with channel:
            await produce_async(channel.send, sleep, share, begin_ns)

    async def consume(channel: Any, results: list[Result]) -> None:
        async with channel:
            async for parcel in channel:
                got_ns = clock()
                await sleep(parcel[1])
                results.append(done(parcel, got_ns))

    async def op(items: Sequence[Item]) -> list[Result]:
        results: list[Result] = []
        told = shares(items, params, consumers)
        send: Any
        receive: Any
        send, receive = trio.open_memory_channel(ROOM)
        async with trio.open_nursery() as nursery, send, receive:
            for _ in range(consumers):
                nursery.start_soon(consume, receive.clone(), results)
            # The first turn may come before some of the new tasks' own, the second cannot.
            await trio.lowlevel.checkpoint()
            await trio.lowlevel.checkpoint()
            begin_ns = begin()
            for share in told:
                nursery.start_soon(feed, send.clone(), share, begin_ns)
        return results

    return op


async def run_anyio(kit: Kit, params: Params) -> AsyncProgram:
    """Tasks and a memory object stream, closed as trio's channels are."""
    import anyio
    import anyio.lowlevel

    sleep, consumers = kit.sleep, kit.in_flight

    async def feed(stream: Any, share: Sequence[Call], begin_ns: int) -> None:
        async with stream:
            await produce_async(stream.send, sleep, share, begin_ns)

    async def consume(stream: Any, results: list[Result]) -> None:
        async with stream:
            async for parcel in stream:
                got_ns = clock()
                await sleep(parcel[1])
                results.append(done(parcel, got_ns))

    async def op(items: Sequence[Item]) -> list[Result]:
        results: list[Result] = []
        told = shares(items, params, consumers)
        send: Any
        receive: Any
        send, receive = anyio.create_memory_object_stream(ROOM)
        async with anyio.create_task_group() as group, send, receive:
            for _ in range(consumers):
                group.start_soon(consume, receive.clone(), results)
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
            begin_ns = begin()
            for share in told:
                group.start_soon(feed, send.clone(), share, begin_ns)
        return results

    return op


async def run_curio(kit: Kit, params: Params) -> AsyncProgram:
    """Tasks and a curio.Queue: when it has been joined, the consumers are cancelled."""
    import curio

    sleep, consumers = kit.sleep, kit.in_flight

    async def consume(waiting: Any, results: list[Result]) -> None:
        while True:
            parcel = await waiting.get()
            got_ns = clock()
            await sleep(parcel[1])
            results.append(done(parcel, got_ns))
            await waiting.task_done()

    async def op(items: Sequence[Item]) -> list[Result]:
        results: list[Result] = []
        told = shares(items, params, consumers)
        waiting = curio.Queue(ROOM)
        async with curio.TaskGroup() as group:
            for _ in range(consumers):
                await group.spawn(consume, waiting, results)
            await curio.sleep(0)
            begin_ns = begin()
            async with curio.TaskGroup() as producers:
                for share in told:
                    await producers.spawn(produce_async, waiting.put, sleep, share, begin_ns)
            await waiting.join()
            await group.cancel_remaining()
        return results

    return op


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
