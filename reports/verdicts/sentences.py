"""The sentence of a verdict, made of its figures; nothing here knows which claim it speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from .. import words
from .behaviours import Seen
from .claim import Behaviour, Claim, Reading, Side, Word
from .lookup import Hole, Outcome


def sentence(
    claim: Claim,
    readings: Sequence[Reading],
    word: Word,
    told: Reading | None,
    boundary: tuple[float, float] | None,
) -> str:
    """What was found and how sure it is: the deciding figure, then where the claim turns, then what has no figure."""
    missing = [one for one in readings if isinstance(one.found, Hole)]
    holes = [one for one in missing if isinstance(one.found, Hole) and one.found.asked]
    unasked = len(missing) - len(holes)
    how = f"when-async run --claim {claim.name}"
    if word is Word.NOT_MEASURED or told is None:
        why = [_reasons(holes)] if holes else []
        why += [f"this run has no figure for its cells; measure them with: {how}"] if unasked else []
        return f"Not measured: {'; '.join(why) or 'no part of it concerns this build'}."
    body = {Word.HOLDS: _holds, Word.REFUTED: _refuted, Word.DEPENDS: _depends, Word.INCONCLUSIVE: _open}[word]
    said = body(readings, told)
    if boundary and claim.axis:
        said += f" {_turn(claim, readings, boundary)}"
    if holes:
        said += f" No figure for {words.listing([one.part.where for one in holes])}: {_reasons(holes)}."
    if unasked:
        said += f" {unasked} of {len(readings)} parts were not measured in this run; {how} measures them."
    return said


def clause(one: Reading) -> str:
    """What one part says, with its figure, its interval and where."""
    found = one.found
    if isinstance(found, Hole):
        return f"{one.part.where}: {found.told}"
    said = found.said if isinstance(found, Outcome) else " ".join(words.figure(found, one.part.measure.kind))
    return f"{one.part.says.format(said)} ({one.part.where})"


def claimed(one: Reading) -> str:
    """The bound of a part in words; what happens or does not has no number to name."""
    if isinstance(one.found, Outcome):
        return "as was claimed" if one.side is Side.INSIDE else "where the opposite was claimed"
    return f"where {one.part.bound.told(one.part.measure.kind)} was claimed"


def _on(side: Side, readings: Sequence[Reading]) -> list[Reading]:
    return [one for one in readings if one.side is side]


def _holds(readings: Sequence[Reading], told: Reading) -> str:
    inside = _on(Side.INSIDE, readings)
    rest = "" if len(inside) == 1 else f"; this is the closest of {len(inside)} that all hold"
    return f"{_capital(clause(told))}, {claimed(told)}{rest}."


def _refuted(readings: Sequence[Reading], told: Reading) -> str:
    outside = _on(Side.OUTSIDE, readings)
    rest = "" if len(outside) == 1 else f"; this is the closest of {len(outside)}, none of which holds"
    return f"{_capital(clause(told))}, {claimed(told)}{rest}."


def _depends(readings: Sequence[Reading], told: Reading) -> str:
    inside, outside, across = (_on(side, readings) for side in (Side.INSIDE, Side.OUTSIDE, Side.ACROSS))
    said = depends(inside, outside)
    if across:
        said += f" Undecided: {words.listing([one.part.where for one in across])}."
    return said


def depends(inside: Sequence[Reading], outside: Sequence[Reading], most: int = 3) -> str:
    """Where it holds and where not, with so many figures of either side."""
    return f"It holds where {_some(inside, most)}; it does not where {_some(outside, most)}."


def _open(readings: Sequence[Reading], told: Reading) -> str:
    if not _on(Side.ACROSS, readings):
        verb = "holds" if told.side is Side.INSIDE else "does not hold"
        return f"So far it {verb}: {clause(told)}, {claimed(told)}."
    sides = [(Side.ACROSS, "undecided"), (Side.INSIDE, "in their bounds"), (Side.OUTSIDE, "outside")]
    counts = [(len(_on(side, readings)), name) for side, name in sides]
    rest = "" if len(readings) == 1 else "; " + words.listing([f"{many} {name}" for many, name in counts if many])
    return f"{_capital(clause(told))}, an interval that reaches across the bound, {claimed(told)}{rest}."


def brief(claim: Claim, readings: Sequence[Reading], told: Reading, boundary: tuple[float, float] | None) -> str:
    """The same in a line of a table: the deciding figure, or one of either side where some hold and some do not."""
    inside, outside = (_on(side, readings) for side in (Side.INSIDE, Side.OUTSIDE))
    if not inside or not outside:
        return f"{_capital(clause(told))}."
    turn = f"{_turn(claim, readings, boundary)} " if boundary and claim.axis else ""
    return f"{turn}{depends(inside, outside, most=1)}"


def _some(parts: Sequence[Reading], most: int = 3) -> str:
    told = "; ".join(clause(one) for one in parts[:most])
    return told + (f"; and {words.count(len(parts) - most, 'more place')}" if len(parts) > most else "")


def _turn(claim: Claim, readings: Sequence[Reading], boundary: tuple[float, float]) -> str:
    """Where on its axis a claim turns: between two values that were measured, most likely near their middle."""
    assert claim.axis is not None
    low, high = boundary
    holds_below = any(one.part.axis == low and one.side is Side.INSIDE for one in readings)
    middle = sqrt(low * high) if low > 0 else (low + high) / 2
    ends = [_at(end, claim.axis.kind) for end in (low, high)]
    near = _at(middle if claim.axis.kind else round(middle), claim.axis.kind)
    where = "up to" if holds_below else "from"
    return (
        f"By {claim.axis.name} it holds {where} about {near}: the boundary lies between {ends[0]} and {ends[1]}, "
        "the nearest that were measured."
    )


def _at(value: float, kind: str) -> str:
    """A place on an axis; what has no unit is a count."""
    return words.scalar(value, kind) if kind else f"{value:g}"


def _reasons(holes: Sequence[Reading]) -> str:
    """Each reason once, with whoever it is the reason of; of many only how many."""
    found: dict[str, list[str]] = {}
    for one in holes:
        if isinstance(one.found, Hole):
            found.setdefault(one.found.reason.rstrip("."), []).append(one.found.who)
    told = []
    for reason, who in found.items():
        names = list(dict.fromkeys(name for name in who if name))
        told.append(f"{words.listing(names)}: {reason}" if 0 < len(names) <= 2 else reason)
    return "; ".join(told)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def behaviour(claim: Behaviour, seen: Seen, word: Word) -> str:
    """What fresh processes showed, in how many of how many."""
    many = f"in {seen.shown} of {seen.tried} fresh {'process' if seen.tried == 1 else 'processes'}"
    if word is Word.HOLDS:
        return f"{_capital(seen.said)}, {many}."
    if word is Word.REFUTED:
        what = "The way of the notes worked" if claim.aged else "It was seen"
        return f"{what} {many}: {seen.said}."
    return f"Seen {many}: {seen.said}."
