"""Section "Async IO Design Patterns": chains of coroutines, and a queue between producers and consumers."""

from __future__ import annotations

from ..verdicts.claim import Axis, Bound, Claim, Part
from ..verdicts.measures import Over, OverBound, Ratio, Value

RUNNERS = ("asyncio", "uvloop", "trio", "threading")


def queue(consumers: int, load: str, service: str, n: int) -> str:
    """A queue of that many consumers, with five producers."""
    return f"queue[load={load},service={service},producers=5,n={n},c={consumers}]"


HALF, FULL = queue(100, "0.5", "20ms", 400), queue(100, "0.95", "20ms", 950)
MANY, MOST = queue(1000, "0.5", "200ms", 1000), queue(10_000, "0.2", "500ms", 2000)

CHAIN = Claim(
    name="chain",
    section="Chaining Coroutines",
    statement="Gathered chains of dependent steps take as long together as the longest of them.",
    scope=(
        "Five steps of 4 ms on average, with lengths that are drawn. What each step adds is the timer and the switch."
    ),
    parts=tuple(
        Part(
            where=f"for {n} chains under {runner}",
            measure=OverBound((f"chain[steps=5,step=4ms,n={n},c={n}]", runner), "longest chain"),
            bound=Bound(0.97, 1.15),
            says="all chains together took {} the length of the longest",
            axis=n,
        )
        for n, runners in ((20, RUNNERS), (100, ("asyncio", "threading")))
        for runner in runners
    ),
    axis=Axis("number of chains"),
)

QUEUE_HANDOFF = Claim(
    name="queue-handoff",
    section="Using a Queue",
    statement="An item waits in a queue for microseconds only, unless all consumers are busy when it comes.",
    scope=(
        "Arrivals at random times to 100 consumers; microseconds means less than one millisecond. At 95 % load "
        "items meet busy consumers and wait for one of them to end, as queueing theory says."
    ),
    parts=(
        *(
            Part(
                where=f"at half load under {runner}",
                measure=Value((HALF, runner), "free_handoff_s"),
                bound=Bound(high=1e-3),
                says="an item reached a free consumer in {}",
            )
            for runner in RUNNERS
        ),
        Part(
            where="at 95 % load under asyncio",
            measure=Value((FULL, "asyncio"), "free_handoff_s"),
            bound=Bound(high=1e-3),
            says="an item reached a free consumer in {}",
        ),
        Part(
            where="with all consumers busy",
            measure=Value((FULL, "asyncio"), "busy_handoff_s"),
            bound=Bound(low=1e-3),
            says="an item waited {}",
        ),
    ),
)

QUEUE_SCALE = Claim(
    name="queue-scale",
    section="Using a Queue",
    statement="Thousands of consumers at one queue are nothing unusual.",
    scope="Items come on a schedule; what counts is how much of it was kept. Consumers start first.",
    parts=(
        *(
            Part(
                where=f"with 1000 consumers under {runner}",
                measure=Over((MANY, runner), "items_per_s", 2500.0),
                bound=Bound(low=0.9),
                says="the queue moved {} the scheduled items a second",
                axis=1000,
            )
            for runner in ("asyncio", "threading")
        ),
        Part(
            where="with 10 000 consumers under asyncio",
            measure=Over((MOST, "asyncio"), "items_per_s", 4000.0),
            bound=Bound(low=0.9),
            says="the queue moved {} the scheduled items a second",
            axis=10_000,
        ),
    ),
    axis=Axis("number of consumers"),
)

FACES = {"comprehension": "a comprehension", "async_for": "async for", "gather": "gather"}
ITERATION = "async_iteration[wait=5ms,n=10,c=10]"

COMPREHENSION = Claim(
    name="comprehension",
    section="async for and list comprehensions",
    statement=(
        "An async comprehension and an `async for` take their items one after another. What starts all of them at "
        "once is gather."
    ),
    scope="Ten items with waits of 5 ms on average: the sum of the waits against the longest of them.",
    parts=(
        *(
            Part(
                where=f"by {FACES[face]}",
                measure=OverBound((ITERATION, f"asyncio/{face}"), bound),
                bound=Bound(0.97, 1.25),
                says=f"the items took {{}} the {bound}",
            )
            for face, bound in (
                ("comprehension", "sum of waits"),
                ("async_for", "sum of waits"),
                ("gather", "longest wait"),
            )
        ),
        Part(
            where="by a comprehension as by gather",
            measure=Ratio((ITERATION, "asyncio/comprehension"), (ITERATION, "asyncio/gather")),
            bound=Bound(low=3.0),
            says="the items took {} as long",
        ),
    ),
)

FANOUT = "fanout[shortest=5ms,longest=50ms,n=8,c=8]"

FIRST_RESULT = Claim(
    name="first-result",
    section="Creating and gathering tasks",
    statement=(
        "`as_completed` hands over the first result as soon as it is there, gather hands over everything at the end."
    ),
    scope="Eight waits from 5 to 50 ms; both have the last result at the same time.",
    parts=(
        Part(
            where="by as_completed",
            measure=Over((FANOUT, "asyncio/as_completed"), "first_result_s", 0.005),
            bound=Bound(0.97, 1.5),
            says="the first result came after {} the shortest wait",
        ),
        Part(
            where="by gather",
            measure=Over((FANOUT, "asyncio/gather"), "first_result_s", 0.05),
            bound=Bound(0.97, 1.15),
            says="the first result came after {} the longest wait",
        ),
        Part(
            where="by as_completed as by gather",
            measure=Ratio((FANOUT, "asyncio/as_completed"), (FANOUT, "asyncio/gather"), "last_result_s"),
            bound=Bound(0.9, 1.1),
            says="the last result took {} as long",
        ),
    ),
)
