"""Section "The Event Loop and asyncio.run()": how many cores a loop uses, and whether loops can share the cores."""

from __future__ import annotations

from ..verdicts.claim import Bound, Claim, Part
from ..verdicts.measures import Value, speedup

SECTION = "The Event Loop and asyncio.run()"
COMPUTES = "grid_search[unit=5ms,n=40,c=2]"
BOTH = "mixed[wait=5ms,cpu=5ms,n=16,c=8]"

ONE_CORE = Claim(
    name="one-core",
    section=SECTION,
    statement="One event loop runs in one thread and so uses one core, however much there is to compute.",
    scope="CPU time over wall time of ops that compute all the time, and of ops that wait half of it.",
    parts=tuple(
        Part(
            where=f"{what}, {runner}",
            measure=Value((place, runner), "parallelism"),
            bound=Bound(high=1.05),
            says=f"{runner} kept {{}} cores busy",
        )
        for place, what in ((COMPUTES, "computing"), (BOTH, "half waiting"))
        for runner in ("asyncio", "uvloop", "trio")
    ),
)

MANY_LOOPS = Claim(
    name="many-loops",
    section=SECTION,
    statement="Several loops can share the cores, each in a process of its own, or in a thread where there is no GIL.",
    scope="Ops of 10 ms that compute for half of it, eight in flight, on two cores; two times is all there can be.",
    parts=(
        Part(
            where="half waiting",
            measure=speedup(BOTH, "asyncio+multiloop", "asyncio"),
            bound=Bound(low=1.3),
            says="a loop on each core was {} as fast as one loop",
        ),
    ),
)
