"""What a verdict says, made of its figures; nothing here knows which claim it speaks of.

The rule comes first, then instances, each in a sentence of its own with one figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf

from when_async.bench.model import Estimate

from .. import words
from .behaviours import Seen
from .claim import Behaviour, Bound, Claim, Reading, Side, Word
from .lookup import Hole, Outcome

JUST, FAR = 1.1, 2.0
"""A figure within this factor of a bound comes just short of it; one beyond the second is far off."""
NAMED = 2
"""So many of the cases on one side are named; the rule says how many there are."""


def sentence(
    claim: Claim,
    readings: Sequence[Reading],
    word: Word,
    told: Reading | None,
    boundary: tuple[float, float] | None,
) -> str:
    """What was found and how sure it is: the rule, where it turns, the deciding figures, then what has no figure."""
    missing = [one for one in readings if isinstance(one.found, Hole)]
    holes = [one for one in missing if isinstance(one.found, Hole) and one.found.asked]
    how = f"when-async run --claim {claim.name}"
    if word is Word.NOT_MEASURED or told is None:
        why = [_reason(one) for one in holes[:1]]
        why += [f"this run has no figure for it; measure it with {how}"] if len(missing) > len(holes) else []
        return f"Not measured: {'; '.join(why) or 'no part of it concerns this build'}."
    said = {Word.HOLDS: _holds, Word.REFUTED: _refuted, Word.DEPENDS: _depends, Word.INCONCLUSIVE: _open}[word]
    lines = [_turn(claim, readings, boundary), *said(readings, told), *_holes(holes)]
    if unasked := len(missing) - len(holes):
        lines.append(f"This run left out {unasked} of {words.count(len(readings), 'case')}; {how} measures all.")
    return " ".join(line for line in lines if line)


def brief(claim: Claim, readings: Sequence[Reading], told: Reading, boundary: tuple[float, float] | None) -> str:
    """The same in a line of a table: the deciding figure, or one of either side where some hold and some do not."""
    inside, outside = (_on(side, readings) for side in (Side.INSIDE, Side.OUTSIDE))
    if inside and outside:
        lines = [_turn(claim, readings, boundary), f"True: {clause(inside[0])}.", f"Not true: {clause(outside[0])}."]
        return " ".join(line for line in lines if line)
    if told.side is Side.ACROSS:
        return f"Open: {clause(told)}."
    near = f" {_short_of(told)}" if told.side is Side.OUTSIDE else ""
    return f"{_capital(clause(told))}.{near}"


def clause(one: Reading) -> str:
    """What one part says, with its figure, its interval and where."""
    found = one.found
    if isinstance(found, Hole):
        return f"{one.part.where}: {found.told}"
    if isinstance(found, Outcome):
        said = "ran" if found.happened else "did not all run"
    else:
        said = " ".join(words.figure(found, one.part.measure.kind))
    while_ = f", while other programs kept {one.others:.2g} cores busy" if one.others is not None else ""
    return f"{one.part.says.format(said)} {one.part.where}{while_}"


def _on(side: Side, readings: Sequence[Reading]) -> list[Reading]:
    return [one for one in readings if one.side is side]


def _holds(readings: Sequence[Reading], told: Reading) -> Iterable[str]:
    inside = _on(Side.INSIDE, readings)
    yield {1: "True.", 2: "True in both cases."}.get(len(inside), f"True in all {len(inside)} cases.")
    yield f"{'Here' if len(inside) == 1 else 'The closest'}: {clause(told)}."
    yield _asked(told)


def _refuted(readings: Sequence[Reading], told: Reading) -> Iterable[str]:
    outside = _on(Side.OUTSIDE, readings)
    yield {1: "Not true.", 2: "Not true in either case."}.get(len(outside), f"Not true in any of {len(outside)} cases.")
    yield f"{'Here' if len(outside) == 1 else 'The nearest'}: {clause(told)}."
    yield _short_of(told)


def _depends(readings: Sequence[Reading], told: Reading) -> Iterable[str]:
    inside, outside, across = (_on(side, readings) for side in (Side.INSIDE, Side.OUTSIDE, Side.ACROSS))
    yield f"True in {words.count(len(inside), 'case')}, not in {len(outside)}."
    yield from (f"True: {clause(one)}." for one in inside[:NAMED])
    yield from (f"Not true: {clause(one)}." for one in outside[:NAMED])
    if across:
        yield f"Open: {clause(across[0])}."
    if len(across) > 1:
        yield f"{words.count(len(across) - 1, 'other')} open as well."


def _open(readings: Sequence[Reading], told: Reading) -> Iterable[str]:
    inside, outside, across = (len(_on(side, readings)) for side in (Side.INSIDE, Side.OUTSIDE, Side.ACROSS))
    if not across:
        yield f"So far {'true' if inside else 'not true'}: {clause(told)}."
        yield "" if inside else _short_of(told)
        return
    rest = [f"{many} {name}" for many, name in ((inside, "true"), (outside, "not true")) if many]
    yield f"Not decided: {words.listing([f'{across} open', *rest])}."
    yield f"Open: {clause(told)}."
    yield _asked(told)


def _turn(claim: Claim, readings: Sequence[Reading], boundary: tuple[float, float] | None) -> str:
    """Where on its axis a claim turns: between two values that were measured."""
    if boundary is None or claim.axis is None:
        return ""
    low, high = (words.plain(end, claim.axis.kind) for end in boundary)
    up_to = any(one.part.axis == boundary[0] and one.side is Side.INSIDE for one in readings)
    there = f"true up to {low}, not from {high} on" if up_to else f"true from {high} on, not up to {low}"
    return f"It turns on the {claim.axis.name}: {there}."


def _asked(one: Reading) -> str:
    """The bound in a sentence; what happens or does not has none."""
    if isinstance(one.found, Outcome):
        return ""
    low, high = _ends(one)
    bound = one.part.bound
    if bound.low == bound.high:
        return f"The claim asks for exactly {low}."
    ends = f"at most {high}" if bound.low == -inf else f"at least {low}" if bound.high == inf else f"{low} to {high}"
    return f"The claim asks for {ends}."


def _short_of(one: Reading) -> str:
    """How near a part that does not hold comes to its bound: `That is just below the claimed 2× to 4×.`"""
    if isinstance(one.found, Outcome):
        return "The claim says the opposite."
    assert isinstance(one.found, Estimate)
    bound, (low, high) = one.part.bound, _ends(one)
    below = one.found.point < bound.low
    ends = f"maximum of {high}" if not low else f"minimum of {low}" if not high else f"{low} to {high}"
    side = f"{_distance(bound, one.found)}{'below' if below else 'above'}"
    return f"That is {side} the claimed {low if low == high else ends}."


def _distance(bound: Bound, found: Estimate) -> str:
    """`just `, `far ` or nothing: by what factor the point misses the nearer end."""
    end = bound.low if found.point < bound.low else bound.high
    if end <= 0 or found.point <= 0:
        return ""
    factor = max(end / found.point, found.point / end)
    return "just " if factor <= JUST else "far " if factor >= FAR else ""


def _ends(one: Reading) -> tuple[str, str]:
    """Both ends of a bound with their unit; an end that is not there is empty."""
    bound, kind = one.part.bound, one.part.measure.kind
    low, high = ("" if end in (-inf, inf) else words.plain(end, kind) for end in (bound.low, bound.high))
    return low, high


def _holes(holes: Sequence[Reading]) -> Iterable[str]:
    """Each reason once, with where, or of many only how many."""
    found: dict[str, list[str]] = {}
    for one in holes:
        found.setdefault(_reason(one), []).append(one.part.where)
    for reason, where in found.items():
        yield f"No figure {words.listing(where)}." if len(where) <= NAMED else f"No figure in {len(where)} cases."
        yield f"Why: {reason}."


def _reason(one: Reading) -> str:
    return one.found.reason.rstrip(".") if isinstance(one.found, Hole) else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def behaviour(claim: Behaviour, seen: Seen, word: Word) -> str:
    """What fresh processes showed, in how many of how many."""
    said = " ".join(f"{_capital(one.strip().rstrip('.'))}." for one in seen.said.split("; "))
    many = f"in {seen.shown} of {words.count(seen.tried, 'fresh process')}"
    if word is Word.REFUTED and claim.aged:
        return f"The old way worked {many}. {said}"
    return f"Seen {many}. {said}"
