"""`held`: n ops that are all open at the same time, each waiting `hold_s` and doing nothing else.

The ladder climbs on it and the memory of one more unit in flight is read from it, so it is no workload of a run. Items
and results are one small number again and again: what is left of an op beside its unit in flight is a place in three
lists and the number of that place, about 50 bytes that every runner has alike.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from ..model import Kit, Param, Params, Point, Workload, WrongAnswer


def blocking(kit: Kit, params: Params) -> Callable[[int], int]:
    """Wait with the runner's blocking sleep."""
    sleep, hold_s = kit.sleep, float(params["hold_s"])

    def op(item: int) -> int:
        sleep(hold_s)
        return item

    return op


async def asynchronous(kit: Kit, params: Params) -> Callable[[int], Coroutine[Any, Any, int]]:
    """Wait with the event loop's own sleep."""
    sleep, hold_s = kit.sleep, float(params["hold_s"])

    async def op(item: int) -> int:
        await sleep(hold_s)
        return item

    return op


def make_items(params: Params, seed: int) -> list[int]:
    """The same small number n times, which takes no memory beyond the list."""
    return [0] * int(params["n"])


def check(params: Params, items: Sequence[Any], results: Sequence[Any]) -> str:
    """Say how many ops came back; raises WrongAnswer where one brought something else than its item."""
    wrong = sum(result != 0 for result in results)
    if wrong:
        raise WrongAnswer(f"{wrong} of {len(items)} ops did not return their item")
    return f"{len(results)} ops came back"


# There is no ideal time: a library may take the time of its timers from the start of a loop's turn, which with many
# ops in flight is long past, and the waits are then shorter than asked. Here they only have to overlap.
HELD = Workload(
    name="held",
    summary="n ops that are all open at once; shows what one more of them takes and how many there can be",
    bodies={"blocking": blocking, "async": asynchronous},
    params=(
        Param("n", 1, 10_000_000, "how many ops a round has"),
        Param("hold_s", 0.0, 3600.0, "how long each op stays open"),
    ),
    make_items=make_items,
    check=check,
    grid={"quick": (Point(10, {"n": 10, "hold_s": 0.5}),)},
    calibration=True,
)
