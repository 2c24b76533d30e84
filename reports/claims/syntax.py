"""Section "The async/await Syntax and Native Coroutines": overlapping waits, and what a blocking call does."""

from __future__ import annotations

from ..verdicts.claim import Bound, Claim, Part
from ..verdicts.measures import Over, OverBound, Ratio, Value

SECTION = "The async/await Syntax and Native Coroutines"
COUNT = "count[wait=50ms,n=3,c=3]"
WAITS = "blocking_in_async[wait=10ms,n=10,c=10]"
COMPUTES = "blocking_in_async[cpu=2ms,n=20,c=10]"
BEAT_S = 0.01
"""Period of the heartbeat; a stall is what a gap has beyond it."""

OVERLAP = Claim(
    name="overlap",
    section=SECTION,
    statement=(
        "Three counters that each wait a second take one second under a loop and three one after another, because "
        "waits overlap."
    ),
    scope="Waits of 50 ms in place of a second. Every concurrent model does it, not only a loop.",
    parts=(
        *(
            Part(
                where=f"under {runner}",
                measure=OverBound((COUNT, runner), "side by side"),
                bound=Bound(0.98, 1.15),
                says="three waits took {} the length of one",
            )
            for runner in ("asyncio", "uvloop", "trio", "threading")
        ),
        Part(
            where="in a plain loop",
            measure=OverBound((COUNT, "sync"), "one after another"),
            bound=Bound(0.98, 1.15),
            says="three waits took {} their sum",
        ),
        Part(
            where="by the order of their words",
            measure=Value((COUNT, "asyncio"), "overlapped"),
            bound=Bound(1.0, 1.0),
            says="the share of counters begun before the first one ended was {}",
        ),
    ),
)

BLOCKING_STALLS = Claim(
    name="blocking-stalls",
    section=SECTION,
    statement=(
        "A blocking call in a coroutine stops everything else on its loop while it lasts. A thread cures that, "
        "unless the call computes and needs the GIL."
    ),
    scope=(
        "Ten calls of 10 ms, then twenty that use 2 ms of CPU. Nothing lets go between them, so the calls of ten "
        "coroutines add up to one stall. A heartbeat of 10 ms sees the stall and is left out of it."
    ),
    parts=(
        Part(
            where="when coroutines sleep",
            measure=Over((WAITS, "asyncio"), "stall", 0.1 - BEAT_S),
            bound=Bound(0.9, 1.2),
            says="the loop stood still for {} the length of all calls",
        ),
        Part(
            where="when coroutines compute",
            measure=Over((COMPUTES, "asyncio"), "stall", 0.04 - BEAT_S),
            bound=Bound(0.9, 1.5),
            says="the loop stood still for {} the CPU time of all calls",
        ),
        Part(
            where="when threads sleep",
            measure=Over((WAITS, "asyncio+to_thread"), "stall", 0.1 - BEAT_S),
            bound=Bound(high=0.1),
            says="the loop stood still for {} the length of all calls",
        ),
        Part(
            where="when threads compute",
            measure=Ratio((COMPUTES, "asyncio+to_thread"), (COMPUTES, "asyncio")),
            bound=Bound(low=0.9),
            says="the calls took {} the time of those in coroutines",
            gil=True,
        ),
    ),
)

ASYNC_VENEER = Claim(
    name="async-veneer",
    section="When and Why Is Async IO the Right Choice?",
    statement="Async around functions that block gains nothing, and can slow a program down.",
    scope=(
        "The same blocking call in a plain loop and in coroutines. Coroutines add an await and a task's share, "
        "which shows only where a call takes next to no time."
    ),
    parts=(
        Part(
            where="for calls that sleep 10 ms",
            measure=Ratio((WAITS, "asyncio"), (WAITS, "sync")),
            bound=Bound(low=0.97),
            says="coroutines took {} the time of a plain loop",
        ),
        Part(
            where="for calls that compute 2 ms",
            measure=Ratio((COMPUTES, "asyncio"), (COMPUTES, "sync")),
            bound=Bound(low=0.9),
            says="coroutines took {} the time of a plain loop",
        ),
        Part(
            where="for calls of no length",
            measure=Ratio(
                ("blocking_in_async[n=10000,c=10]", "asyncio"),
                ("blocking_in_async[n=10000,c=10]", "sync"),
                "cpu_per_op",
            ),
            bound=Bound(low=1.0),
            says="coroutines used {} the CPU of a plain loop",
        ),
    ),
)
