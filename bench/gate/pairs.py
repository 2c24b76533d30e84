"""Takes pairs: base and head as two fresh live processes that alternate round by round on the same cores.

This is the design that cut the spread of a ratio from 14-25 % to 2-3 % on a shared virtual machine (method.md, R6a).
Short rounds follow one another without a collection of garbage in between, so that neighbours are
neighbours in time; what finalisers have to say is heard when the pair closes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

from ..homes import WRONG
from ..machine.host import Host
from ..model import FailedError, Pair, Phase, Sample, Service, Status
from ..plan import Block, Comparison, Contestant, Settings
from ..processes.service import RunningService
from ..walk.cores import roles
from ..walk.latency import percentile_s
from ..walk.members import LostWorker
from ..walk.workers import WorkerGroup

WARMUPS = 3
ROUNDS = 40
LEAST_ROUNDS = 10
PAIR_S = 0.5
"""Timed seconds that a pair may take: longer rounds get fewer of them, down to LEAST_ROUNDS."""
PAIR_OF_MANY_S = 1.0
"""The same for contestants on several cores, whose rounds scatter five times as much from one to the next."""

LOOKS = 2
"""Rounds of a look."""
TICK_S = 1e-9
"""The least that a round is taken for, where a coarse clock reads 0."""

PAIR_SETTINGS = Settings("pair", forks=1, warmups=WARMUPS, rounds=ROUNDS, sweep=False)


class PairFailed(FailedError):
    """One side could not do its work; the text says which and why."""

    def __init__(self, side: str, status: Status, reason: str) -> None:
        super().__init__(f"{side}: {reason}")
        self.side = side
        self.status = status
        self.reason = reason


class WrongCode(FailedError):
    """A side ran code that is not its own; the text names side, module and file, and the cure. Ends the gate."""


@dataclass(frozen=True)
class PairedCell:
    """What a pair is taken of: the same cell in base and in head; `cell` is its id without an environment."""

    cell: str
    comparison: Comparison
    base: Contestant
    head: Contestant

    @property
    def service(self) -> Service | None:
        return self.comparison.workload.service


@dataclass(frozen=True)
class Looked:
    """What was seen of each side by its label: the project's modules with their files, or why it failed.

    `cores` is how many a round kept busy, 0.0 where none came to its end.
    """

    modules: dict[str, Mapping[str, str]]
    failed: dict[str, str]
    cores: dict[str, float] = field(default_factory=dict)


class Services:
    """Helper processes that outlive a pair, one for each role of the cores; a dead one is started anew."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.running: dict[tuple[str, tuple[int, ...]], RunningService] = {}

    def lend(self, service: Service, cores: list[int] | None) -> RunningService:
        """The helper that is bound to `cores`; raises ServiceFailed where it does not start."""
        key = (service.name, tuple(cores or ()))
        if key not in self.running:
            self.running[key] = RunningService(
                service, environ=self.host.environ_of(service), reaper=self.host.reaper, affinity=cores
            )
        return self.running[key]

    def drop(self, service: RunningService) -> None:
        """Stop one that failed, so that the next pair gets another."""
        self.running = {key: each for key, each in self.running.items() if each is not service}
        service.stop()

    def stop(self) -> None:
        """End all of them."""
        for service in self.running.values():
            service.stop()
        self.running.clear()


