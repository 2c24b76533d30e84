"""`joblib+loky`: joblib's Parallel over loky's processes, with the batches that joblib chooses by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ..model import Job, Round, Runner, Scalar
from ..worker.children import call, call_written, check_in, child_job, listen, settle
from ..worker.limits import process_limit
from ..worker.op_log import OpLog, op_log
from ..worker.probes import Stopwatch
from ..worker.program import open_program

IDLE_S = 3600
"""loky ends workers that were idle for five minutes; interleaved contestants may rest for longer than that."""
CHECK_IN_TIMEOUT_S = 120.0


class ParallelSession:
    """Calls one Parallel for each round; its processes and its idea of a good batch live on."""

    def __init__(self, parallel: Any, book: OpLog, workers: int) -> None:
        self.parallel = parallel
        self.op_log = book
        self.facts: Mapping[str, Scalar] = {"workers": workers, "batch_size": "auto"}

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        from joblib import delayed

        self.op_log.reset()
        plain, proving, path = delayed(call), delayed(call_written), self.op_log.path
        watch = Stopwatch(children=True)
        watch.start()
        results = self.parallel((proving(item, path) for item in items) if prove else (plain(item) for item in items))
        end_ns = time.perf_counter_ns()
        failures = settle(results)
        return watch.round(results, failures, end_ns, proof=self.op_log.proof() if prove else None)


@contextmanager
def open_parallel(job: Job) -> Iterator[ParallelSession]:
    from joblib import Parallel, delayed
    from joblib.externals.loky import get_reusable_executor

    sent, count = child_job(job), job.concurrency
    # With one job joblib runs in this process and takes no initialiser.
    options = {"idle_worker_timeout": IDLE_S, "initializer": listen} if count > 1 else {}
    try:
        with op_log() as book, Parallel(n_jobs=count, backend="loky", **options) as parallel:
            prime = delayed(check_in)
            primed = parallel(prime(index, sent, book.path, count, CHECK_IN_TIMEOUT_S) for index in range(count))
            if any(primed):
                raise RuntimeError(next(filter(None, primed)))
            yield ParallelSession(parallel, book, count)
    finally:
        get_reusable_executor().shutdown(wait=True)


JOBLIB_LOKY = Runner(
    name="joblib+loky",
    summary="joblib's Parallel over C processes of loky, in batches that it chooses",
    family="processes",
    styles=("joblib+loky", "blocking", "pure"),
    open=open_parallel,
    program=open_program,
    program_styles=("joblib+loky",),
    requires=("joblib",),
    limit=process_limit,
)
