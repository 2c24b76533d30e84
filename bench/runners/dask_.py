"""`dask`: futures on a local cluster, a process for each core with its share of C threads; or on a real cluster.

A scheduler that was started elsewhere is named by WHEN_ASYNC_DASK_SCHEDULER (`run --dask-scheduler tcp://...`). Its
workers must be able to import when-async, for they get names and numbers and import the workload themselves.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from ..model import Job, Round, Runner, Scalar
from ..worker.children import ChildJob, call, call_opening, call_written, check_in, child_job, close_all, listen, settle
from ..worker.limits import divided, thread_limit
from ..worker.op_log import OpLog, op_log
from ..worker.probes import Stopwatch
from ..worker.program import open_program
from .to_thread import joined

SCHEDULER = "WHEN_ASYNC_DASK_SCHEDULER"
CHECK_IN_TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 10.0
"""For a scheduler that was named: less than a round may take by default, so that a wrong address is told as such."""


class FutureSession:
    """Maps the ops over the cluster and gathers what comes."""

    def __init__(self, client: Any, job: ChildJob, book: OpLog, workers: Sequence[str], facts: Mapping[str, Scalar]):
        self.client = client
        self.job = job
        self.op_log = book
        self.workers = list(workers)
        self.facts = facts
        self.local = facts["cluster"] == "local"

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        self.op_log.reset()
        # A log is a file of this machine; what a far worker does cannot be written into it.
        seen = prove and self.local
        watch = Stopwatch(children=True)
        watch.start()
        futures = self._submit(items, written=seen)
        results = gathered(self.client, futures)
        end_ns = time.perf_counter_ns()
        failures = settle(results)
        return watch.round(results, failures, end_ns, proof=self.op_log.proof() if seen else None)

    def _submit(self, items: Sequence[Any], *, written: bool) -> Any:
        options = {"pure": False, "workers": self.workers}
        if written:
            return self.client.map(call_written, items, path=self.op_log.path, **options)
        if self.local:
            return self.client.map(call, items, **options)
        return self.client.map(call_opening, items, job=self.job, **options)


def gathered(client: Any, futures: Sequence[Any]) -> list[Any]:
    """The results; raises RuntimeError with the first line of what went wrong, for Dask adds pages to it."""
    try:
        return list(client.gather(futures))
    except Exception as error:
        raise RuntimeError(f"{type(error).__name__}: {str(error).partition(chr(10))[0]}") from error


def prime(client: Any, job: ChildJob, book: OpLog, workers: Sequence[str], count: int, *, local: bool) -> None:
    """Have the body opened in all threads of the cluster, or in as many as a far one gives; raises RuntimeError."""
    book.reset()
    client.run(listen, workers=list(workers))
    together = {"path": book.path, "count": count} if local else {"path": os.devnull, "count": 0}
    futures = client.map(
        check_in, range(count), job=job, timeout_s=CHECK_IN_TIMEOUT_S, pure=False, workers=list(workers), **together
    )
    errors = [error for error in gathered(client, futures) if error]
    if errors:
        raise RuntimeError(errors[0])


def chosen(nthreads: Mapping[str, int], concurrency: int) -> list[str]:
    """Workers of a far cluster whose threads make exactly `concurrency`; raises RuntimeError where none do."""
    picked: list[str] = []
    for worker, threads in sorted(nthreads.items(), key=lambda item: -item[1]):
        if sum(nthreads[one] for one in picked) + threads <= concurrency:
            picked.append(worker)
    have = sum(nthreads[one] for one in picked)
    if have != concurrency:
        raise RuntimeError(
            f"{concurrency} ops in flight were asked for, and no set of the cluster's workers has exactly so many "
            f"threads ({', '.join(str(threads) for threads in nthreads.values()) or 'it has no worker'})"
        )
    return picked


@contextmanager
def open_dask(job: Job) -> Iterator[FutureSession]:
    from distributed import utils

    # Its profiler (from Python 3.12 on) notices a moment later that the loop was closed.
    with joined():
        try:
            with _opened(job) as session:
                yield session
        finally:
            # The client keeps a thread for compressing messages, for as long as its process lives.
            utils._offload_executor.shutdown(wait=True)


def connected(client: Any, address: str) -> Any:
    """A client of a scheduler that was started elsewhere; raises RuntimeError where none answers."""
    try:
        return client(address, timeout=CONNECT_TIMEOUT_S, set_as_default=False)
    except OSError as error:
        raise RuntimeError(f"no Dask scheduler answers at {address} within {CONNECT_TIMEOUT_S:g} s") from error


@contextmanager
def _opened(job: Job) -> Iterator[FutureSession]:
    import distributed

    Client: Any = distributed.Client
    LocalCluster: Any = distributed.LocalCluster
    given = os.environ.get(SCHEDULER)
    processes, threads = divided(job.concurrency)
    logging.getLogger("distributed").setLevel(logging.ERROR)
    if given:
        with connected(Client, given) as client:
            workers = chosen(client.nthreads(), job.concurrency)
            facts: dict[str, Scalar] = {"cluster": "given", "workers": job.concurrency, "processes": len(workers)}
            yield from _session(client, job, workers, facts)
        return
    with (
        TemporaryDirectory(prefix="when-async-dask-") as folder,
        LocalCluster(
            n_workers=processes, threads_per_worker=threads, processes=True, host="127.0.0.1",
            dashboard_address="127.0.0.1:0", silence_logs=logging.ERROR, memory_limit=None,
            local_directory=folder, scheduler_kwargs={"local_directory": folder},
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):  # fmt: skip
        client.wait_for_workers(processes, timeout=CHECK_IN_TIMEOUT_S)
        facts = {"cluster": "local", "workers": job.concurrency, "processes": processes, "threads": threads}
        yield from _session(client, job, list(client.nthreads()), facts)


def _session(client: Any, job: Job, workers: list[str], facts: Mapping[str, Scalar]) -> Iterator[FutureSession]:
    sent = child_job(job)
    with op_log() as book:
        prime(client, sent, book, workers, job.concurrency, local=facts["cluster"] == "local")
        try:
            yield FutureSession(client, sent, book, workers, facts)
        finally:
            client.run(close_all, workers=workers)


DASK = Runner(
    name="dask",
    summary="futures on a Dask cluster, local by default: a process a core, sharing C threads",
    family="distributed",
    styles=("dask", "blocking", "pure"),
    open=open_dask,
    program=open_program,
    program_styles=("dask",),
    requires=("distributed",),
    limit=thread_limit,
)
