"""`ladder`: n units that are all in flight at the same time, each parked and doing nothing: how many can there be?

Every unit is begun in the clock, in the way of its model: a thread, a process, a task, a greenlet. It parks at a gate
that is opened `hold_s` after the last one has begun, so all n are open at once, whatever it took to begin them; the
oracle holds that against each unit's own stamps. With `connected` each unit has a live connection of its own and waits
for a byte from it. No model needs less time than `hold_s`; what it takes beyond is beginning and ending the units.

With a `task_limit` the worker first moves into a pids control group of its own, as containers have one, so that what
happens to a model under such a limit is seen and not guessed. Where that is not permitted there is no row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from when_async.bench.model import Figure, Observed, Param, Params, Point, Shape, Workload, WrongAnswer

from .bodies.ladder.common import TOP
from .bodies.ladder.limit import limited
from .bodies.ladder.tasks import anyio_tasks, asyncio_tasks, curio_tasks, trio_tasks
from .bodies.ladder.units import greenlets, processes, threads
from .bodies.oracle import came_back

EARLY_S = 1e-3
"""By so much a loop's timer may end early: uvloop counts in whole milliseconds from the beginning of its turn."""

LEAST_UNITS = 100
"""With fewer units their memory cannot be told from that of the program around them."""


def make_items(params: Params, seed: int) -> list[int]:
    """The numbers of the units; all are alike, so the seed has nothing to decide."""
    return list(range(int(params["n"])))


def observe(params: Params, items: Sequence[Any], results: Sequence[Any]) -> Observed:
    """The units that ended; what one took of memory and of time to begin. All must have been open at once."""
    units, tops = [row for row in results if row[0] != TOP], [row for row in results if row[0] == TOP]
    if not units or len(tops) != 1:
        raise WrongAnswer(f"{len(units)} units and {len(tops)} tops were reported for {len(items)} units")
    first_ns, last_ns = min(row[1] for row in units), max(row[1] for row in units)
    ended_ns = min(row[2] for row in units)
    hold_s = float(params["hold_s"])
    if ended_ns - last_ns < max(hold_s / 2, hold_s - EARLY_S) * 1e9:
        raise WrongAnswer(
            f"not all units were open for {params['hold_s']} s: the first ended {(ended_ns - last_ns) / 1e9:.6f} s "
            "after the last began"
        )
    figures = {"creation_s": (last_ns - first_ns) / 1e9 / max(1, len(units) - 1)}
    _, before, top = tops[0]
    if before and top and len(units) >= LEAST_UNITS:
        figures["unit_bytes"] = (top - before) / len(units)
    return Observed(sorted(row[0] for row in units), figures)


def check(params: Params, items: Sequence[Any], results: Sequence[Any]) -> str:
    """Say how many units there were; raises WrongAnswer unless each came back once."""
    came_back("unit", items, results)
    return f"{len(results)} units were in flight at once"


def ideal_s(params: Params, in_flight: int) -> float:
    """The hold: beginning and ending a unit may cost nothing."""
    return float(params["hold_s"])


def point(n: int, hold_s: float = 0.05, task_limit: int = 0, connected: int = 0) -> Point:
    """One grid point; as many are in flight as there are units."""
    return Point(n, {"n": n, "hold_s": hold_s, "task_limit": task_limit, "connected": connected})


LADDER = Workload(
    name="ladder",
    summary="n idle units that are all in flight at once; shows what one more takes and how many there can be",
    bodies={
        "threading": threads,
        "gevent": greenlets,
        "multiprocessing": processes,
        "asyncio": asyncio_tasks,
        "trio": trio_tasks,
        "anyio": anyio_tasks,
        "curio": curio_tasks,
    },
    params=(
        Param("n", 1, 10_000_000, "how many units are in flight"),
        Param("hold_s", 0.0, 3600.0, "how long all of them stay in flight together"),
        Param("task_limit", 0, 4_000_000, "the most threads and processes that the worker may have; 0 sets no limit"),
        Param("connected", 0, 1, "whether each unit has a live connection of its own"),
    ),
    make_items=make_items,
    observe=observe,
    check=check,
    prepare=limited,
    shape=Shape.PROGRAM,
    ideal_s=ideal_s,
    headline="overhead",
    figures=(
        Figure("creation_s", "first unit begun to last unit begun, per unit", "lower"),
        Figure(
            "unit_bytes", "resident memory with all units in flight beyond that before the first, per unit", "lower"
        ),
    ),
    grid={
        "smoke": (point(20, 0.002),),
        "quick": (point(1000),),
        # With ever more units until a limit is met; more take seconds.
        "full": (
            point(1000),
            point(5000),
            point(1000, connected=1),
            point(600, task_limit=512),
            point(1100, task_limit=1024),
            point(4200, task_limit=4096),
        ),
    },
    learn=(
        "You learn how many idle units a model can have in flight, what beginning one costs, how much memory it keeps "
        "and which limit stops it; the kernel's own memory for a thread or a socket, and what working units need, "
        "are not counted."
    ),
)
