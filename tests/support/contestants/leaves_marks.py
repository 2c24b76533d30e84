"""A workload that leaves a file for each style that was run, to see who was measured and who was not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from when_async.bench.model import Kit, Params, Point, Workload
from when_async.workloads.empty import EMPTY, check, make_items


def leave(style: str) -> None:
    Path(os.environ["WHEN_ASYNC_LOCK"]).with_name(f"mark-{style}").touch()


def blocking(kit: Kit, params: Params) -> Callable[[int], int]:
    leave("blocking")
    return lambda item: item


async def asynchronous(kit: Kit, params: Params) -> Callable[[int], Any]:
    leave("async")

    async def op(item: int) -> int:
        return item

    return op


LEAVES_MARKS = Workload(
    name="leaves_marks",
    summary="leaves a file behind",
    bodies={"blocking": blocking, "async": asynchronous},
    params=EMPTY.params,
    make_items=make_items,
    check=check,
    grid={"quick": (Point(1, {"n": 2, "spin_s": 0.0}),)},
)
