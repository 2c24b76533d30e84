"""`asyncio`: C tasks on one event loop pulling ops from one queue."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from bench.model import Job, Round, Runner, Scalar
from bench.worker.burden import burdened_async
from bench.worker.fanout import Failures, Tally, prefilled, pull, pull_async
from bench.worker.kits import AsyncioKit, open_blocking
from bench.worker.probes import Stopwatch

HEARTBEAT_S = 0.01
"""Period of the heartbeat that sees stalls; its own cost is about 0.1 % of a loop that is not idle."""

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


class Heartbeat:
    """Notes the longest time by which the loop was late for a timer."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.longest_s = 0.0
        self.last = time.perf_counter()
        self.handle = loop.call_later(HEARTBEAT_S, self._beat)

    def _note(self) -> None:
        now = time.perf_counter()
        self.longest_s = max(self.longest_s, now - self.last - HEARTBEAT_S)
        self.last = now

    def _beat(self) -> None:
        self._note()
        self.handle = self.loop.call_later(HEARTBEAT_S, self._beat)

    def stop(self) -> float:
        """Seconds of the longest stall, the one that is still going on included."""
        self.handle.cancel()
        self._note()
        return max(0.0, self.longest_s)


class LoopSession:
    """Runs rounds on a loop that is kept; between rounds the loop stands still."""

    def __init__(self, runner: asyncio.Runner, op: Callable[[Any], Any], job: Job) -> None:
        self.runner = runner
        self.op = op
        self.workers = job.concurrency
        self.awaits = job.style not in ("pure", "blocking")
        loop = runner.get_loop()
        self.facts: Mapping[str, Scalar] = {
            "workers": job.concurrency,
            "loop": f"{type(loop).__module__}.{type(loop).__qualname__}",
        }

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        return self.runner.run(self._round(items, Tally() if prove else None))

    async def _round(self, items: Sequence[Any], tally: Tally | None) -> Round:
        loop = asyncio.get_running_loop()
        op = self.op
        if tally:
            op = tally.watch_async(op) if self.awaits else tally.watch(op)
        results: list[Any] = [None] * len(items)
        failures: Failures = []
        get = prefilled(len(items)).get_nowait
        gate: asyncio.Future[None] = loop.create_future()
        ended_ns: list[int] = []
        watch = Stopwatch()

        async def awaiting() -> None:
            await gate
            await pull_async(op, get, items, results, failures)
            ended_ns.append(time.perf_counter_ns())

        async def computing() -> None:
            await gate
            pull(op, get, items, results, failures)
            ended_ns.append(time.perf_counter_ns())

        async with asyncio.TaskGroup() as group:
            for _ in range(self.workers):
                group.create_task(awaiting() if self.awaits else computing())
            # One turn of the loop lets every task reach the gate before it opens.
            await asyncio.sleep(0)
            heartbeat = Heartbeat(loop)
            watch.start()
            gate.set_result(None)
        stall_s = heartbeat.stop()
        if len(ended_ns) < self.workers:
            raise RuntimeError(f"{self.workers - len(ended_ns)} of {self.workers} tasks were cancelled by their own op")
        self._check_leftovers()
        proof = tally.proof() if tally else None
        return watch.round(results, failures, max(ended_ns), stall_max_s=stall_s, proof=proof)

    @staticmethod
    def _check_leftovers() -> None:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if left:
            raise RuntimeError(
                f"{len(left)} task(s) were left behind by the round, such as {next(iter(left)).get_name()}"
            )


async def open_async_body(job: Job) -> tuple[Callable[[Any], Any], AsyncioKit]:
    """Open the job's async body on the running loop; returns its op and the kit to close afterwards."""
    kit = AsyncioKit(in_flight=job.concurrency, address=job.address)
    try:
        return burdened_async(await job.body(kit, job.params), job.extra_loops), kit
    except BaseException:
        await kit.close()
        raise


@contextmanager
def open_loop(job: Job, loop_factory: LoopFactory | None = None) -> Iterator[LoopSession]:
    """Open a session on a loop from `loop_factory`, or on the interpreter's own."""
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        if job.style in ("pure", "blocking"):
            op, kit = open_blocking(job)
            try:
                yield LoopSession(runner, op, job)
            finally:
                kit.close()
        else:
            op, loop_kit = runner.run(open_async_body(job))
            try:
                yield LoopSession(runner, op, job)
            finally:
                runner.run(loop_kit.close())


ASYNCIO = Runner(
    name="asyncio",
    summary="C tasks on one event loop of the standard library",
    family="asyncio",
    styles=("asyncio", "async", "pure"),
    open=open_loop,
    one_core=True,
)
