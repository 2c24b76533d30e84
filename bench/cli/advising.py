"""What `advise` has to know first: what an op of a callable does, and how many of what this machine will start."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from when_async.results.prediction.fitted import Fitted
from when_async.results.prediction.work import Work

from ..environments.layout import own_roots
from ..environments.own import is_place
from ..trying.look import Seen
from .own.asking import Asked, environments, look_at, look_limit_s, make_call
from .own.notes import notes, refuse_cached
from .own.planning import waits
from .own.where import Where
from .shared import tell

TIMEOUT_S = 60.0

BUSY = 1.5
"""A call that keeps so many cores busy by itself leaves the others to other calls, and no pool gets credit for it."""


@dataclass(frozen=True)
class Op:
    """What one op does: seconds it waits and computes, the share that lets the GIL go, the size of its result.

    `carry_s` is the CPU that it takes to pickle and unpickle that result. `cores` says how many cores it keeps busy
    while it computes; `cpu_s` are seconds of the wall in which it does.
    """

    wait_s: float
    cpu_s: float
    gil_free: float = 0.0
    payload_bytes: int = 0
    cores: float = 1.0
    carry_s: float = 0.0


def op_of(seen: Seen) -> Op:
    """What a look at a call tells: how long it waits and computes, what it lets go of the GIL, what it sends."""
    cores = seen.cores if seen.cores >= BUSY else 1.0
    found = Op(
        seen.waits_s if waits(seen) else 0.0, max(min(seen.cpu_s / cores, seen.seconds), 1e-7), seen.gil_free or 0.0,
        seen.result_bytes or 0, cores, seen.pickle_s,
    )  # fmt: skip
    return found if Work(found.wait_s, found.cpu_s, 1, 1).waits else replace(found, wait_s=0.0)


def look(target: str, args: str, kwargs: str, python: str | None = None) -> tuple[Op, str]:
    """Call it in a process of its own, and say what was seen; the label of its interpreter. Raises Untried.

    It runs in the environment of the project, or in the one at a path.
    """
    call = make_call(target, args, kwargs, behind=own_roots(os.getcwd()))
    where = Where([python] if python and is_place(python) else [])
    able = environments((), {"where": where})
    (seen,) = look_at(Asked(call, any_result=True), able[0], look_limit_s(TIMEOUT_S))
    refuse_cached(call, seen)
    for note in notes(call, seen):
        tell(f"note: {note}")
    found = op_of(seen)
    if found.gil_free:
        tell(f"note: {found.gil_free * 100:.0f} % of its computing lets other threads run")
    return found, able[0].label


def calibrated_here(found: Sequence[Fitted]) -> list[Fitted]:
    """What is known of each interpreter, with the costs of this machine where it was calibrated."""
    from . import folders

    folder = folders.runs()
    if not any(folder.glob("calibration-*.json")):
        return list(found)
    # Brings NumPy, which most who ask have no use for.
    from when_async.results.prediction.calibrated import known_here

    from ..machine.fingerprint import node_id

    known, ignored = known_here(found, node_id(), [folder])
    for note in ignored:
        tell(f"note: {note}")
    return known


def cores_left(cores: int, op: Op) -> int:
    """How many calls at once fill the cores."""
    return max(1, round(cores / op.cores))


def limits(cores: int) -> dict[str, tuple[int, str]]:
    """By runner the most that `run` would let it have in flight, and why.

    For other cores than there are here it is another machine that is asked about, of which only the processes a core
    are known.
    """
    from when_async.results.prediction.fitted import MODELS

    from ..machine.fingerprint import usable_cores
    from ..selection import catalogue
    from ..worker.limits import PROCESSES_PER_CORE

    runners = catalogue().runners
    found = {name: runners[name].value for name in MODELS}
    known = {name: one.limit() for name, one in found.items() if one.limit is not None}
    if cores == usable_cores():
        return known
    most = PROCESSES_PER_CORE * cores
    why = f"{PROCESSES_PER_CORE} processes a core on {cores} cores is the most that run starts"
    return {name: (most, why) for name, one in found.items() if one.family == "processes"}
