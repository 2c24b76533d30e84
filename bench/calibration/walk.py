"""Walks the probes pass by pass: each pass asks fresh processes for every figure once, in an order of its own.

Interleaved like this a minute of disturbance spoils one process of every figure rather than all of one.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from ..machine.noise import Mark, Noise
from ..processes.worker import ProcessFailed, ProcessTimedOut
from .costs import PLACES, trials
from .pairs import pair
from .probes import Reading, Subject

PASSES = 6
"""Fresh processes per figure, as few as a rank interval takes: some 25 s on two cores."""
PAIRS = 2
"""Pairs of each kind in a pass."""
IDLE_S = 1.0
"""How long the machine is watched at rest."""
GUESS_S = 25.0
"""How long all passes take, until one was seen."""
SEED = 20260

INSIDE = {"clocks": "clocks", "waits": "waits", "speed of the cores": "cores"}
"""Probes by their titles that are answered by a process."""
COSTS = {f"what {name} costs": name for name in PLACES}
"""The same for what a runner costs."""
FREE, PINNED = "free pairs", "pairs pinned to one core"

ONE_CORE = "only one core may be used, where every pair shares it"
NO_PIN = "this system cannot bind a process to a core"

OnStep = Callable[[int, str, float], None]
"""Gets the pass from 1 (0 is the machine at rest), what is about to be measured, and seconds that are probably left."""


@dataclass
class Findings:
    """What came of the probes, fit for the file; `failures` are probes that were given up, each with its reason."""

    quantities: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    pairs: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)
    absent: list[dict[str, str]] = field(default_factory=list)
    idle: dict[str, float] = field(default_factory=dict)
    busy: dict[str, float] = field(default_factory=dict)

    def keep(self, group: str, reading: Reading) -> None:
        """Add one process' value to its quantity, or the reason why there is none."""
        quantity = self.quantities.setdefault(
            (group, reading["row"], reading["column"]),
            {"group": group, **{name: reading[name] for name in ("row", "column", "unit", "scale")},
             "values": [], "reason": "", "absent": False},
        )  # fmt: skip
        if reading["value"] is not None:
            quantity["values"].append(float(reading["value"]))
        else:
            quantity["reason"] = reading["reason"]
            quantity["absent"] = bool(reading.get("absent"))


def walk(
    subject: Subject,
    on_step: OnStep = lambda number, title, left_s: None,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Findings:
    """Measure everything; a probe that fails once is told and given up, and the others go on."""
    found, noise = Findings(), subject.host.noise
    titles = [*INSIDE, *COSTS, FREE]
    if reason := unpinned(subject.host.cores):
        found.absent.append({"title": PINNED, "reason": reason})
    else:
        titles.append(PINNED)
    on_step(0, "the machine at rest", IDLE_S + GUESS_S)
    mark, start = noise.mark(), clock()
    sleep(IDLE_S)
    found.idle = seen(noise, mark, clock() - start)
    mark, start = noise.mark(), clock()
    draw = random.Random(SEED)
    for number in range(1, PASSES + 1):
        for title in draw.sample(titles, len(titles)):
            on_step(number, title, left_s(number - 1, clock() - start))
            try:
                take(found, subject, title, number - 1)
            except (ProcessFailed, ProcessTimedOut) as error:
                found.failures.append({"title": title, "reason": str(error)})
                titles.remove(title)
    found.busy = seen(noise, mark, clock() - start)
    return found


def unpinned(cores: Collection[int]) -> str:
    """Why nothing is pinned on this machine, or nothing."""
    if len(cores) < 2:
        return ONE_CORE
    return "" if hasattr(os, "sched_setaffinity") else NO_PIN


def seen(noise: Noise, mark: Mark, window_s: float) -> dict[str, float]:
    """What disturbed the machine since the mark, in seconds, and `window_s`; what is not told is absent."""
    return {name: value for name, value in noise.since(mark).items() if name != "load1"} | {"window_s": window_s}


def left_s(passes: int, gone_s: float) -> float:
    """Seconds left after so many whole passes."""
    return gone_s / passes * (PASSES - passes) if passes else GUESS_S


def take(found: Findings, subject: Subject, title: str, index: int) -> None:
    """Measure one thing in a pass, from 0; raises ProcessFailed or ProcessTimedOut."""
    if title in INSIDE:
        for reading in subject.readings(INSIDE[title]):
            found.keep(INSIDE[title], reading)
    elif title in COSTS:
        for reading in subject.readings("costs", trials(COSTS[title])):
            found.keep("models", reading)
    else:
        numbers = range(index * PAIRS, (index + 1) * PAIRS)
        found.pairs += [pair(subject, number, pinned=title == PINNED) for number in numbers]
