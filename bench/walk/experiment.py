"""Walks a plan: keeps the contestants of a comparison alive together, asks them for rounds, yields what comes.

Nothing is written here. Whoever iterates gets each Sample the moment it exists, so that a crash of the parent
loses at most the round in flight; closing the iterator kills and buries everything that was started.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from ..machine.host import Host
from ..model import ADDRESS, Measurement, Phase, Sample, Status, Trial
from ..plan import Block, Comparison, Plan, blocks, walk
from ..processes.service import ServiceAbsent, ServiceFailed
from .advice import History, advise, seen_in
from .checks import majority
from .members import LostWorker
from .workers import WorkerGroup


@dataclass(frozen=True)
class ServiceRecord:
    """What is known of a helper process in one fork: who it is and what it can take."""

    comparison: str
    fork: int
    name: str
    capacity_per_s: float | None
    facts: Mapping[str, Any]


Event = Sample | Trial | Measurement | ServiceRecord
Step = tuple[int, Comparison]
"""A fork of a comparison."""
Order = Callable[["Experiment"], Iterable[Step | Measurement]]
"""What is measured next, and which cells are not measured any more; it is asked again after each fork."""


@dataclass
class Done:
    """What an interrupted run already has; empty for a new one. `attempt` counts the interruptions."""

    samples: set[tuple[str, int, str, int]] = field(default_factory=set)
    digests: dict[str, str] = field(default_factory=dict)
    result_types: dict[str, str] = field(default_factory=dict)
    histories: dict[str, History] = field(default_factory=dict)
    seen: dict[str, list[str]] = field(default_factory=dict)
    """By cell what its trials said that a reader of the row has to know."""
    decided: dict[str, Status] = field(default_factory=dict)
    capacities: dict[str, float | None] = field(default_factory=dict)
    attempt: int = 0

    def keep(self, sample: Sample) -> str | None:
        """Note a sample; returns a complaint if its results differ from the cell's earlier ones (method.md, T20)."""
        first = self.digests.setdefault(sample.cell, sample.digest)
        if sample.digest != first:
            return f"round {sample.round} of fork {sample.fork} gave other results than the first round"
        self.samples.add(sample.key)
        self.histories.setdefault(sample.cell, History()).keep(sample)
        return None

    def hear(self, cell: str, facts: Mapping[str, Any]) -> list[str]:
        """Note what a trial says of itself; returns what no trial of any cell has said before."""
        known = {words for said in self.seen.values() for words in said}
        mine = self.seen.setdefault(cell, [])
        mine += [words for words in seen_in(facts) if words not in mine]
        return [words for words in mine if words not in known]


@dataclass(frozen=True)
class RoundStep:
    """Told before each round, for whoever shows progress."""

    cell: str
    fork: int
    phase: Phase
    round: int


