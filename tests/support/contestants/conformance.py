"""A workload whose ops write down what they do, and misbehave when they are told to.

Whoever drives a worker puts an order into a folder before each round: its number and a deed. Every op appends a line
to the round's own file there when it starts and another when it ends. The system orders appends to one file, so what
was in flight is seen by the ops themselves, in whatever runs them (tasks, threads, processes, interpreters), and
nothing is asked of the runner.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import CoroutineType
from typing import Any

from when_async.bench.model import Kit, Param, Params, Point, Workload, WrongAnswer

WORK, STUMBLE, FORGET, PROMISE, HANG = "work", "stumble", "forget", "promise", "hang"
RAISES, LEAVES = 3, 17
"""Items that end badly in a round of stumbling; the first of them also forgets and promises."""

PAUSE_S = 0.002
LONELY_S = 30.0
"""How long an op waits for the others that should be in flight with it, before it gives up."""

Item = tuple[int, int, str]
"""Number of the round, place in it, and the deed."""


async def never_awaited() -> None:
    """What a careless op calls and does not await."""


def folder_of(params: Params) -> Path:
    """Where orders are and lines go: named by the test that drives a worker, else beside the lock of a run."""
    return Path(str(params.get("folder") or Path(os.environ["WHEN_ASYNC_LOCK"]).parent))


def log_of(folder: Path, round_: int) -> Path:
    """The file of one round."""
    return folder / f"round-{round_}"


def note(path: Path, sign: str, index: int) -> None:
    """Append one line."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(handle, f"{sign} {index}\n".encode())
    finally:
        os.close(handle)


def accompanied(path: Path, together: int, since: float) -> bool:
    """Whether so many ops of the round have started; raises TimeoutError when they do not come."""
    started = path.read_bytes().count(b"+")
    if started < together and time.monotonic() > since + LONELY_S:
        raise TimeoutError(f"{started} ops are in flight where {together} were asked for")
    return started >= together


def result_of(item: Item) -> Any:
    """The square of the item, or what the deed makes of it."""
    round_, index, deed = item
    if (index, deed) == (RAISES, STUMBLE):
        raise LookupError(f"no item {index}")
    if (index, deed) == (LEAVES, STUMBLE):
        sys.exit(f"no item {index}")
    if (index, deed) == (RAISES, FORGET):
        never_awaited()
    if (index, deed) == (RAISES, PROMISE):
        return never_awaited()
    return [round_, index * index]


def blocking(kit: Kit, params: Params) -> Callable[[Item], Any]:
    sleep, folder, together = kit.sleep, folder_of(params), int(params.get("together", 1))

    def op(item: Item) -> Any:
        round_, index, deed = item
        path, since = log_of(folder, round_), time.monotonic()
        note(path, "+", index)
        try:
            if deed == HANG:
                threading.Event().wait()
            while not accompanied(path, together, since):
                sleep(PAUSE_S)
            sleep(PAUSE_S)
            return result_of(item)
        finally:
            note(path, "-", index)

    return op


async def asynchronous(kit: Kit, params: Params) -> Callable[[Item], Any]:
    sleep, folder, together = kit.sleep, folder_of(params), int(params.get("together", 1))

    async def op(item: Item) -> Any:
        round_, index, deed = item
        path, since = log_of(folder, round_), time.monotonic()
        note(path, "+", index)
        try:
            while deed == HANG:
                await sleep(LONELY_S)
            while not accompanied(path, together, since):
                await sleep(PAUSE_S)
            await sleep(PAUSE_S)
            return result_of(item)
        finally:
            note(path, "-", index)

    return op


def make_items(params: Params, seed: int) -> list[Item]:
    """The items of the round that was ordered; asked for once a round, in the worker's own process."""
    folder = folder_of(params)
    number, deed = (folder / "order").read_text(encoding="ascii").split()
    log_of(folder, int(number)).touch()
    return [(int(number), index, deed) for index in range(int(params["n"]))]


def check(params: Params, items: Sequence[Item], results: Sequence[Any]) -> str:
    """Compare with the squares of this round, and say what lives in this process between rounds."""
    if list(results) != [[round_, index * index] for round_, index, _ in items]:
        raise WrongAnswer(f"the squares of round {items[0][0]} came out as {list(results)}")
    return json.dumps({"squares": len(results), **census()})


def census() -> dict[str, int]:
    """What a session may forget to end and nobody sees from outside: suspended tasks and greenlets, interpreters."""
    gc.collect()
    objects = gc.get_objects()
    tasks = sum(type(each) is CoroutineType and each.cr_frame is not None for each in objects)
    greenlet = sys.modules.get("greenlet")
    if greenlet is not None:
        tasks += sum(isinstance(each, greenlet.greenlet) and not each.dead for each in objects)
    interpreters = sys.modules.get("concurrent.interpreters")
    return {"tasks": tasks, "interpreters": len(interpreters.list_all()) if interpreters else 1}


CONFORMANCE = Workload(
    name="conformance",
    summary="squares that write down when they are computed",
    bodies={"blocking": blocking, "async": asynchronous},
    params=(Param("n", 1, 1000, "how many squares"),),
    make_items=make_items,
    check=check,
    grid={"quick": (Point(2, {"n": 8}),)},
)
