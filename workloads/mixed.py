"""`mixed`: each op computes half of its work, waits, and computes the other half.

It isolates the share of waiting: `wait_s` against `cpu_s`, from work that never waits to work that hardly does anything
else. `cpu_s` is nominal: it fixes an amount of pure Python through a constant (bodies/thinking.py) and never through a
clock, so faster interpreters are faster here. The wait lies between the halves, because that is what a request is
like (write it, wait, read the reply), and is one wait, because half a wait may be less than the millisecond in which
most loops count. Where `wait_s` is 0 the op never waits and calls no sleep.

What computing really cost is measured in PROBED ops of a round and not in all: the clock of a thread's CPU time is a
system call, four readings take some 3 us, and an op may be of 10 us. Half of that is counted in, 1 to 2 us an op, which
matters to no op but the shortest, and is the same for all models. `waited_s` is measured in the same ops; below a
millisecond it tells how a model rounds its waits, which may be to nothing (uvloop), and then gaps between models are
those of their timers. Ideal time: the waits alone, ceil(n / in_flight) * wait_s, since the work has no length in
seconds that is true everywhere.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from math import ceil
from typing import Any

from when_async.bench.model import Figure, Kit, Observed, Param, Params, Point, Workload, WrongAnswer

from .bodies.oracle import came_back
from .bodies.thinking import MODULUS, TURNS_PER_S, churn, churned, turns_of

PROBED = 32
"""In so many ops of a round, evenly spread, times are taken."""

Item = tuple[int, bool]
"""(value to begin with, whether its times are taken)."""
Times = tuple[int, int]
"""Nanoseconds of CPU time computed, nanoseconds waited."""
Result = tuple[int, Times | None]
"""(value found, its times where they were taken)."""


def halves(params: Params) -> tuple[int, int]:
    """Turns before the wait and after it."""
    turns = turns_of(float(params["cpu_s"]))
    return turns // 2, turns - turns // 2


def blocking(kit: Kit, params: Params) -> Callable[[Item], Result]:
    """Compute, wait with the runner's blocking sleep, compute."""
    sleep, wait_s, (first, second) = kit.sleep, float(params["wait_s"]), halves(params)
    used, clock = time.thread_time_ns, time.perf_counter_ns

    def op(item: Item) -> Result:
        value, probed = item
        if probed:
            return timed(value)
        value = churn(value, first)
        sleep(wait_s)
        return churn(value, second), None

    def timed(value: int) -> Result:
        a = used()
        value = churn(value, first)
        b, left_ns = used(), clock()
        sleep(wait_s)
        waited_ns, c = clock() - left_ns, used()
        value = churn(value, second)
        return value, (b - a + used() - c, waited_ns)

    return op if wait_s > 0 else never_waiting(first + second)


async def asynchronous(kit: Kit, params: Params) -> Callable[[Item], Coroutine[Any, Any, Result]]:
    """Compute, wait with the event loop's own sleep, compute."""
    sleep, wait_s, (first, second) = kit.sleep, float(params["wait_s"]), halves(params)
    used, clock, compute = time.thread_time_ns, time.perf_counter_ns, never_waiting(first + second)

    async def op(item: Item) -> Result:
        value, probed = item
        if probed:
            return await timed(value)
        value = churn(value, first)
        await sleep(wait_s)
        return churn(value, second), None

    async def timed(value: int) -> Result:
        a = used()
        value = churn(value, first)
        b, left_ns = used(), clock()
        await sleep(wait_s)
        waited_ns, c = clock() - left_ns, used()
        value = churn(value, second)
        return value, (b - a + used() - c, waited_ns)

    async def computing(item: Item) -> Result:
        return compute(item)

    return op if wait_s > 0 else computing


def never_waiting(turns: int) -> Callable[[Item], Result]:
    """The op without a wait: all of its work in one go."""
    used = time.thread_time_ns

    def op(item: Item) -> Result:
        value, probed = item
        if not probed:
            return churn(value, turns), None
        a = used()
        value = churn(value, turns)
        return value, (used() - a, 0)

    return op


def make_items(params: Params, seed: int) -> list[Item]:
    """A value of its own for each op to begin with."""
    draw, n = random.Random(seed).random, int(params["n"])
    every = ceil(n / PROBED)
    return [(1 + int(draw() * (MODULUS - 1)), place % every == 0) for place in range(n)]


