"""`empty`: ops that do nothing, or that only pass a set time.

It isolates the cost of the instrument itself together with each runner's fan-out: handing out an item, calling the op
and storing the result. It is measured unless other workloads are named, and is shown, never subtracted (method.md,
R18). It has no ideal time: an op that does nothing has no lower bound but zero.

With `spin_s` above 0 an op keeps its core busy until that much wall-clock time has passed. This is a wall-clock spin on
purpose: it lasts `spin_s` on any core, so the instrument's cost can be given relative to an op of known length. It is
not an amount of work. Where threads share a core, their spins pass at the same time, so this workload says nothing
about how models share a CPU; `grid_search` does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from when_async.bench.model import Kit, Param, Params, Point, Workload

from .bodies.oracle import came_back


def pure(kit: Kit, params: Params) -> Callable[[int], int]:
    """Return the item, at once or after a spin; without a spin the op has no trace of one."""
    clock, spin_s = time.perf_counter, float(params["spin_s"])

    def op(item: int) -> int:
        return item

    def spinning(item: int) -> int:
        end = clock() + spin_s
        while clock() < end:
            pass
        return item

    return spinning if spin_s > 0 else op


def make_items(params: Params, seed: int) -> list[int]:
    """The indices 0..n-1; all ops are alike, so the seed has nothing to decide."""
    return list(range(int(params["n"])))


def check(params: Params, items: Sequence[Any], results: Sequence[Any]) -> str:
    """Say how many ops came back; raises WrongAnswer unless the results are the items, in order."""
    return came_back("op", items, results)


QUICK = (Point(10, {"n": 20_000, "spin_s": 0.0}),)

EMPTY = Workload(
    name="empty",
    calibration=True,
    summary="n ops that do nothing; isolates the instrument's own cost and the runner's fan-out",
    bodies={"pure": pure},
    params=(
        Param("n", 1, 10_000_000, "how many ops a round has"),
        Param("spin_s", 0.0, 0.1, "how long each op keeps its core busy, by the wall clock"),
    ),
    make_items=make_items,
    check=check,
    grid={
        "smoke": (Point(4, {"n": 200, "spin_s": 0.0}),),
        "quick": QUICK,
        "gate": (Point(4, {"n": 5000, "spin_s": 0.0}),),
        "full": (*QUICK, Point(10, {"n": 100, "spin_s": 0.001})),
    },
    learn=(
        "You learn how much of every other row is the instrument and the handing out of ops; you do not learn which "
        "model suits your work, because here there is none."
    ),
)
