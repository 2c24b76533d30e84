"""Extra work in the op, so that the gate can be shown a slow-down of known size (method.md, gate recipe 8).

Both sides of such a pair are wrapped, the unslowed one with no loops, so that the wrapper itself is no difference.
The loop makes no objects: one over a range costs more a turn from 257 on, where integers are no longer kept ready.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import Any

Op = Callable[[Any], Any]


def slowed(op: Op, loops: int | None) -> Op:
    """`op` with so many turns of an empty loop before it; None leaves it as it is."""
    if loops is None:
        return op

    def heavier(item: Any) -> Any:
        for _ in repeat(None, loops):
            pass
        return op(item)

    return heavier


def slowed_async(op: Op, loops: int | None) -> Op:
    """The same for an op that is awaited."""
    if loops is None:
        return op

    async def heavier(item: Any) -> Any:
        for _ in repeat(None, loops):
            pass
        return await op(item)

    return heavier
