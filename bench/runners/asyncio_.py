"""`asyncio`: C tasks on one event loop pulling ops from one queue; variants make a task of each op."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..model import Job, Round, Runner, Scalar
from ..worker.fanout import MISSING, Failures, Tally, note_failure, prefilled, pull, pull_async
from ..worker.heartbeat import HEARTBEAT_S, Lateness
from ..worker.kits import Op, opened
from ..worker.probes import Stopwatch

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


class Heartbeat(Lateness):
    """Beats by the loop's own timer."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.loop = loop
        self.handle = loop.call_later(HEARTBEAT_S, self._beat)

    def _beat(self) -> None:
        self.note()
        self.handle = self.loop.call_later(HEARTBEAT_S, self._beat)

    def stop(self) -> float:
        """Ends the beat; see `Lateness.end_s`."""
        self.handle.cancel()
        return self.end_s()


@dataclass
class Order:
    """One round as its tasks see it: what to run, on what, and where to put what comes of it."""

    op: Op
    awaits: bool
    items: Sequence[Any]
    in_flight: int
    watch: Stopwatch = field(default_factory=Stopwatch)
    failures: Failures = field(default_factory=list)
    results: list[Any] = field(init=False)

    def __post_init__(self) -> None:
        self.results = [MISSING] * len(self.items)

    def one(self) -> Callable[[int, Any], Coroutine[Any, Any, None]]:
        """What a task of its own does for one op: wait for a place, run it, note what came."""
        limit, op, results, failures = asyncio.Semaphore(self.in_flight), self.op, self.results, self.failures

        async def awaiting(index: int, item: Any) -> None:
            async with limit:
                try:
                    results[index] = await op(item)
                except (Exception, SystemExit) as error:
                    note_failure(failures, index, error)

        async def computing(index: int, item: Any) -> None:
            async with limit:
                try:
                    results[index] = op(item)
                except (Exception, SystemExit) as error:
                    note_failure(failures, index, error)

        return awaiting if self.awaits else computing


FanOut = Callable[[Order], Awaitable[tuple[int, float]]]
"""Runs an order on the running loop; returns when the last op was done (ns) and the longest stall (s)."""


async def pulling(order: Order) -> tuple[int, float]:
    """C tasks that live through the round and pull ops from one queue."""
    loop = asyncio.get_running_loop()
    get = prefilled(len(order.items)).get_nowait
    gate: asyncio.Future[None] = loop.create_future()
    ended_ns: list[int] = []

    async def awaiting() -> None:
        await gate
        await pull_async(order.op, get, order.items, order.results, order.failures)
        ended_ns.append(time.perf_counter_ns())

    async def computing() -> None:
        await gate
        pull(order.op, get, order.items, order.results, order.failures)
        ended_ns.append(time.perf_counter_ns())

    async with asyncio.TaskGroup() as group:
        for _ in range(order.in_flight):
            group.create_task(awaiting() if order.awaits else computing())
        # One turn of the loop lets every task reach the gate before it opens.
        await asyncio.sleep(0)
        heartbeat = Heartbeat(loop)
        order.watch.start()
        gate.set_result(None)
    stall_s = heartbeat.stop()
    if len(ended_ns) < order.in_flight:
        cancelled = order.in_flight - len(ended_ns)
        raise RuntimeError(f"{cancelled} of {order.in_flight} tasks were cancelled by their own op")
    return max(ended_ns), stall_s


async def per_op(order: Order) -> tuple[int, float]:
    """A TaskGroup with a task per op, all made at once; a semaphore lets C of them on."""
    one = order.one()
    heartbeat = Heartbeat(asyncio.get_running_loop())
    order.watch.start()
    async with asyncio.TaskGroup() as group:
        for index, item in enumerate(order.items):
            group.create_task(one(index, item))
    return time.perf_counter_ns(), heartbeat.stop()


async def gathered(order: Order) -> tuple[int, float]:
    """One gather over all ops; a semaphore lets C of them on."""
    one = order.one()
    heartbeat = Heartbeat(asyncio.get_running_loop())
    order.watch.start()
    # What is returned here is only that an op cancelled its own task; it is told by the result that is missing.
    await asyncio.gather(*(one(index, item) for index, item in enumerate(order.items)), return_exceptions=True)
    return time.perf_counter_ns(), heartbeat.stop()


