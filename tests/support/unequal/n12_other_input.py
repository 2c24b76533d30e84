"""N12, slightly different work: input that each thread makes for itself, or that each process makes by chance."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from when_async.bench.model import Job, Kit, Param, Params, Point, Round, Workload
from when_async.bench.runners.sync import SYNC, open_sync
from when_async.bench.worker.serial import SyncSession


def make_lines(params: Params, seed: int) -> list[bytes]:
    """Lines of many lengths, the same for one seed."""
    draw = random.Random(seed)
    return [draw.randbytes(draw.randrange(100, 200)) for _ in range(int(params["n"]))]


def make_by_chance(params: Params, seed: int) -> list[bytes]:
    """The same with a seed that somebody else has a hand in, here whoever imports asyncio."""
    return make_lines(params, seed + ("asyncio" in sys.modules))


def parse(kit: Kit, params: Params) -> Callable[[bytes], bool]:
    """An op whose result says nothing about what it was given."""
    return lambda item: item.count(0) >= 0


def check(params: Params, items: Sequence[bytes], results: Sequence[Any]) -> str:
    return f"{sum(results)} lines were parsed"


LINES = Workload(
    name="lines",
    summary="lines to parse",
    bodies={"pure": parse},
    params=(Param("n", 1, 1000, "how many lines"),),
    make_items=make_lines,
    check=check,
    grid={"quick": (Point(2, {"n": 8}),)},
)
LINES_BY_CHANCE = replace(LINES, name="lines_by_chance", make_items=make_by_chance)


class OwnInput:
    """Makes the input again where it is used, with a seed of its own, and throws away what it was given."""

    def __init__(self, inner: SyncSession, job: Job) -> None:
        self.inner = inner
        self.job = job
        self.facts = inner.facts

    def run(self, items: Sequence[Any], *, prove: bool) -> Round:
        return self.inner.run(make_lines(self.job.params, 1), prove=prove)


@contextmanager
def open_own_input(job: Job) -> Iterator[OwnInput]:
    with open_sync(job) as session:
        yield OwnInput(session, job)


OWN_INPUT = replace(SYNC, name="own_input", open=open_own_input)
