"""The Dask cluster of workloads/grid_search_sklearn.py: with exactly as many threads as joblib is to have jobs."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

UP_TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 10.0
LEAVE_S = 10.0
SCHEDULER = "WHEN_ASYNC_DASK_SCHEDULER"
"""Names a Dask scheduler that was started elsewhere, as for the runner."""


@contextmanager
def dask_client(jobs: int) -> Iterator[Any]:
    """A client whose cluster has `jobs` threads; all that was started ends with it."""
    from distributed import Client, LocalCluster, utils

    logging.getLogger("distributed").setLevel(logging.ERROR)
    before = set(threading.enumerate())
    given = os.environ.get(SCHEDULER)
    try:
        if given:
            with Client(given, timeout=CONNECT_TIMEOUT_S, set_as_default=False) as client:
                check_threads(sum(client.nthreads().values()), jobs)
                yield client
            return
        processes, threads = divided(jobs)
        with (
            TemporaryDirectory(prefix="when-async-dask-") as folder,
            LocalCluster(
                n_workers=processes, threads_per_worker=threads, processes=True, host="127.0.0.1",
                dashboard_address="127.0.0.1:0", silence_logs=logging.ERROR, memory_limit=None,
                local_directory=folder, scheduler_kwargs={"local_directory": folder},
            ) as cluster,
            Client(cluster, set_as_default=False) as client,
        ):  # fmt: skip
            client.wait_for_workers(processes, timeout=UP_TIMEOUT_S)
            yield client
    finally:
        # The client keeps a thread for compressing messages, for as long as its process lives.
        utils._offload_executor.shutdown(wait=True)
        for thread in set(threading.enumerate()) - before:
            thread.join(LEAVE_S)


def check_threads(have: int, jobs: int) -> None:
    """joblib's Dask backend takes all threads of a cluster; raises RuntimeError where they are not as many as jobs."""
    if have != jobs:
        raise RuntimeError(
            f"{jobs} fits in flight were asked for, and the cluster has {have} threads, which joblib fills"
        )


def divided(jobs: int) -> tuple[int, int]:
    """Processes and threads in each that make exactly `jobs`: as many processes as cores if that divides them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    processes = next(count for count in range(min(cores, jobs), 0, -1) if jobs % count == 0)
    return processes, jobs // processes
