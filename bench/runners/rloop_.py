"""`rloop`: asyncio on an event loop written in Rust, by a loop factory and not by a policy.

Before 0.3 it may hang on a free-threaded build: a timer is missed, and the loop waits for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..model import Job, Runner
from .asyncio_ import LoopSession, open_loop


@contextmanager
def open_rloop(job: Job) -> Iterator[LoopSession]:
    import rloop

    with open_loop(job, rloop.new_event_loop) as session:
        if not str(session.facts["loop"]).startswith("rloop."):
            raise RuntimeError(f"asked for rloop, got {session.facts['loop']}")
        yield session


RLOOP = Runner(
    name="rloop",
    summary="C tasks on rloop's event loop",
    family="uvloop",
    styles=("rloop", "asyncio", "async", "pure"),
    open=open_rloop,
    program=open_rloop,
    requires=("rloop",),
    one_core=True,
)
