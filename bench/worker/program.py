"""A PROGRAM of the blocking models: its one op runs in the main thread and starts the threads or processes it needs.

A pool will not do for it: the processes of a pool may have no children, and an op that is itself the whole program
needs no second thread to run in.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from bench.model import Job, Round, Scalar
from bench.worker.fanout import Failures, Tally, note_failure
from bench.worker.kits import Op, open_blocking
from bench.worker.probes import Stopwatch


class ProgramSession:
    """Runs the op once a round, and counts what the processes below used; what they are is the program's affair."""

    def __init__(self, op: Op) -> None:
        self.op = op
        self.facts: Mapping[str, Scalar] = {"workers": 1}

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        tally = Tally()
        op = tally.watch(self.op) if prove else self.op
        results: list[Any] = []
        failures: Failures = []
        watch = Stopwatch(children=True)
        watch.start()
        for item in items:
            try:
                results.append(op(item))
            except (Exception, SystemExit) as error:
                note_failure(failures, len(results), error)
                results.append(None)
        end_ns = time.perf_counter_ns()
        return watch.round(results, failures, end_ns, proof=tally.proof() if prove else None)


@contextmanager
def open_program(job: Job) -> Iterator[ProgramSession]:
    """Open the body in this thread; what it entered is closed with the session."""
    op, kit = open_blocking(job)
    try:
        yield ProgramSession(op)
    finally:
        kit.close()
