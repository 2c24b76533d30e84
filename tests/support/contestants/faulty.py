"""Workloads that go wrong under `sync`, each in its own way, and are sound under `threading`.

A user's file as anybody could write it: deliberately broken (docs/method.md, T1, T12, N6, N7).
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from when_async.bench.model import Kit, Param, Params, Point, Workload, WrongAnswer

N = 3
LAST = N - 1


def sound(kit: Kit, params: Params) -> Callable[[int], int]:
    def op(item: int) -> int:
        return item * item

    return op


def wait_for_ever() -> None:
    while True:
        time.sleep(60)


def hang(item: int) -> int:
    if item == LAST:
        wait_for_ever()
    return item * item


def leave(item: int) -> int:
    if item == LAST:
        print("the licence has run out", file=sys.stderr, flush=True)
        os._exit(7)
    return item * item


def crash(item: int) -> int:
    if item == LAST:
        os.kill(os.getpid(), signal.SIGSEGV)
    return item * item


def get_killed(item: int) -> int:
    if item == LAST:
        os.kill(os.getpid(), signal.SIGKILL)
    return item * item


def stumble(item: int) -> int:
    if item == LAST:
        raise LookupError("no row of that name")
    return item * item


def err(item: int) -> int:
    return item * item + (item == LAST)


async def unawaited(item: int) -> int:
    return item * item


def forgetful(item: int) -> int:
    unawaited(item)
    return item * item


def make_items(params: Params, seed: int) -> list[int]:
    return list(range(int(params["n"])))


def check(params: Params, items: Sequence[Any], results: Sequence[Any]) -> str:
    for item, result in zip(items, results, strict=True):
        if result != item * item:
            raise WrongAnswer(f"the square of {item} came out as {result}")
    return f"{len(results)} squares"


def faulty(name: str, op: Callable[[int], Any]) -> Workload:
    return Workload(
        name=name,
        summary="squares, except where it goes wrong",
        bodies={"sync": lambda kit, params: op, "threading": sound},
        params=(Param("n", 1, 1000, "how many squares"),),
        make_items=make_items,
        check=check,
        grid={"quick": (Point(1, {"n": N}),)},
    )


HANGS = faulty("hangs", hang)
LEAVES = faulty("leaves", leave)
CRASHES = faulty("crashes", crash)
GETS_KILLED = faulty("gets_killed", get_killed)
STUMBLES = faulty("stumbles", stumble)
ERRS = faulty("errs", err)
UNAWAITED = faulty("unawaited", unawaited)
FORGETFUL = faulty("forgetful", forgetful)
