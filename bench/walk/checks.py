"""What the parent holds against a worker: its attestation, time, connections and items (method.md, R7, R8, R12)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ..homes import side_of
from ..model import Environment

CLOCK_S = 20e-6
"""Two readings of one clock may differ by this much between cores."""

POOL = 0.5
"""A pool of connections smaller than this part of the ops in flight makes them wait for each other."""


def majority(values: Iterable[str]) -> str | None:
    """The value that is more common than any other; None where two are equally common."""
    ranked = Counter(values).most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def attestation_complaint(environment: Environment, attested: Mapping[str, Any]) -> str | None:
    """What the worker says of itself against what it was started as (R12, N9); None where they agree."""
    if attested["version"] != environment.version:
        return f"asked for Python {environment.version}, the worker runs {attested['version']}"
    if bool(attested["gil"]) != environment.gil:
        asked, got = ("on", "off") if environment.gil else ("off", "on")
        why = attested.get("gil_because") or "an extension or PYTHON_GIL may have changed it"
        return f"the GIL should be {asked} in {environment.label}, the worker says it is {got} ({why})"
    return None


def code_complaint(environment: Environment, answer: Mapping[str, Any]) -> str:
    """What is wrong with the files that a side's modules came from; empty where they are its own.

    A worker that belongs to no side tells of none, nor does that of an older tree of ours.
    """
    return side_of(environment.side).complaint(answer.get("modules", {})) if environment.side else ""


def time_complaint(makespan_s: float, window_s: float) -> str | None:
    """The worker's time against ours: no round takes longer than its question and answer did (N8)."""
    if makespan_s > window_s + CLOCK_S:
        return f"it says that the round took {makespan_s:.6f} s, our own clock had {window_s:.6f} s around it"
    return None


def pool_complaint(peak: int | None, stats: Mapping[str, Any]) -> str | None:
    """Connections that the server counted against ops in flight: an op that waits for one is in flight by name (N3).

    Where one carries several requests at once, as over HTTP/2, the server says how many with `streams`.
    """
    connections = stats.get("connections")
    if peak is None or connections is None or connections * stats.get("streams", 1) >= POOL * peak:
        return None
    return f"the server saw {connections} connection(s) where {peak} ops were in flight: its pool is too small for them"


def minority(digests: Mapping[int, str]) -> dict[int, str]:
    """Whose items are not those of the others, and a sentence for each (N12); empty where all agree.

    Where no digest is the most common, nobody is believed.
    """
    if len(set(digests.values())) < 2:
        return {}
    common = majority(digests.values())
    alike = sum(digest == common for digest in digests.values())
    others = f"those of {alike} of" if common else "one another's, with no majority among"
    reason = (
        f"unequal work: its items differ from {others} the {len(digests)} contestants; "
        "make_items must depend on nothing but the parameters and the seed"
    )
    return {index: reason for index, digest in digests.items() if digest != common}
