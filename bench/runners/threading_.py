"""`threading`: C threads that live as long as the pool and pull ops from one queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from ..model import Job, Round, Runner, Scalar
from ..worker.fanout import Failures, Tally, prefilled, pull
from ..worker.kits import open_blocking
from ..worker.limits import thread_limit
from ..worker.probes import Stopwatch
from ..worker.program import open_program


class Order:
    """One round as the threads see it: what to pull, where to put it, and who is ready or done."""

    def __init__(self, items: Sequence[Any], tally: Tally | None) -> None:
        self.items = items
        self.results: list[Any] = [None] * len(items)
        self.failures: Failures = []
        self.get = prefilled(len(items)).get_nowait
        self.tally = tally
        self.ready: SimpleQueue[None] = SimpleQueue()
        self.ended_ns: SimpleQueue[int] = SimpleQueue()


class Member:
    """One thread of the pool, with a gate of its own: opening a gate wakes one thread and nothing else."""

    def __init__(self, job: Job, opened: SimpleQueue[BaseException | None]) -> None:
        self.orders: SimpleQueue[Order | None] = SimpleQueue()
        self.gate = Lock()
        self.gate.acquire()
        self.thread = Thread(target=self._live, args=(job, opened), daemon=True)

    def _live(self, job: Job, opened: SimpleQueue[BaseException | None]) -> None:
        try:
            op, kit = open_blocking(job)
        except BaseException as error:
            opened.put(error)
            return
        opened.put(None)
        while (order := self.orders.get()) is not None:
            self._serve(order, op)
        kit.close()

    def _serve(self, order: Order, op: Callable[[Any], Any]) -> None:
        op = order.tally.watch(op) if order.tally else op
        order.ready.put(None)
        self.gate.acquire()
        pull(op, order.get, order.items, order.results, order.failures)
        order.ended_ns.put(time.perf_counter_ns())


class ThreadSession:
    """Opens the gates once every thread has checked in, and ends when the last op is done."""

    def __init__(self, members: list[Member]) -> None:
        self.members = members
        self.facts: Mapping[str, Scalar] = {"workers": len(members)}

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        order = Order(items, Tally() if prove else None)
        for member in self.members:
            member.orders.put(order)
        for _ in self.members:
            order.ready.get()
        gates = [member.gate for member in self.members]
        watch = Stopwatch()
        watch.start()
        for gate in gates:
            gate.release()
        end_ns = max(order.ended_ns.get() for _ in gates)
        proof = order.tally.proof() if order.tally else None
        return watch.round(order.results, order.failures, end_ns, proof=proof)


@contextmanager
def open_threads(job: Job) -> Iterator[ThreadSession]:
    opened: SimpleQueue[BaseException | None] = SimpleQueue()
    members: list[Member] = []
    try:
        for _ in range(job.concurrency):
            member = Member(job, opened)
            member.thread.start()
            members.append(member)
        errors = [error for error in (opened.get() for _ in members) if error is not None]
        if errors:
            raise errors[0]
        yield ThreadSession(members)
    finally:
        for member in members:
            member.orders.put(None)
        for member in members:
            member.thread.join()


THREADING = Runner(
    name="threading",
    summary="a pool of C threads pulling ops from one queue",
    family="threads",
    styles=("threading", "blocking", "pure"),
    open=open_threads,
    program=open_program,
    limit=thread_limit,
    core=True,
)
