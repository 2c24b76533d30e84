"""How far the ops of a round are: places take one after another, and each op computes, waits, computes."""

from __future__ import annotations

from ..work import Work


class Ops:
    """The ops that are left, and the pieces of computing between their waits.

    An op of m waits computes in m + 1 equal pieces, or in m where it ends with a wait. Whoever has ended one takes the
    next at once.
    """

    def __init__(self, work: Work, compute_s: float) -> None:
        self.left = work.ops
        self.going = 0
        self.last_wait = work.pauses
        self.piece_s = compute_s / work.pieces
        self.last_s = self.piece_s if work.computes_last else 0.0

    def begin(self) -> float | None:
        """The computing before the first wait of a new op; None where none is left."""
        if not self.left:
            return None
        self.left -= 1
        self.going += 1
        return self.piece_s

    def go_on(self, waited: int) -> tuple[float, int]:
        """The computing after so many waits of an op, and how many it has behind it; -1 where nobody waits any more.

        After the last one the op ends, and its place begins the next in the same go.
        """
        if waited < self.last_wait:
            return self.piece_s, waited
        self.going -= 1
        if not self.left:
            return self.last_s, -1
        self.left -= 1
        self.going += 1
        return self.last_s + self.piece_s, 0

