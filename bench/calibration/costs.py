"""The places in which each runner is asked what it costs; its process works out what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from ..model import Point, Runner, Workload
from ..processes.worker import trial
from ..registry import bodies_for, collect

Place = tuple[str, Point]
"""A workload by its name, and where."""

MOMENT_S = 1e-9
"""A wait that is over before its loop can look; it asks the loop for a timer all the same."""


def _sleeps(concurrency: int, n: int, wait_s: float = 1e-3) -> Place:
    return "sleep", Point(concurrency, {"wait_s": wait_s, "n": n})


def _mixed(concurrency: int, wait_s: float, cpu_s: float, n: int) -> Place:
    return "mixed", Point(concurrency, {"wait_s": wait_s, "cpu_s": cpu_s, "n": n})


def _empty(concurrency: int, n: int) -> Place:
    return "empty", Point(concurrency, {"n": n, "spin_s": 0.0})


LOOP = {"few": _sleeps(8, 120), "many": _sleeps(128, 1024, 4e-3)}
"""Waves enough that the making of the tasks, once a round, is little beside them."""
FLEETING = {"fleeting alone": _mixed(1, MOMENT_S, 0.0, 800), "fleeting": _mixed(8, MOMENT_S, 0.0, 1600)}
PLACES: Mapping[str, Mapping[str, Place]] = {
    "sync": {"sleeps": _sleeps(1, 20), "busy": _mixed(1, 0.0, 1e-3, 16)},
    "threading": {
        "sleeps": _sleeps(8, 80), "crowd": _mixed(8, 5e-5, 5e-5, 400), "one": _mixed(1, 0.0, 1e-3, 16),
        "both": _mixed(2, 0.0, 1e-3, 16),
    },
    "multiprocessing": {
        "two": _empty(2, 8), "8 chunks": _empty(8, 8), "32 chunks": _empty(8, 32), "32 waits": _sleeps(8, 32),
        "160 waits": _sleeps(8, 160), "busy": _mixed(8, 0.0, 1e-3, 48),
    },
    "asyncio": LOOP, "uvloop": {**LOOP, **FLEETING}, "trio": LOOP,
}  # fmt: skip


@cache
def trials(runner: str) -> Mapping[str, Mapping[str, Any]]:
    """What the process of a runner is told, by place."""
    workloads = collect("when_async.workloads", Workload)
    found = collect("when_async.bench.runners", Runner)[runner]
    made = {}
    for name, (workload, point) in PLACES[runner].items():
        known = workloads[workload]
        made[name] = trial(known, found, bodies_for(known.value, found.value)[0], point)
    return made