def observe(params: Params, items: Sequence[Any], results: Sequence[Any]) -> Observed:
    """Take the times off the results."""
    for result in results:
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise WrongAnswer(f"an op returned {result!r}")
    values, times = [value for value, _ in results], [taken for _, taken in results if taken is not None]
    figures: dict[str, float] = {}
    if times:
        figures["computed_s"] = sum(computed_ns for computed_ns, _ in times) / len(times) / 1e9
    if times and float(params["wait_s"]) > 0:
        figures["waited_s"] = sum(waited_ns for _, waited_ns in times) / len(times) / 1e9
    return Observed(values, figures)


def check(params: Params, items: Sequence[Any], results: Sequence[Any]) -> str:
    """Say how much was computed; raises WrongAnswer unless each op, in its place, found the value it had to find."""
    turns = sum(halves(params))
    came_back("op", [churned(value, turns) for value, _ in items], results)
    return f"{len(results)} ops of {turns} turns"


def ideal_s(params: Params, in_flight: int) -> float:
    """Seconds that the waits take when computing takes none."""
    return ceil(int(params["n"]) / in_flight) * float(params["wait_s"])


def bounds(params: Params, concurrency: int) -> Mapping[str, float]:
    """Makespans at the nominal speed, which is not that of any one machine: compare them with `computed_s` in mind."""
    n, wait_s, cpu_s = int(params["n"]), float(params["wait_s"]), sum(halves(params)) / TURNS_PER_S
    places_s = ceil(n / concurrency) * (wait_s + cpu_s)
    return {
        "one op after another, nominal CPU": n * (wait_s + cpu_s),
        "all on one core, nominal CPU": max(n * cpu_s, places_s),
        "a core for each place, nominal CPU": places_s,
    }


def point(size_s: float, waiting: float, concurrency: int, n: int) -> Point:
    """One grid point: ops of `size_s` that wait for this share of it."""
    wait_s = round(size_s * waiting, 9)
    return Point(concurrency, {"wait_s": wait_s, "cpu_s": round(size_s - wait_s, 9), "n": n})


QUICK = (point(0.01, 0.5, 8, 16),)

# Work that waits for a share s keeps one core busy from 1 / (1 - s) in flight on, and that is where a point can tell
# models apart; far below the waits decide alone, far above the cores do. n is a multiple of the concurrency, for a
# round of 20 to 80 ms; from 100 in flight at 10 ms it is too much to be done one after another, which is arithmetic.
FULL = (
    *QUICK,
    point(0.0001, 0.0, 8, 400),
    point(0.0001, 0.5, 8, 400),
    point(0.0001, 0.9, 8, 800),
    point(0.0001, 0.9, 128, 1280),
    point(0.001, 0.0, 8, 48),
    point(0.001, 0.5, 8, 96),
    point(0.001, 0.9, 8, 160),
    point(0.001, 0.9, 32, 320),
    point(0.001, 0.99, 32, 480),
    point(0.001, 0.99, 128, 640),
    point(0.01, 0.9, 32, 64),
    point(0.01, 0.99, 32, 64),
    point(0.01, 0.99, 128, 512),
)

MIXED = Workload(
    name="mixed",
    summary="ops that wait for a share of their time and compute for the rest; isolates the share of waiting",
    bodies={"blocking": blocking, "async": asynchronous},
    params=(
        Param("wait_s", 0.0, 1.0, "how long each op waits"),
        Param("cpu_s", 0.0, 0.1, "nominal length of what each op computes; fixes the amount of work"),
        Param("n", 1, 1_000_000, "how many ops a round has"),
    ),
    make_items=make_items,
    check=check,
    observe=observe,
    figures=(
        Figure("computed_s", "CPU time that an op's work took, from a few ops of each round", "lower"),
        Figure("waited_s", "how long an op's wait really took, from a few ops of each round", "lower"),
    ),
    grid={"smoke": (point(0.001, 0.9, 4, 20), point(0.0001, 0.0, 4, 20)), "quick": QUICK, "full": FULL},
    ideal_s=ideal_s,
    bounds=bounds,
    learn=(
        "You learn from which share of waiting and which number in flight on a model pays, for work in pure Python; "
        "you do not learn about work that leaves the interpreter, nor what waits on real connections cost."
    ),
)
