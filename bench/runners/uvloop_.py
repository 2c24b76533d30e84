"""`uvloop`: asyncio on uvloop's event loop, by a loop factory and not by a policy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from ..model import Job, Runner
from .asyncio_ import FanOut, LoopSession, open_loop, per_op, pulling


@contextmanager
def open_uvloop(job: Job, fan_out: FanOut = pulling, *, eager: bool = False) -> Iterator[LoopSession]:
    import uvloop

    with open_loop(job, uvloop.new_event_loop, fan_out, eager=eager) as session:
        if not str(session.facts["loop"]).startswith("uvloop."):
            raise RuntimeError(f"asked for uvloop, got {session.facts['loop']}")
        yield session


STYLES = ("uvloop", "asyncio", "async", "pure")
TIMER_RESOLUTION_S = 0.001
"""libuv counts in whole milliseconds from a clock that it rounds down."""

UVLOOP = Runner(
    name="uvloop",
    summary="C tasks on uvloop's event loop",
    family="uvloop",
    styles=STYLES,
    open=open_uvloop,
    program=open_uvloop,
    requires=("uvloop",),
    one_core=True,
    timer_resolution_s=TIMER_RESOLUTION_S,
    core=True,
)
PER_OP = Runner(
    name="uvloop+per_op",
    summary="TaskGroup with a task per op on uvloop, bounded by a semaphore",
    family="uvloop",
    styles=STYLES,
    open=partial(open_uvloop, fan_out=per_op),
    requires=("uvloop",),
    one_core=True,
    timer_resolution_s=TIMER_RESOLUTION_S,
)
EAGER = Runner(
    name="uvloop+eager",
    summary="the same as per_op with eager tasks, which run to their first wait when they are made",
    family="uvloop",
    styles=STYLES,
    open=partial(open_uvloop, fan_out=per_op, eager=True),
    program=partial(open_uvloop, fan_out=per_op, eager=True),
    requires=("uvloop",),
    minimum_python=(3, 12),
    one_core=True,
    timer_resolution_s=TIMER_RESOLUTION_S,
)
