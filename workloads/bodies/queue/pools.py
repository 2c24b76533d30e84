"""Bodies of `queue` whose consumers are threads, greenlets or processes that live as long as the session."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

from when_async.bench.model import Kit, Params

from .common import ROOM, Item, Program, Result, begin, clock, done, produce, shares

CHECK_IN_TIMEOUT_S = 120.0

ALIVE_CHECK_S = 1.0


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


class WorkerGroup:
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

    def __enter__(self) -> WorkerGroup:
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
    group: WorkerGroup = kit.enter(WorkerGroup(int(params["producers"]), consumers))

    def op(items: Sequence[Item]) -> list[Result]:
        told = shares(items, params, consumers)
        begin_ns = begin()
        for (_, schedule), share in zip(group.pipes, told, strict=True):
            schedule.send((share, begin_ns))
        return group.collect(len(items))

    return op
