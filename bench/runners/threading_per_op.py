"""`threading+per_op`: a new thread for each op, at most C of them at once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread
from typing import Any

from ..model import Job, Round, Runner, Scalar
from ..worker.contexts import opened_contexts
from ..worker.fanout import Failures, Tally, note_failure
from ..worker.kits import Op
from ..worker.limits import thread_limit
from ..worker.probes import Stopwatch


class ThreadPerOpSession:
    """Starts a thread when an opened op is free; what a thread borrows (a connection) outlives it."""

    def __init__(self, ops: Sequence[Op]) -> None:
        self.ops = ops
        self.facts: Mapping[str, Scalar] = {"workers": len(ops)}

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        tally = Tally()
        free: SimpleQueue[Op] = SimpleQueue()
        for op in self.ops:
            free.put(tally.watch(op) if prove else op)
        results: list[Any] = [None] * len(items)
        failures: Failures = []
        threads: list[Thread] = []
        watch = Stopwatch()

        def live(op: Op, index: int) -> None:
            try:
                results[index] = op(items[index])
            except BaseException as error:  # an op that calls sys.exit must still give back what it borrowed
                note_failure(failures, index, error)
            free.put(op)

        watch.start()
        for index in range(len(items)):
            op = free.get()
            thread = Thread(target=live, args=(op, index), daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the system gives no more threads
                note_failure(failures, index, error)
                free.put(op)
                continue
            threads.append(thread)
        for _ in self.ops:
            free.get()
        end_ns = time.perf_counter_ns()
        for thread in threads:
            thread.join()
        return watch.round(results, failures, end_ns, proof=tally.proof() if prove else None)


@contextmanager
def open_thread_per_op(job: Job) -> Iterator[ThreadPerOpSession]:
    with opened_contexts(job) as ops:
        yield ThreadPerOpSession(ops)


THREADING_PER_OP = Runner(
    name="threading+per_op",
    summary="a new thread for each op, at most C at once",
    family="threads",
    styles=("threading", "blocking", "pure"),
    open=open_thread_per_op,
    limit=thread_limit,
)
