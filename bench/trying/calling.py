"""Makes the calls of a look and times them: at once, or on a loop; the first item twice, then each other one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

from .loops import RUNS, asyncio_loop, others
from .target import Call, Untried, words
from .usage import cpu_s, queued_s


@dataclass(frozen=True)
class Timed:
    """One call: its result, and what it took."""

    result: Any
    seconds: float
    cpu_s: float
    queued_s: float | None


Invoke = Callable[[], Any]
Make = Callable[..., Any]
"""Makes the call of the item with an index, of the first where none is given."""
ITEMS, ITEMS_S = 16, 10.0
"""Of so many items one call is looked at, for so long."""


def more(call: Call, make: Make) -> list[Timed]:
    """A second call, then one for each other item, as many as there is time for."""
    taken = [timed(call, make)]
    for index in range(1, min(call.kinds, ITEMS)):
        if sum(each.seconds for each in taken) > ITEMS_S:
            break
        try:
            taken.append(timed(call, partial(make, index)))
        except Untried as error:
            raise Untried(f"{error}, for items[{index}]", usage=False) from None
    return taken


def spent(calls: Sequence[Timed]) -> dict[str, Any]:
    """What a call takes, as fields of Seen."""
    count, queued = len(calls), [each.queued_s for each in calls if each.queued_s is not None]
    found = {
        "seconds": sum(each.seconds for each in calls) / count,
        "cpu_s": sum(each.cpu_s for each in calls) / count,
        "queued_s": sum(queued) / count if len(queued) == count else None,
    }
    if count == 1:
        return found
    return {**found, "least_s": min(each.seconds for each in calls), "most_s": max(each.seconds for each in calls)}


def on_loops(call: Call, invoke: Make) -> Any:
    """All calls on a loop, how long it stood still in the second, and what came of one call on each library."""
    gaps: list[float] = []
    try:
        with asyncio_loop(gaps) as run:
            made = _on(run, invoke)
            taken = [timed(call, made), *more(call, made)]
    except Untried as error:
        loops = {"asyncio": str(error).partition(" raised ")[2], **others(invoke)}
        able = next((name for name, reason in loops.items() if not reason), None)
        if able is None:
            raise
        made = _on(RUNS[able], invoke)
        return timed(call, made), *more(call, made), 0.0, loops
    return *taken, gaps[1], {"asyncio": "", **others(invoke)}


def _on(run: Callable[[Invoke], Any], invoke: Make) -> Make:
    """The call of an item, run by a loop."""
    return lambda index=0: run(partial(invoke, index))


def timed(call: Call, invoke: Invoke) -> Timed:
    """One call, with what it took; raises Untried with what it raised."""
    # Asking for the queue reads files, whose CPU is not the call's.
    queued, cpu, began = queued_s(), cpu_s(), perf_counter()
    try:
        result = invoke()
    except BaseException as error:
        raise Untried(f"{call.short} raised {words(error)}", usage=False) from None
    seconds, used_s = perf_counter() - began, cpu_s() - cpu
    after = queued_s()
    waited = None if queued is None or after is None else max(0.0, after - queued)
    return Timed(result, seconds, max(0.0, used_s), waited)