class Pairs:
    """Takes one pair after another; close it in the end, for its helper processes live on between pairs."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.services = Services(host)

    def close(self) -> None:
        self.services.stop()

    def take(self, paired: PairedCell, series: str, index: int) -> Pair:
        """One pair; who is launched and who starts first changes with every second `index`, the core with each.

        Raises PairFailed when a side fails or the two differ in their results, ServiceFailed when a helper does not
        start.
        """
        head_first = index // 2 % 2 == 1
        began, start_ns = time.monotonic(), time.monotonic_ns()
        mark = self.host.noise.mark()
        order = (paired.head, paired.base) if head_first else (paired.base, paired.head)
        service, group = self._group(paired, order, index)
        try:
            samples = self._samples(group, head_first, PAIR_S if paired.base.cell.one_core else PAIR_OF_MANY_S)
        except PairFailed:
            if service is not None:
                self.services.drop(service)
            raise
        finally:
            group.kill()
        seconds = time.monotonic() - began
        noise = {**self.host.noise.since(mark), "window_s": seconds}
        taken = {"series": series, "index": index, "head_first": head_first}
        return _pair(paired, samples, **taken, start_ns=start_ns, seconds=seconds, noise=noise)

    def alone(self, paired: PairedCell) -> list[Sample]:
        """The rounds of head by itself, of what base does not have; raises PairFailed, ServiceFailed."""
        _, group = self._group(paired, (paired.head,), 0)
        taken = []
        try:
            _check([*group.launch({0}), *group.open()], group, ("head",))
            for round_ in range(PAIR_SETTINGS.warmups + LEAST_ROUNDS):
                phase = Phase.MEASURE if round_ >= PAIR_SETTINGS.warmups else Phase.WARMUP
                sample, lost = group.round(0, Block(phase, round_, (0,)), 0)
                _check(lost, group, ("head",))
                assert sample is not None, "what is not lost has a sample"
                taken.append(sample)
            for _, lost in group.close():
                _check(lost, group, ("head",))
        finally:
            group.kill()
        if len({sample.digest for sample in taken}) != 1:
            raise PairFailed("head", Status.FAILED, "unequal work: its rounds gave different results")
        return taken[PAIR_SETTINGS.warmups :]

    def _group(
        self, paired: PairedCell, order: tuple[Contestant, ...], index: int
    ) -> tuple[RunningService | None, WorkerGroup]:
        comparison = replace(paired.comparison, contestants=order)
        service = None
        if paired.service is not None:
            service = self.services.lend(paired.service, self._service_cores(paired, index))
        return service, WorkerGroup(self.host, PAIR_SETTINGS, comparison, index, 0, service)

    def look(self, paired: PairedCell) -> Looked:
        """Untimed rounds of each side, to see what they import and use; raises WrongCode, ServiceFailed."""
        sides = ("base", "head")
        found = Looked({}, {})
        _, group = self._group(paired, (paired.base, paired.head), 0)
        try:
            lost = [*group.launch({0, 1}), *group.open()]
            for round_ in range(LOOKS):
                for place in filter(group.has, (0, 1)):
                    sample, ended = group.round(place, Block(Phase.WARMUP, round_, (0, 1)), place)
                    lost += ended
                    if sample is not None:
                        # In its first round a body imports, which is not what it uses.
                        found.cores[sides[place]] = _cpu_s(sample) / max(sample.makespan_s, TICK_S)
            members = {sides[place]: member for place, member in group.members.items()}
            lost += [each for _, ended in group.close() for each in ended]
            found.modules.update({side: member.modules for side, member in members.items()})
        finally:
            group.kill()
        for loss in lost:
            try:
                _check([loss], group, sides)
            except PairFailed as error:
                found.failed[error.side] = error.reason
        return found

    def _service_cores(self, paired: PairedCell, index: int) -> list[int] | None:
        """The core of the contestants, where they have one: then a round waits for nobody on another core.

        Base and head talk to the same server, so this favours neither, and on a shared machine it more than halves the
        spread of a pair: a server on a core of its own is slowed, for tenths of a second, when its client is not.
        """
        own, other = roles(self.host.cores, index)
        return own if paired.base.cell.one_core else other

    def _samples(self, group: WorkerGroup, head_first: bool, pair_s: float) -> dict[str, list[Sample]]:
        """The measured rounds of each side in order of the rounds."""
        sides = ("head", "base") if head_first else ("base", "head")
        taken: dict[str, list[Sample]] = {"base": [], "head": []}
        _check(group.launch({0, 1}), group, sides)
        _check(group.open(), group, sides)
        warm = [sample for _, sample in self._rounds(group, sides, Phase.WARMUP, PAIR_SETTINGS.warmups)]
        # The quicker one of two: a round that was disturbed says little about how long rounds are.
        rounds = rounds_for(min(sample.makespan_s for sample in warm[-2:]), PAIR_SETTINGS.rounds, pair_s)
        for side, sample in self._rounds(group, sides, Phase.MEASURE, rounds):
            taken[side].append(sample)
        for _, lost in group.close():
            _check(lost, group, sides)
        return taken

    @staticmethod
    def _rounds(group: WorkerGroup, sides: tuple[str, str], phase: Phase, count: int) -> Iterator[tuple[str, Sample]]:
        """ABBA ABBA ...: a steady drift falls on both sides alike."""
        for round_ in range(count):
            block = Block(phase, round_, (1, 0) if (round_ + 1) // 2 % 2 else (0, 1))
            for position, place in enumerate(block.order):
                sample, lost = group.round(place, block, position)
                _check(lost, group, sides)
                assert sample is not None, "what is not lost has a sample"
                yield sides[place], sample


def rounds_for(round_s: float, most: int, pair_s: float = PAIR_S) -> int:
    """How many rounds a side gets when one takes `round_s`; an even number, so that each order occurs as often."""
    fitting = int(pair_s / 2 / max(round_s, TICK_S)) // 2 * 2
    return max(min(fitting, most), min(LEAST_ROUNDS, most))


def _check(lost: list[LostWorker], group: WorkerGroup, sides: tuple[str, ...]) -> None:
    """Raise PairFailed for the first loss, or WrongCode where it means that the two cannot be compared at all."""
    for loss in lost:
        ids = [contestant.cell.id for contestant in group.comparison.contestants]
        if WRONG in loss.reason:
            # Whoever caught it said where in our code it was raised, which helps nobody.
            said = re.sub(r" \(at [^()]+:\d+\)", "", loss.reason.partition(WRONG)[2])
            raise WrongCode(f"{sides[ids.index(loss.cell)]}: {said}")
        raise PairFailed(sides[ids.index(loss.cell)], loss.status, loss.reason)


def _pair(paired: PairedCell, samples: dict[str, list[Sample]], **taken: Any) -> Pair:
    """What the rounds say, held against each other; `taken` is when and in which order."""
    base, head = samples["base"], samples["head"]
    if base[0].digest != head[0].digest or base[0].ops_ok != head[0].ops_ok:
        raise PairFailed("head", Status.FAILED, "unequal work: its results differ from those of base")
    for side, rounds in samples.items():
        if len({sample.digest for sample in rounds}) != 1:
            raise PairFailed(side, Status.FAILED, "unequal work: its rounds gave different results")
    return Pair(
        cell=paired.cell,
        cores=base[0].affinity,
        ops=base[0].ops_ok,
        digest=base[0].digest,
        rounds={
            "wall": ([sample.makespan_s for sample in base], [sample.makespan_s for sample in head]),
            "cpu": ([_cpu_s(sample) for sample in base], [_cpu_s(sample) for sample in head]),
            **_latencies(base, head),
        },
        minor_faults=_faults(base, head),
        **taken,
    )


def _latencies(base: Sequence[Sample], head: Sequence[Sample]) -> dict[str, tuple[list[float], list[float]]]:
    """p50 and p99 of each round in seconds, as far as every round has the samples for it."""
    found = {}
    for metric, share in (("p50", 0.5), ("p99", 0.99)):
        sides = [[percentile_s(sample.latency, share) for sample in side] for side in (base, head)]
        known = [[value for value in side if value is not None] for side in sides]
        if all(len(side) == len(rounds) for side, rounds in zip(known, (base, head), strict=True)):
            found[metric] = (known[0], known[1])
    return found


def _faults(base: Sequence[Sample], head: Sequence[Sample]) -> tuple[float, float] | None:
    """Page faults of the median round of each side, as far as every round has them."""
    if any("minor_faults" not in sample.noise for sample in (*base, *head)):
        return None
    first, second = (median(sample.noise["minor_faults"] for sample in side) for side in (base, head))
    return first, second


def _cpu_s(sample: Sample) -> float:
    return sample.cpu_user_s + sample.cpu_system_s
