"""Walks the probes pass by pass: each pass asks fresh processes for every figure once, in an order of its own.

Interleaved like this a minute of disturbance spoils one process of every figure rather than all of one.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from ..processes.worker import ProcessFailed, ProcessTimedOut
from .pairs import pair
from .probes import Effort, Reading, Subject, readings
from .surroundings import Watch

ONE_CORE = "only one core may be used, where every pair shares it"
NO_PIN = "this system cannot bind a process to a core"


@dataclass(frozen=True)
class ProbeStep:
    """What is about to be measured in which pass, from 1, and how long all that is left will probably take."""

    number: int
    passes: int
    title: str
    left_s: float


@dataclass(frozen=True)
class Probe:
    """One thing to measure in each pass; `guess_s` is how long a pass of it takes until one was seen."""

    group: str
    title: str
    guess_s: float
    take: Callable[[int], list[Reading] | tuple[dict[str, Any], ...]]
    """Gets the number of the pass, from 0; gives readings, or pairs as a tuple."""


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


def probes(subject: Subject, effort: Effort) -> tuple[list[Probe], list[dict[str, str]]]:
    """The probes of each pass, and those that make no sense on this machine, with the reason."""

    def inside(name: str, title: str, guess_s: float) -> Probe:
        return Probe(name, title, 0.05 + guess_s * effort.share, lambda _: readings(subject, name, effort))

    def pairs(pinned: bool) -> Probe:
        title = "pairs pinned to one core" if pinned else "free pairs"

        def take(index: int) -> tuple[dict[str, Any], ...]:
            numbers = range(index * effort.pairs, (index + 1) * effort.pairs)
            return tuple(pair(subject, number, effort.pair_rounds, pinned=pinned) for number in numbers)

        return Probe("pairs", title, effort.pairs * (0.2 + 0.009 * effort.pair_rounds), take)

    chosen = [
        inside("clocks", "clocks", 0.1),
        inside("waits", "waits", 0.9),
        inside("cores", "speed of the cores", 0.1),
        pairs(pinned=False),
    ]
    reason = ONE_CORE if len(subject.host.cores) < 2 else "" if can_pin() else NO_PIN
    if reason:
        return chosen, [{"title": "pairs pinned to one core", "reason": reason}]
    return [*chosen, pairs(pinned=True)], []


def can_pin() -> bool:
    """Whether this system lets a process be bound to a core."""
    import os

    return hasattr(os, "sched_setaffinity")


class Forecast:
    """Seconds left: what each probe took in the median so far, or its guess."""

    def __init__(self, chosen: list[Probe], passes: int) -> None:
        self._seen: dict[str, list[float]] = {probe.title: [] for probe in chosen}
        self._guess = {probe.title: probe.guess_s for probe in chosen}
        self._left = {probe.title: passes for probe in chosen}

    def took(self, title: str, seconds: float) -> None:
        self._seen[title].append(seconds)
        self._left[title] -= 1

    def drop(self, title: str) -> None:
        """It failed and is not asked again."""
        self._left[title] = 0

    def left_s(self) -> float:
        return sum(left * (median(self._seen[title] or [self._guess[title]])) for title, left in self._left.items())


def walk(
    subject: Subject,
    effort: Effort,
    on_step: Callable[[ProbeStep], None] = lambda step: None,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    seed: int = 20260,
) -> Findings:
    """Measure everything; a probe that fails once is told and given up, and the others go on."""
    found = Findings()
    chosen, found.absent = probes(subject, effort)
    forecast = Forecast(chosen, effort.passes)
    on_step(ProbeStep(0, effort.passes, "the machine at rest", effort.idle_s + forecast.left_s()))
    idle = Watch(subject.host.noise, clock=clock)
    sleep(effort.idle_s)
    found.idle = idle.seen()
    busy = Watch(subject.host.noise, clock=clock)
    for number, probe in _order(chosen, effort.passes, seed):
        if any(failure["title"] == probe.title for failure in found.failures):
            continue
        on_step(ProbeStep(number, effort.passes, probe.title, forecast.left_s()))
        start = clock()
        try:
            _take(found, probe, number - 1)
        except (ProcessFailed, ProcessTimedOut) as error:
            found.failures.append({"title": probe.title, "reason": str(error)})
            forecast.drop(probe.title)
        else:
            forecast.took(probe.title, clock() - start)
    found.busy = busy.seen()
    return found


def _order(chosen: list[Probe], passes: int, seed: int) -> Iterator[tuple[int, Probe]]:
    """Every probe once a pass, shuffled; passes count from 1."""
    draw = random.Random(seed)
    for number in range(1, passes + 1):
        yield from ((number, probe) for probe in draw.sample(chosen, len(chosen)))


def _take(found: Findings, probe: Probe, index: int) -> None:
    taken = probe.take(index)
    if isinstance(taken, tuple):
        found.pairs += taken
        return
    for reading in taken:
        found.keep(probe.group, reading)
