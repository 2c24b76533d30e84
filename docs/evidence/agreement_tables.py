"""The tables of docs/agreement.md: signs of all recordings, shares of pairs that agree, and where they do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import ceil
from typing import Any

from when_async.bench.model import builds
from when_async.reports import words
from when_async.reports.page.markdown import code, pipes, prose, text
from when_async.reports.recordings.agreement import apart, day, environment_of
from when_async.reports.recordings.changes import bound_said, found_said
from when_async.reports.scene import conditions
from when_async.reports.verdicts.claim import SIGNS, Reading, Side, Word
from when_async.reports.verdicts.judging import Verdict
from when_async.results.machines import Machine, machine_of, names_of
from when_async.results.runfile import Header
from when_async.results.stats.estimate import share

ASKED = 0.95
"""The share of pairs that is to agree: 19 of 20."""
Pair = tuple[Verdict, Verdict]


@dataclass(frozen=True)
class Recorded:
    """The verdicts of some recordings, each as it stands, and the headers by the name of the file."""

    verdicts: Sequence[Verdict]
    headers: Mapping[str, Header]

    @cached_property
    def machines(self) -> dict[str, Machine]:
        """By run; the first file's machine comes first, and of one machine the oldest recording."""
        known = {str(one["run"]): one for one in self.headers.values()}
        boxes = {run: machine_of(one) for run, one in known.items()}
        order = list(dict.fromkeys(boxes.values()))
        return dict(sorted(boxes.items(), key=lambda pair: (order.index(pair[1]), known[pair[0]]["started"], pair[0])))

    @cached_property
    def names(self) -> dict[Machine, str]:
        """What the machines are called."""
        return names_of(self.machines.values())

    @cached_property
    def pythons(self) -> list[str]:
        """The interpreters, in the order of the files."""
        return list(dict.fromkeys(str(one) for head in self.headers.values() for one in head["pythons"]))

    @cached_property
    def claims(self) -> list[str]:
        return list(dict.fromkeys(one.claim.name for one in self.verdicts))

    @cached_property
    def _by_place(self) -> dict[tuple[str, str], list[Verdict]]:
        found: dict[tuple[str, str], list[Verdict]] = {}
        for run in self.machines:
            for one in self.verdicts:
                if one.run == run:
                    found.setdefault((one.claim.name, one.python), []).append(one)
        return found

    def of(self, claim: str, python: str) -> list[Verdict]:
        """What all recordings say of a claim on an interpreter, machine by machine, the oldest first."""
        return self._by_place.get((claim, python), [])

    def box(self, one: Verdict) -> str:
        """The machine that a verdict is of."""
        return self.names[self.machines[one.run]]


def sources(now: Recorded) -> Iterator[str]:
    """Every recording with its interpreters, machine and rule, and which interpreters have one alone."""
    runs = list(now.machines)
    files = sorted(now.headers.items(), key=lambda pair: runs.index(str(pair[1]["run"])))
    rows = [
        [code(name), text(python), text(now.names[machine_of(head)]), day(str(head["started"])),
         text(conditions.profile(head)), text(_interpreter(environment_of(head, str(python))))]
        for name, head in files for python in head["pythons"]
    ]  # fmt: skip
    yield pipes(["file", "Python", "machine", "begun", "rule", "interpreter"], rows)
    for python in now.pythons:
        known = [environment_of(head, python) for _, head in files if python in head["pythons"]]
        if said := apart(known):
            yield f"Recordings of Python {text(python)} are not of one interpreter: {text(said)}."
    alone = [python for python in now.pythons if not any(_pairs(now, python, _same_box(now)))]
    if alone:
        yield (
            f"Of Python {words.listing(alone)} there is one recording on each machine so far, which no second one "
            "has confirmed."
        )


def _interpreter(one: Mapping[str, Any]) -> str:
    return f"{one.get('implementation')} {one.get('version')}, {builds.said(one.get('build') or {})}"


def signs(now: Recorded) -> Iterator[str]:
    """A row for each claim, a column for each interpreter, a sign for each recording."""
    rows = [[f"[{text(claim)}](when-to-use-async.md#{claim})", *(_cell(now, claim, each) for each in now.pythons)]
            for claim in now.claims]  # fmt: skip
    yield pipes(["claim", *map(text, now.pythons)], rows)


