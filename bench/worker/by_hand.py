"""The same work without the instrument: what a careful programmer would write, to tell what the instrument costs.

Each function runs `op` over `items` with the same discipline and the same boundaries (gate open to last op
done) as its runner, and returns nanoseconds.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from queue import Empty
from typing import Any

from .children import opened_op
from .fanout import prefilled
from .kits import open_blocking
from .session import TrialSession

Op = Callable[[Any], Any]


def by_hand_sync(op: Op, items: Sequence[Any]) -> int:
    results = []
    start = time.perf_counter_ns()
    for item in items:
        results.append(op(item))  # noqa: PERF401 - the loop by hand is a loop, as in the runner
    return time.perf_counter_ns() - start


def by_hand_threads(op: Op, items: Sequence[Any], workers: int) -> int:
    queue = prefilled(len(items))
    results: list[Any] = [None] * len(items)
    ready = threading.Barrier(workers + 1)
    gate = threading.Event()
    ended: list[int] = []

    def work() -> None:
        get = queue.get_nowait
        ready.wait()
        gate.wait()
        try:
            while True:
                index = get()
                results[index] = op(items[index])
        except Empty:
            ended.append(time.perf_counter_ns())

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    ready.wait()
    start = time.perf_counter_ns()
    gate.set()
    for thread in threads:
        thread.join()
    return max(ended) - start


async def by_hand_tasks(
    op: Callable[[Any], Awaitable[Any]] | Op, items: Sequence[Any], workers: int, *, awaits: bool
) -> int:
    queue = prefilled(len(items))
    results: list[Any] = [None] * len(items)
    gate = asyncio.Event()

    async def work_awaiting() -> None:
        get = queue.get_nowait
        await gate.wait()
        try:
            while True:
                index = get()
                results[index] = await op(items[index])
        except Empty:
            return

    async def work_computing() -> None:
        get = queue.get_nowait
        await gate.wait()
        try:
            while True:
                index = get()
                results[index] = op(items[index])
        except Empty:
            return

    tasks = [asyncio.create_task(work_awaiting() if awaits else work_computing()) for _ in range(workers)]
    await asyncio.sleep(0)
    start = time.perf_counter_ns()
    gate.set()
    await asyncio.gather(*tasks)
    return time.perf_counter_ns() - start


def by_hand_pool(pool: Any, items: Sequence[Any], chunk_size: int) -> int:
    """The same slices, sent one at a time: `pool.map` over items would look the op up anew for each of them."""
    start = time.perf_counter_ns()
    slices = [items[first : first + chunk_size] for first in range(0, len(items), chunk_size)]
    results: list[Any] = []
    for part in pool.map(by_hand_chunk, slices, chunksize=1):
        results += part
    return time.perf_counter_ns() - start


def by_hand_chunk(items: Sequence[Any]) -> list[Any]:
    """The ops of one slice, in a process of the pool."""
    op = opened_op()
    return [op(item) for item in items]


def compare(trial: TrialSession, runner: str, *, hand_first: bool) -> dict[str, float]:
    """One pair: a round of the instrument and the same work by hand, in the order asked for; seconds."""
    items = trial.job.workload.make_items(trial.job.params, trial.seed)
    hand_ns = _by_hand(trial, runner, items) if hand_first else 0
    instrument_s = float(trial.round(prove=False)["makespan_s"])
    if not hand_first:
        hand_ns = _by_hand(trial, runner, items)
    return {"by_hand_s": hand_ns / 1e9, "instrument_s": instrument_s}


def _by_hand(trial: TrialSession, runner: str, items: Sequence[Any]) -> int:
    session: Any = trial.session
    if runner == "sync":
        return by_hand_sync(session.op, items)
    if runner == "threading":
        op, _ = open_blocking(trial.job)
        return by_hand_threads(op, items, trial.job.concurrency)
    if runner == "multiprocessing":
        return by_hand_pool(session.pool, items, session.chunk_size(len(items)))
    if runner in ("asyncio", "uvloop"):
        work = by_hand_tasks(session.op, items, trial.job.concurrency, awaits=session.awaits)
        return int(session.runner.run(work))
    raise ValueError(f"nobody wrote the loop of {runner} by hand")