class Experiment:
    """One walk over a plan; `events()` is the walk."""

    def __init__(
        self,
        plan: Plan,
        host: Host,
        done: Done | None = None,
        on_step: Callable[[RoundStep], None] = lambda step: None,
        order: Order | None = None,
    ) -> None:
        """`order` is by default that of the plan."""
        self.plan = plan
        self.host = host
        self.done = done or Done()
        self.on_step = on_step
        self.news: list[str] = []
        """What trials said of themselves for the first time; whoever walks may take it away."""
        self._order: Order = order or (lambda _: walk(plan))

    def events(self) -> Generator[Event, None, None]:
        """Samples, trials and service records as they happen, and one Measurement for every cell."""
        for comparison in self.plan.comparisons:
            for cell, reason in comparison.refused:
                if cell.id not in self.done.decided:
                    yield self._decide(Measurement(cell.id, Status.UNSUPPORTED, reason))
        for step in self._order(self):
            if isinstance(step, Measurement):
                if step.cell not in self.done.decided:
                    yield self._decide(step)
            else:
                yield from self._fork(*step)
        for comparison in self.plan.comparisons:
            for measurement in self.conclusions(comparison):
                yield self._decide(measurement)

    def conclusions(self, comparison: Comparison) -> Iterator[Measurement]:
        """What is to be said of undecided cells that were measured, if nothing more comes.

        Each is OK, unless its results are not those of the other contestants (method.md, R7).
        """
        known = {each.cell.id: each.cell for each in comparison.contestants}
        cells = [cell for cell in known if cell in self.done.digests]
        open_ = [cell for cell in cells if cell not in self.done.decided]
        # Those that were found OK before an interruption still count, or a resumed run would judge otherwise.
        equal = [cell for cell in cells if self.done.decided.get(cell, Status.OK) in (Status.OK, Status.LEFT)]
        digests = Counter(self.done.digests[cell] for cell in equal)
        common = majority(digests.elements())
        for cell in open_:
            if self.done.digests[cell] == common:
                advice = advise(
                    known[cell], self.done.histories[cell], len(self.host.cores), self.done.seen.get(cell, ())
                )
                yield Measurement(cell, Status.OK, advice=advice)
            else:
                believed = f"those of {digests[common]} of" if common else "one another's, with no majority among"
                reason = f"unequal work: its results differ from {believed} the {len(equal)} contestants"
                peers = [other for other in equal if common in (None, self.done.digests[other])]
                reason += self._other_type(cell, peers)
                yield Measurement(cell, Status.FAILED, reason)

    def _other_type(self, cell: str, peers: list[str]) -> str:
        """In which type the results of a cell differ from those of its peers, where they do (method.md, N10)."""
        types = self.done.result_types
        mine, theirs = types.get(cell), {types[peer] for peer in peers if peer != cell and peer in types}
        if mine is None or theirs <= {mine}:
            return ""
        return f" (they are of type {mine}, the others of type {' or '.join(sorted(theirs))})"

    def _decide(self, measurement: Measurement) -> Measurement:
        measurement = replace(measurement, reason=ADDRESS.sub("", measurement.reason))
        self.done.decided[measurement.cell] = measurement.status
        return measurement

    def _missing(self, comparison: Comparison, fork: int) -> set[int]:
        """Indices of the contestants that still owe a measured round of this fork."""
        return {
            index
            for index, contestant in enumerate(comparison.contestants)
            if contestant.cell.id not in self.done.decided
            and any(
                (contestant.cell.id, fork, str(Phase.MEASURE), round_) not in self.done.samples
                for round_ in range(comparison.rounds or self.plan.settings.rounds)
            )
        }

    def _fork(self, fork: int, comparison: Comparison) -> Iterator[Event]:
        missing = self._missing(comparison, fork)
        if not missing:
            return
        with ExitStack() as stack:
            group = WorkerGroup(self.host, self.plan.settings, comparison, fork, self.done.attempt)
            stack.callback(group.kill)
            try:
                capacity = group.start_service(self.done.capacities)
            except ServiceFailed as error:
                status = Status.UNSUPPORTED if isinstance(error, ServiceAbsent) else Status.FAILED
                for index in sorted(missing):
                    yield self._decide(Measurement(comparison.contestants[index].cell.id, status, str(error)))
                return
            if comparison.workload.service is not None:
                name = comparison.workload.service.name
                yield ServiceRecord(comparison.id, fork, name, capacity, group.service_facts)
            yield from self._lose(group.launch(missing))
            yield from self._lose(group.open())
            for block in blocks(self.plan.settings, comparison, fork):
                yield from self._block(group, block)
            for trial, lost in group.close():
                if "result_type" in trial.facts:
                    self.done.result_types[trial.cell] = str(trial.facts["result_type"])
                self.news += [f"{trial.cell}: {words}" for words in self.done.hear(trial.cell, trial.facts)]
                yield trial
                yield from self._lose(lost)

    def _lose(self, lost: list[LostWorker]) -> Iterator[Measurement]:
        for loss in lost:
            yield self._decide(Measurement(loss.cell, loss.status, loss.reason))

    def _block(self, group: WorkerGroup, block: Block) -> Iterator[Event]:
        for position, index in enumerate(block.order):
            cell = group.comparison.contestants[index].cell.id
            key = (cell, group.fork, str(block.phase), block.round)
            if not group.has(index) or (block.phase is Phase.MEASURE and key in self.done.samples):
                continue
            self.on_step(RoundStep(cell, group.fork, block.phase, block.round))
            sample, lost = group.round(index, block, position)
            if sample is not None:
                complaint = self.done.keep(sample)
                if complaint:
                    lost += group.dismiss(index, complaint)
                else:
                    yield sample
            yield from self._lose(lost)
