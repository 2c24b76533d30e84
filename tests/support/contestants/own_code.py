"""Workloads as users write them, each with a fault of its own that gave a wrong answer or no figure once.

It prints while it is imported, and keeps a pool at its top.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from when_async import Param, Point, Workload

print("hello from import")
POOL = ThreadPoolExecutor(2, thread_name_prefix="shop")


def double(kit: Any, params: Any) -> Callable[[int], int]:
    def op(item: int) -> int:
        print("hello from op")
        return item * 2

    return op


def pooled(kit: Any, params: Any) -> Callable[[int], int]:
    return lambda item: sum(POOL.map(int, [item, item]))


def names(kit: Any, params: Any) -> Callable[[int], set[str]]:
    return lambda item: {"tea", "milk", "salt", "rice", "oats"}


def curve(kit: Any, params: Any) -> Callable[[int], Any]:
    import numpy as np

    def op(item: int) -> Any:
        out = np.arange(5000) * item
        out[2500] = -1
        return out

    return op


async def other_curve(kit: Any, params: Any) -> Callable[[int], Any]:
    import numpy as np

    async def op(item: int) -> Any:
        return np.arange(5000) * item

    return op


def lock(kit: Any, params: Any) -> Callable[[int], Any]:
    import threading

    return lambda item: {"guard": threading.Lock()}


def counted(params: Any, items: Sequence[Any], results: Sequence[Any]) -> str:
    return f"{len(results)} came back"


def says_false(params: Any, items: Sequence[Any], results: Sequence[Any]) -> Any:
    return False


def asserts(params: Any, items: Sequence[Any], results: Sequence[Any]) -> str:
    assert list(results) == [item * 3 for item in items], "not three times as much"
    return "three times as much"


def numbers(params: Any, seed: int) -> list[int]:
    return list(range(int(params["n"])))


def made(name: str, body: Any, **changes: Any) -> Workload:
    bodies = body if isinstance(body, dict) else {"blocking": body}
    fields = {"make_items": numbers, "check": counted, **changes}
    return Workload(
        name=name, summary=name, bodies=bodies, params=(Param("n", 1, 1000, "ops"),),
        grid={"smoke": (Point(1, {"n": 20}),)}, **fields,
    )  # fmt: skip


PRINTER = made("printer", double)
POOLED = made("pooled", pooled)
SETS = made("sets", names)
CURVES = made("curves", {"blocking": curve, "async": other_curve})
LOCKS = made("locks", lock)
CHECK_FALSE = made("check_false", double, check=says_false)
WRONG_ASSERT = made("wrong_assert", double, check=asserts)
NO_ITEMS = made("no_items", double, make_items=lambda params, seed: [])
DEBUGGED = made("debugged", double, environ={"PYTHONASYNCIODEBUG": "1"})

if os.environ.get("LEAVES"):
    os._exit(0)
