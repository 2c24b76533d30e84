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
    statement="Chains of dependent steps that are gathered take as long together as the longest of them.",
    scope="Five steps of 4 ms on average, whose lengths are drawn; what a step adds is the timer and the switch.",
    parts=tuple(
        Part(
            where=f"{n} chains, {runner}",
            measure=OverBound((f"chain[steps=5,step=4ms,n={n},c={n}]", runner), "longest chain"),
            bound=Bound(0.97, 1.15),
            says=f"{runner} took {{}} the length of the longest chain",
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
    statement="An item waits in the queue for microseconds only, unless all consumers are busy when it comes.",
    scope=(
        "Arrivals at random times to 100 consumers; microseconds is taken as less than one millisecond. At 95 % load "
        "items meet busy consumers, and their wait is one for a service to end, as queueing theory says."
    ),
    parts=(
        *(
            Part(
                where=f"half load, {runner}",
                measure=Value((HALF, runner), "free_handoff_s"),
                bound=Bound(high=1e-3),
                says=f"under {runner} an item that found a free consumer was handed over in {{}}",
            )
            for runner in RUNNERS
        ),
        Part(
            where="95 % load, asyncio",
            measure=Value((FULL, "asyncio"), "free_handoff_s"),
            bound=Bound(high=1e-3),
            says="an item that found a free consumer was handed over in {}",
        ),
        Part(
            where="95 % load, asyncio, all busy",
            measure=Value((FULL, "asyncio"), "busy_handoff_s"),
            bound=Bound(low=1e-3),
            says="an item that found all consumers busy waited {}",
        ),
    ),
)

QUEUE_SCALE = Claim(
    name="queue-scale",
    section="Using a Queue",
    statement="Thousands of consumers at one queue are nothing unusual.",
    scope=(
        "Items come on a schedule, so the share of it that was kept is what can be told; consumers are started first."
    ),
    parts=(
        *(
            Part(
                where=f"1000 consumers, {runner}",
                measure=Over((MANY, runner), "items_per_s", 2500.0),
                bound=Bound(low=0.9),
                says=f"{runner} handed over {{}} the items of the schedule a second",
                axis=1000,
            )
            for runner in ("asyncio", "threading")
        ),
        Part(
            where="10 000 consumers, asyncio",
            measure=Over((MOST, "asyncio"), "items_per_s", 4000.0),
            bound=Bound(low=0.9),
            says="asyncio handed over {} the items of the schedule a second",
            axis=10_000,
        ),
    ),
    axis=Axis("number of consumers"),
)

ITERATION = "async_iteration[wait=5ms,n=10,c=10]"

COMPREHENSION = Claim(
    name="comprehension",
    section="async for and list comprehensions",
    statement=(
        "An async comprehension and an `async for` do not make anything concurrent: their items come one after "
        "another. What starts all of them at once is gather."
    ),
    scope="Ten items with waits of 5 ms on average; the sum of the waits against the longest of them.",
    parts=(
        *(
            Part(
                where=f"asyncio, {face}",
                measure=OverBound((ITERATION, f"asyncio/{face}"), bound),
                bound=Bound(0.97, 1.25),
                says=f"{face} took {{}} the {bound}",
            )
            for face, bound in (
                ("comprehension", "sum of waits"),
                ("async_for", "sum of waits"),
                ("gather", "longest wait"),
            )
        ),
        Part(
            where="comprehension over gather",
            measure=Ratio((ITERATION, "asyncio/comprehension"), (ITERATION, "asyncio/gather")),
            bound=Bound(low=3.0),
            says="the comprehension took {} the time of gather",
        ),
    ),
)

FANOUT = "fanout[shortest=5ms,longest=50ms,n=8,c=8]"

FIRST_RESULT = Claim(
    name="first-result",
    section="Creating and gathering tasks",
    statement="`as_completed` hands over the first result as soon as it is there, gather everything at the end.",
    scope="Eight waits from 5 to 50 ms; both have the last result at the same time.",
    parts=(
        Part(
            where="as_completed",
            measure=Over((FANOUT, "asyncio/as_completed"), "first_result_s", 0.005),
            bound=Bound(0.97, 1.5),
            says="the first result was in hand after {} the shortest wait",
        ),
        Part(
            where="gather",
            measure=Over((FANOUT, "asyncio/gather"), "first_result_s", 0.05),
            bound=Bound(0.97, 1.15),
            says="the first result was in hand after {} the longest wait",
        ),
        Part(
            where="the last result of both",
            measure=Ratio((FANOUT, "asyncio/as_completed"), (FANOUT, "asyncio/gather"), "last_result_s"),
            bound=Bound(0.9, 1.1),
            says="as_completed had the last result after {} the time of gather",
        ),
    ),
)
