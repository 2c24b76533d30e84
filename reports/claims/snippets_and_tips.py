"""Sections "Snippets" and "Tips": writing to a file, and a limit on what is in flight."""

from __future__ import annotations

from ..verdicts.claim import Axis, Bound, Claim, Part
from ..verdicts.measures import Over, Ratio, Value

SMALL = "file_append[size=128B,files=1,n=800,c=8]"
LARGE = "file_append[size=1MiB,files=1,n=40,c=8]"
LIMITED = "semaphore[limit=10,wait=5ms,n=60,c=10]"

FILE_WRITES = Claim(
    name="file-writes",
    section="Snippets: Write on file",
    statement="Async file writing lets the caller go on at once, with less to worry about.",
    scope=(
        "Eight writers append to one file, to the system's cache and not to a disk. As good means nine tenths of the "
        "speed of plain writes. The loop may stand still for a millisecond, a limit that was set after a ratio of two "
        "stalls near zero had decided nothing."
    ),
    parts=(
        *(
            Part(
                where=f"for records of {size}",
                measure=Ratio((place, "asyncio/aiofiles"), (place, "asyncio/direct"), "throughput"),
                bound=Bound(low=0.9),
                says="aiofiles reached {} the speed of plain writes",
                axis=bytes_,
            )
            for size, bytes_, place in (("128 B", 128, SMALL), ("1 MiB", 2**20, LARGE))
        ),
        Part(
            where="with records of 1 MiB",
            measure=Value((LARGE, "asyncio/aiofiles"), "stall"),
            bound=Bound(high=1e-3),
            says="aiofiles stopped the loop for {}",
        ),
    ),
    axis=Axis("size of a record", "bytes"),
)

LIMIT = Claim(
    name="limit",
    section="Tips: Limit concurrency",
    statement="A semaphore of ten keeps at most ten in flight.",
    scope=(
        "Sixty ops of 5 ms begun at once, seen by their own stamps. One loop, or threads with a semaphore of their "
        "kind."
    ),
    parts=(
        *(
            Part(
                where=f"under {runner}",
                measure=Value((LIMITED, runner), "peak_in_flight"),
                bound=Bound(10, 10),
                says="at most {} were in flight",
            )
            for runner in ("asyncio", "uvloop", "trio", "threading")
        ),
        Part(
            where="by asyncio",
            measure=Over((LIMITED, "asyncio"), "limit_share", 1.0),
            bound=Bound(0.8, 1.0),
            says="the rate was {} what the limit allows",
        ),
    ),
)
