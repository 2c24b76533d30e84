"""The very course of a deciding run over recordings: it asks for processes, and gets those that are on file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, cast

import numpy as np

from docs.evidence.recordings import Recording, Served, plan_of
from when_async.bench.cli.run.claimed import CORE_PLACES
from when_async.bench.cli.run.course import Course
from when_async.bench.cli.run.deciding import CLOSING_S
from when_async.bench.machine.host import Host
from when_async.bench.model import Measurement
from when_async.bench.plan import BUDGET_S, Plan
from when_async.bench.walk.experiment import Experiment
from when_async.reports.deciding.evidence import Evidence
from when_async.reports.verdicts.claim import Behaviour, Side, Statement, Word, read
from when_async.reports.verdicts.judging import Verdict, verdict
from when_async.reports.verdicts.lookup import Lookup
from when_async.results.cells.rule import Rule
from when_async.results.stats.moderated import LOOKS

PROGRAMS_S = 6.5
"""What the programs of the claims took, which are run first."""
LAST_STAGE = "where claims turn"


class Replayed(Evidence):
    """Evidence that comes from a recording, its processes in an order of its own."""

    def __init__(self, of: Recording, order: Sequence[int]) -> None:
        self.of, self.order = of, order
        self.forks: dict[str, int] = {}
        self.left: dict[str, str] = {}

    def rounds(self, cell: str) -> list[float]:
        """Ops per second of each round of the first process."""
        key = (self.of.brief.run, cell)
        own = self.of.brief.scene.rounds.get(key)
        return [] if own is None else own.values["throughput"][own.forks == self.order[0]].tolist()

    def lookups(
        self, places: Collection[str], words: Iterable[Measurement], rules: Mapping[str, Rule]
    ) -> dict[str, Lookup]:
        return {python: Served(self.of, rule, self.order, self.forks, self.left) for python, rule in rules.items()}


@dataclass(frozen=True)
class Outcome:
    """How one replay went: claims decided, programs included, and the second at which nothing was open any more.

    `absent` counts claims that have no figure on this interpreter, `words` holds what was said of the others.
    `opposite` counts decided parts that lie on the other side of their bound by all processes and rounds of the
    recording, of `parts` that both decide.
    """

    decided: int
    absent: int
    seconds: float
    parts: int
    opposite: int
    words: Mapping[str, str]


def replay(of: Recording, plan: Plan, asked: Sequence[Statement], rule: Rule, order: Sequence[int]) -> Outcome:
    """One run of the budget of the default run."""
    seconds = PROGRAMS_S
    evidence = Replayed(of, order)
    told: list[Verdict] = []
    course = Course(
        plan, asked, evidence, CORE_PLACES, left_s=lambda: BUDGET_S - CLOSING_S - seconds, decided=told.append,
        note=lambda record: None, clock=lambda: seconds, rule=rule,
    )  # fmt: skip
    ended = None
    for step in course.order(Experiment(plan, cast(Host, None))):
        if isinstance(step, Measurement):
            evidence.left[step.cell] = step.reason
            continue
        if ended is None and course.stage.startswith(LAST_STAGE):
            ended = seconds
        fork, comparison = step
        cells = [one.cell.id for one in comparison.contestants if one.cell.id not in evidence.left]
        seconds += of.step_s(comparison.id, order[fork], cells)
        evidence.forks[comparison.id] = fork + 1
    words = {verdict.claim.name: str(verdict.word) for verdict in told if verdict.word is not Word.NOT_MEASURED}
    programs = sum(isinstance(one, Behaviour) for one in asked)
    parts, opposite = _against(course, of)
    return Outcome(programs + len(words), len(told) - len(words), ended or seconds, parts, opposite, words)


def _against(course: Course, of: Recording) -> tuple[int, int]:
    """How many parts both the run and the whole recording decide, and how many of them differently."""
    sides = (Side.INSIDE, Side.OUTSIDE)
    both = [
        (one.side, read(one.part, of.whole).side)
        for own in course.standings.readings.values()
        for one in own
        if one.side in sides
    ]
    both = [pair for pair in both if pair[1] in sides]
    return len(both), sum(first is not second for first, second in both)


def other_words(of: Recording, asked: Sequence[Statement], found: Outcome) -> int:
    """How many claims the whole recording decides in another word than the run did."""
    claims = [one for one in asked if one.name in found.words]
    whole = {one.name: verdict(one, of.whole, ()).word for one in claims}
    return sum(word is not Word.INCONCLUSIVE and str(word) != found.words[name] for name, word in whole.items())


def replays(
    known: Mapping[str, Recording], python: str, asked: Sequence[Statement], count: int, random: np.random.Generator
) -> list[Outcome]:
    """So many runs of one interpreter, whose own recording is left out of what they know of their spread."""
    others = [one.scatter for label, one in known.items() if label != python]
    keys = dict.fromkeys(key for one in others for key in one)
    spread = {key: fmean(one[key] for one in others if key in one) for key in keys}
    rule = Rule(sequential=True, spread=spread)
    plan = plan_of(known[python].environment, asked)
    return [replay(known[python], plan, asked, rule, random.permutation(LOOKS[-1]).tolist()) for _ in range(count)]


def summed(found: Sequence[Outcome], words: int) -> dict[str, Any]:
    """What the table shows of an interpreter; `words` counts claims that the whole recording decides otherwise."""
    decided = [one.decided for one in found]
    return {
        "replays": len(found), "decided": round(fmean(decided), 2), "least": min(decided),
        "absent": max(one.absent for one in found), "seconds": round(fmean(one.seconds for one in found), 1),
        "words": words, "parts": sum(one.parts for one in found),
        "opposite": sum(one.opposite for one in found),
    }  # fmt: skip
