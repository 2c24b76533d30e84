"""Today: what is said of builds without the global lock, judged by a pair of builds that differ in nothing else."""

from __future__ import annotations

from ..verdicts.claim import Axis, Bound, Claim, Part
from ..verdicts.measures import WithoutLock, speedup

SECTION = "Today: without the GIL"
HOWTO = "https://docs.python.org/3/howto/free-threading-python.html"
UNITS = (("50 µs", "50us", 5e-5, 2000), ("500 µs", "500us", 5e-4, 200), ("5 ms", "5ms", 5e-3, 40))
COMPUTES = "grid_search[unit=5ms,n=40,c=2]"
CALLS = "blocking_in_async[n=10000,c=10]"
SLEEPS = "sleep[wait=10ms,n=1000,c=100]"
FETCHES = "http_fetch[delay=20ms,body=1KiB,n=200,c=100]"
MOSTLY_WAITS = "mixed[wait=9ms,cpu=1ms,n=64,c=32]"

FREE_THREADING_CPU = Claim(
    name="free-threading-cpu",
    section=SECTION,
    today=True,
    statement=(
        "Free-threading speeds up threads that compute by nearly the number of cores; with the lock they gain nothing."
    ),
    scope=(
        "Two threads on two cores against a plain loop on the same build, from units of 50 µs to 5 ms that share "
        "nothing but code. Nearly means nine tenths, and nothing less than a tenth. Each build is asked its own half."
    ),
    parts=(
        *(
            Part(
                where=f"with units of {name}",
                measure=speedup(f"grid_search[unit={unit},n={n},c=2]", "threading", "sync"),
                bound=Bound(low=1.8),
                says="two threads were {} as fast as a plain loop",
                axis=unit_s,
                gil=False,
            )
            for name, unit, unit_s, n in UNITS
        ),
        Part(
            where="with the lock",
            measure=speedup(COMPUTES, "threading", "sync"),
            bound=Bound(high=1.1),
            says="two threads were {} as fast as a plain loop",
            gil=True,
        ),
    ),
    axis=Axis("size of a unit", "s"),
)

FREE_THREADING_SINGLE = Claim(
    name="free-threading-single",
    section=SECTION,
    today=True,
    link="https://docs.python.org/3.14/whatsnew/3.14.html#free-threaded-mode-improvements",
    statement="Free-threading costs code in a single thread at most a tenth.",
    scope=(
        "The same code on two builds of one source with the same options, alive together in one run, which differ in "
        "the lock alone. The claim was made for Python 3.14; 3.13 is asked the same."
    ),
    parts=tuple(
        Part(
            where=where,
            measure=WithoutLock((place, runner), name),
            bound=Bound(high=1.1),
            says=f"the build without the lock took {{}} the {'time' if name == 'makespan' else 'CPU'}",
        )
        for where, place, runner, name in (
            ("to compute", COMPUTES, "sync", "makespan"),
            ("for plain calls", CALLS, "sync", "cpu_per_op"),
            ("for waits on an event loop", SLEEPS, "asyncio", "cpu_per_op"),
            ("for HTTP calls on an event loop", FETCHES, "asyncio/aiohttp", "cpu_per_op"),
        )
    ),
)

THREADS_LEVEL = Claim(
    name="threads-level-with-loop",
    section=SECTION,
    today=True,
    link="https://peps.python.org/pep-0703/#motivation",
    statement=(
        "For input and output threads are level with an event loop or ahead, which free-threading is said to bring."
    ),
    scope=(
        "Throughput with as many threads as tasks; level means at most a twentieth behind. Builds with the lock are "
        "asked the same, as the claim says little where it holds for them too."
    ),
    parts=tuple(
        Part(
            where=where,
            measure=speedup(place, threads, loop),
            bound=Bound(low=0.95),
            says="threads were {} as fast as asyncio",
        )
        for where, place, threads, loop in (
            ("for bare waits", SLEEPS, "threading", "asyncio"),
            ("for HTTP calls by http.client and aiohttp", FETCHES, "threading/http.client", "asyncio/aiohttp"),
            ("for HTTP calls by httpx on both sides", FETCHES, "threading/httpx", "asyncio/httpx"),
            ("for waits of 9 ms and 1 ms of work after each", MOSTLY_WAITS, "threading", "asyncio"),
        )
    ),
)
