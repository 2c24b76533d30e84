"""Section "Concurrency": the chess exhibition, in which one player faces many boards."""

from __future__ import annotations

from ..verdicts.claim import Axis, Bound, Claim, Part
from ..verdicts.measures import OverBound, speedup

TURNS = "taking turns, first move to last reply"
"""Arithmetic of the exhibition with its two ends, at which the player or the last opponent is waited for."""


def place(boards: int, moves: int = 5) -> str:
    """The exhibition at a five thousandth of its scale: 11 ms of waiting and 1 ms of thinking a move."""
    return f"chess[moves={moves},wait=11ms,cpu=1ms,n={boards},c={boards}]"


def near_bound(runner: str, boards: int) -> Part:
    """That turns take what arithmetic says: no more than a fifth on top."""
    return Part(
        where=f"{boards} boards, {runner}",
        measure=OverBound((place(boards), runner), TURNS),
        bound=Bound(0.8, 1.2),
        says=f"{runner} took {{}} the time that taking turns needs by arithmetic",
        axis=boards,
    )


CHESS = Claim(
    name="chess",
    section="Concurrency",
    statement=(
        "One player who goes from board to board instead of finishing one game after another gains (wait + move) / "
        "move, as long as the opponents' thinking is longer than a tour of the boards; with 24 boards twelve hours "
        "become one."
    ),
    scope=(
        "A move is CPU time of the player and a reply is a wait. The sum is taken with both ends of the exhibition, "
        "which weigh more the fewer moves there are: 24 boards with two moves can gain 9.8 and with very many 12. The "
        "knee lies at (wait + move) / move = 12 boards, so six boards gain by their number and 24 by the player's "
        "speed."
    ),
    parts=(
        *(near_bound("asyncio", boards) for boards in (6, 12, 24)),
        *(near_bound(runner, 24) for runner in ("uvloop", "trio", "threading")),
        Part(
            where="24 boards, two moves",
            measure=speedup(place(24, 2), "asyncio", "sync"),
            bound=Bound(low=8.0),
            says="asyncio played {} as fast as one board after another, of 9.8 that arithmetic allows",
        ),
    ),
    axis=Axis("number of boards"),
)
