"""`tree`: a tree of awaits, whose leaves do one of four things; it has the shape of pyperformance's async_tree.

    when-async run -w docs/evidence/outside/tree.py:kind=1,c=1 -r asyncio -r uvloop --python 3.14
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from when_async import Kit, Param, Params, Point, Shape, Workload, WrongAnswer

NONE, IO, MEMOIZATION, MIXED = range(4)
WAIT_S = 0.05
REMEMBERED_PERCENT = 90
COMPUTING = 0.5
FACTORIAL_OF = 500

AsyncOp = Callable[[Sequence[int]], Awaitable[list[int]]]


class Leaves:
    """What the leaves do, and how many have done it; the memory lives as long as the process, as a cache does."""

    def __init__(self, kit: Kit) -> None:
        from math import factorial

        self.sleep = kit.sleep
        self.factorial = factorial
        self.known: set[int] = set()
        self.done = 0

    async def none(self) -> None:
        self.done += 1

    async def io(self) -> None:
        await self.sleep(WAIT_S)
        self.done += 1

    async def memoization(self) -> None:
        self.done += 1
        drawn = random.randint(1, 100)
        if drawn <= REMEMBERED_PERCENT:
            if drawn in self.known:
                return
            self.known.add(drawn)
        await self.sleep(WAIT_S)

    async def mixed(self) -> None:
        if random.random() < COMPUTING:
            self.done += 1
            self.factorial(FACTORIAL_OF)
            return
        await self.memoization()


def planted(kit: Kit, params: Params) -> tuple[Leaves, Callable[[], Awaitable[None]], int, int]:
    """The leaves, what each of them does, and levels and branches of the tree."""
    leaves = Leaves(kit)
    # The draws are of Python's own generator, begun anew in each process.
    random.seed(0)
    kinds = {NONE: leaves.none, IO: leaves.io, MEMOIZATION: leaves.memoization, MIXED: leaves.mixed}
    return leaves, kinds[int(params["kind"])], int(params["levels"]), int(params["branches"])


def climbing(leaves: Leaves, climb: Callable[[int], Awaitable[None]], levels: int) -> AsyncOp:
    """The op: one tree, and how many leaves it had."""

    async def op(items: Sequence[int]) -> list[int]:
        before = leaves.done
        await climb(levels)
        return [leaves.done - before]

    return op


async def gather(kit: Kit, params: Params) -> AsyncOp:
    """asyncio.gather at each fork of the tree."""
    import asyncio

    leaves, leaf, levels, branches = planted(kit, params)

    async def climb(level: int) -> None:
        if level == 0:
            await leaf()
            return
        await asyncio.gather(*[climb(level - 1) for _ in range(branches)])

    return climbing(leaves, climb, levels)


async def task_group(kit: Kit, params: Params) -> AsyncOp:
    """asyncio.TaskGroup at each fork of the tree."""
    import asyncio

    leaves, leaf, levels, branches = planted(kit, params)

    async def climb(level: int) -> None:
        if level == 0:
            await leaf()
            return
        async with asyncio.TaskGroup() as group:
            for _ in range(branches):
                group.create_task(climb(level - 1))

    return climbing(leaves, climb, levels)


async def eager(kit: Kit, params: Params) -> AsyncOp:
    """asyncio.gather over eager tasks; from Python 3.12 on."""
    import asyncio

    inner = await gather(kit, params)

    async def op(items: Sequence[int]) -> list[int]:
        loop: Any = asyncio.get_running_loop()
        loop.set_task_factory(getattr(asyncio, "eager_task_factory"))  # noqa: B009 (Python 3.11 has none)
        try:
            return await inner(items)
        finally:
            loop.set_task_factory(None)

    return op


def check(params: Params, items: Sequence[int], results: Sequence[Any]) -> str:
    """Every leaf was reached once; raises WrongAnswer."""
    wanted = int(params["branches"]) ** int(params["levels"])
    if list(results) != [wanted]:
        raise WrongAnswer(f"{list(results)} leaves were reached where the tree has {wanted}")
    return f"{wanted} leaves"


TREE = Workload(
    name="tree",
    summary="a tree of awaits whose leaves do nothing, wait, remember, or compute for a half",
    shape=Shape.PROGRAM,
    bodies={"asyncio/gather": gather, "asyncio/task_group": task_group, "asyncio/eager": eager},
    faces={
        "gather": "asyncio.gather at each fork of the tree",
        "task_group": "asyncio.TaskGroup at each fork of the tree",
        "eager": "asyncio.gather over eager tasks",
    },
    params=(
        Param("kind", NONE, MIXED, "what a leaf does: 0 nothing, 1 waits, 2 remembers or waits, 3 that or computes"),
        Param("levels", 1, 8, "levels below the root"),
        Param("branches", 1, 10, "branches at each fork"),
        Param("n", 1, 1, "one tree a round"),
    ),
    make_items=lambda params, seed: [0],
    check=check,
    grid={"quick": (Point(1, {"kind": NONE, "levels": 6, "branches": 6, "n": 1}),)},
)
