"""What `advise` has to know first: what an op of a callable does, and how many of what this machine will start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .shared import fail, tell

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


def op_of(seen: Mapping[str, Any]) -> Op:
    """What a look at a call tells: `seconds`, `cpu_s`, and where they are known `runq_s`, `gil_free` and others.

    A call waits for what is neither its CPU time nor its time in the queue for a CPU, so that a machine that is busy
    is not taken for waiting. A sliver of a wait is none.
    """
    from when_async.results.prediction.law import Work

    cores = max(1.0, float(seen.get("cores") or 1.0))
    cores = cores if cores >= BUSY else 1.0
    seconds = float(seen["seconds"])
    cpu_s = min(float(seen["cpu_s"]) / cores, seconds)
    wait_s = max(0.0, seconds - cpu_s - float(seen.get("runq_s") or 0.0))
    free = min(1.0, max(0.0, float(seen.get("gil_free") or 0.0)))
    size, carry_s = int(seen.get("result_bytes") or 0), float(seen.get("pickle_s") or 0.0)
    found = Op(wait_s, max(cpu_s, 1e-7), free, size, cores, carry_s)
    return found if Work(wait_s, found.cpu_s, 1, 1).waits else replace(found, wait_s=0.0)


def look(target: str, args: str, kwargs: str) -> Op:
    """Call it in a process of its own, and say what was seen."""
    from ..trying.call import Untried
    from .try_ import first_call, make_call

    call = make_call(target, args, kwargs)
    try:
        seen = first_call(call, True, {"pythons": (), "pins": (), "timeout_s": 60.0})
    except Untried as error:
        fail(str(error))
    found = op_of(seen)
    used_s = min(float(seen["cpu_s"]), float(seen["seconds"])) if found.cores == 1.0 else float(seen["cpu_s"])
    more = [f"{float(seen['runq_s']) * 1e3:.3g} ms of it in the queue for a CPU"] if seen.get("runq_s") else []
    more += [f"{found.gil_free * 100:.0f} % of that without the GIL"] if found.gil_free else []
    more += [f"a result of {found.payload_bytes} bytes"] if found.payload_bytes else []
    taken_ms, more_said = float(seen["seconds"]) * 1e3, "".join(f", {one}" for one in more)
    tell(f"{target} took {taken_ms:.3g} ms in its second call, {used_s * 1e3:.3g} ms of it CPU time{more_said}")
    if found.cores > 1.0:
        tell(f"note: a call keeps {found.cores:.2g} cores busy by itself, so fewer calls than cores fill this machine")
    return found


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
