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
    statement=(
        "Writing to a file through an async library lets the caller go on as if it had fired and forgotten, with less "
        "to worry about."
    ),
    scope=(
        "Appends by eight writers to one file, to the system's cache and not to a disk: throughput through aiofiles "
        "against plain writes (as good is taken as nine tenths), and how long the loop stands still (a millisecond at "
        "most, the limit of the claim on queues; it was set after a ratio of two stalls near zero had decided nothing)."
    ),
    parts=(
        *(
            Part(
                where=f"throughput, records of {size}",
                measure=Ratio((place, "asyncio/aiofiles"), (place, "asyncio/direct"), "throughput"),
                bound=Bound(low=0.9),
                says="aiofiles reached {} the throughput of plain writes in coroutines",
                axis=bytes_,
            )
            for size, bytes_, place in (("128 B", 128, SMALL), ("1 MiB", 2**20, LARGE))
        ),
        Part(
            where="stall of the loop, records of 1 MiB",
            measure=Value((LARGE, "asyncio/aiofiles"), "stall"),
            bound=Bound(high=1e-3),
            says="with aiofiles the loop stood still for {}",
        ),
    ),
    axis=Axis("size of a record", "bytes"),
)

LIMIT = Claim(
    name="limit",
    section="Tips: Limit concurrency",
    statement="A semaphore of ten keeps at most ten in flight.",
    scope=(
        "Sixty ops of 5 ms begun at once; seen by the stamps of the ops themselves. One loop, or threads of their own "
        "kind."
    ),
    parts=(
        *(
            Part(
                where=f"most in flight, {runner}",
                measure=Value((LIMITED, runner), "peak_in_flight"),
                bound=Bound(10, 10),
                says=f"under {runner} the most in flight were {{}}",
            )
            for runner in ("asyncio", "uvloop", "trio", "threading")
        ),
        Part(
            where="rate, asyncio",
            measure=Over((LIMITED, "asyncio"), "limit_share", 1.0),
            bound=Bound(0.8, 1.0),
            says="asyncio finished {} the ops that the limit allows a second",
        ),
    ),
)
