"""Verdicts that are others than before, each with what may have changed it, the likeliest first.

Both recordings are judged by today's claims, so a bound that was moved changes no verdict here; a part that was added
has no figure in the older one. Nothing is asserted: where several things differ, each of them is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from when_async.bench.model import Estimate
from when_async.results.machines import machine_of
from when_async.results.runfile import Header

from .. import words
from ..verdicts.claim import Bound, Reading, Side, Word
from ..verdicts.judging import Verdict
from ..verdicts.lookup import Hole
from .agreement import environment_of
from .causes import Cause, differing

Turned = tuple[Reading, Reading]
"""A part as it was before and as it is now, on two sides of its bound."""
NAMED = 2
"""So many parts are named with their figures; of the others it is said how many there are."""


@dataclass(frozen=True)
class Change:
    """A verdict that is another than `before`; `causes` may have done it, and `figures` are those it turned on."""

    now: Verdict
    before: Verdict
    causes: tuple[Cause, ...]
    figures: str

    @property
    def said(self) -> str:
        """`Likely cause: another machine (...).`, or all of several, each of which may have done it."""
        shown = f"It turned on {self.figures}. " if self.figures else ""
        if len(self.causes) == 1:
            return f"{shown}Likely cause: {self.causes[0].said}."
        return f"{shown}Possible causes, the likeliest first: {'; '.join(one.said for one in self.causes)}."

    def flat(self) -> dict[str, Any]:
        """The verdict as one flat object for machines, with the word that it had and the causes."""
        causes = [vars(one) for one in self.causes]
        return {**self.now.flat(), "before": str(self.before.word), "turned": self.figures, "causes": causes}


def changes(now: Iterable[Verdict], before: Iterable[Verdict], headers: Iterable[Header]) -> list[Change]:
    """Those of `now` that are others than `before`, which is judged like them; `headers` are those of all their runs.

    One that nobody judged before has not changed.
    """
    by_run = {str(one.get("run")): one for one in headers}
    return [
        Change(one, was, causes(one, was, by_run), figures(turned(was, one)))
        for one, was in matched(now, before, by_run.values()) if was is not None and was.word is not one.word
    ]  # fmt: skip


def matched(
    now: Iterable[Verdict], before: Iterable[Verdict], headers: Iterable[Header]
) -> list[tuple[Verdict, Verdict | None]]:
    """Each verdict with the one it is held against: that of its own machine, None where there is none.

    Only where no machine was recorded both times it is that of the first other machine.
    """
    boxes = {str(one.get("run")): machine_of(one) for one in headers}
    now, before = list(now), list(before)
    alike = {boxes[one.run] for one in now} & {boxes[one.run] for one in before}
    older: dict[tuple[object, ...], Verdict] = {}
    for one in before:
        older.setdefault((one.claim.name, one.python, boxes[one.run] if alike else None), one)
    return [(one, older.get((one.claim.name, one.python, boxes[one.run] if alike else None))) for one in now]


def causes(now: Verdict, before: Verdict, headers: Mapping[str, Header]) -> tuple[Cause, ...]:
    """What may have made one verdict of another, the likeliest first; there is at least one."""
    parts = turned(before, now)
    found = _of_figures(now, before, parts)
    told = parts and all(_told(one) or _told(other) for one, other in parts)
    if told or Word.NOT_MEASURED in (now.word, before.word):
        return tuple(found)
    other = differing(headers[before.run], headers[now.run], now, parts)
    near = overlap(parts)
    # Where intervals overlap they need no cause beyond how they were formed, and chance.
    first = [one for one in other if near and one.kind == "rule"]
    alone = not found and all(one.kind == "suite" for one in other)
    built = bool(environment_of(headers[now.run], now.python).get("build"))
    noise = [_noise(near or not parts, alone=alone, built=built)] if near or alone else []
    return (*found, *first, *noise, *(one for one in other if one not in first))


def turned(before: Verdict, now: Verdict) -> list[Turned]:
    """The parts that lie on another side of their bound; only they can have changed the word."""
    was = {id(one.part): one for one in before.readings}
    pairs = [(was[id(one.part)], one) for one in now.readings if id(one.part) in was]
    return [pair for pair in pairs if pair[0].side is not pair[1].side or pair[0].pending is not pair[1].pending]


def overlap(parts: Sequence[Turned]) -> bool:
    """Whether some part turned, and the intervals of each that did have a value in common."""
    ends = [(one.found, other.found) for one, other in parts]
    return bool(ends) and all(
        isinstance(one, Estimate) and isinstance(other, Estimate) and one.low <= other.high and other.low <= one.high
        for one, other in ends
    )


def figures(parts: Sequence[Turned]) -> str:
    """`1.12× [1.08, 1.15] after 1.13× [1.12, 1.13] for 20 chains, where 0.97× to 1.15× was claimed`, of the first."""
    said = [
        f"{found_said(now)} after {found_said(was)} {now.part.where}{_claimed(now)}" for was, now in parts[:NAMED]
    ]
    more = [words.count(len(parts) - NAMED, "other part")] if len(parts) > NAMED else []
    return "; ".join([*said, *more])


def found_said(one: Reading) -> str:
    """The figure of a part with its interval, what happened, or why there is none."""
    if isinstance(one.found, Estimate):
        return words.with_unit(one.found, one.part.measure.kind)
    return one.found.reason if isinstance(one.found, Hole) else one.found.said


def bound_said(bound: Bound, kind: str) -> str:
    """`at most 1.15×`, `0.97× to 1.15×`."""
    low, high = ("" if end in (-inf, inf) else words.plain(end, kind) for end in (bound.low, bound.high))
    if bound.low == bound.high:
        return f"exactly {low}"
    return f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}"


def _claimed(one: Reading) -> str:
    if not isinstance(one.found, Estimate):
        return ""
    return f", where {bound_said(one.part.bound, one.part.measure.kind)} was claimed"


def _of_figures(now: Verdict, before: Verdict, parts: Sequence[Turned]) -> list[Cause]:
    """What the readings themselves say: recordings that disagree, parts without a figure, other programs."""
    found = []
    for one, when in ((before, "before"), (now, "now")):
        if one.disputed:
            found.append(Cause("recordings", f"the recordings {when} disagree among themselves"))
    for place, when in ((0, "before"), (1, "now")):
        holes = [pair[place] for pair in parts if _lacks(pair[place], pair[1 - place])]
        if holes:
            which = "part has" if len(holes) == 1 else "parts have"
            reason = f": {found_said(holes[0])}" if len(holes) == 1 else f", {holes[0].part.where} among them"
            found.append(Cause("parts", f"{len(holes)} {which} no figure {when}{reason}"))
        busy = [pair[place].others or 0.0 for pair in parts if pair[place].others is not None]
        if busy:
            found.append(Cause("load", f"other programs kept {max(busy):.2g} cores busy {when}"))
    for one, when in ((before, "before"), (now, "now")):
        if one.word is Word.NOT_MEASURED and not parts:
            found.append(Cause("parts", f"it has no figure {when}: {one.sentence.removeprefix('Not measured: ')[:-1]}"))
    return found


def _told(one: Reading) -> bool:
    """Whether a part says itself why it is not decided."""
    return one.side is Side.MISSING or one.others is not None


def _lacks(one: Reading, other: Reading) -> bool:
    """Whether a part has no figure here and one there, or at least a reason there."""
    return one.side is Side.MISSING and (other.side is not Side.MISSING or (one.pending and not other.pending))


def _noise(near: bool, *, alone: bool, built: bool) -> Cause:
    """Chance, where intervals overlap or nothing else is left; `built` says whether builds were recorded."""
    if not alone:
        return Cause("noise", "noise, or a bound nearby, as the intervals overlap")
    same = f"machine,{' build,' * built} version, libraries and rule are the same"
    unknown = "" if built else "; how they were built was not recorded"
    chance = "noise, or a bound nearby" if near else "noise, or another hour of the machine"
    return Cause("noise", f"{chance}: {same}{unknown}")