def _cell(now: Recorded, claim: str, python: str) -> str:
    own = now.of(claim, python)
    boxes = dict.fromkeys(now.machines[one.run] for one in own)
    shown = " / ".join("".join(SIGNS[one.word] for one in own if now.machines[one.run] == box) for box in boxes)
    return f"**{shown}**" if len(_words(own)) > 1 else shown


def _words(own: Sequence[Verdict]) -> set[Word]:
    return {one.word for one in own if one.speaks}


def shares(now: Recorded) -> Iterator[str]:
    """Of all pairs how many agree: by interpreter and together on one machine, and between machines."""
    rows = [_share(f"Python {each}, one machine", list(_pairs(now, each, _same_box(now)))) for each in now.pythons]
    same = [pair for each in now.pythons for pair in _pairs(now, each, _same_box(now))]
    rows.append(_share("**all interpreters, one machine**", same))
    for one, other in combinations(now.names, 2):
        both = {one, other}
        own = [
            pair for each in now.pythons
            for pair in _pairs(now, each, lambda a, b, both=both: {now.machines[a.run], now.machines[b.run]} == both)
        ]  # fmt: skip
        rows.append(_share(f"**{text(now.names[one])} and {text(now.names[other])}**", own))
    yield pipes(["pairs of", "pairs", "agree", "share", "19 of 20"], rows, figures=(1, 2))


def _same_box(now: Recorded) -> Callable[[Verdict, Verdict], bool]:
    return lambda one, other: now.machines[one.run] == now.machines[other.run]


def _pairs(now: Recorded, python: str, taken: Callable[[Verdict, Verdict], bool]) -> Iterator[Pair]:
    """Two recordings of an interpreter that both have a figure, for each claim."""
    for claim in now.claims:
        own = [one for one in now.of(claim, python) if one.speaks]
        yield from ((one, other) for one, other in combinations(own, 2) if taken(one, other))


def _share(name: str, pairs: Sequence[Pair]) -> list[str]:
    same = sum(one.word is other.word for one, other in pairs)
    found = share(same, len(pairs))
    if found is None:
        return [name, str(len(pairs)), str(same), words.DASH, "no second recording"]
    short = ceil(ASKED * len(pairs)) - same
    distance = "reached" if short <= 0 else f"{short} of {len(pairs)} short"
    return [name, str(len(pairs)), str(same), text(_percent(found.point, found.low, found.high)), distance]


def _percent(point: float, low: float, high: float) -> str:
    return f"{100 * point:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def differing(now: Recorded) -> Iterator[str]:
    """Every claim and interpreter on which two recordings differ: their words, and each part that lies elsewhere."""
    found = [
        own for claim in now.claims for python in now.pythons if len(_words(own := now.of(claim, python))) > 1
    ]  # fmt: skip
    if not found:
        yield "Nowhere."
        return
    for own in found:
        yield f"**{text(own[0].claim.name)}**, Python {text(own[0].python)}. {prose(own[0].claim.statement)}"
        yield "\n".join([*(_said(now, one) for one in own), *_parts(now, own)])


def _said(now: Recorded, one: Verdict) -> str:
    when = day(next(str(head["started"]) for head in now.headers.values() if head["run"] == one.run))
    return f"- {text(now.box(one))}, {when}: {SIGNS[one.word]} {text(one.word)}"


def _parts(now: Recorded, own: Sequence[Verdict]) -> Iterator[str]:
    """The parts that lie on different sides of their bound, with the figure of each recording."""
    by_part: dict[int, list[tuple[Verdict, Reading]]] = {}
    for one in own:
        for reading in one.readings:
            by_part.setdefault(id(reading.part), []).append((one, reading))
    for found in by_part.values():
        if len({reading.side for _, reading in found} - {Side.MISSING}) > 1:
            part = found[0][1].part
            figures = "; ".join(f"{found_said(reading)} ({reading.side}, {now.box(one)})" for one, reading in found)
            bound = bound_said(part.bound, part.measure.kind)
            yield f"- {text(words.capital(part.where))}, where {text(bound)} is claimed: {text(figures)}"
