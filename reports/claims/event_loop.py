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
    statement="One event loop uses one core, however much there is to compute.",
    scope="CPU time over wall time, for work that only computes and for work that waits half the time.",
    parts=tuple(
        Part(
            where=f"while {what} under {runner}",
            measure=Value((place, runner), "parallelism"),
            bound=Bound(high=1.05),
            says="a loop kept {} cores busy",
        )
        for place, what in ((COMPUTES, "computing"), (BOTH, "waiting half the time"))
        for runner in ("asyncio", "uvloop", "trio")
    ),
)

MANY_LOOPS = Claim(
    name="many-loops",
    section=SECTION,
    statement=(
        "Several loops can share the cores: each in a process of its own, or in a thread where there is no GIL."
    ),
    scope="Work of 10 ms that computes half the time, eight at once, on two cores; twice is all there can be.",
    parts=(
        Part(
            where="while waiting half the time",
            measure=speedup(BOTH, "asyncio+multiloop", "asyncio"),
            bound=Bound(low=1.3),
            says="a loop on each core was {} as fast as one loop",
        ),
    ),
)
