"""What will be measured, in which order: selection x profile x forks as seeded, interleaved blocks."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from .environments.provision import Missing
from .model import Cell, Environment, Phase, Point, Runner, Workload
from .model.checks import answer, line, refuse, whole
from .quantity import check_point, comparison_id
from .registry import Found, bodies_for, refusal

SERIAL_LIMIT_S = 0.6
"""A round that takes longer than this one op after another is not asked of `sync`: what it would show is arithmetic."""

REFERENCE_ORDER = ("sync", "threading", "asyncio")
"""The first of these that can do the work is what the others are compared with."""


@dataclass(frozen=True)
class Settings:
    """How often and how carefully: forks x rounds, seed, pinning, and when to give up on a round."""

    profile: str
    forks: int
    warmups: int
    rounds: int
    seed: int = 20260
    pin: bool = True
    timeout_s: float = 60.0
    sweep: bool = True
    """Whether garbage is collected before and after each round; many short rounds in a row do without."""
    budget_s: float | None = None
    """How long a run may take that stops when it has decided; None where it measures all that was asked for."""


PROFILES = {
    "smoke": Settings("smoke", forks=1, warmups=1, rounds=2),
    "quick": Settings("quick", forks=3, warmups=1, rounds=5),
    "full": Settings("full", forks=9, warmups=1, rounds=3),
}

DECIDE = "decide"
BUDGET_S = 300.0
VERDICTS = {
    # From six processes on, an interval needs no normal errors (results/stats/estimate.py).
    "claims": Settings("claims", forks=6, warmups=1, rounds=4),
    # What can be decided is decided by the second or third process, whatever the number of their rounds, and more
    # rounds cost time that further processes need (docs/method.md).
    DECIDE: Settings(DECIDE, forks=6, warmups=1, rounds=2, budget_s=BUDGET_S),
}
"""For verdicts on claims: each cell that they read in six processes, or as many as it takes to decide."""


@dataclass(frozen=True)
class Contestant:
    """A cell with all that is needed to start its worker."""

    cell: Cell
    workload: Found[Workload]
    runner: Found[Runner]
    environment: Environment
    extra_loops: int | None = None
    """Extra work in each op, by which a gate shows itself a slow-down of known size."""


@dataclass(frozen=True)
class Comparison:
    """Contestants that do equal work, alive together and measured round by round; `refused` gives the holes."""

    id: str
    workload: Workload
    point: Point
    contestants: tuple[Contestant, ...]
    refused: tuple[tuple[Cell, str], ...]
    rounds: int | None = None
    """Measured rounds of a process where they are not those of the settings."""


@dataclass(frozen=True)
class Block:
    """One pass over the contestants of a comparison, in the order of this block."""

    phase: Phase
    round: int
    order: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    settings: Settings
    comparisons: tuple[Comparison, ...]

    @property
    def cells(self) -> list[Cell]:
        """Every cell that was asked for, the refused ones included."""
        return [
            cell
            for comparison in self.comparisons
            for cell in (
                *(contestant.cell for contestant in comparison.contestants),
                *(cell for cell, _ in comparison.refused),
            )
        ]


def build(
    points: Iterable[tuple[Found[Workload], Point]],
    runners: Mapping[str, Found[Runner]],
    environments: Sequence[Environment | Missing],
    settings: Settings,
    only: Mapping[str, Sequence[str]] | None = None,
) -> Plan:
    """Cross the points of the workloads with runners and environments; whoever cannot take part gets a reason.

    `only` leaves a comparison, by its id, to some contestants (`asyncio`, `asyncio/aiohttp`).
    """
    comparisons = [_comparison(found, point, runners, environments, only or {}) for found, point in points]
    return Plan(settings, tuple(comparisons))


def _comparison(
    found: Found[Workload],
    point: Point,
    runners: Mapping[str, Found[Runner]],
    environments: Sequence[Environment | Missing],
    only: Mapping[str, Sequence[str]],
) -> Comparison:
    workload = found.value
    check_point(workload, point)
    names = only.get(comparison_id(workload, point))
    contestants: list[Contestant] = []
    refused: list[tuple[Cell, str]] = []
    for environment in environments:
        able: list[Contestant] = []
        for runner in runners.values():
            keys = bodies_for(workload, runner.value) or (None,)
            for key in keys:
                if names is None and len(keys) > 1 and _refused(workload, point, key):
                    continue  # Nobody asked for just this body, and the runner has others there.
                cell = _cell(workload, point, runner.value, key, environment.label)
                if names is not None and not _takes_part(cell, names):
                    continue
                reason = _reason(workload, point, runner.value, key, environment)
                if reason:
                    refused.append((cell, reason))
                elif isinstance(environment, Environment):
                    able.append(Contestant(cell, found, runner, environment))
        contestants += _with_reference(able)
    return Comparison(comparison_id(workload, point), workload, point, tuple(contestants), tuple(refused))


def _takes_part(cell: Cell, names: Sequence[str]) -> bool:
    """Whether a cell is one of those that are named; a runner without a body stands for all its libraries."""
    if cell.body_key:
        return cell.contestant in names
    return any(name.partition("/")[0] == cell.runner for name in names)


def _cell(workload: Workload, point: Point, runner: Runner, key: str | None, python: str) -> Cell:
    return Cell(
        workload=workload.name,
        params=dict(point.params),
        concurrency=point.concurrency,
        runner=runner.name,
        library=(key or "").partition("/")[2],
        python=python,
        comparison=comparison_id(workload, point),
        face=(key or "").partition("/")[2] in workload.faces,
        body_key=key or "",
        family=runner.family,
        one_core=runner.one_core and (key or "").partition("/")[2] not in workload.threaded,
    )


def _reason(
    workload: Workload, point: Point, runner: Runner, key: str | None, environment: Environment | Missing
) -> str | None:
    if isinstance(environment, Missing):
        return environment.reason
    refused = refusal(workload, runner, key, environment) or _refused(workload, point, key)
    return refused or _beyond(workload, point, runner)


def _refused(workload: Workload, point: Point, key: str | None) -> str | None:
    """Why the workload itself gives this body no part here, or None; raises FieldError."""
    if workload.refuses is None or key is None:
        return None
    field = f"refuses of {workload.name}"
    said = answer(field, "a reason or None", workload.refuses, point.params, key)
    if said is not None:
        line(f"the reason that {field} returns", said)
    return said or None


def _beyond(workload: Workload, point: Point, runner: Runner) -> str | None:
    """Why this point is more than the runner can take on this machine, or None."""
    if runner.serial and workload.ideal_s is not None:
        serial_s = workload.ideal_s(point.params, 1)
        if serial_s > SERIAL_LIMIT_S:
            return f"one op after another this would take {serial_s:g} s a round; another runner is the reference here"
    if runner.limit is not None:
        most, reason = _limit(runner, runner.limit)
        if point.concurrency > most:
            return f"{point.concurrency} in flight is more than the {most} that {runner.name} can have here: {reason}"
    return None


def _limit(runner: Runner, limit: Callable[[], tuple[int, str]]) -> tuple[int, str]:
    """The most that a runner may have in flight here, and why; raises FieldError."""
    field, right = f"limit of {runner.name}", "a whole number and the reason"
    said = answer(field, right, limit)
    if not isinstance(said, tuple) or len(said) != 2:
        raise refuse(f"what {field} returns", right, said)
    whole(f"the number that {field} returns", said[0], 0, sys.maxsize)
    line(f"the reason that {field} returns", said[1])
    return said


def _with_reference(able: list[Contestant]) -> list[Contestant]:
    names = [contestant.cell.runner for contestant in able]
    chosen = next((names.index(name) for name in REFERENCE_ORDER if name in names), 0)
    return [
        replace(contestant, cell=replace(contestant.cell, reference=True)) if index == chosen else contestant
        for index, contestant in enumerate(able)
    ]


def blocks(settings: Settings, comparison: Comparison, fork: int) -> list[Block]:
    """The blocks of one fork; the same seed gives the same order on every machine (method.md, T18)."""
    phases = [(Phase.WARMUP, round_) for round_ in range(settings.warmups)]
    phases += [(Phase.MEASURE, round_) for round_ in range(comparison.rounds or settings.rounds)]
    result = []
    for phase, round_ in phases:
        result.append(Block(phase, round_, _order(settings, comparison, fork, phase, round_)))
    return result


def _order(settings: Settings, comparison: Comparison, fork: int, phase: Phase, round_: int) -> tuple[int, ...]:
    """Two contestants go ABBA or BAAB, which cancels a steady drift; more are shuffled (method.md, R6)."""
    if len(comparison.contestants) == 2:
        starts_with_b = random.Random(f"{settings.seed}/{comparison.id}/{fork}/{phase}").random() < 0.5
        swapped = ((round_ + 1) // 2 % 2 == 1) != starts_with_b
        return (1, 0) if swapped else (0, 1)
    order = list(range(len(comparison.contestants)))
    random.Random(f"{settings.seed}/{comparison.id}/{fork}/{phase}/{round_}").shuffle(order)
    return tuple(order)


def walk(plan: Plan) -> list[tuple[int, Comparison]]:
    """Forks outermost, comparisons shuffled inside: slow drift of the machine spreads over all of them."""
    order = []
    for fork in range(plan.settings.forks):
        comparisons = [comparison for comparison in plan.comparisons if comparison.contestants]
        random.Random(f"{plan.settings.seed}/{fork}").shuffle(comparisons)
        order += [(fork, comparison) for comparison in comparisons]
    return order
