"""Walks the runners: a ladder for each, then in pass after pass what one more in flight costs in time and memory.

Every value is of one fresh process. In each pass each figure of each runner gets one, in an order of its own, so that
a minute of disturbance spoils one process of every figure rather than all of one.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from ..processes.worker import ProcessFailed, ProcessTimedOut
from .contestants import SERIAL, Contestant, Stand
from .ladder import Ladder, Reach, Stop, climb, hold_for, number
from .means import explained, free_bytes
from .probes import Reading
from .rung import Held, hold
from .toll import toll
from .walk import Forecast, Probe, Step

ONE, MANY = 1, 1000
FEW, MOST = 10, 10_000
"""Memory is read at the first and at the largest rung up to this, which has to be quick enough."""
LADDER, PASS = "how many in flight", "start-up, empty op, memory"
NO_MEMORY = "this system does not tell how much memory a process shares with others"


@dataclass(frozen=True)
class CostEffort:
    """How much is measured: passes are fresh processes per figure, `top` and `budget_s` are of one ladder.

    A process of empty ops has at most `rounds` rounds in `rounds_s`; memory is read at a rung of at most `rung_s`.
    """

    passes: int
    rounds: int
    rounds_s: float
    rung_s: float
    top: int
    budget_s: float
    ladder_guess_s: float


FULL = CostEffort(passes=8, rounds=7, rounds_s=2.0, rung_s=5.0, top=1_000_000, budget_s=600.0, ladder_guess_s=70.0)
QUICK = CostEffort(passes=6, rounds=3, rounds_s=0.5, rung_s=2.5, top=10_000, budget_s=20.0, ladder_guess_s=8.0)
"""Six is the least number of processes for which a rank interval exists."""

Place = tuple[str, str, int]
"""Runner, figure (`launch`, `startup`, `op`, `memory`) and how many were in flight."""


@dataclass
class CostFindings:
    """What came of the walk so far, fit to be kept at any moment."""

    ladders: dict[str, Ladder] = field(default_factory=dict)
    values: dict[Place, list[float]] = field(default_factory=dict)
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)
    """(runner, `one`, `many` or `memory`) -> why there is none."""
    failures: list[dict[str, str]] = field(default_factory=list)
    interrupted: bool = False

    def keep(self, runner: str, figure: str, in_flight: int, value: float) -> None:
        """Add the value of one process."""
        self.values.setdefault((runner, figure, in_flight), []).append(value)


@dataclass(frozen=True)
class Task:
    """One measurement that each pass makes once."""

    probe: Probe
    runner: str
    what: str
    """`one`, `many` or `memory`."""


def walk_costs(
    stand: Stand,
    able: Sequence[Contestant],
    effort: CostEffort,
    found: CostFindings,
    on_step: Callable[[Step], None] = lambda step: None,
    *,
    free: Callable[[], int | None] = free_bytes,
    clock: Callable[[], float] = time.monotonic,
    seed: int = 20260,
) -> None:
    """Measure into `found`, which holds what was measured also when this is interrupted.

    A runner that fails is told and costs the others nothing.
    """
    climb_all(stand, able, effort, found, on_step, free, clock, seed)
    tasks = [task for one in able for task in tasks_of(stand, one, found, effort)]
    forecast = Forecast([task.probe for task in tasks], effort.passes)
    draw = random.Random(seed)
    for index in range(effort.passes):
        for task in draw.sample(tasks, len(tasks)):
            if any(failure["title"] == task.probe.title for failure in found.failures):
                continue
            on_step(Step(index + 1, effort.passes, task.probe.title, forecast.left_s(), PASS))
            start = clock()
            try:
                task.probe.take(index)
            except (ProcessFailed, ProcessTimedOut) as error:
                reason = explained(str(error))
                found.failures.append({"title": task.probe.title, "reason": reason})
                found.reasons[task.runner, task.what] = reason
                forecast.drop(task.probe.title)
            else:
                forecast.took(task.probe.title, clock() - start)


def climb_all(
    stand: Stand,
    able: Sequence[Contestant],
    effort: CostEffort,
    found: CostFindings,
    on_step: Callable[[Step], None],
    free: Callable[[], int | None],
    clock: Callable[[], float],
    seed: int,
) -> None:
    """A ladder for each runner that can have more than one op in flight."""
    climbers = [one for one in able if not one.runner.serial]
    probes = [Probe(LADDER, one.name, effort.ladder_guess_s, never) for one in climbers]
    forecast, guess = Forecast(probes, 1), _pass_guess_s(effort)
    order = random.Random(f"{seed}/ladders").sample(climbers, len(climbers))
    for index, one in enumerate(order):
        left_s = forecast.left_s() + guess * len(able)

        def tell(in_flight: int, one: Contestant = one, index: int = index, left_s: float = left_s) -> None:
            title = f"{one.name} {number(in_flight)} in flight"
            on_step(Step(index + 1, len(order), title, left_s, f"{LADDER}: {one.name}"))

        start = clock()
        found.ladders[one.name] = climb(
            partial(hold, stand, one, prove=True, clock=clock),
            Reach(effort.top, effort.budget_s, one.most, free),
            tell,
            clock,
        )
        forecast.took(one.name, clock() - start)


def _pass_guess_s(effort: CostEffort) -> float:
    return effort.passes * (2 * (0.4 + effort.rounds_s / 2) + 2 * 1.2)


def never(index: int) -> list[Reading]:
    """Stands in a forecast for what is measured elsewhere."""
    raise AssertionError(f"pass {index} asked for a ladder")


def tasks_of(stand: Stand, one: Contestant, found: CostFindings, effort: CostEffort) -> Iterator[Task]:
    """What each pass measures of a runner, given the rungs that it reached; notes why something is left out."""
    guess_s = 0.4 + effort.rounds_s / 2
    yield _toll_task(stand, one, ONE, found, effort, guess_s)
    if one.runner.serial:
        found.reasons[one.name, "many"] = found.reasons[one.name, "memory"] = SERIAL
        return
    ladder = found.ladders[one.name]
    many = min(MANY, ladder.reached)
    if many <= ONE:
        found.reasons[one.name, "many"] = found.reasons[one.name, "memory"] = ladder.stop.reason
        return
    yield _toll_task(stand, one, many, found, effort, guess_s)
    rungs = memory_rungs(ladder, effort.rung_s)
    if rungs is None:
        found.reasons[one.name, "memory"] = (
            NO_MEMORY if ladder.rungs[0].peak_bytes is None else f"it takes two rungs, {ladder.stop.reason}"
        )
        return
    yield _memory_task(stand, one, rungs, found)


def memory_rungs(ladder: Ladder, rung_s: float) -> tuple[Held, Held] | None:
    """The rungs between which memory is compared: the first, and the largest that is quick enough; None without two."""
    known = [rung for rung in ladder.rungs if rung.peak_bytes is not None]
    if len(known) < 2:
        return None
    fitting = [rung for rung in known[1:] if rung.in_flight <= MOST and rung.seconds <= rung_s]
    # Where even the second is slow, slow is what this runner is.
    return known[0], (fitting or known[1:2])[-1]


def _toll_task(
    stand: Stand, one: Contestant, in_flight: int, found: CostFindings, effort: CostEffort, guess_s: float
) -> Task:
    def take(index: int) -> list[Reading]:
        cores = stand.host.cores
        pinned = [cores[index % len(cores)]] if len(cores) > 1 else []
        done = toll(stand, one, in_flight, rounds=effort.rounds, rounds_s=effort.rounds_s, cores=pinned)
        if in_flight == ONE:
            found.keep(one.name, "launch", in_flight, done.launch_s)
        found.keep(one.name, "startup", in_flight, done.startup_s)
        found.keep(one.name, "op", in_flight, done.op_s)
        return []

    title = f"{one.name}: start-up and empty op, {number(in_flight)} in flight"
    return Task(Probe(PASS, title, guess_s, take), one.name, "one" if in_flight == ONE else "many")


def _memory_task(stand: Stand, one: Contestant, rungs: tuple[Held, Held], found: CostFindings) -> Task:
    """The slope between two fresh processes, one after the other, so that each pass gives one value."""
    few, many = rungs

    def take(index: int) -> list[Reading]:
        sizes = []
        for rung in rungs if index % 2 == 0 else reversed(rungs):
            hold_s, timeout_s = hold_for([rung], rung.in_flight), 60 + 10 * rung.seconds
            done = hold(stand, one, rung.in_flight, prove=False, hold_s=hold_s, timeout_s=timeout_s)
            sizes.append((rung.in_flight, done.open_bytes))
        (fewer, less), (more, much) = sorted(sizes)
        if less is None or much is None:
            raise ProcessFailed(NO_MEMORY)
        found.keep(one.name, "memory", more, (much - less) / (more - fewer))
        return []

    title = f"{one.name}: memory of one more in flight"
    return Task(Probe(PASS, title, few.seconds + many.seconds, take), one.name, "memory")


def interrupted(found: CostFindings, able: Sequence[Contestant]) -> None:
    """Mark what was not reached any more."""
    found.interrupted = True
    for one in able:
        if not one.runner.serial:
            found.ladders.setdefault(one.name, Ladder((), Stop("interrupted", "interrupted before it was measured")))
