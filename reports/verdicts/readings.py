"""What was found for one part of a claim, and on which side of its bound that lies."""

from __future__ import annotations

from dataclasses import dataclass

from when_async.bench.model import Estimate

from .claim import Part, Side
from .lookup import Hole, Lookup, Outcome


@dataclass(frozen=True)
class Reading:
    """One part of a claim, what was found for it, and on which side of its bound that lies."""

    part: Part
    found: Estimate | Outcome | Hole
    side: Side


def read(part: Part, proof: Lookup) -> Reading:
    """One part, held against its bound."""
    found = part.measure.read(proof)
    return Reading(part, found, Side.MISSING if isinstance(found, Hole) else part.bound.side(found))
