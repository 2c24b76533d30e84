"""`imap`: pools are made, hand small numbers through in chunks and end; the shape of pyperformance's concurrent_imap.

    when-async run -w docs/evidence/outside/imap.py -r threading -r multiprocessing
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from when_async import Kit, Param, Params, Point, Shape, Workload, WrongAnswer


def same(number: int) -> int:
    """What is asked of the pool: nearly nothing."""
    return number


def pooled(make: Callable[[int], Any], params: Params, workers: int) -> Callable[[Sequence[int]], list[int]]:
    """As many pools a round as are asked for, one after another, each for all items."""
    pools, chunk = int(params["pools"]), int(params["chunk"])

    def op(items: Sequence[int]) -> list[int]:
        found: list[int] = []
        for _ in range(pools):
            with make(workers) as pool:
                found = list(pool.imap(same, items, chunk))
        return found

    return op


def threads(kit: Kit, params: Params) -> Callable[[Sequence[int]], list[int]]:
    """multiprocessing.pool.ThreadPool."""
    from multiprocessing.pool import ThreadPool

    return pooled(ThreadPool, params, kit.in_flight)


def processes(kit: Kit, params: Params) -> Callable[[Sequence[int]], list[int]]:
    """multiprocessing.Pool by the interpreter's default start method."""
    from multiprocessing import Pool

    return pooled(Pool, params, kit.in_flight)


def check(params: Params, items: Sequence[int], results: Sequence[Any]) -> str:
    """Every number came back in its place; raises WrongAnswer."""
    if list(results) != list(items):
        raise WrongAnswer(f"{len(results)} numbers came back, and not those that {len(items)} were sent for")
    return f"{len(items)} numbers"


IMAP = Workload(
    name="imap",
    summary="pools of two are made, hand small numbers through in chunks and end",
    shape=Shape.PROGRAM,
    bodies={"threading/pool": threads, "multiprocessing/pool": processes},
    faces={"pool": "multiprocessing's own pool, of threads or of processes, made and ended in the makespan"},
    params=(
        Param("n", 1, 1_000_000, "how many numbers each pool hands through"),
        Param("chunk", 1, 1_000_000, "how many go at a time"),
        Param("pools", 1, 1000, "how many pools a round makes, one after another"),
    ),
    make_items=lambda params, seed: list(range(int(params["n"]))),
    check=check,
    grid={"quick": (Point(2, {"n": 1000, "chunk": 10, "pools": 20}),)},
)
