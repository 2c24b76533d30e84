"""What all bodies of `fanout` have in common: the op, and the caller who notes when it has a result."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from when_async.bench.model import Kit, Params

Item = tuple[int, float]
"""Index and wait (s)."""

Value = tuple[int, int]
"""Index and answer."""

Result = tuple[int, int, int]
"""Index, answer, and when the caller had it in hand, from the start of the fan-out (ns)."""

Program = Callable[[Sequence[Item]], list[Result]]

AsyncProgram = Callable[[Sequence[Item]], Coroutine[Any, Any, list[Result]]]


class Caller:
    """Who wanted the results: notes when it has each of them, counted from its own making."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.start_ns = time.perf_counter_ns()

    def hold(self, value: Value) -> None:
        """A result is in hand."""
        self.results.append((*value, time.perf_counter_ns() - self.start_ns))


def answer(index: int) -> int:
    """What the op with this index must return."""
    return 7 * index + 3


def check_room(kit: Kit, params: Params) -> None:
    """Raise ValueError where fewer ops may be in flight than are begun at once."""
    n = int(params["n"])
    if kit.in_flight < n:
        raise ValueError(f"all {n} waits are begun at once, but only {kit.in_flight} may be in flight; ask for {n}")


def waiting(kit: Kit) -> Callable[[Item], Value]:
    """The op of the blocking models."""
    sleep = kit.sleep

    def one(item: Item) -> Value:
        index, wait_s = item
        sleep(wait_s)
        return index, answer(index)

    return one


def waiting_async(kit: Kit) -> Callable[[Item], Coroutine[Any, Any, Value]]:
    """The op of the event loops."""
    sleep = kit.sleep

    async def one(item: Item) -> Value:
        index, wait_s = item
        await sleep(wait_s)
        return index, answer(index)

    return one
