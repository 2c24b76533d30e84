"""A user's callable measured: looked at, planned, run; the same behind every door."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from when_async.reports import words

from ...machine.fingerprint import usable_cores
from ...plan import DECIDE
from ...reaping.reaper import scratch
from ...registry import RegistryError
from ...trying.look import Seen
from ...trying.work import source
from ..run.recording import Watched, execute
from ..run.starting import Started, start_fresh
from ..shared import tell
from .asking import Asked, environments, look_at, look_limit_s
from .notes import notes, refuse_cached, refuse_idle
from .planning import LONG_S, Shape, budget_s, in_flight, limit_s, refuse_endless, refuse_late, shape

BLOCKING = ("sync", "threading", "multiprocessing", "asyncio+to_thread")
LOOPS: Mapping[str, tuple[str, ...]] = {"asyncio": ("asyncio", "uvloop"), "trio": ("trio",), "curio": ("curio",)}
"""By the library that a callable runs on the runners that it is measured under where none is named."""


@dataclass(frozen=True)
class Plan:
    """What is going to be measured: the callables as they were seen, under whom, and in which rounds."""

    asked: Asked
    seen: tuple[Seen, ...]
    runners: tuple[str, ...]
    shape: Shape
    doubt: str = ""
    """Why the twins may not do the same work; empty where nothing speaks against it."""

    @property
    def loops(self) -> tuple[str, ...]:
        """The libraries that can run the async one of them."""
        return _loops(self.seen)

    @property
    def source(self) -> str:
        """The file of the workload."""
        one = self.asked
        return source(
            one.call, self.seen[0].like, self.shape.points, any_result=one.any_result, loops=self.loops, twin=one.twin,
            changes=any(seen.changes for seen in self.seen),
        )  # fmt: skip


def planned(asked: Asked, options: Mapping[str, Any], say: Callable[[str], None] = tell) -> Plan:
    """Look at the callables and say what is seen; raises Untried or RegistryError before anything is timed."""
    wanted = tuple(options.get("runners") or ())
    able = environments(wanted or BLOCKING, options, say)
    limited = bool(options.get("limited"))
    seen = tuple(look_at(asked, able[0], look_limit_s(options["timeout_s"], named=limited), say))
    for call, one in zip(asked.calls, seen, strict=True):
        refuse_cached(call, one)
    doubtful = ""
    if asked.twin is not None:
        _check_twins(asked, seen)
        doubtful = refuse_idle(asked.calls, seen, any_result=asked.any_result)
    runners = wanted or _runners(seen)
    flights = options.get("flights") or in_flight(seen, usable_cores())
    rounds = shape(seen[0], options.get("ops"), flights, runners)
    refuse_endless(asked.call, rounds, f"when-async try {shlex.quote(asked.call.target)}")
    if limited:
        refuse_late(asked.call, rounds, options["timeout_s"])
    for call, one in zip(asked.calls, seen, strict=True):
        for note in notes(call, one):
            say(f"note: {note}")
    if doubtful:
        say(f"note: {doubtful}: nobody has shown that they do the same work")
    if rounds.round_s > LONG_S:
        longest, all_s = words.scalar(rounds.round_s, "s"), words.scalar(rounds.least_s, "s")
        say(f"note: a round takes up to {longest}, and all of it about {all_s}; fewer calls (-n) make it shorter")
    return Plan(asked, seen, runners, rounds, doubtful)


def _check_twins(asked: Asked, seen: Sequence[Seen]) -> None:
    assert asked.twin is not None
    if seen[0].awaits:
        raise RegistryError(f"{asked.call.short} is async itself; name the blocking one first, then --async the other")
    if not seen[1].awaits:
        raise RegistryError(f"--async takes an async function, and {asked.twin.short} blocks")


def _loops(seen: Sequence[Seen]) -> tuple[str, ...]:
    return next((one.loops for one in seen if one.awaits), ())


def _runners(seen: Sequence[Seen]) -> tuple[str, ...]:
    """Those that can run them, where none is named."""
    names: tuple[str, ...] = BLOCKING if any(not one.awaits for one in seen) else ()
    if any(one.unpooled for one in seen):
        names = tuple(name for name in names if name != "multiprocessing")
    return (*names, *(runner for library in _loops(seen) for runner in LOOPS[library]))


def measured(plan: Plan, options: Mapping[str, Any], watched: Watched = Watched()) -> Path:  # noqa: B008
    """Measure it; returns the run file."""
    with scratch("when-async-try-") as folder:
        file = folder / "tried.py"
        file.write_text(plan.source, encoding="ascii")
        execute(started := _started(plan, file, options), watched=watched)
    return started.path


def _started(plan: Plan, file: Path, options: Mapping[str, Any]) -> Started:
    """Plan the run of the temporary workload as `when-async run` would."""
    asked = {
        **options, "workloads": [str(file)], "runners": plan.runners, "profile": DECIDE, "rounds": plan.shape.rounds,
        "seed": 20260, "no_pin": any(one.crowded for one in plan.seen),
        "timeout_s": limit_s(plan.shape, options["timeout_s"]), "budget_s": budget_s(plan.shape),
    }  # fmt: skip
    return start_fresh(asked)
