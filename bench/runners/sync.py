"""`sync`: a plain loop, the serial reference that every ratio starts from."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from bench.model import Job, Round, Runner, Scalar
from bench.worker.fanout import Failures, Tally, note_failure
from bench.worker.kits import open_blocking
from bench.worker.probes import Stopwatch
from bench.worker.program import open_program


class SyncSession:
    """Runs ops one after another in the main thread."""

    def __init__(self, op: Any) -> None:
        self.op = op
        self.facts: Mapping[str, Scalar] = {"workers": 1}

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        tally = Tally()
        op = tally.watch(self.op) if prove else self.op
        results: list[Any] = []
        failures: Failures = []
        watch = Stopwatch()
        watch.start()
        for item in items:
            try:
                # Not a bound `append`: the interpreter has a faster path for the call as it stands here.
                results.append(op(item))
            except (Exception, SystemExit) as error:
                note_failure(failures, len(results), error)
                results.append(None)
        end_ns = time.perf_counter_ns()
        return watch.round(results, failures, end_ns, proof=tally.proof() if prove else None)


@contextmanager
def open_sync(job: Job) -> Iterator[SyncSession]:
    op, kit = open_blocking(job)
    try:
        yield SyncSession(op)
    finally:
        kit.close()


SYNC = Runner(
    name="sync",
    summary="a plain loop: one op after another in one thread",
    family="sync",
    styles=("sync", "blocking", "pure"),
    open=open_sync,
    program=open_program,
    one_core=True,
    serial=True,
    core=True,
)