class LoopSession:
    """Runs rounds on a loop that is kept; between rounds the loop stands still."""

    def __init__(self, runner: asyncio.Runner, op: Op, job: Job, fan_out: FanOut = pulling) -> None:
        self.runner = runner
        self.op = op
        self.fan_out = fan_out
        self.workers = job.concurrency
        self.awaits = job.awaits
        loop = runner.get_loop()
        self.facts: Mapping[str, Scalar] = {
            "workers": job.concurrency,
            "loop": f"{type(loop).__module__}.{type(loop).__qualname__}",
        }

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        return self.runner.run(self._round(items, Tally() if prove else None))

    async def _round(self, items: Sequence[Any], tally: Tally | None) -> Round:
        op = self.watched(self.op, tally) if tally else self.op
        order = Order(op, self.awaits, items, self.workers)
        # A server that is a task lives as long as its body, and is not left by a round.
        before = asyncio.all_tasks()
        end_ns, stall_s = await self.fan_out(order)
        lost = sum(result is MISSING for result in order.results) - len(order.failures)
        if lost > 0:
            raise RuntimeError(f"{lost} of {len(items)} ops were cancelled by themselves")
        for index, _ in order.failures:
            order.results[index] = None
        self._check_leftovers(before)
        proof = tally.proof() if tally else None
        return order.watch.round(order.results, order.failures, end_ns, stall_max_s=stall_s, proof=proof)

    def watched(self, op: Op, tally: Tally) -> Op:
        """The op, counted."""
        return tally.watch_async(op) if self.awaits else tally.watch(op)

    @staticmethod
    def _check_leftovers(before: set[asyncio.Task[Any]]) -> None:
        left = asyncio.all_tasks() - before
        if left:
            raise RuntimeError(
                f"{len(left)} task(s) were left behind by the round, such as {next(iter(left)).get_name()}"
            )


def eager_task(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **options: Any) -> Any:
    """A task that starts at once, as `asyncio.eager_task_factory` makes it.

    That one of 3.13.0 refuses the `eager_start` that uvloop passes on.
    """
    options["eager_start"] = True
    return asyncio.Task(coroutine, loop=loop, **options)


def enter(runner: asyncio.Runner) -> Callable[..., Any]:
    """A way to run an async function with its arguments on the runner's loop."""
    return lambda function, *arguments: runner.run(function(*arguments))


@contextmanager
def open_loop(
    job: Job, loop_factory: LoopFactory | None = None, fan_out: FanOut = pulling, *, eager: bool = False
) -> Iterator[LoopSession]:
    """Open a session on a loop from `loop_factory`, or on the interpreter's own."""
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        if eager:
            runner.get_loop().set_task_factory(eager_task)  # type: ignore[arg-type]
        with opened(job, enter(runner), asyncio.sleep) as op:
            yield LoopSession(runner, op, job, fan_out)


STYLES = ("asyncio", "async", "pure")

ASYNCIO = Runner(
    name="asyncio",
    summary="C tasks on one event loop of the standard library",
    family="asyncio",
    styles=STYLES,
    open=open_loop,
    program=open_loop,
    one_core=True,
    core=True,
)
PER_OP = Runner(
    name="asyncio+per_op",
    summary="TaskGroup with a task per op, bounded by a semaphore",
    family="asyncio",
    styles=STYLES,
    open=partial(open_loop, fan_out=per_op),
    one_core=True,
)
EAGER = Runner(
    name="asyncio+eager",
    summary="the same as per_op with eager tasks, which run to their first wait when they are made",
    family="asyncio",
    styles=STYLES,
    open=partial(open_loop, fan_out=per_op, eager=True),
    program=partial(open_loop, fan_out=per_op, eager=True),
    minimum_python=(3, 12),
    one_core=True,
)
GATHER = Runner(
    name="asyncio+gather",
    summary="gather over all ops, bounded by a semaphore",
    family="asyncio",
    styles=STYLES,
    open=partial(open_loop, fan_out=gathered),
    one_core=True,
)
