"""Section "When and Why": how many threads and tasks there can be, and what one costs."""

from __future__ import annotations

from ..verdicts.claim import Axis, Bound, Claim, Part
from ..verdicts.measures import Ran, Ratio

SECTION = "When and Why Is Async IO the Right Choice?"
LIMIT = "can't start new thread"


def ladder(n: int, more: str = "") -> str:
    """So many idle units in flight at once."""
    return f"ladder[hold=50ms,{more}n={n},c={n}]"


THREAD_CEILING = Claim(
    name="thread-ceiling",
    section=SECTION,
    statement="Thousands of threads fail to start on many machines; thousands of tasks never do.",
    scope=(
        "Idle units in flight at once, on this machine as it is and under a limit of tasks, as containers set one. "
        "True means that threads stop and tasks go on."
    ),
    parts=(
        Part(
            where="as threads on the bare machine",
            measure=Ran((ladder(10_000), "threading"), LIMIT),
            bound=Bound(0, 0),
            says="10 000 units {}",
            axis=10_000,
        ),
        *(
            Part(
                where=f"as threads under a limit of {limit}",
                measure=Ran((ladder(n, f"task_limit={limit},"), "threading"), LIMIT),
                bound=Bound(0, 0),
                says=f"{n} units {{}}",
            )
            for n, limit in ((600, 512), (1100, 1024), (4200, 4096))
        ),
        *(
            Part(
                where=f"as tasks under a limit of {limit}",
                measure=Ran((ladder(n, f"task_limit={limit},"), "asyncio"), LIMIT),
                bound=Bound(1, 1),
                says=f"{n} units {{}}",
            )
            for n, limit in ((600, 512), (1100, 1024), (4200, 4096))
        ),
        Part(
            where="as tasks on the bare machine",
            measure=Ran((ladder(100_000), "asyncio"), LIMIT),
            bound=Bound(1, 1),
            says="100 000 units {}",
        ),
    ),
)

THREAD_MEMORY = Claim(
    name="thread-memory",
    section=SECTION,
    statement="Threads cost much more memory than tasks.",
    scope=(
        "Resident memory of the process for each unit. Much means three times. What the kernel keeps for a thread "
        "or a socket is not in it."
    ),
    parts=(
        Part(
            where="when idle",
            measure=Ratio((ladder(1000), "threading"), (ladder(1000), "asyncio"), "unit_bytes"),
            bound=Bound(low=3.0),
            says="a thread took {} the memory of a task",
        ),
        Part(
            where="with a live connection each",
            measure=Ratio(
                (ladder(1000, "connected=1,"), "threading"), (ladder(1000, "connected=1,"), "asyncio"), "unit_bytes"
            ),
            bound=Bound(low=3.0),
            says="a thread took {} the memory of a task",
        ),
    ),
    axis=Axis("units"),
)
