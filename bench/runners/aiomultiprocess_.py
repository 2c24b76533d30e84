"""`aiomultiprocess`: its pool of processes, one for each core, each with a loop that has its share of C in flight."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from ..model import Job, Round, Runner, Scalar
from ..worker.children import TRAP, ChildJob, Failed, child_job, sendable, settle
from ..worker.kits import LoopKit, open_async, open_blocking
from ..worker.limits import divided
from ..worker.op_log import OpLog, note, op_log, written_async
from ..worker.probes import Stopwatch
from ..worker.slowdown import Op

CHECK_IN_PAUSE_S = 0.01
CHECK_IN_TIMEOUT_S = 60.0


class Here:
    """What a process of the pool keeps: its op, once it was opened, and the kit behind it."""

    op: Op | None = None
    kit: LoopKit | None = None
    opening: asyncio.Task[None] | None = None


async def ensure_open(job: ChildJob) -> None:
    """Open the op of this process on its loop; the tasks of its places ask at the same time, and it is done once."""
    if Here.opening is None:
        Here.opening = asyncio.ensure_future(open_here(job))
    await Here.opening


async def open_here(job: ChildJob) -> None:
    TRAP.install()
    whole = job.job()
    if whole.awaits:
        Here.op, Here.kit = await open_async(whole, asyncio.sleep)
        return
    computing, _ = open_blocking(whole)

    async def op(item: Any) -> Any:
        return computing(item)

    Here.op = op


async def call(item: Any) -> Any:
    """One op; a failure comes back as Failed."""
    return await settled(Here.op or unopened, item)


async def call_written(item: Any, path: str) -> Any:
    """The same, written down in a log."""
    return await settled(written_async(Here.op or unopened, path), item)


async def unopened(_: Any) -> Any:
    """Stands for the op where there is none."""
    raise RuntimeError("the body was never opened in this process")


async def settled(op: Op, item: Any) -> Any:
    try:
        result = await op(item)
    except BaseException as error:  # sys.exit in an op would end a process that the others wait for
        return Failed(f"{type(error).__name__}: {error}")
    return sendable(result)


async def prime(_: int, job: ChildJob, path: str, processes: int) -> str:
    """Open the body and stay until all processes have done so; says what went wrong."""
    wrong = ""
    try:
        await ensure_open(job)
    except Exception as error:
        wrong = f"{type(error).__name__}: {error}"
    return wrong if await all_here(path, processes) else "the other processes of the pool did not check in"


async def all_here(path: str, processes: int) -> bool:
    """Stay until a task of each process is here, or for so long that they will not come.

    The pool hands calls to whoever is free, so one that must reach every process has to keep those that it has reached.
    """
    note(path, "+")
    deadline = time.monotonic() + CHECK_IN_TIMEOUT_S
    while time.monotonic() < deadline:
        with open(path, encoding="ascii") as lines:
            if len(set(lines)) >= processes:
                return True
        await asyncio.sleep(CHECK_IN_PAUSE_S)
    return False


async def close(_: int, path: str, processes: int) -> None:
    """Close what this process opened, in each of them: threads that a client library left would keep it alive."""
    await all_here(path, processes)
    kit, Here.op, Here.kit, Here.opening = Here.kit, None, None, None
    if kit is not None:
        await kit.close()


class AioPoolSession:
    """Maps the ops over the pool, which sends them one by one."""

    def __init__(self, runner: asyncio.Runner, pool: Any, book: OpLog, facts: Mapping[str, Scalar]) -> None:
        self.runner = runner
        self.pool = pool
        self.op_log = book
        self.facts = facts

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        self.op_log.reset()
        return self.runner.run(self._round(items, prove))

    async def _round(self, items: Sequence[Any], prove: bool) -> Round:
        function = partial(call_written, path=self.op_log.path) if prove else call
        watch = Stopwatch(children=True)
        watch.start()
        results = list(await self.pool.map(function, items))
        end_ns = time.perf_counter_ns()
        failures = settle(results)
        return watch.round(results, failures, end_ns, proof=self.op_log.proof() if prove else None)


@contextmanager
def open_aiomultiprocess(job: Job) -> Iterator[AioPoolSession]:
    import aiomultiprocess

    processes, each = divided(job.concurrency)
    sent = child_job(job, each)

    async def start() -> Any:
        return aiomultiprocess.Pool(processes=processes, childconcurrency=each)

    async def ask(function: Any) -> list[Any]:
        return list(await pool.map(function, range(job.concurrency)))

    async def stop() -> None:
        book.reset()
        await ask(partial(close, path=book.path, processes=processes))
        pool.close()
        await pool.join()
        for queues in pool.queues.values():
            for queue in queues:
                # The pool leaves its queues open, and with them the threads that feed them.
                queue.close()
                queue.join_thread()

    with op_log() as book, asyncio.Runner() as runner:
        pool = runner.run(start())
        try:
            start_up = partial(prime, job=sent, path=book.path, processes=processes)
            errors = [error for error in runner.run(ask(start_up)) if error]
            if errors:
                raise RuntimeError(errors[0])
            method = str(aiomultiprocess.core.get_context().get_start_method())
            facts: dict[str, Scalar] = {"workers": job.concurrency, "processes": processes, "start_method": method}
            yield AioPoolSession(runner, pool, book, facts)
        finally:
            runner.run(stop())
            # It keeps a manager process for as long as its own process lives.
            aiomultiprocess.core.get_manager().shutdown()
            aiomultiprocess.core._manager = None


AIOMULTIPROCESS = Runner(
    name="aiomultiprocess",
    summary="a process for each core with a loop in it, sharing C tasks, by aiomultiprocess",
    family="processes",
    styles=("aiomultiprocess", "asyncio", "async", "pure"),
    open=open_aiomultiprocess,
    requires=("aiomultiprocess",),
)
