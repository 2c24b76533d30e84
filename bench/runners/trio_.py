"""`trio`: C tasks in a nursery pulling ops from one queue.

A trio run cannot be entered twice, and the worker asks for one round after another; so trio lives in a thread of its
own, and the thread that asks sleeps until the round is done. Nothing else runs meanwhile, so nobody waits for the GIL.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Event, Thread
from typing import Any

from ..model import Job, Round, Runner, Scalar
from ..worker.fanout import Failures, Tally, prefilled, pull, pull_async
from ..worker.heartbeat import HEARTBEAT_S, Lateness
from ..worker.kits import Op, opened
from ..worker.probes import Stopwatch


@dataclass(frozen=True)
class Library:
    """What trio and anyio have in common, by their own names for it."""

    event: Callable[[], Any]
    open_group: Callable[[], AbstractAsyncContextManager[Any]]
    checkpoint: Callable[[], Awaitable[None]]
    sleep: Callable[[float], Awaitable[None]]


def trio_library() -> Library:
    import trio

    return Library(trio.Event, trio.open_nursery, trio.lowlevel.checkpoint, trio.sleep)


class Heartbeat(Lateness):
    """Beats in a task of its own."""

    def __init__(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        super().__init__()
        self.sleep = sleep

    async def beat(self) -> None:
        """Runs until it is cancelled."""
        self.last = time.perf_counter()
        while True:
            await self.sleep(HEARTBEAT_S)
            self.note()


FanOut = Callable[[Callable[[Any], Awaitable[None]], int, Stopwatch], Awaitable[float]]
"""Runs a task for each place, which waits at the gate it is given, and opens the gate; returns the longest stall."""


class GroupSession:
    """Runs rounds as tasks of one nursery or task group each; `call` enters the loop."""

    def __init__(self, fan_out: FanOut, call: Callable[..., Any], op: Op, job: Job, loop: str) -> None:
        self.fan_out = fan_out
        self.call = call
        self.op = op
        self.workers = job.concurrency
        self.awaits = job.awaits
        self.facts: Mapping[str, Scalar] = {"workers": job.concurrency, "loop": loop}

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        done: Round = self.call(self._round, items, Tally() if prove else None)
        return done

    async def _round(self, items: Sequence[Any], tally: Tally | None) -> Round:
        op = self.op
        if tally:
            op = tally.watch_async(op) if self.awaits else tally.watch(op)
        results: list[Any] = [None] * len(items)
        failures: Failures = []
        get = prefilled(len(items)).get_nowait
        ended_ns: list[int] = []
        watch = Stopwatch()

        async def awaiting(gate: Any) -> None:
            await gate.wait()
            await pull_async(op, get, items, results, failures)
            ended_ns.append(time.perf_counter_ns())

        async def computing(gate: Any) -> None:
            await gate.wait()
            pull(op, get, items, results, failures)
            ended_ns.append(time.perf_counter_ns())

        stall_s = await self.fan_out(awaiting if self.awaits else computing, self.workers, watch)
        if len(ended_ns) < self.workers:
            cancelled = self.workers - len(ended_ns)
            raise RuntimeError(f"{cancelled} of {self.workers} tasks were cancelled by their own op")
        proof = tally.proof() if tally else None
        return watch.round(results, failures, max(ended_ns), stall_max_s=stall_s, proof=proof)


async def in_group(
    task: Callable[[Any], Awaitable[None]], workers: int, watch: Stopwatch, *, library: Library
) -> float:
    """The tasks in a nursery or task group inside that of the heartbeat."""
    gate, heartbeat = library.event(), Heartbeat(library.sleep)
    async with library.open_group() as outer:
        outer.start_soon(heartbeat.beat)
        async with library.open_group() as inner:
            for _ in range(workers):
                inner.start_soon(task, gate)
            # The first turn may come before some of the new tasks' own, the second cannot.
            await library.checkpoint()
            await library.checkpoint()
            watch.start()
            gate.set()
        stall_s = heartbeat.end_s()
        outer.cancel_scope.cancel()
    return stall_s


class TrioThread:
    """A trio run in a thread of its own; `call` runs an async function there and waits for it."""

    def __init__(self) -> None:
        self.up = Event()
        self.token: Any = None
        self.stop: Any = None
        self.thread = Thread(target=self._live, name="trio", daemon=True)

    def _live(self) -> None:
        import trio

        trio.run(self._serve)

    async def _serve(self) -> None:
        import trio

        self.token, self.stop = trio.lowlevel.current_trio_token(), trio.Event()
        self.up.set()
        await self.stop.wait()

    def call(self, function: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        import trio

        return trio.from_thread.run(function, *arguments, trio_token=self.token)

    def __enter__(self) -> TrioThread:
        self.thread.start()
        self.up.wait()
        return self

    def __exit__(self, *_: object) -> None:
        import trio

        trio.from_thread.run_sync(self.stop.set, trio_token=self.token)
        self.thread.join()


@contextmanager
def open_session(job: Job, library: Library, call: Callable[..., Any], loop: str) -> Iterator[GroupSession]:
    """A session of this library on the loop that `call` enters."""
    with opened(job, call, library.sleep) as op:
        yield GroupSession(partial(in_group, library=library), call, op, job, loop)


@contextmanager
def open_trio(job: Job) -> Iterator[GroupSession]:
    with TrioThread() as thread, open_session(job, trio_library(), thread.call, "trio") as session:
        yield session


TRIO = Runner(
    name="trio",
    summary="C tasks in a trio nursery",
    family="trio",
    styles=("trio", "async", "pure"),
    open=open_trio,
    program=open_trio,
    requires=("trio",),
    one_core=True,
    core=True,
)
