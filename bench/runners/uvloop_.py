"""`uvloop`: asyncio on uvloop's event loop, by a loop factory and not by a policy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bench.model import Job, Runner
from bench.runners.asyncio_ import LoopSession, open_loop


@contextmanager
def open_uvloop(job: Job) -> Iterator[LoopSession]:
    import uvloop

    with open_loop(job, loop_factory=uvloop.new_event_loop) as session:
        if not str(session.facts["loop"]).startswith("uvloop."):
            raise RuntimeError(f"asked for uvloop, got {session.facts['loop']}")
        yield session


UVLOOP = Runner(
    name="uvloop",
    summary="C tasks on uvloop's event loop",
    family="uvloop",
    styles=("uvloop", "asyncio", "async", "pure"),
    open=open_uvloop,
    requires=("uvloop",),
    one_core=True,
    # libuv counts in whole milliseconds from a clock that it rounds down.
    timer_resolution_s=0.001,
)
