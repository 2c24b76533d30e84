"""`chess`: one player at n boards, who moves and goes on to the next one while the opponent thinks.

It isolates the taking of turns, with the exhibition of the notes as its model: 24 boards, an opponent's 55 s (`wait_s`)
against the player's 5 s (`cpu_s`), here a thousand times shorter or more. One op is one board: `moves` times the player
thinks and the opponent replies. Thinking uses CPU of the op's own thread, measured by that thread's CPU clock, so that
the bounds below are arithmetic and the same on every machine; a reply is a wait.

One player who takes turns is bound by max(n * cpu_s, wait_s + cpu_s) * moves, whose two sides meet at (wait_s + cpu_s)
/ cpu_s boards: at 12 here. That is the notes' sum, which leaves out the ends: the last board gets its first move late,
and after the last move of all one more reply is waited for. With few moves the ends weigh much (24 boards and one move:
175 ms and not 120 ms), so the bound with the ends is given beside it. Processes, sub-interpreters and threads without a
GIL have a player for each core and may beat both; none may beat `ideal_s`, in which there is a player at every board.

`ideal_s` stays strict where a timer counts in whole milliseconds from a clock that is rounded down (uvloop): as long as
`wait_s` and `cpu_s` are whole milliseconds too, each wait ends on such a tick, what is cut off the first wait is all
that is ever cut off, and that is less than one tick for all waits of a place in a row.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from math import ceil
from typing import Any

from when_async.bench.model import Figure, Kit, Observed, Param, Params, Point, Workload, WrongAnswer

from .bodies.oracle import came_back
from .bodies.thinking import MODULUS, churn, churned, think

Item = tuple[int, int]
"""(board, opening position)."""
Result = tuple[int, int, int, tuple[int, ...]]
"""(board, final position, nanoseconds of CPU thought, nanoseconds that each reply waited for the player)."""

PLAYED, REPLIED = 2, 3
"""Turns of the generator by which a move and a reply change the position."""


def blocking(kit: Kit, params: Params) -> Callable[[Item], Result]:
    """Play a board to its end; the player comes back when the thread does."""
    sleep, clock, wait_s, moves = kit.sleep, time.perf_counter_ns, float(params["wait_s"]), int(params["moves"])
    cpu_ns, wait_ns = nanoseconds(params)

    def op(item: Item) -> Result:
        board, position = item
        thought_ns, late_ns = 0, []
        for _ in range(moves):
            thought_ns += think(cpu_ns)
            position = churn(position, PLAYED)
            left_ns = clock()
            sleep(wait_s)
            late_ns.append(clock() - left_ns - wait_ns)
            position = churn(position, REPLIED)
        return board, position, thought_ns, tuple(late_ns)

    return op


async def asynchronous(kit: Kit, params: Params) -> Callable[[Item], Coroutine[Any, Any, Result]]:
    """Play a board to its end; the player comes back when the loop does."""
    sleep, clock, wait_s, moves = kit.sleep, time.perf_counter_ns, float(params["wait_s"]), int(params["moves"])
    cpu_ns, wait_ns = nanoseconds(params)

    async def op(item: Item) -> Result:
        board, position = item
        thought_ns, late_ns = 0, []
        for _ in range(moves):
            thought_ns += think(cpu_ns)
            position = churn(position, PLAYED)
            left_ns = clock()
            await sleep(wait_s)
            late_ns.append(clock() - left_ns - wait_ns)
            position = churn(position, REPLIED)
        return board, position, thought_ns, tuple(late_ns)

    return op


def nanoseconds(params: Params) -> tuple[int, int]:
    """What a move and a reply take."""
    return round(float(params["cpu_s"]) * 1e9), round(float(params["wait_s"]) * 1e9)


def make_items(params: Params, seed: int) -> list[Item]:
    """A board with an opening position of its own for each op."""
    draw = random.Random(seed).random
    return [(board, 1 + int(draw() * (MODULUS - 1))) for board in range(int(params["n"]))]


def observe(params: Params, items: Sequence[Any], results: Sequence[Any]) -> Observed:
    """Take the times off the results; raises WrongAnswer where a board got less thought than its moves ask for."""
    cpu_ns, moves = nanoseconds(params)[0], int(params["moves"])
    boards: list[tuple[int, int]] = []
    thought_ns, late_ns = 0, []
    for result in results:
        if not isinstance(result, tuple | list) or len(result) != 4:
            raise WrongAnswer(f"a board came back as {result!r}")
        board, position, thought, late = result
        if thought < moves * cpu_ns:
            raise WrongAnswer(f"board {board} got {thought / 1e6:.3f} ms of thought, not {moves * cpu_ns / 1e6:.3f} ms")
        if len(late) != moves:
            raise WrongAnswer(f"board {board} had {len(late)} replies to {moves} moves")
        boards.append((board, position))
        thought_ns += thought
        late_ns += late
    figures = {"thought_s": thought_ns / 1e9 / (moves * len(boards))} if boards else {}
    return Observed(boards, figures, [max(0, late) for late in late_ns])


def check(params: Params, items: Sequence[Any], results: Sequence[Any]) -> str:
    """Say what was played; raises WrongAnswer unless each board, in its place, is in the position its moves lead to."""
    turns = int(params["moves"]) * (PLAYED + REPLIED)
    came_back("board", [(board, churned(opening, turns)) for board, opening in items], results)
    return f"{len(results)} boards, {params['moves']} moves each"


def sizes(params: Params, in_flight: int) -> tuple[int, int, int, float, float]:
    """Boards, boards in a row at each place, moves, wait_s, cpu_s."""
    boards = int(params["n"])
    return boards, ceil(boards / in_flight), int(params["moves"]), float(params["wait_s"]), float(params["cpu_s"])


def ideal_s(params: Params, in_flight: int) -> float:
    """Seconds that the boards take when every place has a player of its own who is never late."""
    _, waves, moves, wait_s, cpu_s = sizes(params, in_flight)
    return waves * (wait_s + cpu_s) * moves


def bounds(params: Params, concurrency: int) -> Mapping[str, float]:
    """What one player needs: without turns, with turns as the notes count them, and with the ends of the exhibition."""
    boards, waves, moves, wait_s, cpu_s = sizes(params, concurrency)
    found = {
        "one board after another": boards * (wait_s + cpu_s) * moves,
        "taking turns": max(boards * cpu_s, waves * (wait_s + cpu_s)) * moves,
    }
    if waves == 1:
        found["taking turns, first move to last reply"] = (
            max(boards * cpu_s, wait_s + cpu_s) * (moves - 1) + boards * cpu_s + wait_s
        )
    return found


def point(boards: int, moves: int, wait_s: float = 0.055, cpu_s: float = 0.005) -> Point:
    """One grid point: as many in flight as there are boards."""
    return Point(boards, {"n": boards, "moves": moves, "wait_s": wait_s, "cpu_s": cpu_s})


# One board after another takes n * 12 * cpu_s * moves, so at a thousandth of the exhibition's scale the ladder would
# take an hour; a five thousandth has the same knee, at 12 boards, around which the points lie.
SCALED = {"wait_s": 0.011, "cpu_s": 0.001}
LADDER = (4, 8, 12, 16, 24)
QUICK = (point(24, 2, **SCALED),)

CHESS = Workload(
    name="chess",
    summary="one player at n boards, thinking in CPU time while others reply; isolates the taking of turns",
    bodies={"blocking": blocking, "async": asynchronous},
    params=(
        Param("n", 1, 10_000, "how many boards there are"),
        Param("moves", 1, 1000, "how many moves the player makes on each board"),
        Param("wait_s", 0.001, 1.0, "how long an opponent takes to reply"),
        Param("cpu_s", 0.0, 0.1, "how much CPU time the player thinks about a move"),
    ),
    make_items=make_items,
    check=check,
    observe=observe,
    figures=(Figure("thought_s", "CPU time that was thought about a move, on average"),),
    latency="reply to the player's return",
    grid={
        "smoke": (point(3, 2, 0.002, 0.001),),
        "quick": QUICK,
        "full": tuple(point(boards, 2, **SCALED) for boards in LADDER),
    },
    ideal_s=ideal_s,
    bounds=bounds,
    learn=(
        "You learn how much one busy thread gains by going on to others while it would wait, and where its own CPU "
        "time ends the gain; you do not learn about waits on real input and output, which cost CPU themselves."
    ),
)
