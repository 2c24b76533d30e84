"""N9, the GIL flag that never arrived: an environment that is called free-threaded and whose workers have a GIL.

Either it always had one, or a library switches it on. Which interpreter runs this does not matter: what one without a
GIL does when it loads such a library is acted out here.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from when_async.bench.model import Environment, Job, Session
from when_async.bench.runners.sync import SYNC, open_sync


def mislabelled(environment: Environment) -> Environment:
    """The same interpreter, said to have its GIL the other way round."""
    return replace(environment, label=f"{environment.label}-flagged", gil=not environment.gil, default=False)


def free_threaded(environment: Environment) -> Environment:
    """The same interpreter, said to do without a GIL."""
    return replace(environment, label=f"{environment.label}-free", gil=False, default=False)


def become_free_threaded() -> None:
    """Let this worker be one that has no GIL so far."""
    from when_async.bench.worker import attest

    attest.gil_build = lambda: False
    sys._is_gil_enabled = lambda: False  # type: ignore[attr-defined]


def load(extension: str) -> None:
    """What CPython does with an extension that does not say that it can do without a GIL."""
    sys._is_gil_enabled = lambda: True  # type: ignore[attr-defined]
    warnings.warn(
        f"The global interpreter lock (GIL) has been enabled to load module '{extension}', which has not declared that "
        "it can run safely without the GIL.",
        RuntimeWarning,
        stacklevel=1,
    )


def load_early() -> None:
    become_free_threaded()
    load("early._speedups")


@contextmanager
def open_loading(job: Job) -> Iterator[Session]:
    load("late._speedups")
    with open_sync(job) as session:
        yield session


WITHOUT_GIL = replace(SYNC, name="without_gil", prepare=become_free_threaded)
LOADS_EARLY = replace(SYNC, name="loads_early", prepare=load_early)
LOADS_LATE = replace(SYNC, name="loads_late", prepare=become_free_threaded, open=open_loading)
