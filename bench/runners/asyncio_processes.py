"""`asyncio+processes`: a loop that hands chunks to a ProcessPoolExecutor by `run_in_executor` and awaits them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from ..model import Job, Round, Runner
from ..worker.children import chunks, put_together, run_chunk
from ..worker.chunked import ChunkSession
from ..worker.fanout import Failures
from ..worker.limits import process_limit
from ..worker.op_log import OpLog, op_log
from ..worker.probes import Stopwatch
from .asyncio_ import Heartbeat
from .multiprocessing_ import context_for
from .multiprocessing_executor import primed_executor


class ProcessesBehindLoop(ChunkSession):
    """Gathers the chunks of a round."""

    def __init__(self, runner: asyncio.Runner, executor: Executor, written: OpLog, workers: int, method: str) -> None:
        loop = type(runner.get_loop())
        super().__init__(written, workers, {"loop": f"{loop.__module__}.{loop.__qualname__}", "start_method": method})
        self.runner = runner
        self.executor = executor

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        return self.runner.run(self._round(items, self.prepare(len(items)), prove))

    async def _round(self, items: Sequence[Any], size: int, prove: bool) -> Round:
        loop = asyncio.get_running_loop()
        results: list[Any] = [None] * len(items)
        failures: Failures = []
        watch = Stopwatch(children=True)
        heartbeat = Heartbeat(loop)
        watch.start()
        sent = chunks(items, size, self.op_log.path if prove else "")
        parts = await asyncio.gather(*(loop.run_in_executor(self.executor, run_chunk, chunk) for chunk in sent))
        put_together(parts, results, failures)
        end_ns = time.perf_counter_ns()
        stall_s = heartbeat.stop()
        proof = self.op_log.proof() if prove else None
        return watch.round(results, failures, end_ns, stall_max_s=stall_s, proof=proof)


@contextmanager
def open_processes(job: Job) -> Iterator[ProcessesBehindLoop]:
    with (
        op_log() as written,
        context_for(job) as context,
        primed_executor(job, context) as executor,
        asyncio.Runner() as runner,
    ):
        method = str(context.get_start_method())
        yield ProcessesBehindLoop(runner, executor, written, job.concurrency, method)


ASYNCIO_PROCESSES = Runner(
    name="asyncio+processes",
    summary="a loop that hands chunks to C processes by run_in_executor",
    family="processes",
    styles=("asyncio+processes", "blocking", "pure"),
    open=open_processes,
    limit=process_limit,
)
