"""gunicorn's threaded worker (gthread) as a server of workloads/http_server.py.

gunicorn forks its workers from a master that sleeps and watches them. What is measured is one such worker, run in a
thread of the measured process without the master: so its CPU and its memory are read as those of all other servers,
of which none has its supervisor beside it either. One thread accepts and waits for idle connections, as many threads
as connections run the application.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from when_async.bench.model import Kit, Params

from ..steering import listen
from .blocking import Pool, application, directing
from .request import IDLE_S, Op

SPARE_CONNECTIONS = 100


def open_gunicorn(kit: Kit, params: Params) -> Op:
    """gunicorn's gthread worker, as many threads as connections."""
    pool = Pool(kit)
    port = kit.enter(_gthread(application(pool), kit.in_flight))
    return directing(kit, params, pool, port)


def configured(threads: int) -> Any:
    """gunicorn's settings: all else is as it comes, and a worker of its own has no access log."""
    from gunicorn.config import Config

    config = Config(prog="gunicorn")
    config.set("worker_class", "gthread")
    config.set("threads", threads)
    # Those of the round before may still be on their way out; what goes beyond the threads may be kept alive.
    config.set("worker_connections", 2 * threads + SPARE_CONNECTIONS)
    config.set("keepalive", IDLE_S)
    config.set("loglevel", "error")
    return config


@contextmanager
def _gthread(app: Callable[..., list[bytes]], count: int) -> Iterator[int]:
    from gunicorn.glogging import Logger
    from gunicorn.workers.gthread import ThreadWorker

    class Worker(ThreadWorker):  # type: ignore[misc]
        """Signals are for the process, and this one is not its own."""

        def init_signals(self) -> None:
            """Leave them as they are."""

        def run(self) -> None:
            """Say that all is imported: while a build without a GIL loads an extension, it has one."""
            up.set()
            super().run()

    def live() -> None:
        try:
            worker.init_process()
        finally:
            up.set()

    config, listener, up = configured(count), listen(), threading.Event()
    port = listener.getsockname()[1]
    wsgi = SimpleNamespace(wsgi=lambda: app)
    worker = Worker(0, os.getppid(), [listener], wsgi, config.timeout, config, Logger(config))
    serving = threading.Thread(target=live, name="gunicorn")
    serving.start()
    up.wait()
    try:
        yield port
    finally:
        worker.handle_exit(None, None)
        serving.join()
        # It only tells its threads to end.
        worker.tpool.shutdown(wait=True)
        worker.tmp.close()
        for end in worker.PIPE:
            os.close(end)
