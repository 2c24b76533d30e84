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
        where=f"for {boards} boards under {runner}",
        measure=OverBound((place(boards), runner), TURNS),
        bound=Bound(0.8, 1.2),
        says="taking turns took {} the time that arithmetic gives",
        axis=boards,
    )


CHESS = Claim(
    name="chess",
    section="Concurrency",
    statement=(
        "One player who goes from board to board gains (wait + move) / move over playing game after game, while "
        "opponents think longer than a tour takes. With 24 boards twelve hours become one."
    ),
    scope=(
        "A move is CPU time of the player and a reply is a wait. Both ends of the exhibition count, so 24 boards "
        "with two moves can gain 9.8 times, with very many 12. The knee lies at 12 boards: fewer gain by their "
        "number, more by the player's speed."
    ),
    parts=(
        *(near_bound("asyncio", boards) for boards in (6, 12, 24)),
        *(near_bound(runner, 24) for runner in ("uvloop", "trio", "threading")),
        Part(
            where="with 24 boards and two moves",
            measure=speedup(place(24, 2), "asyncio", "sync"),
            bound=Bound(low=8.0),
            says="asyncio played {} as fast as one board after another",
        ),
    ),
    axis=Axis("number of boards"),
)
