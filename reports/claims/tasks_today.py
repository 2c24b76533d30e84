"""Today: tasks that start eagerly or in a group, threads behind a loop, and how fine a loop's timers are."""

from __future__ import annotations

from ..verdicts.claim import Axis, Bound, Claim, Part
from ..verdicts.measures import Over, Ratio

SECTION = "Today: tasks and timers"
CALLS = "blocking_in_async[n=10000,c=10]"
SLEEPS = "sleep[wait=10ms,n=1000,c=100]"
SHORT = "sleep[wait=1ms,n=3000,c=100]"
CROWD = "sleep[wait=10ms,n=10000,c=1000]"
ODD_S = 0.0085
ODD, ODD_WAITS = "sleep[wait=8.5ms,n=100,c=10]", 10

EAGER_TASKS = Claim(
    name="eager-tasks",
    section=SECTION,
    today=True,
    link="https://docs.python.org/3/library/asyncio-task.html#asyncio.eager_task_factory",
    statement="Eager tasks make short awaits cheaper.",
    scope=(
        "CPU for an op in a task of its own, with the factory and without; cheaper means a tenth. An await that ends "
        "at once never meets the loop, and one of 1 ms does."
    ),
    parts=tuple(
        Part(
            where=where,
            measure=Ratio((place, "asyncio+eager"), (place, "asyncio+per_op"), "cpu_per_op"),
            bound=Bound(high=0.9),
            says="eager tasks used {} the CPU of plain ones",
            axis=wait_s,
        )
        for where, place, wait_s in (("for awaits that end at once", CALLS, 0.0), ("for awaits of 1 ms", SHORT, 1e-3))
    ),
    axis=Axis("length of an await", "s"),
)

TASKGROUP = Claim(
    name="taskgroup",
    section=SECTION,
    today=True,
    link="https://docs.python.org/3/library/asyncio-task.html#task-groups",
    statement="A TaskGroup costs no more than gather.",
    scope="CPU for an op, all of them begun at once and held back by a semaphore. No more means at most a twentieth.",
    parts=tuple(
        Part(
            where=where,
            measure=Ratio((place, "asyncio+per_op"), (place, "asyncio+gather"), "cpu_per_op"),
            bound=Bound(high=1.05),
            says="a TaskGroup used {} the CPU of gather",
        )
        for where, place in (
            ("for 1000 waits", SLEEPS),
            ("for 10 000 waits", CROWD),
            ("for 10 000 calls that do not wait", CALLS),
        )
    ),
)

TO_THREAD_POOL = Claim(
    name="to-thread-pool",
    section=SECTION,
    today=True,
    link="https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.run_in_executor",
    statement="asyncio.to_thread lets calls queue behind its default pool when there are more of them than threads.",
    scope=(
        "Blocking waits of 10 ms, with the loop's default pool against one that has a thread for each call. The pool "
        "has four threads more than there are cores, 32 at most. To queue means half the speed."
    ),
    parts=(
        Part(
            where="with 100 calls at once",
            measure=Ratio((SLEEPS, "asyncio+to_thread_default"), (SLEEPS, "asyncio+to_thread")),
            bound=Bound(low=2.0),
            says="the default pool took {} the time of a pool of 100",
        ),
        Part(
            where="with 4 calls at once",
            measure=Ratio(
                ("sleep[wait=10ms,n=40,c=4]", "asyncio+to_thread_default"),
                ("sleep[wait=10ms,n=40,c=4]", "asyncio+to_thread"),
            ),
            bound=Bound(high=1.1),
            says="the default pool took {} the time of a pool of 4",
        ),
    ),
)

TIMER_GRANULARITY = Claim(
    name="timer-granularity",
    section=SECTION,
    today=True,
    link="https://github.com/python/asyncio/issues/106",
    statement="On epoll an event loop rounds its timers up to whole milliseconds: a wait of 8.5 ms takes 10.1 ms.",
    scope=(
        "Ten tasks with ten waits each; a wait is to take 10 to 10.35 ms, as a timer comes late and never early. A "
        "thread that sleeps is not rounded, and is asked to stay within a twentieth of 8.5 ms."
    ),
    parts=(
        *(
            Part(
                where=f"under {runner}",
                measure=Over((ODD, runner), "makespan", ODD_WAITS * ODD_S),
                bound=Bound(10.0e-3 / ODD_S, 10.35e-3 / ODD_S),
                says="a wait of 8.5 ms took {} its length",
            )
            for runner in ("asyncio", "uvloop", "trio")
        ),
        Part(
            where="in threads",
            measure=Over((ODD, "threading"), "makespan", ODD_WAITS * ODD_S),
            bound=Bound(1.0, 1.05),
            says="a wait of 8.5 ms took {} its length",
        ),
    ),
)
