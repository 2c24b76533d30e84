"""A run that stops when it has decided: what is measured next follows from what is known, and from the time left."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from when_async.reports.deciding.agenda import Open, next_place, outrun, to_go_s
from when_async.reports.deciding.contests import Contests
from when_async.reports.deciding.evidence import Evidence
from when_async.reports.deciding.standings import Standings, learned, only_limits, only_wide, races
from when_async.reports.verdicts.claim import Claim, Statement
from when_async.results.cells.rule import Rule, recorded_s
from when_async.results.stats.moderated import LOOKS

from ...model import Measurement, Status
from ...plan import Comparison, Plan
from ...walk.experiment import Experiment, Step

if TYPE_CHECKING:
    from when_async.reports.verdicts.judging import Verdict

CORE_FORKS = 3
"""How many processes the core comparisons have at least, so that what they show has an interval worth reading."""
UNKNOWN_S = 0.5
"""What a fork of a contestant takes of which nothing is recorded."""


def pairs(comparisons: Iterable[Comparison]) -> Iterator[tuple[tuple[str, str], tuple[str, list[str]]]]:
    """By comparison and interpreter the reference, and whom it is compared with."""
    for comparison in comparisons:
        cells = [each.cell for each in comparison.contestants]
        for reference in (cell for cell in cells if cell.reference):
            others = [cell.contestant for cell in cells if cell.python == reference.python and cell != reference]
            yield (comparison.id, reference.python), (reference.contestant, others)


class Course:
    """The walk of a deciding run; `order` is what the experiment asks for its next step.

    `left_s` says how many seconds of the budget are left, `decided` is told each verdict as it falls, `note` writes a
    record to the run file. `rule` is the one it begins with, before it has learned anything of its own spread.
    """

    def __init__(
        self,
        plan: Plan,
        asked: Sequence[Statement],
        evidence: Evidence,
        core: Collection[str],
        *,
        left_s: Callable[[], float],
        decided: Callable[[Verdict], None],
        note: Callable[[dict[str, Any]], None],
        clock: Callable[[], float] = time.monotonic,
        rule: Rule = Rule(sequential=True),  # noqa: B008
    ) -> None:
        self._claims = [claim for claim in asked if isinstance(claim, Claim)]
        self._once = only_limits(self._claims)
        self._evidence = evidence
        self._core = [one.id for one in plan.comparisons if one.id in core and one.contestants]
        self._comparisons = {one.id: one for one in plan.comparisons if one.contestants}
        self._wide = (self._once | only_wide(self._claims)) & self._comparisons.keys() - {*self._core}
        gils = {each.environment.label: each.environment.gil for one in plan.comparisons for each in one.contestants}
        self.standings = Standings(self._claims, gils)
        self.contests = Contests(dict(pairs(self._comparisons[one] for one in self._core)))
        self._rules = dict.fromkeys(gils, rule)
        self._left_s, self._decided, self._note, self._clock = left_s, decided, note, clock
        self._forks: dict[str, int] = {}
        self._cost_s: dict[str, float] = {}
        self._expected_s = {
            place: recorded_s().get(place, UNKNOWN_S * len(one.contestants)) * len(gils)
            for place, one in self._comparisons.items()
        }
        self._most = min(plan.settings.forks, LOOKS[-1])
        self.stage = ""
        """What the time that is left is for."""

    def order(self, experiment: Experiment) -> Iterator[Step | Measurement]:
        """Once, a second time, then what is open; then wide claims, a place at a time; then where claims turn."""
        self.stage = "everything once"
        for place in self._ranked(0):
            if self._fits(0, place):
                yield from self._step(0, place)
        self.stage = "everything a second time"
        for place in self._ranked(1):
            if self._most > 1 and self._forks.get(place) == 1 and self._fits(1, place):
                yield from self._step(1, place)
        self._learn(experiment)
        yield from self._passes(experiment, "what is open", lambda: [*self._own(), *self._narrow()])
        self.stage = "the map and the limits"
        for place in sorted(self._wide, key=self._takes_s):
            yield from self._twice(experiment, place)
        self._learn(experiment)
        yield from self._passes(experiment, "what is open", self.standings.questions)
        rest = "where claims turn, and who of the core is ahead" if self._claims else "who is ahead"
        yield from self._passes(experiment, rest, lambda: [*self.standings.boundaries(), *self.contests.questions()])
        self.stage = ""

    def _narrow(self) -> list[Open]:
        """The claims that are open, without the places that wide claims alone read."""
        found = [Open(one.name, one.places - self._wide) for one in self.standings.questions()]
        return [one for one in found if one.places]

    def _twice(self, experiment: Experiment, place: str) -> Iterator[Step | Measurement]:
        """Two forks of a place in turn, so that it has an interval; of a limit one, as long as it is asked for."""
        if place in self._once:
            if any(place in one.places for one in self.standings.questions()):
                yield from self._step(0, place)
        elif 2 * self._takes_s(place) <= self._left_s():
            yield from self._step(0, place)
            yield from self._step(1, place)
        self._judge(experiment, {place})

    def _ranked(self, done: int) -> list[str]:
        """The core, so that it is there first; then what the claims read that are cheapest to take beyond `done`."""
        costs = {place: self._takes_s(place) for place in self._comparisons}
        ranked = sorted(self._narrow(), key=lambda one: to_go_s(one, self._forks, costs, done))
        places = [*self._core]
        for question in ranked:
            places += sorted(question.places & self._comparisons.keys())
        return list(dict.fromkeys(places))

    def _fits(self, fork: int, place: str) -> bool:
        """Whether there is time to go on to a third fork of this place and of all that have this fork already.

        Most is decided by the third look, and what ends before it has cost time for nothing.
        """
        more = CORE_FORKS - fork
        begun_s = sum(self._takes_s(one) for one, forks in self._forks.items() if forks > fork)
        return (more - 1) * begun_s + more * self._takes_s(place) <= self._left_s()

    def _takes_s(self, place: str) -> float:
        """What one more fork of a comparison takes: what the last one took, or what is recorded of it, made ours."""
        known = self._cost_s.get(place)
        if known is not None:
            return known
        spent_s, expected_s = (sum(costs[one] for one in self._cost_s) for costs in (self._cost_s, self._expected_s))
        return self._expected_s[place] * (spent_s / expected_s if expected_s else 1.0)

    def _step(self, fork: int, place: str) -> Iterator[Step | Measurement]:
        """One fork of a comparison, unless it would end beyond the budget."""
        if self._takes_s(place) > self._left_s():
            return
        began = self._clock()
        yield fork, self._comparisons[place]
        self._forks[place] = fork + 1
        self._cost_s[place] = self._clock() - began
        if fork == 0:
            yield from self._leave(place)

    def _passes(
        self, experiment: Experiment, stage: str, questions: Callable[[], Sequence[Open]]
    ) -> Iterator[Step | Measurement]:
        self.stage = stage
        # What was begun comes to its third look before anything else is begun.
        for done in (*([CORE_FORKS - 1] if self._most >= CORE_FORKS else []), *range(self._most)):
            while True:
                costs = {place: self._takes_s(place) for place in self._comparisons}
                open_ = [Open(one.name, one.places & costs.keys()) for one in questions()]
                place = next_place(open_, self._forks, costs, done, self._left_s())
                if place is None:
                    break
                yield from self._step(done, place)
                self._judge(experiment, {place})

    def _own(self) -> list[Open]:
        """The core, as long as its intervals are not worth reading; what stands alone gets all that it may have."""
        least = min(CORE_FORKS, self._most)
        compared = bool(self._claims) or bool(self.contests.asked)
        wanted = dict.fromkeys(self._core, least if compared else self._most)
        return [Open(f" {one}", frozenset({one})) for one in self._core if self._forks.get(one, 0) < wanted[one]]

    def _leave(self, where: str) -> Iterator[Measurement]:
        """Contestants that could not be the best of their group, which is all that is asked of them."""
        for place, group, stay in races(self._claims):
            if place != where or place not in self._forks:
                continue
            cells = [each.cell for each in self._comparisons[place].contestants if each.cell.contestant in group]
            for python in {cell.python for cell in cells}:
                own = {cell.contestant: cell for cell in cells if cell.python == python}
                found = outrun({name: self._evidence.rounds(cell.id) for name, cell in own.items()})
                for name, share in found.items():
                    if name not in stay:
                        reason = f"could not be the best: its best round reached {share:.2f} of the best median"
                        yield Measurement(own[name].id, Status.LEFT, reason)

    def _learn(self, experiment: Experiment) -> None:
        """How far the recorded spread holds here, once and for the rest of the run; then look at all that is there."""
        unknown = [python for python, rule in self._rules.items() if rule.moderation is None]
        if not unknown:
            return
        places = self._forks.keys()
        proofs = self._proofs(experiment, places)
        for python in unknown:
            found = learned(self._claims, proofs[python])
            if found is not None:
                self._rules[python] = replace(self._rules[python], moderation=found)
                self._note({
                    "kind": "moderation", "python": python, "shift": found.shift, "freedom": found.freedom,
                    "parts": found.parts,
                })  # fmt: skip
        self._judge(experiment, places)

    def _judge(self, experiment: Experiment, places: Collection[str]) -> None:
        """Look again at what was measured there, and tell what it settles."""
        places = self._forks.keys() & places
        if places:
            proofs = self._proofs(experiment, self._forks.keys() & self.standings.beside(places))
            self.contests.update(proofs, places)
            for verdict in self.standings.update(proofs, places):
                self._decided(verdict)

    def _proofs(self, experiment: Experiment, places: Iterable[str]) -> Mapping[str, Any]:
        places = sorted(places)
        words = [word for place in places for word in experiment.conclusions(self._comparisons[place])]
        return self._evidence.lookups(places, words, self._rules)
